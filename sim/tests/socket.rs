//! The socket door over loopback, with a registry behind ECR that speaks the registry's HTTP API.

#[cfg(test)]
mod door;

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use bytes::Bytes;
    use http::{Request, Response};
    use http_body_util::{BodyExt, Full};
    use hyper::body::Incoming;
    use hyper::service::service_fn;
    use hyper_util::rt::TokioIo;
    use plimsoll_sim::{DOCKER_MANIFEST, Fault, FaultKind, Registry, Sim, World, digest, serve};
    use serde_json::{Value, json};
    use tokio::net::{TcpListener, TcpStream};

    use crate::door::{T0, request};

    const CONFIG: &str = r#"{"os":"linux","architecture":"arm64"}"#;

    fn manifest() -> String {
        json!({"schemaVersion": 2, "mediaType": DOCKER_MANIFEST,
               "config": {"digest": digest(CONFIG.as_bytes())}, "layers": [{"size": 7}]})
        .to_string()
    }

    /// A registry with `hello:7` for whoever knows the password.
    async fn registry() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let service = service_fn(|request: Request<Incoming>| async move {
                    let known = request
                        .headers()
                        .get("authorization")
                        .is_some_and(|it| it == "Basic QVdTOnNlY3JldA==");
                    let blob = format!("/v2/hello/blobs/{}", digest(CONFIG.as_bytes()));
                    let (status, body) = match request.uri().path() {
                        _ if !known => (401, String::new()),
                        "/v2/hello/tags/list" => {
                            (200, json!({"name": "hello", "tags": ["7"]}).to_string())
                        }
                        "/v2/hello/manifests/7" => (200, manifest()),
                        path if path == blob => (200, CONFIG.to_owned()),
                        _ => (404, String::new()),
                    };
                    let response = Response::builder()
                        .status(status)
                        .header("content-type", DOCKER_MANIFEST);
                    Ok::<_, Infallible>(response.body(Full::new(Bytes::from(body))).unwrap())
                });
                tokio::spawn(
                    hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service),
                );
            }
        });
        address
    }

    /// The stand-in on a socket, and where it is.
    async fn stand_in() -> (Sim, String, String) {
        let mut world = World::new(T0);
        world.add_cluster("web");
        world.add_repository("hello");
        let sim = Sim::new(world);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let behind = registry().await;
        let credentials = Registry {
            address: behind.clone(),
            username: "AWS".to_owned(),
            password: "secret".to_owned(),
        };
        tokio::spawn(serve(listener, sim.clone(), || T0, Some(credentials)));
        (sim, address, behind)
    }

    async fn send(address: &str, request: Request<Bytes>) -> Option<(u16, Value)> {
        let stream = TcpStream::connect(address).await.unwrap();
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .unwrap();
        tokio::spawn(connection);
        let (mut head, body) = request.into_parts();
        head.uri = head.uri.path().parse().unwrap();
        head.headers.insert("host", address.parse().unwrap());
        let response = sender
            .send_request(Request::from_parts(head, Full::new(body)))
            .await
            .ok()?;
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.ok()?.to_bytes();
        Some((status, serde_json::from_slice(&body).unwrap_or_default()))
    }

    async fn ecr(address: &str, operation: &str, body: Value) -> (u16, Value) {
        let request = request(
            "AmazonEC2ContainerRegistry_V20150921",
            operation,
            &body.to_string(),
        );
        send(address, request).await.unwrap()
    }

    #[tokio::test]
    async fn ecr_shows_what_the_registry_has() {
        let (_, address, behind) = stand_in().await;
        let asked = json!({"repositoryName": "hello", "imageIds": [{"imageTag": "7"}]});
        let (_, image) = ecr(&address, "DescribeImages", asked.clone()).await;
        assert_eq!(
            image["imageDetails"][0]["imageDigest"],
            digest(manifest().as_bytes()),
            "{image}"
        );
        let (_, got) = ecr(&address, "BatchGetImage", asked).await;
        assert_eq!(got["images"][0]["imageManifest"], manifest());
        let config = json!({"repositoryName": "hello", "layerDigest": digest(CONFIG.as_bytes())});
        let (_, layer) = ecr(&address, "GetDownloadUrlForLayer", config).await;
        let url = layer["downloadUrl"].as_str().unwrap();
        assert!(url.starts_with(&format!("http://{address}/")), "{url}");
        let (_, blob) = send(&address, Request::get(url).body(Bytes::new()).unwrap())
            .await
            .unwrap();
        assert_eq!(blob["architecture"], "arm64");

        let (_, repository) = ecr(
            &address,
            "DescribeRepositories",
            json!({"repositoryNames": ["hello"]}),
        )
        .await;
        assert_eq!(
            repository["repositories"][0]["repositoryUri"],
            format!("{behind}/hello")
        );
        let (_, token) = ecr(&address, "GetAuthorizationToken", json!({})).await;
        assert_eq!(
            token["authorizationData"][0]["authorizationToken"],
            "QVdTOnNlY3JldA=="
        );
        let (status, missing) = ecr(
            &address,
            "DescribeImages",
            json!({"repositoryName": "ghost"}),
        )
        .await;
        assert_eq!(
            (status, missing["__type"].as_str()),
            (400, Some("RepositoryNotFoundException"))
        );
    }

    #[tokio::test]
    async fn a_lost_connection_is_lost() {
        let (sim, address, _) = stand_in().await;
        sim.fault(Fault {
            operation: "*".to_owned(),
            times: 1,
            kind: FaultKind::Drop,
        });
        let ask = || {
            request(
                "AmazonEC2ContainerServiceV20141113",
                "ListTasks",
                r#"{"cluster":"web"}"#,
            )
        };
        assert_eq!(send(&address, ask()).await, None);
        assert_eq!(
            send(&address, ask()).await,
            Some((200, json!({"taskArns": []})))
        );
    }
}
