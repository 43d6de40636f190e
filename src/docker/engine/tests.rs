use super::{DockerError, Engine, Variables, Version, check};

async fn connect(host: &str) -> Result<Engine, DockerError> {
    let environment: Variables = [("DOCKER_HOST", host)].into_iter().collect();
    Engine::connect(&environment).await
}

#[test]
fn engines_that_can_build() {
    let engine = |api: &str, os: &str| {
        check(Version {
            api_version: Some(api.to_owned()),
            version: Some("x".to_owned()),
            os: Some(os.to_owned()),
            ..Version::default()
        })
    };
    assert!(engine("1.40", "linux").is_ok());
    assert!(engine("1.100", "linux").is_ok());
    assert!(engine("2.0", "linux").is_ok());
    assert!(matches!(
        engine("1.39", "linux"),
        Err(DockerError::TooOld { .. })
    ));
    assert!(matches!(
        engine("", "linux"),
        Err(DockerError::TooOld { .. })
    ));
    assert!(matches!(
        engine("1.48", "windows"),
        Err(DockerError::NotLinux { .. })
    ));
}

#[tokio::test]
async fn says_plainly_why_there_is_no_engine() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| format!("unix://{}", folder.path().join(name).display());
    let none = connect(&at("none.sock")).await;
    assert!(matches!(none, Err(DockerError::NoSocket { .. })));
    // A socket that nobody listens on any more.
    drop(std::os::unix::net::UnixListener::bind(folder.path().join("dead.sock")).unwrap());
    let dead = connect(&at("dead.sock")).await;
    assert!(matches!(dead, Err(DockerError::NotListening { .. })));
    let refused = connect("tcp://127.0.0.1:1").await;
    assert!(
        matches!(refused, Err(DockerError::NotListening { .. })),
        "{refused:?}"
    );
    let odd = connect("ssh://host").await;
    assert!(matches!(odd, Err(DockerError::BadHost { .. })));
}
