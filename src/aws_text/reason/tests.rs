use super::*;

#[track_caller]
fn check(text: &str, expected: Option<CauseKind>) {
    assert_eq!(kind(text), expected, "{text}");
}

#[test]
fn images_that_are_not_pulled() {
    const PULL: &[&str] = &[
        "CannotPullContainerError: API error (404): repository api not found",
        "CannotPullContainerError: ref pull has been retried 5 time(s): failed to copy: httpReaderSeeker: failed open: unexpected status code https://x: 429 Too Many Requests",
        "CannotPullContainerError: toomanyrequests: You have reached your pull rate limit",
        "CannotPullContainerError: write /var/lib/docker/tmp/GetImageBlob1: no space left on device",
        "CannotPullContainerError: panic: runtime error: invalid memory address or nil pointer dereference",
        "CannotPullContainerError: failed to unpack image on snapshotter overlayfs: failed to extract layer sha256:x",
        "CannotPullContainerError: context canceled",
        "CannotPullECRContainerError: AuthorizationData is malformed",
    ];
    for text in PULL {
        check(text, Some(CauseKind::ImagePull));
    }
    check(
        "CannotPullContainerError: API error (500): Get https://x/v2/: net/http: request canceled while waiting for connection",
        Some(CauseKind::Network),
    );
    check(
        "CannotPullContainerError: no matching manifest for linux/amd64 in the manifest list entries",
        Some(CauseKind::ImagePlatform),
    );
}

#[test]
fn reasons_of_a_deployment() {
    const REASONS: &[(&str, Option<CauseKind>)] = &[
        ("ECS deployment ecs-svc/1 in progress.", None),
        ("ECS deployment ecs-svc/1 completed.", None),
        (
            "ECS deployment circuit breaker: tasks failed to start.",
            Some(CauseKind::CircuitBreaker),
        ),
        (
            "ECS deployment circuit breaker: rolling back to deploymentId ecs-svc/1.",
            Some(CauseKind::CircuitBreaker),
        ),
        (
            "Service deployment rolled back because PRE_SCALE_UP lifecycle hook(s) failed. ECS was unable to assume role arn:x",
            Some(CauseKind::LifecycleHook),
        ),
        (
            "Service deployment rolled back because of invalid networking configuration. One or more rules not found",
            Some(CauseKind::Network),
        ),
        (
            "Deployment [1] rollback has failed. No rollback candidate was found to run the rollback.",
            Some(CauseKind::CircuitBreaker),
        ),
        (
            "IAM trust relationship has been misconfigured or changed, and ECS can no longer maintain your service",
            Some(CauseKind::Role),
        ),
    ];
    for (text, expected) in REASONS {
        check(text, *expected);
    }
}

#[test]
fn reasons_of_an_instance() {
    const REASONS: &[(&str, CauseKind)] = &[
        (
            "DockerTimeoutError: Could not transition to started; timed out after waiting 3m0s",
            CauseKind::Agent,
        ),
        (
            "CannotStartContainerError: API error (500): Bind for 0.0.0.0:80 failed: port is already allocated",
            CauseKind::Port,
        ),
        (
            "CannotStartContainerError: OCI runtime create failed: exec: \"app\": executable file not found in $PATH",
            CauseKind::ContainerExit,
        ),
        (
            "CannotStartContainerError: API error (500): failed to initialize logging driver: dial tcp 10.0.0.1:514: i/o timeout",
            CauseKind::Logging,
        ),
        (
            "CannotCreateContainerError: API error (400): invalid mount config for type \"bind\": bind source path does not exist: /x",
            CauseKind::Volume,
        ),
        ("InternalError: attachment timed out", CauseKind::Network),
    ];
    for (text, expected) in REASONS {
        check(text, Some(*expected));
    }
}

#[test]
fn quotes_and_blanks_are_made_plain() {
    assert_eq!(
        plain("  You\u{2019}ve\n  said \u{201c}no\u{201d} "),
        "You've said \"no\""
    );
    assert_eq!(plain(&"x".repeat(2 * MAX_TEXT)).len(), MAX_TEXT);
}

#[test]
fn failures_of_run_task_may_be_bare_words() {
    for (reason, kind) in [
        ("AGENT", Some(CauseKind::Agent)),
        ("ATTRIBUTE", Some(CauseKind::Attribute)),
        ("RESOURCE:MEMORY", Some(CauseKind::Memory)),
        (
            "MemberOf placement constraint unsatisfied.",
            Some(CauseKind::Constraint),
        ),
        ("EMPTY CAPACITY PROVIDER", Some(CauseKind::NoInstances)),
        (
            "Capacity is unavailable at this time. Please try again later",
            Some(CauseKind::FargateCapacity),
        ),
        (
            "You’ve reached the limit on the number of vCPUs you can run concurrently",
            Some(CauseKind::Quota),
        ),
        ("INACTIVE", None),
    ] {
        assert_eq!(of_failure(reason), kind, "{reason}");
    }
}
