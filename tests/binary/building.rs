//! The binary with the real engine and registry: a build, its output, its secrets, its cancellation.

use std::fs;

use plimsoll_sim::{InstanceSpec, Registry, ServiceSpec};

use crate::door::{self, Gate, Hold};
use crate::engine;
use crate::secrets;
use crate::signals;
use crate::stage::{Running, Stage, definition};

/// A stage whose ECR is the real registry, with `Dockerfile` in the workspace.
pub(crate) fn stage(dockerfile: &str) -> Stage {
    stage_at(&engine::registry(), dockerfile)
}

/// The same with the registry at another address.
pub(crate) fn stage_at(address: &str, dockerfile: &str) -> Stage {
    let credentials = engine::credentials();
    let registry = Registry {
        address: address.to_owned(),
        username: credentials.username.clone(),
        password: credentials.password.expose().to_owned(),
    };
    let repository = engine::repository();
    let name = repository.path().to_owned();
    let build = |world: &mut plimsoll_sim::World| {
        world.add_repository(&name);
        for _ in 0..2 {
            world.add_instance(InstanceSpec::default());
        }
        let task_definition =
            world.add_task_definition(definition(&format!("{address}/{name}:v1")));
        world.create_service(ServiceSpec {
            task_definition,
            ..ServiceSpec::default()
        });
    };
    let stage = Stage::open(build, Some(registry));
    fs::write(stage.path("workspace/Dockerfile"), dockerfile).unwrap();
    let inputs = [
        ("repository", name.as_str()),
        ("cluster", "web"),
        ("service", "api"),
        ("poll-interval", "1s"),
    ];
    inputs
        .into_iter()
        .fold(stage, |stage, (name, value)| stage.input(name, value))
}

/// The password and the token that ECR gives are given to the runner alone, so that it hides them.
pub(crate) fn check_login(log: &str) {
    let password = engine::credentials().password.expose().to_owned();
    for secret in [password.as_str(), "QVdTOnBsaW1zb2xsLXRlc3QtdG9rZW4="] {
        let told: Vec<&str> = log.lines().filter(|line| line.contains(secret)).collect();
        assert_eq!(told, [format!("::add-mask::{secret}")], "in\n{log}");
    }
}

/// The processes of the build whose command line holds `word`.
fn processes(word: &str) -> Vec<String> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let runs = |entry: &fs::DirEntry| {
        let line = fs::read_to_string(entry.path().join("cmdline"));
        line.is_ok_and(|line| line.contains(word))
    };
    let names = entries.filter(runs).map(|entry| entry.file_name());
    names
        .map(|name| name.to_string_lossy().into_owned())
        .collect()
}

/// A build that stands in a step for minutes, from when it says `42 begun`; what the step's command
/// line holds comes back too.
fn endless() -> (Stage, String) {
    // A number of seconds that no other test and no other run of this one waits for.
    let seconds = format!(
        "{}.{}",
        700 + std::process::id() % 100,
        engine::repository()
            .path()
            .replace(|c: char| !c.is_ascii_digit(), "")
    );
    let dockerfile = format!(
        "FROM {}\nRUN echo $((40 + 2)) begun; sleep {seconds}\n",
        engine::base_image()
    );
    (stage(&dockerfile), seconds)
}

fn cancel(signal: &str, code: i32) {
    let (stage, word) = endless();
    let mut running: Running = stage.start();
    running.until("the step", || stage.log().contains("42 begun"));
    let step = processes(&word);
    assert!(!step.is_empty(), "the step runs");
    let ended = running.signal(signal);
    signals::check(&stage, &ended, (code, false));
    for process in step {
        // Until the engine has ended it, and no longer than a minute.
        let pid = format!("--pid={process}");
        engine::run("timeout", &["60", "tail", &pid, "-f", "/dev/null"]);
    }
    assert_eq!(processes(&word), Vec::<String>::new());
    assert_eq!(
        (
            stage.calls("RegisterTaskDefinition"),
            stage.calls("UpdateService")
        ),
        (0, 0)
    );
}

#[test]
fn a_build_is_cancelled_with_its_running_step() {
    cancel("TERM", 143);
    cancel("INT", 130);
}

#[test]
fn a_push_that_is_not_answered_is_left() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    // The registry tells what it holds, and takes nothing.
    let gate = Gate::default();
    for method in ["HEAD", "POST", "PUT"] {
        gate.hold(method, Hold::Request);
    }
    let behind = engine::registry().parse().unwrap();
    let address = runtime.block_on(door::before(behind, gate.clone()));
    let stage = stage_at(&address.to_string(), "FROM scratch\nCOPY Dockerfile /\n");
    let mut running = stage.start();
    running.until("the push", || gate.holds("HEAD") || gate.holds("POST"));
    signals::check(&stage, &running.signal("TERM"), (143, false));
    assert_eq!(stage.calls("RegisterTaskDefinition"), 0);
}

#[test]
fn what_a_build_says_is_no_command_and_shows_no_secret() {
    let base = engine::base_image();
    let words = r"::error::boo\n::add-mask::boo\n##[error]boo\n::stop-commands::boo\n::endgroup::\r::error::boo";
    let dockerfile = format!(
        "FROM {base}\nARG TOKEN\nLABEL words=\"##[error]boo\"\nRUN printf '{words}\\n'; printf '%s\\n' \"${{#TOKEN}} letters\"\n"
    );
    let stage = stage(&dockerfile)
        .input("no-cache", "true")
        .input("build-args", "TOKEN=token-of-the-build")
        .env("RUNNER_DEBUG", "1")
        .env("RUST_LOG", "trace");
    let ended = stage.run();
    assert_eq!(ended.code, Some(0), "{}", ended.log);
    assert!(
        ended.log.contains("18 letters"),
        "the build had its argument:\n{}",
        ended.log
    );
    assert!(
        ended.log.contains("| ::stop-commands::boo"),
        "the words are shown:\n{}",
        ended.log
    );
    assert!(!ended.log.contains("token-of-the-build"), "{}", ended.log);
    check_login(&ended.log);
    // Masks of ours are looked at above.
    let rest: Vec<&str> = ended
        .log
        .lines()
        .filter(|line| !line.starts_with("::add-mask::"))
        .collect();
    secrets::check(&rest.join("\n"));
}

#[test]
fn a_dockerfile_that_does_not_build_changes_nothing() {
    let stage = stage(&format!("FROM {}\nRUN exit 3\n", engine::base_image()));
    let ended = stage.run();
    assert_eq!(ended.code, Some(2), "{}", ended.log);
    assert!(
        ended.log.contains("in step `[2/2] RUN exit 3`"),
        "the step is named:\n{}",
        ended.log
    );
    assert_eq!(stage.calls("RegisterTaskDefinition"), 0);
    assert_eq!(stage.output("service-changed"), "false");
}

#[test]
fn a_missing_engine_is_reported_before_anything_is_built() {
    let stage = stage("FROM scratch\n").env("DOCKER_HOST", "unix:///nowhere/docker.sock");
    let ended = stage.run();
    assert_eq!(ended.code, Some(8), "{}", ended.log);
    assert!(ended.log.contains("/nowhere/docker.sock"), "{}", ended.log);
    assert_eq!(stage.calls("RegisterTaskDefinition"), 0);
}
