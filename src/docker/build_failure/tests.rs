use super::{BuildFailure, BuildFailureKind, FailedStep};

fn failure(error: &str, step: Option<(&str, &str)>) -> BuildFailure {
    let failed = step.map(|(name, error)| FailedStep {
        name: name.to_owned(),
        error: error.to_owned(),
        cause: error.to_owned(),
        log: vec!["last words".to_owned()],
    });
    BuildFailure::new(error, failed)
}

use BuildFailureKind as Kind;

const METADATA: &str = "[internal] load metadata for docker.io/library/nope:1";

fn image() -> String {
    "docker.io/library/nope:1".to_owned()
}

fn check(error: &str, step: Option<(&str, &str)>, kind: Kind) {
    let (is, wanted) = (failure(error, step).kind, kind);
    assert_eq!(is, wanted, "{error}");
}

/// As the engine ends the stream when a step fails: with the step's own words.
fn step(name: &str, error: &str, kind: Kind) {
    check(error, Some((name, error)), kind);
}

/// The stream's end of 20.10, which has its frontend's name before it.
fn frontend(error: &str, kind: Kind) {
    let old = format!(
        "failed to solve with frontend dockerfile.v0: failed to create LLB definition: {error}"
    );
    check(&old, None, kind.clone());
    // Docker 23 and later.
    check(error, None, kind);
}

/// Texts of Docker 20.10 (recorded) and of 23 to 28 (BuildKit's sources and reports).
#[test]
fn syntax_is_only_what_the_parser_says() {
    for (text, line) in [
        ("dockerfile parse error line 2: unknown instruction: FOO", 2),
        (
            "dockerfile parse error on line 12: unknown instruction: FOO",
            12,
        ),
        ("dockerfile parse error line 2: Unknown flag: exclude", 2),
        ("dockerfile parse error on line 3: unterminated heredoc", 3),
        (
            "dockerfile parse error line 4: unsupported mount type \"bogus\"",
            4,
        ),
    ] {
        frontend(text, Kind::Syntax { line: Some(line) });
    }
}

#[test]
fn a_dockerfile_that_can_not_be_built_is_not_malformed() {
    for text in [
        "the Dockerfile cannot be empty",
        "the Dockerfile (Dockerfile) cannot be empty",
        "file with no instructions",
        "circular dependency detected on stage: a",
        "base name ($X) should not be blank",
        "failed to parse stage name \"/y:1\": invalid reference format",
        "no build stage in current context",
        "Invalid containerPort: notaport",
        "failed to process \"'b\": unexpected end of statement while looking for matching single-quote",
    ] {
        frontend(text, Kind::Dockerfile);
        assert_eq!(failure(text, None).help(), None, "{text}");
    }
    for text in [
        "target stage nope could not be found",
        "target stage \"nope\" could not be found",
    ] {
        let target = "nope".to_owned();
        frontend(text, Kind::UnknownTarget { target });
    }
}

#[test]
fn what_the_context_or_the_inputs_lack_is_named() {
    let missing = || Kind::MissingFile {
        path: "/nope.txt".to_owned(),
    };
    check(
        "failed to compute cache key: \"/nope.txt\" not found: not found",
        Some((
            "[1/1] COPY nope.txt /",
            "\"/nope.txt\" not found: not found",
        )),
        missing(),
    );
    check(
        "failed to compute cache key: failed to calculate checksum of ref abc::def: \"/nope.txt\": not found",
        None,
        missing(),
    );
    let secret = || Kind::MissingSecret { id: "a".to_owned() };
    let name = "[2/2] RUN --mount=type=secret,id=a,required=true true";
    step(name, "secret a not found: not found", secret());
    step(name, "secret a: not found", secret());
    let path = "failed to compute cache key: \"/no space left on device\": not found";
    let path_of = |text: &str| failure(text, Some(("[1/1] COPY x /", text))).kind;
    assert!(matches!(path_of(path), Kind::MissingFile { .. }));
}

#[test]
fn a_command_says_nothing_but_how_it_ended() {
    for (words, code) in [
        ("no space left on device", 7),
        ("exec format error", 1),
        ("exit code: 3", 7),
        ("dial tcp: i/o timeout", 1),
        ("503 Service Unavailable", 22),
        ("x]: exit code: 99", 7),
    ] {
        let kind = Kind::Run { exit_code: code };
        let name = format!("[2/2] RUN echo '{words}'; exit {code} # {words}");
        let old = format!(
            "executor failed running [/bin/sh -c echo '{words}'; exit {code} # {words}]: exit code: {code}"
        );
        step(&name, &old, kind.clone());
        let new = format!(
            "process \"/bin/sh -c echo \\\"{words}\\\"; exit {code} # {words}\" did not complete successfully: exit code: {code}"
        );
        step(&name, &new, kind.clone());
        check(&format!("failed to solve: {new}"), None, kind);
    }
    let long = format!(
        "executor failed running [/bin/sh -c {}]: exit code: 7",
        "true; ".repeat(2000)
    );
    step("[2/2] RUN true; true", &long, Kind::Run { exit_code: 7 });
}

#[test]
fn a_command_that_did_not_end_by_itself_is_known_by_the_engines_words() {
    let old = |end: &str| format!("executor failed running [/bin/sh -c true]: {end}");
    let name = "[2/2] RUN true";
    let user = old("unable to find user nosuchuser: invalid argument");
    step(name, &user, Kind::Step);
    let full = old("failed to create runc bundle: mkdir /x: no space left on device");
    step(name, &full, Kind::DiskFull);
    let lost = old("runc did not terminate sucessfully");
    step(name, &lost, Kind::Engine);
    let memory =
        "process \"/bin/sh -c make\" did not complete successfully: cannot allocate memory";
    step("[2/2] RUN make", memory, Kind::Engine);
}

#[test]
fn a_program_of_another_architecture_is_seen_in_the_steps_log() {
    let ended = |line: &str, code: i32| {
        let failed = FailedStep {
            name: "[3/3] RUN /app".to_owned(),
            error: String::new(),
            cause: format!("executor failed running [/bin/sh -c /app]: exit code: {code}"),
            log: vec!["starting".to_owned(), line.to_owned()],
        };
        BuildFailure::new(&failed.cause.clone(), Some(failed))
    };
    for (line, code) in [
        ("exec /bin/sh: exec format error", 1),
        ("exec /bin/sh: exec format error", 255),
        ("/bin/sh: 1: /app: Exec format error", 126),
        (
            "standard_init_linux.go:228: exec user process caused: exec format error",
            1,
        ),
    ] {
        let found = ended(line, code);
        assert_eq!(found.kind, Kind::WrongArchitecture, "{line}");
        assert!(found.help().unwrap().contains("docker/setup-qemu-action"));
    }
    // A test that prints the words and fails for another reason.
    let other = ended("exec format error", 2);
    assert_eq!(other.kind, Kind::Run { exit_code: 2 });
}

/// Each text as it stands behind `load metadata for …`, by a registry on loopback (20.10, recorded)
/// and by containerd 1.7 and 2 (23 to 29).
#[test]
fn a_registry_that_has_trouble_is_no_malformed_dockerfile() {
    let host = "127.0.0.1:34083";
    let blob = format!("http://{host}/v2/a/b/blobs/sha256:32f2");
    let failed = || Kind::RegistryFailed {
        image: Some(image()),
    };
    for text in [
        format!(
            "pulling from host {host} failed with status code [manifests 1]: 503 Service Unavailable"
        ),
        format!(
            "failed to copy: httpReadSeeker: failed open: unexpected status code {blob}: 502 Bad Gateway"
        ),
        format!("failed to do request: Head \"http://{host}/v2/a/b/manifests/1\": EOF"),
        format!(
            "failed to copy: httpReadSeeker: failed open: failed to do request: Get \"{blob}\": EOF"
        ),
        format!(
            "docker.io/library/nope:1: failed to resolve source metadata for docker.io/library/nope:1: unexpected status from HEAD request to http://{host}/v2/a/b/manifests/1: 500 Internal Server Error"
        ),
        "failed to copy: read tcp 10.0.0.1:1->10.0.0.2:443: read: connection reset by peer".to_owned(),
        "failed to do request: Head \"https://r/v2/a/manifests/1\": net/http: TLS handshake timeout"
            .to_owned(),
    ] {
        let old = format!(
            "failed to solve with frontend dockerfile.v0: failed to create LLB definition: {text}"
        );
        check(&old, Some((METADATA, &text)), failed());
        step("FROM docker.io/library/nope:1", &text, failed());
        step("[internal] resolve image config for docker-image://docker.io/library/nope:1", &text, failed());
        assert!(!failure(&old, Some((METADATA, &text))).is_the_users());
    }
    for text in [
        format!(
            "pulling from host {host} failed with status code [manifests 1]: 429 Too Many Requests"
        ),
        format!(
            "failed to copy: httpReadSeeker: failed open: unexpected status code {blob}: 429 Too Many Requests - Server message: toomanyrequests: You have reached your unauthenticated pull rate limit."
        ),
    ] {
        let limited = Kind::RateLimited {
            image: Some(image()),
        };
        step(METADATA, &text, limited);
    }
    for text in [
        "failed to do request: Head \"https://registry-1.docker.io/v2/library/nope/manifests/1\": dial tcp: lookup registry-1.docker.io on 10.255.255.53:53: no such host",
        "failed to do request: Head \"http://127.0.0.1:1/v2/x/manifests/1\": dial tcp 127.0.0.1:1: connect: connection refused",
        "failed to do request: Head \"https://r/v2/x/manifests/1\": tls: failed to verify certificate: x509: certificate signed by unknown authority",
    ] {
        step(METADATA, text, Kind::Network);
    }
}

#[test]
fn a_base_image_that_is_refused_or_missing() {
    let denied = || Kind::BaseImageDenied { image: image() };
    step(
        METADATA,
        "pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed",
        denied(),
    );
    let host = "127.0.0.1:34083";
    for status in ["401 Unauthorized", "403 Forbidden"] {
        let text =
            format!("pulling from host {host} failed with status code [manifests 1]: {status}");
        step(METADATA, &text, denied());
    }
    let missing = || Kind::BaseImageMissing { image: image() };
    step(METADATA, "docker.io/library/nope:1: not found", missing());
    step(
        "[stage-1 1/3] FROM docker.io/library/nope:1",
        "docker.io/library/nope:1: not found",
        missing(),
    );
    let platform = "no match for platform in manifest sha256:x: not found";
    step(
        METADATA,
        platform,
        Kind::BaseImagePlatform { image: image() },
    );
    // The name says nothing.
    let odd = "ghcr.io/a/unauthorized:1";
    step(
        &format!("[internal] load metadata for {odd}"),
        &format!("{odd}: not found"),
        Kind::BaseImageMissing {
            image: odd.to_owned(),
        },
    );
}

#[test]
fn other_servers_and_the_engine_itself() {
    let address = "http://127.0.0.1:42069/v2/nothing/here";
    step(address, "invalid response status 404", Kind::Step);
    let trouble = || Kind::RegistryFailed { image: None };
    step(address, "invalid response status 503", trouble());
    step(
        address,
        "Get \"http://nosuch.invalid/x\": dial tcp: lookup nosuch.invalid on 10.0.0.2:53: no such host",
        Kind::Network,
    );
    step(
        address,
        "invalid response status 429",
        Kind::RateLimited { image: None },
    );
    check("write /x: no space left on device", None, Kind::DiskFull);
    step(
        "exporting to image",
        "failed to register layer: write /lib/x.so: no space left on device",
        Kind::DiskFull,
    );
    for text in [
        "no active session for kx9: context deadline exceeded",
        "rpc error: code = Unavailable desc = error reading from server: EOF",
        "failed to mount /tmp/containerd-mount: input/output error",
    ] {
        check(text, None, Kind::Engine);
        assert!(!failure(text, None).is_the_users());
    }
    step("exporting to image", "something new", Kind::Other);
    step("[2/3] COPY a /", "something new", Kind::Step);
}

#[test]
fn hints_stand_only_where_they_help() {
    let heredoc = |text: &str, after: bool| {
        let mut failure = failure(text, None);
        failure.after_heredoc = after && failure.unknown_instruction().is_some();
        failure.help()
    };
    let unknown = "dockerfile parse error line 3: unknown instruction: ECHO";
    insta::assert_snapshot!(heredoc(unknown, true).unwrap(), @"heredocs (`RUN <<EOF`) need Docker 23 or later, or `# syntax=docker/dockerfile:1` as the Dockerfile's first line");
    assert_eq!(heredoc(unknown, false), None);
    for flag in ["Unknown flag: exclude", "unknown flag: parents"] {
        let text = format!("dockerfile parse error line 2: {flag}");
        let help = heredoc(&text, true).unwrap();
        assert!(
            help.contains("# syntax=") && !help.contains("heredoc"),
            "{help}"
        );
    }
    let killed = "executor failed running [/bin/sh -c x]: exit code: 137";
    let killed = failure(killed, Some(("[2/2] RUN x", killed)));
    assert!(killed.help().unwrap().contains("memory"));
}

#[test]
fn says_what_failed_where_and_why() {
    let run = failure(
        "executor failed running [/bin/sh -c exit 7]: exit code: 7",
        Some((
            "[2/2] RUN exit 7",
            "executor failed running [/bin/sh -c exit 7]: exit code: 7",
        )),
    );
    insta::assert_snapshot!(run, @"the build failed with exit code 7 in step `[2/2] RUN exit 7`");
    let hostile = failure("a\n::error::b\u{1b}[31m", None);
    assert_eq!(hostile.message, "a ::error::b");
}

#[test]
fn what_helps_with_a_base_image_can_be_done() {
    let help = |image: &str, error: &str| {
        let step = format!("[internal] load metadata for {image}");
        failure(error, Some((&step, error))).help().unwrap()
    };
    let denied = "pull access denied";
    insta::assert_snapshot!(help("444455556666.dkr.ecr.eu-west-1.amazonaws.com/base:1", denied), @"allow `ecr:BatchGetImage` and `ecr:GetDownloadUrlForLayer` on the repository of `444455556666.dkr.ecr.eu-west-1.amazonaws.com/base:1` to the role of this step, and in the repository's policy where it is another account's; it has to be in the region that is pushed to, as the build signs in to that one alone");
    insta::assert_snapshot!(help("ghcr.io/acme/base:1", denied), @"copy `ghcr.io/acme/base:1` to ECR in the region that is pushed to, or take it through a pull-through cache rule there: the build signs in to that region's ECR alone, and a `docker login` on the runner's host doesn't reach a container action");
    insta::assert_snapshot!(help("docker.io/library/node:22", "toomanyrequests"), @"take the base image through a pull-through cache rule of ECR or from a copy there; Docker's official images are in `public.ecr.aws/docker/library` too");
}
