//! Builds and pushes with a registry that has trouble, for a moment or for good.

use plimsoll::docker::{
    BuildFailureKind, BuildRequest, DockerError, PushEvent, PushFailureKind, PushRequest, Pushed,
    RegistryLogin,
};
use plimsoll::image::ImageRef;

use crate::trouble::{Fault, Rule, Trouble};
use crate::world::{build, credentials, directory, engine, registry, repository, request, run};

const SLOW_DOWN: Fault = Fault::Status(429, "TOOMANYREQUESTS", "slow down");

async fn trouble(method: &'static str, path: &'static str, times: usize, fault: Fault) -> Trouble {
    let rule = Rule {
        method,
        path,
        times,
        fault,
    };
    Trouble::before(&registry(), &[rule]).await
}

/// An image of a registry that fails is built upon; what the build ends as.
async fn built_upon(method: &'static str, path: &'static str, fault: Fault) -> BuildFailureKind {
    let trouble = trouble(method, path, usize::MAX, fault).await;
    let image = format!("{}/{}:v1", trouble.address, pushed().await.path());
    let folder = directory(&[("Dockerfile", &format!("FROM {image}\nCOPY Dockerfile /\n"))]);
    let request = BuildRequest {
        no_cache: true,
        logins: vec![RegistryLogin {
            registry: trouble.address.to_string(),
            credentials: credentials(),
        }],
        ..request(folder.path())
    };
    match build(&request).await.0 {
        Err(DockerError::Build(failure)) => {
            assert!(!failure.is_the_users(), "{failure:?}");
            assert!(failure.help().is_some());
            failure.kind
        }
        other => panic!("{method} {path} {fault:?}: {other:?}"),
    }
}

/// A repository whose `v1` the registry holds, and the engine doesn't.
async fn pushed() -> ImageRef {
    let folder = directory(&[("Dockerfile", "FROM scratch\nCOPY a /\n"), ("a", "base\n")]);
    let request = request(folder.path());
    std::fs::write(folder.path().join("a"), request.name.to_string()).unwrap();
    let built = build(&request).await.0.unwrap();
    let id = built.id.clone();
    let push = PushRequest {
        built,
        repository: request.name.repository(),
        tags: vec!["v1".to_owned()],
        credentials: Some(credentials()),
    };
    engine().await.push(&push, &mut |_| {}).await.unwrap();
    run("docker", &["rmi", "--force", &id]);
    request.name.repository()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_base_images_registry_that_fails_is_no_malformed_dockerfile() {
    for (method, path, fault) in [
        ("HEAD", "/manifests/", Fault::Page(503)),
        ("HEAD", "/manifests/", Fault::HangUp),
        ("GET", "/blobs/", Fault::Page(502)),
        ("GET", "/blobs/", Fault::HangUp),
    ] {
        let kind = built_upon(method, path, fault).await;
        assert!(
            matches!(&kind, BuildFailureKind::RegistryFailed { image: Some(image) } if image.ends_with(":v1")),
            "{method} {path} {fault:?}: {kind:?}"
        );
    }
    let kind = built_upon("HEAD", "/manifests/", SLOW_DOWN).await;
    assert!(
        matches!(kind, BuildFailureKind::RateLimited { image: Some(_) }),
        "{kind:?}"
    );
}

/// Pushes two layers to the registry in trouble.
async fn push(trouble: &Trouble) -> (Result<Pushed, DockerError>, Vec<PushEvent>) {
    let folder = directory(&[
        ("Dockerfile", "FROM scratch\nCOPY a /\nCOPY b /\n"),
        ("a", "x"),
    ]);
    let mut request = request(folder.path());
    let path = repository().path().to_owned();
    std::fs::write(folder.path().join("b"), &path).unwrap();
    request.name = format!("{}/{path}:v1", trouble.address).parse().unwrap();
    let push = PushRequest {
        built: build(&request).await.0.unwrap(),
        repository: request.name.repository(),
        tags: vec!["v1".to_owned()],
        credentials: Some(credentials()),
    };
    let mut events = Vec::new();
    let pushed = engine()
        .await
        .push(&push, &mut |event| events.push(event))
        .await;
    (pushed, events)
}

fn causes(events: &[PushEvent]) -> Vec<&str> {
    let again = events.iter().filter_map(|event| match event {
        PushEvent::Again { cause, .. } => Some(cause.as_str()),
        _ => None,
    });
    again.collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trouble_at_the_manifest_repeats_the_push_and_no_layer_goes_twice() {
    for (fault, words) in [
        (Fault::Page(503), "503 Service Unavailable"),
        (SLOW_DOWN, "toomanyrequests: slow down"),
        (Fault::HangUp, "EOF"),
        (Fault::BreakOff, "EOF"),
        (Fault::Unanswered, "EOF"),
    ] {
        let trouble = trouble("PUT", "/manifests/", 1, fault).await;
        let (pushed, events) = push(&trouble).await;
        pushed.unwrap_or_else(|error| panic!("{fault:?}: {error}"));
        let causes = causes(&events);
        assert!(
            matches!(causes.as_slice(), [cause] if cause.contains(words)),
            "{fault:?}: {events:?}"
        );
        assert_eq!(trouble.count("PUT", "/manifests/"), 2, "{fault:?}");
        // Two layers and the configuration, once each.
        assert_eq!(trouble.count("PUT", "/blobs/uploads/"), 3, "{fault:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trouble_at_other_parts_of_a_push_repeats_it_too() {
    for (method, path, fault) in [
        ("GET", "/v2/", Fault::HangUp),
        ("GET", "/v2/", Fault::Page(503)),
        ("PATCH", "/blobs/uploads/", SLOW_DOWN),
    ] {
        let trouble = trouble(method, path, 1, fault).await;
        let (pushed, events) = push(&trouble).await;
        pushed.unwrap_or_else(|error| panic!("{method} {path} {fault:?}: {error}"));
        assert_eq!(
            causes(&events).len(),
            1,
            "{method} {path} {fault:?}: {events:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_layer_that_is_not_taken_at_once_is_one_line() {
    let trouble = trouble("POST", "/blobs/uploads/", 1, Fault::Page(503)).await;
    let (pushed, events) = push(&trouble).await;
    pushed.unwrap();
    let retries = events
        .iter()
        .filter(|event| matches!(event, PushEvent::Retrying { seconds: 5, .. }));
    assert_eq!(retries.count(), 1, "{events:?}");
    // The start, the retry, the end.
    assert_eq!(events.len(), 3, "{events:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_of_the_manifest_is_final() {
    let refusals = [
        (
            Fault::Status(403, "DENIED", "no"),
            PushFailureKind::Denied { action: None },
        ),
        (
            Fault::Status(
                404,
                "NAME_UNKNOWN",
                "The repository with name 'x' does not exist in the registry with id '1'",
            ),
            PushFailureKind::RepositoryMissing,
        ),
        (
            Fault::Status(
                400,
                "TAG_INVALID",
                "The image tag 'v1' already exists in the 'x' repository and cannot be overwritten because the repository is immutable.",
            ),
            PushFailureKind::TagImmutable,
        ),
    ];
    for (fault, expected) in refusals {
        let trouble = trouble("PUT", "/manifests/", usize::MAX, fault).await;
        match push(&trouble).await.0 {
            Err(DockerError::Push { kind, repeats, .. }) => {
                assert_eq!((kind, repeats), (expected, 0));
            }
            other => panic!("{fault:?}: {other:?}"),
        }
        assert_eq!(trouble.count("PUT", "/manifests/"), 1, "{fault:?}");
    }
}
