//! `max-parallel` and `stop-on-failure`: a few services at a time, and no further after a failure.

use plimsoll_sim::{FaultKind, Rollout, ServiceSpec, World};

use crate::door::{START, Story, Told};
use crate::setting::{crash, definition, images, instance, redeploy};

const NAMES: [&str; 4] = ["api", "jobs", "mail", "web"];

/// Four services with a definition of their own each.
fn four(most: &str) -> Story {
    redeploy(|world| {
        images(world);
        for name in NAMES {
            instance(world);
            let task_definition = world.add_task_definition(definition(name, 128, 256));
            world.create_service(ServiceSpec {
                name: name.to_owned(),
                task_definition,
                ..ServiceSpec::default()
            });
        }
    })
    .input("service", &NAMES.join("\n"))
    .input("max-parallel", most)
}

fn outcomes(told: &Told) -> Vec<&'static str> {
    let services = told.report.services.iter();
    services
        .map(|service| service.outcome.map_or("none", |outcome| outcome.as_str()))
        .collect()
}

/// How many rollouts were under way at most, looked at each second by the world itself.
fn most_at_once(story: &Story) -> std::sync::Arc<std::sync::Mutex<usize>> {
    let most = std::sync::Arc::new(std::sync::Mutex::new(0));
    let rolling = |world: &World| {
        let services = world.services().iter();
        services
            .filter(|service| service.deployments[0].rollout == Rollout::InProgress)
            .count()
    };
    for second in 1..600 {
        let seen = most.clone();
        story.sim.with(|world| {
            world.script(START + second * 1000, move |world| {
                let mut seen = seen.lock().unwrap();
                *seen = (*seen).max(rolling(world));
            });
        });
    }
    most
}

#[tokio::test(start_paused = true)]
async fn no_more_than_max_parallel_roll_at_once() {
    let mut lengths = Vec::new();
    for (input, expected) in [("1", 1), ("2", 2), ("3", 3), ("9", 4)] {
        let story = four(input);
        let most = most_at_once(&story);
        let told = story.deploy().await;
        assert_eq!(outcomes(&told), ["succeeded"; 4], "{}", told.log);
        assert_eq!(*most.lock().unwrap(), expected, "max-parallel {input}");
        lengths.push(told.seconds);
    }
    assert!(
        lengths.is_sorted_by(|one, other| one > other) || lengths[2] >= lengths[3],
        "{lengths:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_failure_stops_what_is_not_started() {
    let story = four("1").input("stop-on-failure", "true");
    story.sim.with(|world| crash(world, "jobs:2", 1));
    let told = story.deploy().await;
    assert_eq!(
        outcomes(&told),
        ["succeeded", "failed", "planned", "planned"]
    );
    assert_eq!((told.outcome(), told.calls("UpdateService")), ("failed", 2));
    assert!(
        told.log
            .contains("service `mail`: not updated: `stop-on-failure`, and `jobs` didn't end well"),
        "{}",
        told.log
    );
    assert!(!told.report.services[2].changed && !told.report.services[3].changed);
    assert!(
        told.log.contains("`web:2`") || told.log.contains("/web:2`"),
        "the unused revision is named: {}",
        told.log
    );
}

/// Another run's deploy of one of them takes over, which is fine here: the others get theirs.
#[tokio::test(start_paused = true)]
async fn one_that_is_superseded_stops_the_others_only_where_that_is_not_fine() {
    let story = |ignore: &str| {
        let story = four("1")
            .input("stop-on-failure", "true")
            .input("on-superseded", ignore);
        story.sim.with(|world| {
            let other = world.add_task_definition(definition("api", 128, 300));
            world.script(START + 15_000, move |world| {
                let body = serde_json::json!({"taskDefinition": other});
                world.update_service("web", "api", &body).unwrap();
            });
        });
        story
    };
    let told = story("ignore").deploy().await;
    let all = ["superseded", "succeeded", "succeeded", "succeeded"];
    assert_eq!(outcomes(&told), all, "{}", told.log);
    assert_eq!(told.report.exit_code(), 0);
    let told = story("fail").deploy().await;
    let left = ["superseded", "planned", "planned", "planned"];
    assert_eq!(outcomes(&told), left, "{}", told.log);
    assert!(
        told.report
            .reason
            .starts_with("0 of 4 services are well, 3 not updated; `api`: "),
        "{}",
        told.report.reason
    );
}

#[tokio::test(start_paused = true)]
async fn what_rolls_next_to_a_failure_is_followed_to_its_end() {
    let story = four("2").input("stop-on-failure", "true");
    story.sim.with(|world| crash(world, "api:2", 1));
    let told = story.deploy().await;
    let outcomes = outcomes(&told);
    assert_eq!(
        (outcomes[0], outcomes[1]),
        ("failed", "succeeded"),
        "{}",
        told.log
    );
    assert_eq!(outcomes[3], "planned", "{}", told.log);
}

#[tokio::test(start_paused = true)]
async fn without_stop_on_failure_the_others_get_their_turn() {
    let story = four("1");
    story.sim.with(|world| crash(world, "api:2", 1));
    let told = story.deploy().await;
    assert_eq!(
        outcomes(&told),
        ["failed", "succeeded", "succeeded", "succeeded"],
        "{}",
        told.log
    );
}

#[tokio::test(start_paused = true)]
async fn a_refused_update_is_a_failure_too() {
    let story = four("4").input("stop-on-failure", "true").trouble(
        "UpdateService",
        0..5,
        FaultKind::ExpiredToken,
    );
    let told = story.deploy().await;
    assert_eq!(
        outcomes(&told),
        ["error", "planned", "planned", "planned"],
        "{}",
        told.log
    );
    assert!(!told.report.service_changed);
}

#[tokio::test(start_paused = true)]
async fn rollbacks_go_on_while_others_roll() {
    let story = four("2").input("on-failure", "rollback");
    story.sim.with(|world| crash(world, "api:2", 1));
    let told = story.deploy().await;
    assert_eq!(
        outcomes(&told),
        ["rolled-back", "succeeded", "succeeded", "succeeded"],
        "{}",
        told.log
    );
    let lines: Vec<&str> = told.log.lines().collect();
    let at = |words: &str| lines.iter().position(|line| line.contains(words));
    assert!(
        at("rolling back to api:1") < at("service `web`: deployment"),
        "{}",
        told.log
    );
}
