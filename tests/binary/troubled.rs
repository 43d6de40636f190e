//! Builds and pushes that go wrong: which outcome, which exit code, and what is said.

use std::fs;

use tokio::net::{TcpListener, UnixStream};
use tokio::runtime::Runtime;

use crate::building::{stage, stage_at};
use crate::engine;
use crate::stage::{Ended, SHA, Stage};
use crate::trouble::{Fault, Rule, Trouble};

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap()
}

/// Before the real registry, for as long as the runtime is there.
fn trouble(runtime: &Runtime, rules: &[Rule]) -> Trouble {
    runtime.block_on(Trouble::before(&engine::registry(), rules))
}

fn at_the_manifest(fault: Fault, times: usize) -> Rule {
    Rule {
        method: "PUT",
        path: "/manifests/",
        times,
        fault,
    }
}

/// Ended so, and nothing was registered.
fn check(stage: &Stage, ended: &Ended, (code, outcome): (i32, &str)) {
    assert_eq!(ended.code, Some(code), "{}", ended.log);
    assert_eq!(stage.output("outcome"), outcome);
    assert_eq!(stage.output("service-changed"), "false");
    assert_eq!(stage.calls("RegisterTaskDefinition"), 0);
}

#[test]
fn a_base_images_registry_that_answers_503_is_an_error_of_the_registry() {
    let runtime = runtime();
    let rule = Rule {
        method: "HEAD",
        path: "/manifests/",
        times: usize::MAX,
        fault: Fault::Page(503),
    };
    let address = trouble(&runtime, &[rule]).address;
    let stage = stage(&format!("FROM {address}/base/image:1\nCOPY Dockerfile /\n"));
    let ended = stage.run();
    check(&stage, &ended, (8, "error"));
    let reason = stage.output("reason");
    assert!(
        reason.contains(&format!(
            "the registry has trouble, so the base image `{address}/base/image:1` could not be pulled"
        )),
        "{reason}"
    );
    for wrong in ["malformed", "heredoc"] {
        assert!(!ended.log.contains(wrong), "{wrong} in\n{}", ended.log);
    }
}

#[test]
fn a_name_that_is_not_resolved_is_an_error_and_a_command_that_fails_is_not() {
    let nowhere = stage("FROM nosuch.invalid/base:1\nCOPY Dockerfile /\n");
    check(&nowhere, &nowhere.run(), (8, "error"));
    let base = engine::base_image();
    let failing = stage(&format!(
        "FROM {base}\nRUN exit 7 # no space left on device\n"
    ));
    let ended = failing.run();
    check(&failing, &ended, (2, "invalid"));
    assert!(
        failing
            .output("reason")
            .contains("the build failed with exit code 7"),
        "{}",
        ended.log
    );
    assert!(!ended.log.contains("disk is full"), "{}", ended.log);
}

#[test]
fn a_build_that_takes_longer_than_its_time_ends_with_what_ran_last() {
    let base = engine::base_image();
    let stage = stage(&format!(
        "FROM {base}\nRUN echo half; echo $((40 + 2)) begun; sleep 301\n"
    ))
    .input("no-cache", "true")
    .input("build-timeout", "10s");
    let ended = stage.run();
    check(&stage, &ended, (8, "error"));
    let reason = stage.output("reason");
    assert!(
        reason.starts_with("could not build the image within the 10s of `build-timeout`: it was in step `[2/2] RUN echo half;")
            && reason.ends_with("whose last line is `42 begun`"),
        "{reason}"
    );
}

#[test]
fn one_failure_at_the_manifest_is_repeated_and_the_deploy_goes_on() {
    let runtime = runtime();
    let trouble = trouble(&runtime, &[at_the_manifest(Fault::Page(503), 1)]);
    let stage = stage_at(
        &trouble.address.to_string(),
        "FROM scratch\nCOPY Dockerfile /\n",
    );
    let ended = stage.run();
    assert_eq!(ended.code, Some(0), "{}", ended.log);
    assert_eq!(stage.output("outcome"), "succeeded");
    let repeats: Vec<&str> = ended
        .log
        .lines()
        .filter(|line| line.contains("repeated in"))
        .collect();
    assert!(
        matches!(repeats.as_slice(), [line] if line.ends_with("failed and is repeated in 2 s: received unexpected HTTP status: 503 Service Unavailable")),
        "{}",
        ended.log
    );
    assert_eq!(trouble.count("PUT", "/manifests/"), 2);
}

#[test]
fn a_refusal_of_the_push_is_final() {
    let runtime = runtime();
    let denied = Fault::Status(403, "DENIED", "no");
    let trouble = trouble(&runtime, &[at_the_manifest(denied, usize::MAX)]);
    let stage = stage_at(
        &trouble.address.to_string(),
        "FROM scratch\nCOPY Dockerfile /\n",
    );
    let ended = stage.run();
    check(&stage, &ended, (8, "error"));
    assert!(ended.log.contains("ecr:PutImage"), "{}", ended.log);
    assert_eq!(trouble.count("PUT", "/manifests/"), 1);
}

const TAKEN: &str = "The image tag 'x' already exists in the 'x' repository and cannot be overwritten because the repository is immutable.";

#[test]
fn a_manifest_that_was_taken_without_an_answer_is_no_tag_of_somebody_else() {
    let runtime = runtime();
    let rules = [
        at_the_manifest(Fault::Unanswered, 1),
        at_the_manifest(Fault::Status(400, "TAG_INVALID", TAKEN), usize::MAX),
    ];
    let trouble = trouble(&runtime, &rules);
    let stage = stage_at(
        &trouble.address.to_string(),
        "FROM scratch\nCOPY Dockerfile /\n",
    );
    let ended = stage.run();
    assert_eq!(ended.code, Some(0), "{}", ended.log);
    assert_eq!(trouble.count("PUT", "/manifests/"), 2);
    assert_eq!(stage.output("image-tag"), SHA);
    // The same refusal without an attempt of ours before it is one.
    let rules = [at_the_manifest(
        Fault::Status(400, "TAG_INVALID", TAKEN),
        usize::MAX,
    )];
    let trouble = self::trouble(&runtime, &rules);
    let stage = stage_at(
        &trouble.address.to_string(),
        "FROM scratch\nCOPY Dockerfile /\n",
    );
    check(&stage, &stage.run(), (8, "error"));
}

#[test]
fn what_a_build_is_given_arrives_whole_and_is_masked() {
    let base = engine::base_image();
    let step = "--mount=type=secret,id=key --mount=type=secret,id=npm";
    let dockerfile = format!(
        "FROM {base}\nARG FROM_HERE\nARG QUOTED\nARG NOWHERE=default\nRUN {step} cat /run/secrets/key; test -e /run/secrets/npm || echo no npm; echo $FROM_HERE+$QUOTED+$NOWHERE\n"
    );
    let stage = stage(&dockerfile)
        .input("no-cache", "true")
        .input(
            "build-secrets",
            "npm=\n\"key={\n  \"\"first-half\"\": 1,\n  second half of the key\n}\"",
        )
        .input("build-args", "FROM_HERE\n\"QUOTED=x y\"\nNOWHERE")
        .env("FROM_HERE", "environment");
    let ended = stage.run();
    assert_eq!(ended.code, Some(0), "{}", ended.log);
    for line in [
        // It arrives, and the run shows none of it.
        "|   ***",
        "| }no npm",
        "| environment+x y+default",
        "`npm` is empty",
        "`NOWHERE` has no value",
    ] {
        assert!(ended.log.contains(line), "{line} in\n{}", ended.log);
    }
    let at = |text: &str| {
        ended
            .log
            .find(text)
            .unwrap_or_else(|| panic!("{text} in\n{}", ended.log))
    };
    for mask in ["\"first-half\": 1,", "second half of the key"] {
        assert!(at(&format!("::add-mask::{mask}")) < at("::group::Build"));
    }
    // A mask on it would hide every brace.
    assert!(!ended.log.contains("::add-mask::}"), "{}", ended.log);
}

#[test]
fn an_engine_elsewhere_is_warned_of_or_refused_and_never_reached_without_the_tls_that_was_asked_for()
 {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("ca.pem"), "no certificate\n").unwrap();
    let stage = stage("FROM scratch\n")
        .env("DOCKER_HOST", "tcp://127.0.0.1:2376")
        .env("DOCKER_TLS_VERIFY", "1")
        .env("DOCKER_CERT_PATH", folder.path().to_str().unwrap());
    let ended = stage.run();
    check(&stage, &ended, (2, "invalid"));
    assert!(stage.output("reason").contains("ca.pem"), "{}", ended.log);
    assert_eq!(stage.calls("GetAuthorizationToken"), 0);
}

/// A port on loopback that leads to the engine, for as long as the runtime is there.
fn front(runtime: &Runtime) -> u16 {
    let host = std::env::var("DOCKER_HOST").unwrap_or_default();
    let socket = host
        .strip_prefix("unix://")
        .unwrap_or("/var/run/docker.sock")
        .to_owned();
    runtime.block_on(async {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let socket = socket.clone();
                tokio::spawn(async move {
                    let mut engine = UnixStream::connect(socket).await?;
                    tokio::io::copy_bidirectional(&mut client, &mut engine).await
                });
            }
        });
        port
    })
}

#[test]
fn a_login_that_would_go_in_the_clear_is_warned_of() {
    let runtime = runtime();
    let port = front(&runtime);
    let warned = |host: &str| {
        let host = format!("tcp://{host}:{port}");
        let stage = stage("FROM scratch\nCOPY Dockerfile /\n").env("DOCKER_HOST", &host);
        let ended = stage.run();
        assert_eq!(ended.code, Some(0), "{}", ended.log);
        let words = format!(
            "the build context and the registry's login go to the Docker engine at `{host}` unencrypted"
        );
        ended.log.contains(&words)
    };
    // Loopback, in a form that isn't known for it.
    assert!(warned("127.1"));
    assert!(!warned("127.0.0.1"));
}

#[test]
fn an_engine_that_is_lost_in_the_middle_of_a_build_is_an_error() {
    let runtime = runtime();
    let port = front(&runtime);
    let base = engine::base_image();
    let stage = stage(&format!(
        "FROM {base}\nRUN echo $((40 + 2)) begun; sleep 302\n"
    ))
    .input("no-cache", "true")
    .env("DOCKER_HOST", &format!("tcp://127.0.0.1:{port}"));
    let mut running = stage.start();
    running.until("the step", || stage.log().contains("42 begun"));
    runtime.shutdown_background();
    let ended = running.end();
    check(&stage, &ended, (8, "error"));
    assert!(
        stage.output("reason").contains("the Docker engine"),
        "{}",
        ended.log
    );
}
