use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use tokio::time::Instant;

use super::{
    DockerError, ImageRef, PROGRESS_EVERY, PushError, PushEvent, PushFailureKind, SILENCE, Said,
    Upload, follow, repeated,
};

fn reference() -> ImageRef {
    "r.example/api:v1".parse().unwrap()
}

fn said(text: &str) -> Said {
    serde_json::from_str(text).unwrap()
}

/// Attempts that all end in what the registry says; how many there were, how long they took, and
/// how the last one ended.
async fn attempts(message: &str) -> (usize, Duration, usize) {
    let (mut made, mut repeats_said) = (0, 0);
    let since = Instant::now();
    let mut say = |event| {
        if let PushEvent::Again { cause, .. } = event {
            assert_eq!(cause, message);
            repeats_said += 1;
        }
    };
    let ended = repeated(&reference(), &mut say, async |_| {
        made += 1;
        Err::<(), _>(PushError::refused(message))
    })
    .await;
    match ended {
        Err(DockerError::Push { repeats, .. }) => {
            assert_eq!((repeats, repeats_said), (made - 1, made - 1));
        }
        other => panic!("{other:?}"),
    }
    (made, since.elapsed(), repeats_said)
}

#[tokio::test(start_paused = true)]
async fn what_passes_is_tried_again_after_growing_pauses_and_a_refusal_is_not() {
    for trouble in [
        "received unexpected HTTP status: 503 Service Unavailable",
        "toomanyrequests: slow down",
        "EOF",
        "Put \"http://127.0.0.1:36581/v2/test/api/manifests/v1\": EOF",
    ] {
        let (made, took, repeats_said) = attempts(trouble).await;
        assert_eq!(
            (made, took.as_secs(), repeats_said),
            (4, 2 + 8 + 30, 3),
            "{trouble}"
        );
    }
    for refusal in [
        "denied: no",
        "name unknown: The repository with name 'x' does not exist in the registry with id '1'",
        "tag invalid: The image tag 'x' already exists in the 'repo' repository and cannot be overwritten because the repository is immutable.",
        "manifest invalid",
    ] {
        let (made, took, _) = attempts(refusal).await;
        assert_eq!((made, took.as_secs()), (1, 0), "{refusal}");
    }
    // What Docker says after a 5xx to its first question, too.
    let (made, took, _) = attempts("unauthorized: authentication required").await;
    assert_eq!((made, took.as_secs()), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_is_taken_ends_it() {
    let mut left = vec!["EOF", "EOF"];
    let done = repeated(&reference(), &mut |_| {}, async |_| match left.pop() {
        Some(message) => Err(PushError::refused(message)),
        None => Ok("digest"),
    })
    .await;
    assert_eq!(done.unwrap(), "digest");
}

#[tokio::test(start_paused = true)]
async fn a_slow_push_says_how_far_it_is_every_half_minute() {
    let since = Instant::now();
    let messages = stream::iter(0..5).then(async |part: u64| {
        tokio::time::sleep(Duration::from_secs(25)).await;
        let current = part * 1_000_000;
        Ok(said(&format!(
            r#"{{"status":"Pushing","progressDetail":{{"current":{current},"total":5000000}},"id":"a"}}"#
        )))
    });
    let mut lines = Vec::new();
    let mut say = |event| match event {
        PushEvent::Progress { sent, .. } => lines.push((since.elapsed().as_secs(), sent)),
        other => panic!("{other:?}"),
    };
    let ended = follow(&reference(), messages, &mut Upload::default(), &mut say).await;
    assert!(ended.is_ok(), "{ended:?}");
    let expected = [(30, 0), (60, 1_000_000), (90, 2_000_000), (120, 3_000_000)];
    assert_eq!(lines, expected);
}

#[tokio::test(start_paused = true)]
async fn a_push_that_says_nothing_more_ends() {
    let since = Instant::now();
    let mut progress = 0;
    let mut say = |_| progress += 1;
    let messages = stream::pending();
    let ended = follow(&reference(), messages, &mut Upload::default(), &mut say).await;
    assert!(
        matches!(
            ended,
            Err(PushError::Other(DockerError::PushStalled { .. }))
        ),
        "{ended:?}"
    );
    assert_eq!(since.elapsed(), SILENCE);
    assert_eq!(progress, SILENCE.as_secs() / PROGRESS_EVERY.as_secs() - 1);
}

#[test]
fn tells_refusals_apart_by_the_registrys_words() {
    let check = |message: &str, kind: PushFailureKind| {
        assert_eq!(PushFailureKind::of(message), kind, "{message}");
    };
    check(
        "tag invalid: The image tag 'x' already exists in the 'repo' repository and cannot be overwritten because the repository is immutable.",
        PushFailureKind::TagImmutable,
    );
    check(
        "name unknown: The repository with name 'x' does not exist in the registry with id '123456789012'",
        PushFailureKind::RepositoryMissing,
    );
    check(
        "denied: User: arn:aws:sts::123456789012:assumed-role/ci/x is not authorized to perform: ecr:InitiateLayerUpload on resource: arn:aws:ecr:eu-central-1:123456789012:repository/api because no identity-based policy allows it",
        PushFailureKind::Denied {
            action: Some("ecr:InitiateLayerUpload".to_owned()),
        },
    );
    check(
        "denied: Your authorization token has expired. Reauthenticate and try again.",
        PushFailureKind::Unauthorized,
    );
    check(
        "denied: requested access to the resource is denied",
        PushFailureKind::Denied { action: None },
    );
    check("no basic auth credentials", PushFailureKind::Unauthorized);
    check(
        "unauthorized: authentication required",
        PushFailureKind::Unauthorized,
    );
    check(
        "received unexpected HTTP status: 503 Service Unavailable",
        PushFailureKind::RegistryFailed,
    );
    check(
        "unexpected status from PUT request to https://111122223333.dkr.ecr.eu-west-1.amazonaws.com/v2/api/manifests/v1: 500 Internal Server Error",
        PushFailureKind::RegistryFailed,
    );
    check("toomanyrequests: slow down", PushFailureKind::RateLimited);
    check(
        "error parsing HTTP 429 response body: invalid character '<' looking for beginning of value: \"<html>no</html>\"",
        PushFailureKind::RateLimited,
    );
    for dropped in [
        "EOF",
        "Put \"http://127.0.0.1:36581/v2/team/denied/manifests/v1\": EOF",
        "write tcp 10.0.0.1:1->10.0.0.2:443: write: broken pipe",
        "Patch \"https://r/v2/api/blobs/uploads/x\": net/http: TLS handshake timeout",
    ] {
        check(dropped, PushFailureKind::Dropped);
    }
    check(
        "Get \"https://127.0.0.1:1/v2/\": dial tcp 127.0.0.1:1: connect: connection refused",
        PushFailureKind::Unreachable,
    );
    check("manifest invalid", PushFailureKind::Other);
}
