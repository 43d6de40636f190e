use super::{BuildFailure, BuildFailureKind, FailedStep};

fn failure(error: &str, step: Option<(&str, &str)>) -> BuildFailure {
    let failed = step.map(|(name, error)| FailedStep {
        name: name.to_owned(),
        error: error.to_owned(),
        log: vec!["last words".to_owned()],
    });
    BuildFailure::new(error, failed)
}

/// Texts of Docker 20.10 and of 23 and later.
#[test]
fn kinds_by_what_buildkit_says() {
    let check = |error: &str, step: Option<(&str, &str)>, kind: BuildFailureKind| {
        assert_eq!(failure(error, step).kind, kind, "{error}");
    };
    let image = || "docker.io/library/nope:1".to_owned();
    let load = "[internal] load metadata for docker.io/library/nope:1";
    let missing = || BuildFailureKind::MissingFile {
        path: "/nope.txt".to_owned(),
    };
    check(
        "failed to compute cache key: \"/nope.txt\" not found: not found",
        Some(("[1/1] COPY nope.txt /", "")),
        missing(),
    );
    check(
        "failed to solve: failed to compute cache key: failed to calculate checksum of ref abc::def: \"/nope.txt\": not found",
        None,
        missing(),
    );
    check(
        "failed to solve with frontend dockerfile.v0: failed to create LLB definition: dockerfile parse error line 2: unknown instruction: FOO",
        None,
        BuildFailureKind::Syntax { line: Some(2) },
    );
    check(
        "dockerfile parse error on line 12: unknown instruction: FOO",
        None,
        BuildFailureKind::Syntax { line: Some(12) },
    );
    check(
        "executor failed running [/bin/sh -c exit 7]: exit code: 7",
        None,
        BuildFailureKind::Run { exit_code: 7 },
    );
    check(
        "failed to solve: process \"/bin/sh -c false\" did not complete successfully: exit code: 137",
        None,
        BuildFailureKind::Run { exit_code: 137 },
    );
    check(
        "failed to solve: target stage \"nope\" could not be found",
        None,
        BuildFailureKind::UnknownTarget {
            target: "nope".to_owned(),
        },
    );
    check(
        "failed to solve with frontend dockerfile.v0: failed to create LLB definition: target stage nope could not be found",
        None,
        BuildFailureKind::UnknownTarget {
            target: "nope".to_owned(),
        },
    );
    check(
        "failed to create LLB definition: pull access denied, repository does not exist or may require authorization",
        Some((load, "pull access denied")),
        BuildFailureKind::BaseImageDenied { image: image() },
    );
    check(
        "failed to create LLB definition: docker.io/library/nope:1: not found",
        Some((load, "not found")),
        BuildFailureKind::BaseImageMissing { image: image() },
    );
    check(
        "no match for platform in manifest sha256:x: not found",
        Some((load, "no match for platform")),
        BuildFailureKind::BaseImagePlatform { image: image() },
    );
    check(
        "429 Too Many Requests - Server message: toomanyrequests",
        Some((load, "429 Too Many Requests")),
        BuildFailureKind::RateLimited { image: image() },
    );
    check(
        "failed to do request: dial tcp: lookup registry-1.docker.io: no such host",
        Some((load, "no such host")),
        BuildFailureKind::Network,
    );
    check(
        "write /x: no space left on device",
        None,
        BuildFailureKind::DiskFull,
    );
    check(
        "exec /bin/sh: exec format error: exit code: 1",
        None,
        BuildFailureKind::WrongArchitecture,
    );
    check("something new", None, BuildFailureKind::Other);
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
