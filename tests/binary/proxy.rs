//! A proxy before everything: who goes through it, who past it, and what of its address is shown.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

use crate::door::{header, message};
use crate::oidc::trusting;
use crate::stage::{SHA, Stage, usual};

const USER: &str = "deploy:proxy-password";
/// `USER` as it goes over the wire.
const BASIC: &str = "basic zgvwbg95onbyb3h5lxbhc3n3b3jk";

/// A forward proxy that hands all that is asked in plain HTTP to one place, whatever the host, and
/// refuses tunnels.
struct Proxy {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    _runtime: Runtime,
}

impl Proxy {
    fn before(endpoint: &str) -> Proxy {
        let behind: SocketAddr = endpoint.trim_start_matches("http://").parse().unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let listener = runtime
            .block_on(TcpListener::bind(("127.0.0.1", 0)))
            .unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let heads = asked.clone();
        runtime.spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(hand_on(client, behind, heads.clone()));
            }
        });
        Proxy {
            address,
            asked,
            _runtime: runtime,
        }
    }

    fn url(&self) -> String {
        format!("http://{USER}@{}", self.address)
    }

    /// The heads of all requests, in lower case.
    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

async fn hand_on(
    mut client: TcpStream,
    behind: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
) -> Option<()> {
    let mut server = TcpStream::connect(behind).await.ok()?;
    loop {
        let (head, request) = message(&mut client).await?;
        heads.lock().unwrap().push(head.clone());
        if head.starts_with("connect ") {
            let refused = b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n";
            client.write_all(refused).await.ok()?;
            return None;
        }
        // `POST http://host/path HTTP/1.1`, of which the host is dropped.
        let line = String::from_utf8_lossy(&request[..request.iter().position(|b| *b == b'\r')?])
            .into_owned();
        let (method, rest) = line.split_once(" http://")?;
        let origin = format!("{method} {}", &rest[rest.find('/')?..]);
        server.write_all(origin.as_bytes()).await.ok()?;
        server.write_all(&request[line.len()..]).await.ok()?;
        let (_, answer) = message(&mut server).await?;
        client.write_all(&answer).await.ok()?;
    }
}

fn check_password(log: &str) {
    let mut told = log.lines().filter(|line| line.contains("proxy-password"));
    assert!(
        told.all(|line| line.starts_with("::add-mask::")),
        "the password in\n{log}"
    );
    assert!(log.contains(&format!("::add-mask::{USER}")), "{log}");
}

#[test]
fn aws_the_runner_and_github_are_asked_through_the_proxy() {
    let stage = Stage::new(trusting).redeploy();
    let proxy = Proxy::before(&stage.endpoint);
    let (bearer, token) = stage.sim.with(|world| {
        world.github.refs.push(SHA.to_owned());
        world.github.repository = "octo-org/hello".to_owned();
        let token = world.github.token.clone();
        (world.runner.request_token.clone(), token)
    });
    // Names that nobody but the proxy knows.
    let stage = stage
        .env("AWS_ENDPOINT_URL", "http://aws.test")
        .env("AWS_ACCESS_KEY_ID", "")
        .env("AWS_SECRET_ACCESS_KEY", "")
        .env("AWS_SESSION_TOKEN", "")
        .env(
            "ACTIONS_ID_TOKEN_REQUEST_URL",
            "http://runner.test/_runner/idtoken?api-version=2.0",
        )
        .env("ACTIONS_ID_TOKEN_REQUEST_TOKEN", &bearer)
        .env("GITHUB_API_URL", "http://github.test/api/v3")
        .env("GITHUB_SERVER_URL", "https://github.example.com")
        .env("GITHUB_REPOSITORY", "octo-org/hello")
        .env("GITHUB_RUN_ID", "4711")
        .env("HTTP_PROXY", &proxy.url())
        .env("http_proxy", &proxy.url())
        .env("RUNNER_DEBUG", "1")
        .input("role-to-assume", "arn:aws:iam::111122223333:role/deploy")
        .input("github-token", &token)
        .input("environment", "production");
    let ended = stage.run();
    assert_eq!(ended.code, Some(0), "{}", ended.log);
    check_password(&ended.log);
    let asked = proxy.asked();
    for host in ["aws.test", "runner.test", "github.test"] {
        let of_host = |head: &&String| header(head, "host") == Some(host);
        assert!(asked.iter().find(of_host).is_some(), "{host}: {asked:#?}");
    }
    for head in &asked {
        assert_eq!(header(head, "proxy-authorization"), Some(BASIC), "{head}");
    }
    assert_eq!(stage.sim.with(|world| world.github.deployments.len()), 1);
}

#[test]
fn https_goes_through_a_tunnel_and_a_proxy_that_refuses_is_no_secret() {
    let stage = Stage::new(usual).redeploy();
    let proxy = Proxy::before(&stage.endpoint);
    let stage = stage
        .env("AWS_ENDPOINT_URL", "")
        .env("https_proxy", &proxy.url())
        .env("RUNNER_DEBUG", "1");
    let ended = stage.run();
    assert_eq!(ended.code, Some(8), "{}", ended.log);
    check_password(&ended.log);
    let asked = proxy.asked();
    assert!(!asked.is_empty(), "{}", ended.log);
    for head in &asked {
        let line = head.lines().next().unwrap();
        assert!(
            line.starts_with("connect ") && line.contains(".eu-west-1.amazonaws.com:443"),
            "{head}"
        );
        assert_eq!(header(head, "proxy-authorization"), Some(BASIC), "{head}");
    }
}

#[test]
fn this_machine_and_what_no_proxy_names_are_asked_without_it() {
    // What listens on loopback is found at 0.0.0.0 too, which is no address of this machine by its
    // looks.
    for (host, exempt) in [("127.0.0.1", ""), ("0.0.0.0", "10.0.0.0/8,0.0.0.0")] {
        let stage = Stage::new(usual).redeploy();
        let proxy = Proxy::before(&stage.endpoint);
        let endpoint = stage.endpoint.replace("127.0.0.1", host);
        let stage = stage
            .env("AWS_ENDPOINT_URL", &endpoint)
            .env("HTTP_PROXY", &proxy.url())
            .env("NO_PROXY", exempt);
        let ended = stage.run();
        assert_eq!(ended.code, Some(0), "{}", ended.log);
        assert_eq!(proxy.asked(), Vec::<String>::new(), "{host}");
    }
}
