//! One world: forecast it, let it run, and see who was right.

use plimsoll::capacity::{
    Deploy, Forecast, ForecastVerdict, Movement, forecast, forecast_together, movements,
};
use plimsoll::wording;
use plimsoll_sim::{Rollout, Sim, Status, World};
use serde_json::json;

use crate::plan::Plan;
use crate::seen::{Seen, look};

/// Nothing moved for so long: longer than any timer of a world without groups that scale (20 s to
/// complete, attempts every 4 s), and without tasks that nothing checks.
const DEAD_AFTER_SECS: i64 = 30;
/// The same with such tasks: they count as healthy after 40 s.
const DEAD_AFTER_UNCHECKED_SECS: i64 = 65;
/// The same where a group may scale: its alarm takes a minute, an instance 20 s, and its tasks
/// give up after 150 s.
const DEAD_AFTER_SCALING_SECS: i64 = 250;
/// No world that can end takes longer.
const LONGEST_SECS: i64 = 4 * 3600;

/// How a world ran, by deployed service.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ran {
    pub(crate) completed: Vec<bool>,
    pub(crate) seconds: i64,
}

/// What a look under way said of one service.
#[derive(Clone, Debug)]
pub(crate) struct Glance {
    pub(crate) at: i64,
    pub(crate) service: usize,
    pub(crate) stuck: Option<String>,
    pub(crate) word: &'static str,
    /// Whether the world was dead by then.
    pub(crate) dead: bool,
    pub(crate) why: Vec<String>,
}

pub(crate) fn deploys(seen: &Seen) -> Vec<Deploy<'_>> {
    let all = seen.services.iter().zip(&seen.needs).zip(&seen.targets);
    all.map(|((service, needs), target)| seen.survey.deploy(service, needs, target.as_deref()))
        .collect()
}

/// Begins all rollouts of the plan.
pub(crate) fn begin(world: &mut World, plan: &Plan) {
    for party in &plan.deployed {
        let change = json!({"taskDefinition": format!("{}:2", party.name)});
        world.update_service("web", party.name, &change).unwrap();
    }
}

fn completed(world: &World, plan: &Plan) -> Vec<bool> {
    let done = |name: &str| {
        world.service("web", name).is_some_and(|service| {
            service.deployments.len() == 1
                && service.deployments[0].rollout == Rollout::Completed
                && service.deployments[0].task_definition.ends_with(":2")
        })
    };
    plan.deployed.iter().map(|party| done(party.name)).collect()
}

/// Lets a world that has begun run until all have completed or nothing moves; looks at it after
/// each of these numbers of seconds, and once more when it is dead.
pub(crate) fn run(sim: &Sim, plan: &Plan, looks: &[i64]) -> (Ran, Vec<Glance>) {
    let scales = plan.pools.iter().any(|pool| pool.managed);
    let unchecked = plan
        .deployed
        .iter()
        .any(|party| !party.old.checked || !party.new.checked);
    let patience = match (scales, unchecked) {
        (true, _) => DEAD_AFTER_SCALING_SECS,
        (false, true) => DEAD_AFTER_UNCHECKED_SECS,
        (false, false) => DEAD_AFTER_SECS,
    };
    let start = sim.with(|world| world.now());
    let (mut before, mut quiet) = (Vec::new(), 0);
    let mut glances = Vec::new();
    for second in 1..=LONGEST_SECS {
        let (done, now) = sim.with(|world| {
            world.advance_to(start + second * 1000);
            (completed(world, plan), print(world))
        });
        quiet = if now == before { quiet + 1 } else { 0 };
        before = now;
        if done.iter().all(|done| *done) {
            return (
                Ran {
                    completed: done,
                    seconds: second,
                },
                glances,
            );
        }
        if quiet >= patience {
            if !looks.is_empty() {
                glance(sim, plan, (second, true), &mut glances);
            }
            return (
                Ran {
                    completed: done,
                    seconds: second,
                },
                glances,
            );
        }
        if looks.contains(&second) {
            glance(sim, plan, (second, false), &mut glances);
        }
    }
    let done = sim.with(|world| completed(world, plan));
    (
        Ran {
            completed: done,
            seconds: LONGEST_SECS,
        },
        glances,
    )
}

/// What moves in a world, without the tasks that come and go in PROVISIONING.
fn print(world: &World) -> Vec<(Status, String)> {
    let placed = world
        .tasks()
        .iter()
        .filter(|task| !matches!(task.status, Status::Provisioning | Status::Stopped));
    let mut all: Vec<(Status, String)> =
        placed.map(|task| (task.status, task.id.clone())).collect();
    all.extend(world.services().iter().map(|service| {
        (
            Status::Stopped,
            format!("{:?}", service.deployments[0].rollout),
        )
    }));
    all.push((Status::Stopped, world.instances().len().to_string()));
    all
}

fn glance(sim: &Sim, plan: &Plan, (at, dead): (i64, bool), glances: &mut Vec<Glance>) {
    let seen = look(sim, plan, true);
    let done = sim.with(|world| completed(world, plan));
    let said = movements(&seen.survey.cluster(), &deploys(&seen));
    for (service, movement) in said
        .into_iter()
        .enumerate()
        .filter(|(service, _)| !done[*service])
    {
        let (stuck, word, why) = match movement {
            Movement::Stuck(proof) => (
                Some(wording::headline(&proof)),
                "stuck",
                wording::reasons(&proof),
            ),
            Movement::UnderWay(what) => {
                let what = what.into_iter().map(wording::underway);
                (None, "under way", what.collect())
            }
            Movement::Could(what) => {
                let what = what.into_iter().map(wording::next_step);
                (None, "could", what.collect())
            }
            Movement::Unknown(why) => (None, "unknown", wording::reasons(&why)),
        };
        glances.push(Glance {
            at,
            service,
            stuck,
            word,
            dead,
            why,
        });
    }
}

/// A disagreement, in words.
pub(crate) fn compare(
    plan: &Plan,
    forecasts: &[Forecast],
    ran: &Ran,
    glances: &[Glance],
) -> Result<(), String> {
    for (at, (forecast, done)) in forecasts.iter().zip(&ran.completed).enumerate() {
        let wrong = match forecast.verdict {
            ForecastVerdict::Fits(_) => !done,
            ForecastVerdict::Blocked(_) => *done,
            ForecastVerdict::Unknown(_) => false,
        };
        if wrong {
            return Err(format!(
                "`{}` was forecast `{}` ({}), and after {} s it {}",
                plan.deployed[at].name,
                forecast.verdict.as_str(),
                wording::headline(forecast),
                ran.seconds,
                if *done {
                    "had completed"
                } else {
                    "had not completed"
                }
            ));
        }
    }
    for glance in glances {
        if let Some(headline) = glance
            .stuck
            .as_ref()
            .filter(|_| ran.completed[glance.service])
        {
            return Err(format!(
                "`{}` was called stuck after {} s ({headline}), and it completed",
                plan.deployed[glance.service].name, glance.at
            ));
        }
    }
    Ok(())
}

/// Forecasts and runs a plan; the forecasts, how it ran and what was seen under way.
pub(crate) fn hold(
    plan: &Plan,
    looks: &[i64],
) -> Result<(Vec<Forecast>, Ran, Vec<Glance>), String> {
    let sim = Sim::new(plan.build());
    let seen = look(&sim, plan, false);
    let deploys = deploys(&seen);
    let forecasts = match deploys.as_slice() {
        [one] => vec![forecast(&seen.survey.cluster(), one)],
        several => forecast_together(&seen.survey.cluster(), several),
    };
    sim.with(|world| begin(world, plan));
    let (ran, glances) = run(&sim, plan, looks);
    compare(plan, &forecasts, &ran, &glances)?;
    Ok((forecasts, ran, glances))
}
