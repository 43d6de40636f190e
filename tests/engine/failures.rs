//! Builds that fail, each by what the engine really says.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use plimsoll::docker::BuildFailureKind as Kind;
use plimsoll::docker::{BuildFailure, DockerError};

use crate::world::{base_image, build, directory, request};

/// Builds a Dockerfile that fails; its context holds `a`, and `junk`, which is no program.
async fn failed(dockerfile: &str, target: Option<&str>) -> BuildFailure {
    let folder = directory(&[
        ("Dockerfile", dockerfile),
        ("a", "a\n"),
        ("junk", "\u{1}\u{2}\u{0}junk"),
    ]);
    let executable = fs::Permissions::from_mode(0o755);
    fs::set_permissions(folder.path().join("junk"), executable).unwrap();
    let mut request = request(folder.path());
    request.no_cache = true;
    request.target = target.map(str::to_owned);
    match build(&request).await.0 {
        Err(DockerError::Build(failure)) => *failure,
        other => panic!("{dockerfile}: {other:?}"),
    }
}

async fn is(dockerfile: &str, expected: Kind) -> BuildFailure {
    let failed = failed(dockerfile, None).await;
    assert_eq!(failed.kind, expected, "{dockerfile}: {failed:?}");
    failed
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_author_wrote_is_the_users_matter() {
    let base = base_image();
    let syntax = |line| Kind::Syntax { line: Some(line) };
    let file = |path: &str| Kind::MissingFile {
        path: path.to_owned(),
    };
    for (dockerfile, kind) in [
        ("FROM scratch\nFOO bar\n", syntax(2)),
        ("FROM scratch\nCOPY a\n", syntax(2)),
        ("", Kind::Dockerfile),
        ("# nothing\n", Kind::Dockerfile),
        (
            "FROM scratch AS a\nCOPY --from=b /x /\nFROM scratch AS b\nCOPY --from=a /x /\n",
            Kind::Dockerfile,
        ),
        ("ARG X\nFROM $X\n", Kind::Dockerfile),
        ("FROM scratch\nCOPY nope.txt /\n", file("/nope.txt")),
        (
            &format!("FROM {base}\nRUN --mount=type=secret,id=npm,required=true true\n"),
            Kind::MissingSecret {
                id: "npm".to_owned(),
            },
        ),
        (
            &format!("FROM {base}\nUSER nobody-there\nRUN true\n"),
            Kind::Step,
        ),
    ] {
        let failed = is(dockerfile, kind).await;
        assert!(failed.is_the_users());
        let help = failed.help().unwrap_or_default();
        assert!(!help.contains("heredoc"), "{dockerfile}: {help}");
    }
    let target = "nope".to_owned();
    let unknown = failed("FROM scratch AS a\nLABEL x=y\n", Some("nope")).await;
    assert_eq!(unknown.kind, Kind::UnknownTarget { target });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_ends_by_its_exit_code_whatever_stands_in_it() {
    let base = base_image();
    let told = format!("FROM {base}\nRUN echo before >&2; echo why >&2; exit 7\n");
    let failed = is(&told, Kind::Run { exit_code: 7 }).await;
    assert_eq!(failed.log, ["before", "why"]);
    for words in [
        "no space left on device",
        "exec format error",
        "]: exit code: 3",
        "dial tcp: no such host",
    ] {
        let dockerfile = format!("FROM {base}\nRUN exit 7 # {words}\n");
        is(&dockerfile, Kind::Run { exit_code: 7 }).await;
    }
    let long = format!("FROM {base}\nRUN {} exit 7\n", "true; ".repeat(1000));
    is(&long, Kind::Run { exit_code: 7 }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_that_the_host_can_not_run_gets_the_hint_about_the_architecture() {
    let base = base_image();
    for run in ["RUN /junk", "RUN [\"/junk\"]"] {
        let dockerfile = format!("FROM {base}\nCOPY junk /\n{run}\n");
        let failed = is(&dockerfile, Kind::WrongArchitecture).await;
        assert!(failed.help().unwrap().contains("docker/setup-qemu-action"));
    }
    let shell = format!("FROM {base}\nCOPY junk /bin/sh\nRUN true\n");
    is(&shell, Kind::WrongArchitecture).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_heredoc_is_named_where_the_engine_does_not_know_it() {
    let base = base_image();
    let folder = directory(&[(
        "Dockerfile",
        &format!("FROM {base}\nRUN <<EOF\necho hi\nEOF\n"),
    )]);
    match build(&request(folder.path())).await.0 {
        // Docker 23 and later.
        Ok(_) => {}
        Err(DockerError::Build(failed)) => {
            assert_eq!(failed.kind, Kind::Syntax { line: Some(3) });
            assert!(failed.help().unwrap().contains("heredocs"), "{failed:?}");
        }
        Err(other) => panic!("{other}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_that_is_not_there_is_not_the_users_matter() {
    for dockerfile in [
        "FROM nosuch.invalid/x:1\nLABEL a=b\n",
        "FROM 127.0.0.1:1/x:1\nLABEL a=b\n",
        "FROM scratch\nADD http://127.0.0.1:1/x /\n",
        "# syntax=nosuch.invalid/x:1\nFROM scratch\nLABEL a=b\n",
    ] {
        let failed = is(dockerfile, Kind::Network).await;
        assert!(!failed.is_the_users());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dockerfile_in_lower_case_is_found_as_docker_finds_it() {
    let folder = directory(&[
        ("dockerfile", "FROM scratch\nCOPY a /\n"),
        ("dockerfile.dockerignore", "b\n"),
        ("a", "x"),
        ("b", "x"),
    ]);
    let mut request = request(folder.path());
    build(&request).await.0.unwrap();
    // Named in full too.
    request.dockerfile = Some(folder.path().join("Dockerfile"));
    build(&request).await.0.unwrap();
    // Where both are there, it is the usual one.
    fs::write(folder.path().join("Dockerfile"), "FROM scratch\nCOPY b /\n").unwrap();
    build(&request).await.0.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn options_that_the_engine_refuses_are_named() {
    let folder = directory(&[("Dockerfile", "FROM scratch\nLABEL a=b\n")]);
    let mut request = request(folder.path());
    request.add_hosts = vec!["db:no-address".to_owned()];
    let refused = build(&request).await.0;
    assert!(
        matches!(refused, Err(DockerError::BuildRefused { .. })),
        "{refused:?}"
    );
}
