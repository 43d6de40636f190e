//! Pushes, and what the registry holds afterwards.

use plimsoll::docker::{
    Credentials, DockerError, PushEvent, PushFailureKind, PushRequest, RegistryLogin,
};
use plimsoll::image::ImageRef;
use plimsoll::secret::Secret;
use serde_json::Value;

use crate::world::{build, credentials, directory, engine, request, run};

/// Asks the registry itself, not the engine: what a tag's digest is, and its manifest.
fn manifest(reference: &ImageRef) -> (String, Value) {
    let address = format!(
        "http://{}/v2/{}/manifests/{}",
        reference.registry(),
        reference.path(),
        reference.tag().unwrap()
    );
    let user = format!("AWS:{}", credentials().password.expose());
    let accept = "Accept: application/vnd.docker.distribution.manifest.v2+json, application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json";
    let head = run(
        "curl",
        &[
            "--fail", "--silent", "--head", "--user", &user, "--header", accept, &address,
        ],
    );
    let digest = head
        .lines()
        .find_map(|line| {
            line.to_lowercase()
                .strip_prefix("docker-content-digest: ")
                .map(str::to_owned)
        })
        .unwrap_or_else(|| panic!("no digest in {head}"));
    let body = run(
        "curl",
        &[
            "--fail", "--silent", "--user", &user, "--header", accept, &address,
        ],
    );
    (
        digest.trim().to_owned(),
        serde_json::from_str(&body).unwrap(),
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_digest_is_the_registrys_and_the_image_a_single_manifest() {
    let folder = directory(&[
        ("Dockerfile", "FROM scratch\nCOPY hello.txt /\n"),
        ("hello.txt", "hello\n"),
    ]);
    let request = request(folder.path());
    let built = build(&request).await.0.unwrap();
    assert_eq!(built.platform.to_string(), "linux/amd64");
    let push = PushRequest {
        built,
        repository: request.name.repository(),
        tags: vec!["v1".to_owned(), "latest".to_owned()],
        credentials: Some(credentials()),
    };
    let mut events = Vec::new();
    let pushed = engine()
        .await
        .push(&push, &mut |event| events.push(event))
        .await
        .unwrap();
    let tags = pushed.references.iter().filter_map(ImageRef::tag);
    assert_eq!(tags.collect::<Vec<_>>(), ["v1", "latest"]);
    for reference in &pushed.references {
        let (digest, manifest) = manifest(reference);
        assert_eq!(digest, pushed.digest.as_str());
        assert_eq!(manifest.get("manifests"), None, "{manifest}");
        assert_eq!(manifest["layers"].as_array().map(Vec::len), Some(1));
    }
    let done: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            PushEvent::Done {
                uploaded, present, ..
            } => Some((*uploaded, *present)),
            _ => None,
        })
        .collect();
    assert_eq!(done, [(1, 0), (0, 1)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_tag_is_there_only_after_all_others() {
    let folder = directory(&[("Dockerfile", "FROM scratch\nLABEL b=c\n")]);
    let request = request(folder.path());
    let push = PushRequest {
        built: build(&request).await.0.unwrap(),
        repository: request.name.repository(),
        tags: ["v1", "v2", "no tag", "v3"].map(str::to_owned).to_vec(),
        credentials: Some(credentials()),
    };
    let mut started = Vec::new();
    let broken = engine()
        .await
        .push(&push, &mut |event| {
            if let PushEvent::Started { reference } = event {
                started.push(reference);
            }
        })
        .await;
    assert!(
        matches!(broken, Err(DockerError::Push { .. })),
        "{broken:?}"
    );
    assert_eq!(started, [format!("{}:v3", push.repository)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_password_and_a_dead_registry_are_named() {
    let folder = directory(&[("Dockerfile", "FROM scratch\nLABEL a=b\n")]);
    let request = request(folder.path());
    let built = build(&request).await.0.unwrap();
    let wrong = Credentials {
        password: Secret::new("wrong"),
        ..credentials()
    };
    let nobody: ImageRef = "127.0.0.1:1/team/api".parse().unwrap();
    for (repository, credentials, expected) in [
        (
            request.name.repository(),
            Some(wrong),
            PushFailureKind::Unauthorized,
        ),
        (
            request.name.repository(),
            None,
            PushFailureKind::Unauthorized,
        ),
        (nobody, Some(credentials()), PushFailureKind::Unreachable),
    ] {
        let push = PushRequest {
            built: built.clone(),
            repository,
            tags: vec!["v1".to_owned()],
            credentials,
        };
        let refused = engine().await.push(&push, &mut |_| {}).await;
        match refused {
            Err(DockerError::Push { kind, .. }) => assert_eq!(kind, expected),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_private_base_image_is_pulled_with_its_registrys_credentials() {
    let folder = directory(&[("Dockerfile", "FROM scratch\nCOPY a /\n"), ("a", "base\n")]);
    let base = request(folder.path());
    let built = build(&base).await.0.unwrap();
    let push = PushRequest {
        built: built.clone(),
        repository: base.name.repository(),
        tags: vec!["v1".to_owned()],
        credentials: Some(credentials()),
    };
    engine().await.push(&push, &mut |_| {}).await.unwrap();
    // The engine must ask the registry, not know the image already.
    run("docker", &["rmi", "--force", &built.id]);
    let on_top = directory(&[
        ("Dockerfile", &format!("FROM {}\nCOPY b /\n", base.name)),
        ("b", "top\n"),
    ]);
    let mut above = request(on_top.path());
    above.pull = true;
    let refused = build(&above).await.0.unwrap_err();
    assert!(
        matches!(&refused, DockerError::Build(failure) if format!("{:?}", failure.kind).starts_with("BaseImage")),
        "{refused}"
    );
    above.logins = vec![RegistryLogin {
        registry: base.name.registry().to_owned(),
        credentials: credentials(),
    }];
    build(&above).await.0.unwrap();
}
