//! `deploymentConfiguration`: what it says, how a request changes it, and what is refused.

use serde_json::Value;

use super::hooks::HookSpec;
use super::needs::list;
use super::spec::Breaker;
use super::taskdef::Refusal;

/// `strategy`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strategy {
    #[default]
    Rolling,
    BlueGreen,
    Linear,
    Canary,
}

impl Strategy {
    pub(crate) fn text(self) -> &'static str {
        match self {
            Strategy::Rolling => "ROLLING",
            Strategy::BlueGreen => "BLUE_GREEN",
            Strategy::Linear => "LINEAR",
            Strategy::Canary => "CANARY",
        }
    }

    fn of(text: &str) -> Strategy {
        match text {
            "BLUE_GREEN" => Strategy::BlueGreen,
            "LINEAR" => Strategy::Linear,
            "CANARY" => Strategy::Canary,
            _ => Strategy::Rolling,
        }
    }
}

/// `alarms`.
#[derive(Clone, Debug, Default)]
pub struct Alarms {
    pub names: Vec<String>,
    pub enable: bool,
    pub rollback: bool,
}

/// `earlySuccessCriteria`, where it is enabled.
#[derive(Clone, Copy, Debug)]
pub struct EarlySuccess {
    pub healthy_percent: u32,
    /// `DEFERRED`: the old tasks go after the deployment counts as successful.
    pub deferred: bool,
}

/// `deploymentConfiguration`, the part that the scheduler acts on.
#[derive(Clone, Debug)]
pub struct Configuration {
    pub minimum_healthy_percent: u32,
    pub maximum_percent: u32,
    pub breaker: Option<Breaker>,
    pub strategy: Strategy,
    pub bake_minutes: i64,
    pub alarms: Option<Alarms>,
    pub hooks: Vec<HookSpec>,
    /// Percent of the traffic per step, and minutes between two steps; the defaults are AWS's.
    pub linear: (f64, i64),
    /// Percent of the traffic first, and minutes until the rest.
    pub canary: (f64, i64),
    pub early_success: Option<EarlySuccess>,
}

impl Default for Configuration {
    /// ECS's own percentages.
    fn default() -> Configuration {
        Configuration::new(100, 200, None)
    }
}

impl Configuration {
    pub(crate) fn new(minimum: u32, maximum: u32, breaker: Option<Breaker>) -> Configuration {
        Configuration {
            minimum_healthy_percent: minimum,
            maximum_percent: maximum,
            breaker,
            strategy: Strategy::Rolling,
            bake_minutes: 0,
            alarms: None,
            hooks: Vec::new(),
            linear: (10.0, 6),
            canary: (5.0, 10),
            early_success: None,
        }
    }

    /// Tasks that must stay running and healthy.
    pub(crate) fn lower(&self, desired: usize) -> usize {
        (desired * self.minimum_healthy_percent as usize).div_ceil(100)
    }

    /// Tasks that may be running or on their way.
    pub(crate) fn upper(&self, desired: usize) -> usize {
        desired * self.maximum_percent as usize / 100
    }

    /// Whether a whole second set is started and the traffic shifted: the percentages don't count.
    pub(crate) fn is_native(&self) -> bool {
        self.strategy != Strategy::Rolling
    }

    /// The configuration with the members that the request has.
    pub(crate) fn changed_by(&self, wanted: &Value) -> Result<Configuration, Refusal> {
        let mut changed = self.clone();
        if let Some(minimum) = percent(&wanted["minimumHealthyPercent"])? {
            changed.minimum_healthy_percent = minimum;
        }
        if let Some(maximum) = percent(&wanted["maximumPercent"])? {
            changed.maximum_percent = maximum;
        }
        if wanted["deploymentCircuitBreaker"].is_object() {
            changed.breaker = Some(breaker(&wanted["deploymentCircuitBreaker"]));
        }
        if let Some(strategy) = wanted["strategy"].as_str() {
            changed.strategy = Strategy::of(strategy);
        }
        if wanted["bakeTimeInMinutes"].is_i64() {
            changed.bake_minutes = minutes(wanted, "bakeTimeInMinutes", 0)?;
        }
        if wanted["alarms"].is_object() {
            let names = list(&wanted["alarms"]["alarmNames"]).iter();
            changed.alarms = Some(Alarms {
                names: names.filter_map(Value::as_str).map(str::to_owned).collect(),
                enable: wanted["alarms"]["enable"] == true,
                rollback: wanted["alarms"]["rollback"] == true,
            });
        }
        if wanted["lifecycleHooks"].is_array() {
            let hooks = list(&wanted["lifecycleHooks"]).iter();
            changed.hooks = hooks.map(HookSpec::of).collect::<Result<_, _>>()?;
        }
        let linear = &wanted["linearConfiguration"];
        if linear.is_object() {
            let step = share(linear, "stepPercent", (10.0, 3.0))?;
            changed.linear = (step, minutes(linear, "stepBakeTimeInMinutes", 6)?);
        }
        let canary = &wanted["canaryConfiguration"];
        if canary.is_object() {
            let first = share(canary, "canaryPercent", (5.0, 0.1))?;
            changed.canary = (first, minutes(canary, "canaryBakeTimeInMinutes", 10)?);
        }
        if wanted["earlySuccessCriteria"].is_object() {
            changed.early_success = early_success(&wanted["earlySuccessCriteria"])?;
        }
        changed.refuse_what_does_not_go_together(wanted)?;
        Ok(changed)
    }

    /// What the model says of members that need each other.
    fn refuse_what_does_not_go_together(&self, wanted: &Value) -> Result<(), Refusal> {
        let only = |member: &str, strategy: Strategy| {
            let text = format!(
                "{member} is only valid when the deployment strategy is {}.",
                strategy.text()
            );
            let given = wanted[member].is_object() && self.strategy != strategy;
            if given {
                Err(Refusal::parameter(text))
            } else {
                Ok(())
            }
        };
        only("linearConfiguration", Strategy::Linear)?;
        only("canaryConfiguration", Strategy::Canary)?;
        only("earlySuccessCriteria", Strategy::Rolling)?;
        match self.early_success {
            Some(early) if early.healthy_percent < self.minimum_healthy_percent => {
                Err(Refusal::parameter(
                    "healthyPercent must be greater than or equal to minimumHealthyPercent.",
                ))
            }
            _ => Ok(()),
        }
    }
}

fn percent(value: &Value) -> Result<Option<u32>, Refusal> {
    match value.as_i64() {
        Some(number) if number < 0 => Err(Refusal::parameter(
            "Invalid deployment configuration: percentages cannot be negative.",
        )),
        Some(number) => Ok(u32::try_from(number).ok()),
        None => Ok(None),
    }
}

/// 0 to 1440 minutes, a day; `usual` where it isn't given.
fn minutes(of: &Value, name: &str, usual: i64) -> Result<i64, Refusal> {
    let given = of[name].as_i64().unwrap_or(usual);
    if (0..=1440).contains(&given) {
        Ok(given)
    } else {
        let text = format!("{name} must be between 0 and 1440 minutes.");
        Err(Refusal::parameter(text))
    }
}

/// A percentage of the traffic in tenths, up to 100; the usual one and the least are given.
fn share(of: &Value, name: &str, (usual, least): (f64, f64)) -> Result<f64, Refusal> {
    let given = of[name].as_f64().unwrap_or(usual);
    let tenths = (given * 10.0).round() / 10.0;
    if (least..=100.0).contains(&given) && (given - tenths).abs() < 1e-9 {
        Ok(given)
    } else {
        let text = format!("{name} must be a multiple of 0.1 between {least:.1} and 100.0.");
        Err(Refusal::parameter(text))
    }
}

fn breaker(wanted: &Value) -> Breaker {
    let threshold = &wanted["thresholdConfiguration"];
    let usual = Breaker::default();
    Breaker {
        enable: wanted["enable"] == true,
        rollback: wanted["rollback"] == true,
        threshold_type: threshold["type"]
            .as_str()
            .map_or(usual.threshold_type, str::to_owned),
        threshold_value: threshold["value"]
            .as_i64()
            .and_then(|value| u32::try_from(value).ok())
            .unwrap_or(usual.threshold_value),
        reset_on_healthy_task: wanted["resetOnHealthyTask"].as_bool().unwrap_or(true),
    }
}

fn early_success(wanted: &Value) -> Result<Option<EarlySuccess>, Refusal> {
    if wanted["enable"] != true {
        return Ok(None);
    }
    let cleanup = wanted["sourceServiceRevisionCleanup"].as_str();
    let healthy = wanted["healthyPercent"].as_i64();
    match (healthy, cleanup) {
        (Some(percent @ 0..=100), Some(cleanup)) => Ok(Some(EarlySuccess {
            healthy_percent: u32::try_from(percent).unwrap_or(100),
            deferred: cleanup == "DEFERRED",
        })),
        _ => Err(Refusal::parameter(
            "healthyPercent and sourceServiceRevisionCleanup must be specified when earlySuccessCriteria is enabled.",
        )),
    }
}
