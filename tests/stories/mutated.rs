//! Whole runs whose answers from AWS are falsified: whatever arrives, the run ends, writes nothing
//! where it may not, and claims nothing that the world contradicts.
//!
//! What may be held against a run depends on what it was shown. A lie that fits everything else
//! can't be seen: an instance of which AWS says that it has 5 CPU units free justifies a `blocked`,
//! and a run that takes it as free of everything has only been lied to. So:
//!
//! * **Whatever is falsified** (required reads and answers to writes too): no panic, no hang, an end
//!   within the limits, a report that can be written in all its forms, a log without control
//!   characters, no write in `plan`, `explain` and `watch`, no second deployment of the new
//!   revision, a true word about whether the service was changed, and no false green. The last one
//!   can be held because no falsified value here is one that AWS might have meant: numbers are out
//!   of range, words are none of AWS's.
//! * **Where members are only missing or null, in optional reads**: what isn't said is unknown, and
//!   unknown things prove nothing. So `blocked`, a proven `stuck` and `failed` have to be true.
//!   Items of lists don't go missing: a list without one of its instances is a lie.
//! * **Where one look alone is falsified**, after the update: the looks before and after it are
//!   sound, and no verdict rests on one look alone, so all verdicts have to be true.

mod mutator;
mod worlds;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Once};
use std::time::Duration;

use plimsoll::report::{self, Outcome};
use plimsoll_sim::{Rollout, Status, World};

use crate::door::{OnTheWay, Told};
use crate::seeded::{Numbers, number};
use mutator::{Mutator, Reach};
use worlds::{Job, Scene};

/// Runs, where `PLIMSOLL_WORLDS` doesn't say otherwise; the first one's seed is `PLIMSOLL_SEED`, or 0.
const RUNS: u64 = 150;
/// The longest run in virtual time: `wait-for-minutes`, reads before and at the end that aren't
/// answered in a way that can be read, and a rollback with its own wait.
const LIMIT: Duration = Duration::from_secs(40 * 60);
/// The longest run in real time; they take some ten milliseconds.
const PATIENCE: Duration = Duration::from_secs(120);
const HOUR_MS: i64 = 3_600_000;

/// What a forecast, a watch and a diagnosis read besides what they have to.
const OPTIONAL: [&str; 19] = [
    "DescribeAutoScalingGroups",
    "DescribeCapacityProviders",
    "DescribeClusters",
    "DescribeContainerInstances",
    "DescribeInstanceTypes",
    "DescribeLaunchTemplateVersions",
    "DescribeScalingActivities",
    "DescribeServiceDeployments",
    "DescribeServiceRevisions",
    "DescribeSubnets",
    "DescribeTargetGroups",
    "DescribeTargetHealth",
    "DescribeTasks",
    "FilterLogEvents",
    "GetLogEvents",
    "GetServiceQuota",
    "GetTaskProtection",
    "ListContainerInstances",
    "ListServiceDeployments",
];

/// The world with a one-off task, whose end nothing but DescribeTasks says: there it is no optional
/// read, and a container without an exit code is one that never ran.
const ONE_OFF: &str = "one-off";

/// Which lies are said, and so what can be held against the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lies {
    Anything,
    OptionalReads,
    MissingMembers,
    OneLook,
}

fn reach(lies: Lies, scene: Scene, numbers: &mut Numbers) -> Reach {
    let one_in = numbers.of(&[1, 2, 5, 20]);
    let everything = Reach {
        operations: Vec::new(),
        seconds: 0..i64::MAX,
        one_in,
        only_missing: false,
    };
    match lies {
        Lies::Anything => everything,
        Lies::OptionalReads => Reach {
            operations: OPTIONAL.to_vec(),
            ..everything
        },
        Lies::MissingMembers => Reach {
            operations: OPTIONAL
                .into_iter()
                .filter(|operation| !(scene.world == ONE_OFF && *operation == "DescribeTasks"))
                .collect(),
            only_missing: true,
            ..everything
        },
        // Shorter than the pace of the watch, and after what is read before the update.
        Lies::OneLook => {
            let from = 3 + numbers.secs(90);
            Reach {
                seconds: from..from + 4,
                one_in: 1,
                ..everything
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn whatever_aws_answers_nothing_false_is_claimed() {
    let (first, runs) = (number("PLIMSOLL_SEED", 0), number("PLIMSOLL_WORLDS", RUNS));
    count_panics();
    let mut outcomes = BTreeMap::new();
    for seed in (first..).take(usize::try_from(runs).unwrap()) {
        let outcome = one(seed).await;
        *outcomes.entry(outcome).or_insert(0) += 1;
    }
    println!("outcomes of {runs} runs: {outcomes:?}");
    assert!(
        runs < RUNS || outcomes.len() >= 8,
        "the runs are too much alike: {outcomes:?}"
    );
}

async fn one(seed: u64) -> &'static str {
    let mut numbers = Numbers::of_seed(seed);
    let lies = numbers.of(&[
        Lies::Anything,
        Lies::Anything,
        Lies::OptionalReads,
        Lies::MissingMembers,
        Lies::OneLook,
    ]);
    let (scene, mut story) = worlds::draw(&mut numbers);
    let reach = reach(lies, scene, &mut numbers);
    let mutator = Mutator::new(numbers, reach);
    let liar = mutator.clone();
    let change = move |operation: &str, second, body| liar.answer(operation, second, body);
    story.on_the_way = Some(OnTheWay(Arc::new(change)));
    let _named = Named {
        seed,
        scene,
        lies,
        mutator: mutator.clone(),
        _watched: watchdog(seed),
    };
    let run = Box::pin(story.carry_out(scene.command()));
    let told = tokio::time::timeout(LIMIT, run).await;
    let told = told.unwrap_or_else(|_| panic!("no end after {LIMIT:?}"));
    assert_eq!(PANICS.get(), 0, "a panic that was swallowed\n{}", told.log);
    always(&told, scene);
    if matches!(lies, Lies::MissingMembers | Lies::OneLook) && scene.job == Job::Deploy {
        verdicts_are_true(&told, scene);
    }
    told.outcome()
}

/// What holds whatever was falsified.
fn always(told: &Told, scene: Scene) {
    let log = &told.log;
    let hidden = |c: char| c.is_control() && c != '\n';
    assert!(!log.contains(hidden), "{log:?}");
    let _ = report::json::render(&told.shown()).to_string();
    let _ = report::outputs(&told.shown(), None, told.report.finished);
    assert!(report::summary::render(&told.shown()).len() <= report::summary::SUMMARY_MAX_BYTES);
    assert!(told.report.outcome.is_some(), "{log}");
    assert!(!told.report.reason.is_empty(), "{log}");

    let writes: Vec<String> = told
        .sim
        .calls()
        .into_iter()
        .map(|call| call.operation)
        .collect();
    let writes: Vec<String> = writes.into_iter().filter(|name| !is_read(name)).collect();
    if scene.job != Job::Deploy {
        assert_eq!(writes, Vec::<String>::new(), "{log}");
        assert!(!told.report.service_changed, "{log}");
    } else {
        let begun: usize = told.sim.with(|world| {
            let each = scene
                .services
                .iter()
                .map(|name| deployments_of(world, name));
            each.max().unwrap_or(0)
        });
        assert!(begun <= 1, "{begun} deployments of the new revision\n{log}");
        assert_eq!(told.report.service_changed, begun == 1, "{log}");
    }
    green_is_true(told, scene);
}

fn is_read(operation: &str) -> bool {
    let reads = ["Describe", "List", "Get", "BatchGet", "Filter"];
    operation.is_empty() || reads.iter().any(|verb| operation.starts_with(verb))
}

/// Whether `revision` isn't the one that the service ran before. A registration whose answer was
/// falsified may stand twice, so the new one isn't always the second.
fn is_new(revision: &str, name: &str) -> bool {
    !revision.ends_with(&format!("/{name}:1"))
}

/// How many deployments of a new revision were begun.
fn deployments_of(world: &World, name: &str) -> usize {
    let service = world.service("web", name).unwrap();
    let revisions = service.revisions.iter();
    revisions
        .filter(|one| is_new(&one.task_definition, name))
        .count()
}

fn complete(world: &World, name: &str) -> bool {
    let primary = &world.service("web", name).unwrap().deployments[0];
    primary.rollout == Rollout::Completed && is_new(&primary.task_definition, name)
}

fn green_is_true(told: &Told, scene: Scene) {
    if !matches!(scene.job, Job::Deploy | Job::Watch) {
        return;
    }
    for service in &told.report.services {
        if !matches!(
            service.outcome,
            Some(Outcome::Succeeded | Outcome::Unchanged)
        ) {
            continue;
        }
        let name = service.service.as_str();
        let (complete, running, wanted) = told.sim.with(|world| {
            let wanted = world.service("web", name).unwrap().desired;
            let ours = |task: &&plimsoll_sim::Task| {
                is_new(&task.task_definition, name) && task.status == Status::Running
            };
            (
                complete(world, name),
                world.tasks().iter().filter(ours).count(),
                wanted,
            )
        });
        assert!(
            complete && running >= wanted,
            "a false green: {running} of {wanted}\n{}",
            told.log
        );
    }
    let good = told.report.outcome.is_some_and(Outcome::is_good);
    assert!(!good || !told.report.services.is_empty(), "{}", told.log);
}

/// What is red has to be true, too.
fn verdicts_are_true(told: &Told, scene: Scene) {
    let log = &told.log;
    match told.outcome() {
        "blocked" => {
            let ended = told.sim.with(|world| {
                scene
                    .services
                    .iter()
                    .for_each(|name| worlds::begin(world, name));
                world.advance_to(world.now() + HOUR_MS);
                scene.services.iter().all(|name| complete(world, name))
            });
            assert!(!ended, "it would have come to its end\n{log}");
        }
        "stuck" if told.report.reason.contains("can't go on") => {
            let ended = told.sim.with(|world| {
                world.advance_to(world.now() + HOUR_MS);
                scene.services.iter().all(|name| complete(world, name))
            });
            assert!(!ended, "it could go on\n{log}");
        }
        "failed" => assert!(scene.crashes, "good tasks were called failing\n{log}"),
        "rolled-back" => assert!(!told.sim.with(|world| complete(world, "api")), "{log}"),
        "superseded" => panic!("nobody else was there\n{log}"),
        _ => {}
    }
}

std::thread_local! {
    /// Panics of this thread, those that tokio swallows in a task among them.
    static PANICS: std::cell::Cell<u32> = const { std::cell::Cell::new(0) };
}

fn count_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            PANICS.set(PANICS.get() + 1);
            usual(panic);
        }));
    });
}

/// Says which run it was, and what was falsified, when it fails.
struct Named {
    seed: u64,
    scene: Scene,
    lies: Lies,
    mutator: Mutator,
    _watched: Sender<()>,
}

impl Drop for Named {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let Named {
                seed, scene, lies, ..
            } = self;
            let done = self.mutator.done().join("\n  ");
            say(&format!(
                "PLIMSOLL_SEED={seed} PLIMSOLL_WORLDS=1: {scene:?}, {lies:?}\n  {done}"
            ));
        }
    }
}

/// Not held back as the output of a test is: the process may end before that is shown.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Ends the process where a run hangs without waiting for anything, and says which.
fn watchdog(seed: u64) -> Sender<()> {
    let (alive, watched) = channel();
    std::thread::spawn(move || {
        if watched.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
            say(&format!("seed {seed} hangs: no end after {PATIENCE:?}"));
            std::process::abort();
        }
    });
    alive
}
