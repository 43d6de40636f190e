//! A forecast in sentences: what it comes to, and what it rests on.

use super::uncertainty::{fixed_capacity, uncertainty};
use super::{blocker, bounds, counted, plural};
use crate::capacity::{
    Basis, Blocker, Bounds, FargateSize, Fit, Forecast, ForecastVerdict, HowItFits, Obstacle,
    QuotaUsers,
};
use crate::cause::{Cause, CauseKind};

/// Instances that one cause lists; the forecast has all.
const INSTANCES_LISTED: usize = 8;

/// What a forecast is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject<'a> {
    /// A rollout of a service.
    Rollout,
    /// The one-off task, which needs one place.
    OneOffTask {
        /// `family:revision`.
        revision: &'a str,
        /// Whether it was to run on container instances.
        on_instances: bool,
    },
}

/// The forecast as one sentence for a tired person.
pub fn headline(forecast: &Forecast) -> String {
    match &forecast.verdict {
        ForecastVerdict::Fits(fit) => fits(fit),
        ForecastVerdict::Blocked(obstacle) => {
            cannot("the rollout can't finish", obstacle, &forecast.bounds)
        }
        ForecastVerdict::Unknown(why) => match why.first() {
            Some(first) => format!(
                "whether the rollout fits can't be known: {}",
                uncertainty(first, &forecast.bounds)
            ),
            None => "whether the rollout fits can't be known".to_owned(),
        },
    }
}

/// What the forecast rests on, or why it can't be known, one sentence each.
pub fn reasons(forecast: &Forecast) -> Vec<String> {
    let mut reasons: Vec<String> = forecast
        .basis
        .iter()
        .map(|one| basis(one, &forecast.bounds))
        .collect();
    if let ForecastVerdict::Unknown(why) = &forecast.verdict {
        reasons.extend(why.iter().map(|one| uncertainty(one, &forecast.bounds)));
    }
    reasons
}

/// A blocked forecast as the sentence that ends a run, with the number that tells most; `None`
/// where it isn't blocked.
pub fn blocked(forecast: &Forecast) -> Option<String> {
    let ForecastVerdict::Blocked(obstacle) = &forecast.verdict else {
        return None;
    };
    let sentence = match obstacle {
        Obstacle::FargateSize { .. } => {
            let why = why(obstacle, &forecast.bounds);
            format!("the rollout can't finish: {why}")
        }
        _ => cannot("the rollout can't finish", obstacle, &forecast.bounds),
    };
    Some(with_number(sentence, forecast))
}

/// A blocked forecast as a cause: its sentence, what is short on which instance, what would help.
/// `None` where it isn't blocked.
pub fn as_cause(forecast: &Forecast, subject: Subject<'_>) -> Option<Cause> {
    let ForecastVerdict::Blocked(obstacle) = &forecast.verdict else {
        return None;
    };
    let bounds = &forecast.bounds;
    let (message, clause) = match subject {
        Subject::Rollout => {
            let message = cannot("the rollout can't finish", obstacle, bounds);
            (message, clause(obstacle, bounds))
        }
        Subject::OneOffTask {
            revision,
            on_instances,
        } => {
            let message = one_off(obstacle, bounds, revision, on_instances);
            (message.clone(), message)
        }
    };
    let mut evidence: Vec<String> = forecast
        .blockers
        .iter()
        .take(INSTANCES_LISTED)
        .map(|blocker| format!("instance {}", of_blocker(forecast, blocker)))
        .collect();
    let more = forecast.blockers.len().saturating_sub(INSTANCES_LISTED);
    if more > 0 {
        evidence.push(format!("{more} more of the kind"));
    }
    // What the percentages add up to says nothing about a single task.
    let is_said = |one: &&Basis| subject == Subject::Rollout || **one != Basis::Bounds;
    let basis = forecast.basis.iter().filter(is_said);
    evidence.extend(basis.map(|one| self::basis(one, bounds)));
    Some(Cause {
        kind: forecast.kind.unwrap_or(CauseKind::Unknown),
        message,
        clause: Some(with_number(clause, forecast)),
        evidence,
        remedies: forecast.remedies.clone(),
    })
}

fn fits(fit: &Fit) -> String {
    match &fit.how {
        HowItFits::NoTasksWanted => "no tasks are wanted, so none need room".to_owned(),
        HowItFits::InWaves { tasks } => format!(
            "the rollout fits: {} in {}",
            counted(*tasks, "new task"),
            counted(fit.waves, "wave")
        ),
        HowItFits::SecondSet { tasks, strategy } => format!(
            "the rollout fits: all {tasks} new tasks start while the old ones run ({strategy})"
        ),
        HowItFits::OnEachInstance { instances } => format!(
            "the rollout fits: each of {} takes the new task",
            counted(*instances, "instance")
        ),
    }
}

/// `the rollout can't finish: …`; what can't be, and why.
fn cannot(what: &str, obstacle: &Obstacle, bounds: &Bounds) -> String {
    let why = why(obstacle, bounds);
    match obstacle {
        Obstacle::FargateQuota { .. } => {
            format!("{what} within the account's Fargate quota: {why}")
        }
        Obstacle::FargateSize { .. } => why,
        _ => format!("{what}: {why}"),
    }
}

/// The obstacle where another sentence says already that the rollout can't go on.
fn clause(obstacle: &Obstacle, bounds: &Bounds) -> String {
    let why = why(obstacle, bounds);
    match obstacle {
        Obstacle::FargateQuota { .. } => format!("the account's Fargate quota is too small: {why}"),
        _ => why,
    }
}

fn one_off(obstacle: &Obstacle, bounds: &Bounds, revision: &str, on_instances: bool) -> String {
    // What no instance is to blame for is said as it is of a rollout.
    if on_instances && !matches!(obstacle, Obstacle::SubnetAddresses { .. }) {
        return format!("no container instance can take a task of {revision}");
    }
    cannot("the one-off task can't start", obstacle, bounds)
}

/// Why it can't be, with the numbers.
fn why(obstacle: &Obstacle, bounds: &Bounds) -> String {
    let Bounds {
        desired,
        lower,
        upper,
        ..
    } = *bounds;
    match obstacle {
        Obstacle::Percentages => format!(
            "with {}/{} and {desired} wanted, ECS may neither stop an old task (at least {lower} must run) \
             nor start a new one (at most {upper} may run)",
            bounds.minimum_percent, bounds.maximum_percent
        ),
        Obstacle::NoInstance => {
            "no instance can take a new task, even with every old one gone".to_owned()
        }
        Obstacle::TooLittleRoom { room, wanted } => format!(
            "there is room for {room} of {wanted} new {}, even with every old task gone",
            plural(desired, "task")
        ),
        Obstacle::NoFirstStep => {
            "no instance has room for a new task while the old ones run, and ECS is \
                                  not allowed to stop an old one first"
                .to_owned()
        }
        Obstacle::NoFurtherStep { stopped, started } => format!(
            "after {stopped} stopped and {started} started {}, no instance has room for another one and no \
             further old task may stop",
            plural(desired, "task")
        ),
        Obstacle::SecondSet {
            strategy,
            wanted,
            room,
        } => {
            let missing = if *wanted < i64::from(desired) {
                format!(", {wanted} are missing yet")
            } else {
                String::new()
            };
            format!(
                "{strategy} starts all {desired} new {} while the old ones run{missing}, and there is room for {room}",
                plural(desired, "task")
            )
        }
        Obstacle::Daemon { short } => format!(
            "{short} of {} no room for the new task, even with the old one gone",
            match desired {
                1 => "1 instance has".to_owned(),
                many => format!("{many} instances have"),
            }
        ),
        Obstacle::SubnetAddresses { zones, free } => {
            let place = if zones.is_empty() {
                String::new()
            } else {
                format!(" in {}", zones.join(", "))
            };
            format!(
                "the service's subnets{place} have {free} addresses free, and each new task takes one"
            )
        }
        Obstacle::FargateQuota {
            quota,
            in_use,
            users,
            needed,
        } => {
            let (least, users) = match users {
                QuotaUsers::Account => ("", ""),
                QuotaUsers::Service => ("at least ", " by this service"),
                QuotaUsers::Run => ("at least ", " by the services of this run"),
            };
            format!(
                "{quota} CPU units ({} vCPU), {least}{in_use} in use{users}, {needed} needed for each new task",
                quota / 1024
            )
        }
        Obstacle::FargateSize { asked, next } => {
            let next = next.map_or_else(String::new, |FargateSize { cpu, memory }| {
                format!("; the smallest that holds it has {cpu} CPU units and {memory} MiB")
            });
            let FargateSize { cpu, memory } = asked;
            format!("Fargate has no task size of {cpu} CPU units with {memory} MiB{next}")
        }
    }
}

/// The sentence with what is short on the instance that comes closest.
fn with_number(sentence: String, forecast: &Forecast) -> String {
    match forecast.blockers.first() {
        Some(first) => format!("{sentence} ({})", of_blocker(forecast, first)),
        None => sentence,
    }
}

/// The EC2 console knows the instance by its own id, so that one is named where there is one.
fn of_blocker(forecast: &Forecast, one: &Blocker) -> String {
    let mut views = forecast.instances.iter();
    let view = views.find(|view| view.id == one.instance);
    let name = view
        .and_then(|view| view.ec2_instance_id.as_deref())
        .unwrap_or(&one.instance);
    format!("{name}: {}", blocker(one))
}

fn basis(basis: &Basis, of: &Bounds) -> String {
    match basis {
        Basis::Bounds => bounds(of),
        Basis::FixedCapacity { why } => fixed_capacity(why),
    }
}
