//! An engine behind TLS, as `DOCKER_TLS_VERIFY` and `DOCKER_CERT_PATH` have it: the real one, with
//! a front of certificates made for the test.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use plimsoll::docker::{DockerError, Engine, PushRequest};
use plimsoll::environment::Variables;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tempfile::TempDir;
use tokio::net::{TcpListener, UnixStream};
use tokio_rustls::TlsAcceptor;

use crate::world::{credentials, directory, request, run};

/// A CA with its key, `ca.pem` and `ca-key.pem`.
fn authority(folder: &Path) {
    let [key, ca] = ["ca-key.pem", "ca.pem"].map(|name| path(folder, name));
    let made = [
        "-keyout",
        &key,
        "-out",
        &ca,
        "-subj",
        "/CN=plimsoll test CA",
    ];
    let usage = ["-addext", "keyUsage=critical,keyCertSign"];
    openssl(&[made.as_slice(), &usage].concat());
}

/// `<name>.pem` and `<name>-key.pem`, by the folder's CA, for what `usage` says.
fn certificate(folder: &Path, name: &str, usage: &[&str]) {
    let [ca, ca_key] = ["ca.pem", "ca-key.pem"].map(|name| path(folder, name));
    let [cert, key] =
        [format!("{name}.pem"), format!("{name}-key.pem")].map(|name| path(folder, &name));
    let subject = format!("/CN={name}");
    let by = [
        "-CA", &ca, "-CAkey", &ca_key, "-keyout", &key, "-out", &cert, "-subj", &subject,
    ];
    let added = usage.iter().flat_map(|usage| ["-addext", usage]);
    let leaf = ["-addext", "basicConstraints=critical,CA:FALSE"].into_iter();
    openssl(&by.into_iter().chain(leaf).chain(added).collect::<Vec<_>>());
}

fn openssl(arguments: &[&str]) {
    let always = [
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
    ];
    run("openssl", &[always.as_slice(), arguments].concat());
}

fn path(folder: &Path, name: &str) -> String {
    folder.join(name).to_str().unwrap().to_owned()
}

/// A CA, a server of the name `localhost`, and the folder of a client that it knows.
fn certificates() -> (TempDir, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    authority(folder.path());
    certificate(
        folder.path(),
        "server",
        &[
            "subjectAltName=DNS:localhost",
            "extendedKeyUsage=serverAuth",
        ],
    );
    certificate(folder.path(), "client", &["extendedKeyUsage=clientAuth"]);
    let client = tempfile::tempdir().unwrap();
    for (from, to) in [
        ("ca.pem", "ca.pem"),
        ("client.pem", "cert.pem"),
        ("client-key.pem", "key.pem"),
    ] {
        fs::copy(folder.path().join(from), client.path().join(to)).unwrap();
    }
    (folder, client)
}

/// Stands before the engine's socket, and wants to know who asks.
async fn front(folder: &Path) -> SocketAddr {
    let certificate = |name: &str| CertificateDer::from_pem_file(folder.join(name)).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(certificate("ca.pem")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let knows = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone())
        .build()
        .unwrap();
    let key = PrivateKeyDer::from_pem_file(folder.join("server-key.pem")).unwrap();
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(knows)
        .with_single_cert(vec![certificate("server.pem")], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let socket = std::env::var("DOCKER_HOST").unwrap_or_default();
    let socket = socket
        .strip_prefix("unix://")
        .unwrap_or("/var/run/docker.sock")
        .to_owned();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let (acceptor, socket) = (acceptor.clone(), socket.clone());
            tokio::spawn(async move {
                let mut client = acceptor.accept(client).await?;
                let mut engine = UnixStream::connect(socket).await?;
                tokio::io::copy_bidirectional(&mut client, &mut engine).await
            });
        }
    });
    address
}

async fn connect(host: &str, folder: &Path) -> Result<Engine, DockerError> {
    let variables = [
        ("DOCKER_HOST", host),
        ("DOCKER_TLS_VERIFY", "1"),
        ("DOCKER_CERT_PATH", folder.to_str().unwrap()),
    ];
    let environment: Variables = variables.into_iter().collect();
    Engine::connect(&environment).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_build_and_its_push_go_through_tls_with_the_clients_certificate() {
    let (made, client) = certificates();
    let port = front(made.path()).await.port();
    let engine = connect(&format!("tcp://localhost:{port}"), client.path()).await;
    let engine = engine.unwrap();
    assert_eq!(engine.in_the_clear(), None);
    let folder = directory(&[
        ("Dockerfile", "FROM scratch\nCOPY a /\n"),
        ("a", "by TLS\n"),
    ]);
    let request = request(folder.path());
    let built = engine.build(&request, &mut |_| {}).await.unwrap();
    let push = PushRequest {
        built,
        repository: request.name.repository(),
        tags: vec!["v1".to_owned()],
        credentials: Some(credentials()),
    };
    engine.push(&push, &mut |_| {}).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_that_is_another_or_knows_another_is_not_spoken_to() {
    let (made, client) = certificates();
    let (_other, stranger) = certificates();
    let port = front(made.path()).await.port();
    let here = format!("tcp://localhost:{port}");
    // The other folder's CA has not made this engine's certificate.
    let another = connect(&here, stranger.path()).await;
    // The certificate isn't for this name.
    let misnamed = connect(&format!("tcp://127.0.0.1:{port}"), client.path()).await;
    // This engine doesn't know who asks.
    for name in ["cert.pem", "key.pem"] {
        fs::copy(stranger.path().join(name), client.path().join(name)).unwrap();
    }
    let unknown = connect(&here, client.path()).await;
    for name in ["cert.pem", "key.pem"] {
        fs::remove_file(client.path().join(name)).unwrap();
    }
    let nobody = connect(&here, client.path()).await;
    // An engine that speaks no TLS at all.
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let plain = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let answer = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
            tokio::io::AsyncWriteExt::write_all(&mut client, answer).await?;
        }
        std::io::Result::Ok(())
    });
    let clear = connect(&format!("tcp://localhost:{plain}"), client.path()).await;
    for (what, refused) in [
        ("another CA", another),
        ("another name", misnamed),
        ("an unknown client", unknown),
        ("no client", nobody),
        ("no TLS", clear),
    ] {
        match refused {
            Err(error @ DockerError::TlsFailed { .. }) => {
                assert!(error.help().unwrap().contains("DOCKER_CERT_PATH"));
            }
            other => panic!("{what}: {other:?}"),
        }
    }
}
