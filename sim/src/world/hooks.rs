//! Lifecycle hooks of a service deployment: Lambda functions that ECS asks, and pauses that wait
//! for somebody.
//!
//! A stage is over when all its hooks have succeeded. A function that answers IN_PROGRESS is asked
//! again half a minute later; a hook that isn't done in its time takes its timeout action.

use serde_json::Value;

use super::World;
use super::needs::list;
use super::taskdef::Refusal;

/// ECS asks a function that answered IN_PROGRESS again so much later.
const CALL_BACK_MS: i64 = 30_000;
/// `timeoutInMinutes` where it isn't given: a day.
const TIMEOUT_MINUTES: i64 = 1440;
/// Stages that take hooks.
const STAGES: [&str; 8] = [
    "RECONCILE_SERVICE",
    "PRE_SCALE_UP",
    "POST_SCALE_UP",
    "TEST_TRAFFIC_SHIFT",
    "POST_TEST_TRAFFIC_SHIFT",
    "PRE_PRODUCTION_TRAFFIC_SHIFT",
    "PRODUCTION_TRAFFIC_SHIFT",
    "POST_PRODUCTION_TRAFFIC_SHIFT",
];
/// Of these, the ones that take no pause.
const WITHOUT_PAUSE: [&str; 2] = ["TEST_TRAFFIC_SHIFT", "PRODUCTION_TRAFFIC_SHIFT"];

/// One item of `lifecycleHooks`.
#[derive(Clone, Debug)]
pub struct HookSpec {
    /// ARN of the function; none for `PAUSE`.
    pub target: Option<String>,
    pub role: String,
    pub stages: Vec<String>,
    pub timeout_minutes: i64,
    /// `CONTINUE` at the end of the time; else `ROLLBACK`.
    pub continues: bool,
}

/// How a function of the account answers.
#[derive(Clone, Debug, Default)]
pub struct LambdaSpec {
    /// So long it says IN_PROGRESS.
    pub in_progress_secs: i64,
    pub answer: LambdaAnswer,
}

/// A function's last word, or what kept ECS from hearing it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LambdaAnswer {
    #[default]
    Succeeded,
    Failed,
    /// No `hookStatus` in the answer.
    Unreadable,
    /// ECS may not assume the hook's role.
    NoRole,
}

/// One hook of the stage that a service deployment is in: an item of `lifecycleHookDetails`.
#[derive(Clone, Debug)]
pub struct Hook {
    pub id: String,
    pub target: Option<String>,
    pub status: &'static str,
    pub expires: i64,
    pub continues: bool,
    role: String,
    began: i64,
}

/// How the hooks of a stage stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Hooks {
    Done,
    Waiting,
    /// The tail of `… lifecycle hook(s) failed. …`.
    Failed(String),
}

impl HookSpec {
    /// As the request has it.
    pub(crate) fn of(item: &Value) -> Result<HookSpec, Refusal> {
        let pause = item["targetType"] == "PAUSE";
        let text = |name: &str| item[name].as_str().map(str::to_owned);
        let stages = list(&item["lifecycleStages"]).iter();
        let stages: Vec<String> = (stages.filter_map(Value::as_str))
            .map(str::to_owned)
            .collect();
        let unknown = stages
            .iter()
            .find(|stage| !STAGES.contains(&stage.as_str()));
        if stages.is_empty() {
            return Err(Refusal::parameter("lifecycleStages cannot be empty."));
        }
        if let Some(stage) = unknown {
            let list = STAGES.join(", ");
            let text = format!("Invalid lifecycleStages: {stage}. It must be one of: {list}");
            return Err(Refusal::parameter(text));
        }
        let paused = |stage: &&str| stages.iter().any(|one| one == *stage);
        if let Some(stage) = WITHOUT_PAUSE.iter().find(|stage| pause && paused(stage)) {
            let text = format!("PAUSE hooks cannot be configured at the {stage} stage.");
            return Err(Refusal::parameter(text));
        }
        let (target, role) = (text("hookTargetArn"), text("roleArn"));
        if !pause && (target.is_none() || role.is_none()) {
            let text =
                "hookTargetArn and roleArn must be specified for AWS_LAMBDA lifecycle hooks.";
            return Err(Refusal::parameter(text));
        }
        let timeout = &item["timeoutConfiguration"];
        let minutes = timeout["timeoutInMinutes"]
            .as_i64()
            .unwrap_or(TIMEOUT_MINUTES);
        if minutes < 1 {
            let text = "timeoutInMinutes must be greater than or equal to 1.";
            return Err(Refusal::parameter(text));
        }
        Ok(HookSpec {
            target: target.filter(|_| !pause),
            role: role.unwrap_or_default(),
            stages,
            timeout_minutes: minutes,
            continues: timeout["action"] == "CONTINUE",
        })
    }
}

impl World {
    /// How the function with this ARN answers; one that isn't named here succeeds at once.
    pub fn lambda(&mut self, arn: &str, spec: LambdaSpec) {
        self.lambdas.push((arn.to_owned(), spec));
    }

    /// The hooks that a service has for a stage, as they begin.
    pub(super) fn begin_hooks(&mut self, index: usize, stage: &str) -> Vec<Hook> {
        let now = self.now;
        let wanted = |spec: &&HookSpec| spec.stages.iter().any(|one| one == stage);
        let specs: Vec<HookSpec> = (self.services[index].configuration.hooks.iter())
            .filter(wanted)
            .cloned()
            .collect();
        let begin = |spec: HookSpec| {
            let kind = if spec.target.is_some() {
                "lambda"
            } else {
                "pause"
            };
            let random = &self.ids.hex32();
            Hook {
                id: format!("ecs-{kind}-{random}"),
                status: if spec.target.is_some() {
                    "IN_PROGRESS"
                } else {
                    "AWAITING_ACTION"
                },
                target: spec.target,
                role: spec.role,
                began: now,
                expires: now + spec.timeout_minutes * 60_000,
                continues: spec.continues,
            }
        };
        specs.into_iter().map(begin).collect()
    }

    /// Moves the hooks of a stage on by a second.
    pub(super) fn move_hooks(&self, hooks: &mut [Hook]) -> Hooks {
        let mut waits = false;
        for hook in hooks {
            if matches!(hook.status, "IN_PROGRESS") {
                self.ask(hook);
            }
            let open = matches!(hook.status, "IN_PROGRESS" | "AWAITING_ACTION");
            if open && self.now >= hook.expires {
                hook.status = "TIMED_OUT";
            }
            match hook.status {
                "IN_PROGRESS" | "AWAITING_ACTION" => waits = true,
                "FAILED" => return Hooks::Failed(self.why_failed(hook)),
                "TIMED_OUT" if !hook.continues => {
                    return Hooks::Failed(format!("Lifecycle hook {} timed out.", hook.id));
                }
                _ => {}
            }
        }
        if waits { Hooks::Waiting } else { Hooks::Done }
    }

    fn lambda_of(&self, arn: &str) -> LambdaSpec {
        let known = self.lambdas.iter().rev().find(|(name, _)| name == arn);
        known.map(|(_, spec)| spec.clone()).unwrap_or_default()
    }

    fn ask(&self, hook: &mut Hook) {
        let since = self.now - hook.began;
        let spec = self.lambda_of(hook.target.as_deref().unwrap_or_default());
        if since % CALL_BACK_MS == 0 && since >= spec.in_progress_secs * 1000 {
            hook.status = match spec.answer {
                LambdaAnswer::Succeeded => "SUCCEEDED",
                _ => "FAILED",
            };
        }
    }

    /// AWS's words for functions; for pauses none are known, these only say what happened.
    fn why_failed(&self, hook: &Hook) -> String {
        let Some(arn) = &hook.target else {
            return format!("Lifecycle hook {} was rolled back.", hook.id);
        };
        match self.lambda_of(arn).answer {
            LambdaAnswer::Unreadable => format!(
                "ECS was unable to parse the response from {arn} due to HookStatus must not be null"
            ),
            LambdaAnswer::NoRole => format!("ECS was unable to assume role {}", hook.role),
            _ => format!("Lifecycle hook target {arn} returned FAILED status."),
        }
    }

    /// ContinueServiceDeployment: lets a paused deployment go on, or has it rolled back.
    pub(crate) fn continue_service_deployment(
        &mut self,
        (arn, hook): (&str, &str),
        goes_on: bool,
    ) -> Result<(), Refusal> {
        let found = self
            .services
            .iter_mut()
            .flat_map(|service| &mut service.service_deployments);
        let Some(record) = found.into_iter().find(|record| record.arn == arn) else {
            let text = "Service deployment not found.";
            return Err(Refusal::new("ServiceDeploymentNotFoundException", text));
        };
        let waits = |one: &&mut Hook| one.id == hook && one.status == "AWAITING_ACTION";
        let underway = record.status == "IN_PROGRESS";
        let found = record.stage.hooks.iter_mut().find(waits);
        let Some(hook) = found.filter(|_| underway) else {
            let text = format!("The lifecycle hook {hook} is not awaiting an action.");
            return Err(Refusal::parameter(text));
        };
        hook.status = if goes_on { "SUCCEEDED" } else { "FAILED" };
        Ok(())
    }

    /// Somebody lets the paused deployment of a service go on, for scripts: the first hook that
    /// waits.
    pub fn continue_deployment(&mut self, cluster: &str, name: &str) -> Result<(), String> {
        let records = self
            .service(cluster, name)
            .map(|one| &one.service_deployments);
        let waits = |one: &&Hook| one.status == "AWAITING_ACTION";
        let mut found = None;
        for record in records.into_iter().flatten() {
            if let Some(hook) = record.stage.hooks.iter().find(waits) {
                found = Some((record.arn.clone(), hook.id.clone()));
            }
        }
        let (arn, hook) = found.ok_or("no lifecycle hook awaits an action")?;
        self.continue_service_deployment((&arn, &hook), true)
            .map_err(|refusal| refusal.message)
    }
}
