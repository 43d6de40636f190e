//! The action's image, started just as the runner starts it, the engine's socket included.

use std::fs;
use std::process::Command;
use std::sync::OnceLock;

use plimsoll::docker::{Built, PushRequest};
use plimsoll::image::ImageRef;
use serde_json::Value;

use crate::building;
use crate::engine;
use crate::signals;
use crate::stage::{Ended, Running, SHA, Stage, binary};

const HERE: &str = env!("CARGO_MANIFEST_DIR");
const HELLO: &str = include_str!("../../examples/hello/Dockerfile");

/// The action's image with this build's binary in it.
struct ActionImage {
    name: ImageRef,
    built: Built,
}

fn image() -> &'static ActionImage {
    static BUILT: OnceLock<ActionImage> = OnceLock::new();
    BUILT.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        for name in ["Dockerfile", ".dockerignore"] {
            fs::copy(format!("{HERE}/{name}"), folder.path().join(name)).unwrap();
        }
        let dist = folder.path().join("dist");
        fs::create_dir(&dist).unwrap();
        fs::copy(binary(), dist.join("plimsoll")).unwrap();
        let bundle = "/etc/ssl/certs/ca-certificates.crt";
        fs::copy(bundle, dist.join("ca-certificates.crt")).unwrap();
        let mut request = engine::request(folder.path());
        request.build_args = vec![("BINARY_FROM".to_owned(), "prebuilt".to_owned())];
        let built = block_on(engine::build(&request)).0.unwrap();
        ActionImage {
            name: request.name,
            built,
        }
    })
}

/// The name that the engine has it by.
pub(crate) fn image_name() -> String {
    image().name.to_string()
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(future)
}

/// `examples/hello` as the checked out workspace, its server compiled.
fn hello() -> Stage {
    with_hello(building::stage(HELLO))
}

/// The same in the workspace of `stage`.
pub(crate) fn with_hello(stage: Stage) -> Stage {
    static COMPILED: OnceLock<()> = OnceLock::new();
    COMPILED.get_or_init(|| {
        engine::run(&format!("{HERE}/examples/hello/build"), &[]);
    });
    fs::write(stage.path("workspace/Dockerfile"), HELLO).unwrap();
    fs::create_dir(stage.path("workspace/bin")).unwrap();
    fs::copy(
        format!("{HERE}/examples/hello/bin/hello"),
        stage.path("workspace/bin/hello"),
    )
    .unwrap();
    stage
}

/// The container of the step.
pub(crate) fn start<'a>(stage: &'a Stage, name: &str) -> Running<'a> {
    run(stage, name, &[], &[])
}

/// The container after the job's steps.
pub(crate) fn start_after<'a>(stage: &'a Stage, name: &str) -> Running<'a> {
    let entrypoint = ["--entrypoint", plimsoll::app::after::ENTRYPOINT];
    run(stage, name, &entrypoint, &stage.state())
}

/// `docker run` with the mounts, the names and the working directory that the runner gives. The
/// network is the host's, because the stand-in and the registry listen on loopback.
fn run<'a>(
    stage: &'a Stage,
    name: &str,
    entrypoint: &[&str],
    state: &[(String, String)],
) -> Running<'a> {
    let fixed = [
        ("HOME", "/github/home"),
        ("GITHUB_WORKSPACE", "/github/workspace"),
        ("GITHUB_OUTPUT", "/github/file_commands/output"),
        ("GITHUB_STEP_SUMMARY", "/github/file_commands/summary"),
        ("GITHUB_STATE", "/github/file_commands/state"),
        ("GITHUB_SHA", stage.variable("GITHUB_SHA").unwrap_or(SHA)),
        ("RUNNER_TEMP", "/github/runner_temp"),
        ("RUNNER_DEBUG", "1"),
    ];
    let variables = || {
        stage
            .variables()
            .iter()
            .chain(state)
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .filter(|(name, _)| !fixed.iter().any(|(known, _)| known == name))
            .chain(fixed)
    };
    let image = image().name.to_string();
    let mut docker = Command::new("docker");
    docker
        .env_clear()
        .env("PATH", std::env::var("PATH").unwrap())
        .envs(variables());
    docker.args([
        "run",
        "--name",
        name,
        "--label",
        "1a2b3c",
        "--workdir",
        "/github/workspace",
        "--rm",
    ]);
    for (name, _) in variables() {
        docker.args(["-e", name]);
    }
    docker.args([
        "-e",
        "GITHUB_ACTIONS=true",
        "-e",
        "CI=true",
        "--network",
        "host",
    ]);
    docker.args(entrypoint);
    docker.args(["-v", "/var/run/docker.sock:/var/run/docker.sock"]);
    let mounts = [
        ("_temp", "runner_temp"),
        ("_temp/_github_home", "home"),
        ("_temp/_github_workflow", "workflow"),
        ("_temp/_runner_file_commands", "file_commands"),
        ("workspace", "workspace"),
    ];
    for (from, to) in mounts {
        docker.args([
            "-v",
            &format!("{}:/github/{to}", stage.path(from).display()),
        ]);
    }
    docker.arg(image);
    stage.spawn(docker)
}

pub(crate) fn name(what: &str) -> String {
    format!("plimsoll-{what}-{}", std::process::id())
}

/// The registry's manifest of a tag: its digest, and what stands in it.
fn manifest(repository: &str, tag: &str) -> (String, Value) {
    let credentials = engine::credentials();
    let user = format!("{}:{}", credentials.username, credentials.password.expose());
    let url = format!(
        "http://{}/v2/{repository}/manifests/{tag}",
        engine::registry()
    );
    let accept = "Accept: application/vnd.docker.distribution.manifest.v2+json";
    let fixed = [
        "--silent",
        "--fail",
        "--include",
        "--user",
        &user,
        "--header",
    ];
    let answer = engine::run("curl", &[&fixed[..], &[accept, &url]].concat());
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let digest = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("docker-content-digest")
            .then(|| value.trim().to_owned())
    });
    (digest.unwrap(), serde_json::from_str(body).unwrap())
}

pub(crate) fn well(stage: &Stage, ended: &Ended) {
    assert_eq!(ended.code, Some(0), "{}", ended.log);
    assert_eq!(stage.output("outcome"), "succeeded");
    assert_eq!(
        stage.output("report"),
        "/github/runner_temp/plimsoll-report.json"
    );
    assert!(stage.summary().contains("succeeded"));
}

#[test]
fn it_builds_pushes_and_deploys_and_then_redeploys_what_is_there() {
    let stage = hello();
    let repository = stage
        .variables()
        .iter()
        .find(|(name, _)| name == "INPUT_REPOSITORY")
        .unwrap()
        .1
        .clone();
    let built = start(&stage, &name("build")).end();
    well(&stage, &built);
    assert_eq!(stage.output("image-digest"), manifest(&repository, SHA).0);
    assert_eq!(stage.output("image-tag"), SHA);
    building::check_login(&built.log);
    let runs = stage.sim.with(|world| {
        world
            .service("web", "api")
            .map(|service| service.deployments[0].task_definition.clone())
    });
    assert_eq!(runs.unwrap(), stage.output("task-definition-arn"));

    let digest = stage.output("image-digest");
    stage.next_step();
    let stage = stage
        .input("image-tag", SHA)
        .input("force-new-deployment", "true");
    let again = start(&stage, &name("redeploy")).end();
    well(&stage, &again);
    assert_eq!(stage.output("image-digest"), digest);
    assert!(!again.log.contains("::group::Build"), "{}", again.log);
    assert_eq!(
        (
            stage.calls("RegisterTaskDefinition"),
            stage.calls("UpdateService")
        ),
        (1, 2)
    );
}

#[test]
fn its_image_is_two_layers_in_the_registry() {
    let image = image();
    let push = PushRequest {
        built: image.built.clone(),
        repository: image.name.clone(),
        tags: vec!["size".to_owned()],
        credentials: Some(engine::credentials()),
    };
    block_on(async { engine::engine().await.push(&push, &mut |_| {}).await }).unwrap();
    let (_, manifest) = manifest(image.name.path(), "size");
    let layers = manifest["layers"].as_array().unwrap();
    assert_eq!(layers.len(), 2, "the CA bundle and the binary: {manifest}");
    let parts = layers.iter().chain([&manifest["config"]]);
    let bytes: u64 = parts.map(|part| part["size"].as_u64().unwrap()).sum();
    println!("image as the registry holds it: {bytes} bytes");
}

#[test]
fn as_process_1_it_obeys_the_signal_of_a_cancelled_job() {
    let stage = hello();
    stage.gate.hold("UpdateService", crate::door::Hold::Answer);
    let name = name("cancel");
    let mut running = start(&stage, &name);
    running.until("the update", || stage.gate.holds("UpdateService"));
    engine::run("docker", &["kill", "--signal", "INT", &name]);
    let ended = running.was_signalled();
    signals::check(&stage, &ended, (130, true));
    let left = engine::run(
        "docker",
        &[
            "ps",
            "--all",
            "--quiet",
            "--filter",
            &format!("name={name}"),
        ],
    );
    assert_eq!(left, "", "the container is gone");
}
