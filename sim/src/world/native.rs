//! Native BLUE_GREEN, LINEAR and CANARY deployments, by stage, and the bake time of all.
//!
//! A whole second set of tasks (green) is started next to the first one (blue), whatever the
//! percentages say. The traffic is shifted in the strategy's steps; blue stays until the bake time
//! is over. Stages and hooks come in the order in which AWS documents them.

use super::World;
use super::configuration::{Configuration, Strategy};
use super::hooks::{Hook, Hooks};
use super::service::{Rollout, Service};
use super::task::Task;

/// What a stage takes at least: ECS looks at the service, and changes the listener's rules.
const STAGE_MS: i64 = 5_000;
/// With alarms ECS works the bake time out of their periods; here it is always this.
const ALARM_BAKE_MS: i64 = 5 * 60_000;
const MINUTE_MS: i64 = 60_000;

/// Where a service deployment is.
#[derive(Clone, Debug)]
pub struct Stage {
    /// `lifecycleStage`.
    pub name: &'static str,
    pub since: i64,
    /// Percent of the production traffic that the new revision is to take.
    pub weight: f64,
    /// Percent of the test traffic.
    pub test_weight: f64,
    pub hooks: Vec<Hook>,
    /// The hooks have been called.
    called: bool,
    /// The hooks of PRE_PRODUCTION_TRAFFIC_SHIFT, which has no stage of its own, come first.
    before_shift: bool,
}

impl Stage {
    /// The first stage of a deployment; `reconciles` one that takes another's place half way.
    pub(super) fn first(configuration: &Configuration, reconciles: bool, now: i64) -> Stage {
        let name = match (configuration.is_native(), reconciles) {
            (false, _) => "SCALE_UP",
            (true, true) => "RECONCILE_SERVICE",
            (true, false) => "PRE_SCALE_UP",
        };
        Stage {
            name,
            since: now,
            weight: 0.0,
            test_weight: 0.0,
            hooks: Vec::new(),
            called: false,
            before_shift: false,
        }
    }
}

impl Configuration {
    /// How long the deployment is watched after its last step.
    pub(super) fn bake_ms(&self) -> i64 {
        let alarms = self.alarms.as_ref().is_some_and(|alarms| alarms.enable);
        match (self.bake_minutes, alarms && !self.is_native()) {
            (0, true) => ALARM_BAKE_MS,
            (minutes, _) => minutes * MINUTE_MS,
        }
    }

    /// The share of the traffic after one more step, and how long it stays at `weight` before.
    fn step(&self, weight: f64) -> (f64, i64) {
        let started = weight > 0.0;
        match self.strategy {
            Strategy::Linear if started => (
                (weight + self.linear.0).min(100.0),
                self.linear.1 * MINUTE_MS,
            ),
            Strategy::Linear => (self.linear.0, 0),
            Strategy::Canary if started => (100.0, self.canary.1 * MINUTE_MS),
            Strategy::Canary => (self.canary.0, 0),
            Strategy::Rolling | Strategy::BlueGreen => (100.0, 0),
        }
    }
}

impl World {
    /// The stage of the deployment under way.
    pub(super) fn stage(&self, service: &Service) -> Option<Stage> {
        let arn = &service.deployments.first()?.service_deployment;
        let record = (service.service_deployments.iter()).find(|record| record.arn == *arn)?;
        Some(record.stage.clone())
    }

    fn put_stage(&mut self, index: usize, stage: Stage) {
        let service = &mut self.services[index];
        let Some(first) = service.deployments.first() else {
            return;
        };
        let record = service
            .service_deployments
            .iter_mut()
            .find(|record| record.arn == first.service_deployment);
        if let Some(record) = record {
            record.updated = self.now;
            record.stage = stage;
        }
    }

    /// Whether the service's deployment under way is a native one that was not given up.
    fn native_underway(&self, index: usize) -> bool {
        let service = &self.services[index];
        service.configuration.is_native()
            && service
                .deployments
                .first()
                .is_some_and(|first| first.rollout == Rollout::InProgress && !first.is_rollback)
    }

    /// One second of a native deployment's stages.
    pub(super) fn run_stages(&mut self, index: usize) {
        if !self.native_underway(index) {
            return;
        }
        let Some(mut stage) = self.stage(&self.services[index]) else {
            return;
        };
        let name = if stage.before_shift {
            "PRE_PRODUCTION_TRAFFIC_SHIFT"
        } else {
            stage.name
        };
        if !std::mem::replace(&mut stage.called, true) {
            stage.hooks = self.begin_hooks(index, name);
        }
        let hooks = self.move_hooks(&mut stage.hooks);
        self.put_stage(index, stage.clone());
        match hooks {
            Hooks::Failed(why) => {
                let reason = format!(
                    "Service deployment rolled back because {name} lifecycle hook(s) failed. {why}"
                );
                self.native_failed(index, &reason);
            }
            Hooks::Done if self.now - stage.since >= STAGE_MS => self.leave_stage(index, stage),
            Hooks::Done | Hooks::Waiting => {}
        }
    }

    /// The stage is over as far as its hooks go: on to the next one, if its own work is done too.
    fn leave_stage(&mut self, index: usize, mut stage: Stage) {
        let service = &self.services[index];
        let configuration = service.configuration.clone();
        let primary = service.deployments[0].id.clone();
        let scaled = self.counts(&primary).healthy >= service.desired;
        let spent = self.now - stage.since;
        let next = match stage.name {
            "RECONCILE_SERVICE" => "PRE_SCALE_UP",
            "PRE_SCALE_UP" => "SCALE_UP",
            "SCALE_UP" if scaled => "POST_SCALE_UP",
            "POST_SCALE_UP" => {
                stage.test_weight = 100.0;
                "TEST_TRAFFIC_SHIFT"
            }
            "TEST_TRAFFIC_SHIFT" => "POST_TEST_TRAFFIC_SHIFT",
            "POST_TEST_TRAFFIC_SHIFT" => {
                stage.before_shift = true;
                "PRODUCTION_TRAFFIC_SHIFT"
            }
            "PRODUCTION_TRAFFIC_SHIFT" if stage.before_shift => {
                stage.before_shift = false;
                stage.weight = configuration.step(stage.weight).0;
                "PRODUCTION_TRAFFIC_SHIFT"
            }
            "PRODUCTION_TRAFFIC_SHIFT" if stage.weight >= 100.0 => "POST_PRODUCTION_TRAFFIC_SHIFT",
            "PRODUCTION_TRAFFIC_SHIFT" if spent >= configuration.step(stage.weight).1 => {
                stage.before_shift = true;
                "PRODUCTION_TRAFFIC_SHIFT"
            }
            "POST_PRODUCTION_TRAFFIC_SHIFT" => "BAKE_TIME",
            "BAKE_TIME" if spent >= configuration.bake_ms() => "CLEAN_UP",
            _ => return,
        };
        stage.name = next;
        stage.since = self.now;
        stage.hooks = Vec::new();
        stage.called = false;
        self.put_stage(index, stage);
    }

    /// Gives a native deployment up: blue takes all the traffic again.
    pub(super) fn native_failed(&mut self, index: usize, reason: &str) {
        let id = self.services[index].deployments[0].id.clone();
        self.say(
            index,
            &format!("(deployment {id}) deployment failed: {reason}"),
        );
        self.roll_back(index, reason);
    }

    /// Whether the deployment number `which` may start tasks, and how many it is to have, where the
    /// percentages don't count; none where they do.
    pub(super) fn native_wants(&self, index: usize, which: usize) -> Option<usize> {
        let service = &self.services[index];
        if !service.configuration.is_native() {
            return None;
        }
        let stage = self.stage(service)?;
        let early = matches!(stage.name, "RECONCILE_SERVICE" | "PRE_SCALE_UP");
        let late = stage.name == "CLEAN_UP";
        let first = &service.deployments[0];
        let settled = first.is_rollback || first.rollout == Rollout::Completed;
        let deployment = &service.deployments[which];
        Some(match which {
            0 if early && !settled => 0,
            0 => service.desired,
            _ if late || settled => 0,
            // Blue is kept as it is until the end.
            _ => deployment.desired,
        })
    }

    /// Stops the old tasks of a native deployment: all, once they are not needed any more. Whether
    /// the percentages have no say in it.
    pub(super) fn stop_blue(&mut self, index: usize) -> bool {
        let now = self.now;
        let service = &self.services[index];
        if !service.configuration.is_native() || service.deployments.len() < 2 {
            return false;
        }
        let Some(stage) = self.stage(service) else {
            return false;
        };
        let first = &service.deployments[0];
        let (id, rollback) = (first.id.clone(), first.is_rollback);
        let whole = self.counts(&id).healthy >= service.desired;
        let over = whole && (rollback || stage.name == "CLEAN_UP");
        // What was begun by a deployment that another one replaced serves nobody.
        let abandoned = |task: &Task| {
            let of = service.deployment(&task.deployment);
            !rollback && of.is_some_and(|of| of.rollout != Rollout::Completed)
        };
        let goes = |task: &Task| {
            let old = service.owns(task) && task.deployment != id && task.status.alive();
            old && (over || abandoned(task))
        };
        let chosen: Vec<usize> = (0..self.tasks.len())
            .filter(|at| goes(&self.tasks[*at]) && self.tasks[*at].protection(now).is_none())
            .collect();
        self.stop_chosen(index, &chosen);
        if over {
            self.complain_of_protection(index, |task| task.deployment != id);
        }
        true
    }

    /// Whether the deployment under way may count as complete as far as its stages go. A rolling
    /// one bakes last, when all is as wanted.
    pub(super) fn is_baked(&mut self, index: usize) -> bool {
        let service = &self.services[index];
        let first = &service.deployments[0];
        if first.is_rollback || first.rollout != Rollout::InProgress {
            return true;
        }
        let Some(mut stage) = self.stage(service) else {
            return true;
        };
        if service.configuration.is_native() {
            return stage.name == "CLEAN_UP";
        }
        let bake = service.configuration.bake_ms();
        if bake > 0 && stage.name != "BAKE_TIME" {
            (stage.name, stage.since) = ("BAKE_TIME", self.now);
            self.put_stage(index, stage.clone());
        }
        bake == 0 || self.now - stage.since >= bake
    }
}
