use super::{Address, DockerError, Variables};

fn address(variables: &[(&str, &str)]) -> Result<Address, DockerError> {
    let environment: Variables = variables.iter().copied().collect();
    Address::from_env(&environment)
}

fn shown(host: &str) -> Option<String> {
    address(&[("DOCKER_HOST", host)])
        .ok()
        .map(|address| address.to_string())
}

#[test]
fn addresses_as_docker_takes_them() {
    for (host, expected) in [
        ("", "/var/run/docker.sock"),
        (
            "unix:///run/user/1000/docker.sock",
            "/run/user/1000/docker.sock",
        ),
        ("tcp://127.0.0.1:2375", "tcp://127.0.0.1:2375"),
        ("tcp://docker:2375/", "tcp://docker:2375"),
        ("tcp://docker", "tcp://docker:2375"),
        ("tcp://[::1]", "tcp://[::1]:2375"),
        ("tcp://[::1]:99", "tcp://[::1]:99"),
        ("http://docker:80", "tcp://docker:80"),
    ] {
        assert_eq!(shown(host).as_deref(), Some(expected), "{host}");
    }
    for host in [
        "unix://relative",
        "ssh://host",
        "tcp://",
        "tcp://:2375",
        "tcp://host:port",
        "tcp://host:2375/path",
        "tcp://::1",
        "npipe:////./pipe/docker_engine",
        "host:2375",
    ] {
        let refused = address(&[("DOCKER_HOST", host)]);
        assert!(
            matches!(refused, Err(DockerError::BadHost { .. })),
            "{host}: {refused:?}"
        );
    }
}

#[test]
fn only_what_leaves_the_machine_unencrypted_is_in_the_clear() {
    let check = |host: &str, expected: bool| {
        let address = address(&[("DOCKER_HOST", host)]).unwrap();
        assert_eq!(address.is_in_the_clear(), expected, "{host}");
    };
    check("", false);
    check("tcp://127.0.0.1:2375", false);
    check("tcp://localhost:2375", false);
    check("tcp://[::1]:2375", false);
    check("tcp://10.0.0.7:2375", true);
    check("tcp://docker:2375", true);
    check("tcp://localhost.example.com:2375", true);
}

#[test]
fn tls_without_usable_certificates_is_refused_and_never_falls_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    let host = ("DOCKER_HOST", "tcp://docker:2376");
    for variables in [
        vec![host, ("DOCKER_TLS_VERIFY", "1"), ("DOCKER_CERT_PATH", path)],
        vec![host, ("DOCKER_CERT_PATH", path)],
        vec![host, ("DOCKER_TLS", "1"), ("HOME", path)],
        vec![("DOCKER_HOST", "https://docker"), ("HOME", path)],
    ] {
        let refused = address(&variables);
        match refused {
            Err(DockerError::Certificates { path, .. }) => assert!(path.ends_with("ca.pem")),
            other => panic!("{variables:?}: {other:?}"),
        }
    }
    // A socket is on this machine.
    let socket = address(&[("DOCKER_TLS_VERIFY", "1"), ("DOCKER_CERT_PATH", path)]);
    assert!(matches!(socket, Ok(Address::Unix(_))), "{socket:?}");
}
