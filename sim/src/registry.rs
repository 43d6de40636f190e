//! A real registry behind ECR: its images are looked up over the registry's HTTP API.
//!
//! It only reads. Repositories are made in the world, as in ECR they are made beforehand; the
//! registry says what is in them.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Empty, Limited};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

use crate::sim::Sim;
use crate::wire::{Api, Operation};
use crate::world::{Image, digest, list};

/// Where the registry listens and what it asks for.
#[derive(Clone)]
pub struct Registry {
    /// `127.0.0.1:5000`.
    pub address: String,
    pub username: String,
    pub password: String,
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Registry")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

/// One request to a registry on loopback.
const PATIENCE: Duration = Duration::from_secs(10);
/// A manifest or configuration is at most 4 MiB in ECR.
const BODY_MOST: usize = 4 * 1024 * 1024;
/// Tags looked at in one repository; tests and the demo have a few.
const TAGS_MOST: usize = 500;
/// Manifests of one index.
const CHILDREN_MOST: usize = 32;

const MANIFESTS: &str = "application/vnd.docker.distribution.manifest.v2+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, \
    application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json";

impl Registry {
    /// Brings the world's images up to date before a request that looks at them.
    pub(crate) async fn refresh(&self, sim: &Sim, request: &Request<Bytes>) {
        let operation = Operation::of(request);
        let asked = operation.body["repositoryName"].as_str();
        let repositories: Vec<String> = match (operation.api, asked, operation.name.as_str()) {
            (Api::Ecr, Some(name), _) => vec![name.to_owned()],
            // Tasks are about to pull.
            (Api::Ecs, _, "UpdateService" | "RegisterTaskDefinition") => {
                sim.with(|world| world.repository_names())
            }
            _ => Vec::new(),
        };
        for name in repositories {
            self.refresh_repository(sim, &name).await;
            for id in list(&operation.body["imageIds"]) {
                if let Some(wanted) = id["imageDigest"].as_str() {
                    self.fetch(sim, &name, (wanted, None)).await;
                }
            }
        }
    }

    async fn refresh_repository(&self, sim: &Sim, name: &str) {
        let Some(answer) = self
            .get(&format!("/v2/{name}/tags/list"), "application/json")
            .await
        else {
            return;
        };
        let tags: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
        for tag in list(&tags["tags"])
            .iter()
            .filter_map(Value::as_str)
            .take(TAGS_MOST)
        {
            let children = self.fetch(sim, name, (tag, Some(tag))).await;
            for child in children.into_iter().take(CHILDREN_MOST) {
                self.fetch(sim, name, (&child, None)).await;
            }
        }
    }

    /// Fetches a manifest into the world; the digests of an index's manifests come back.
    async fn fetch(
        &self,
        sim: &Sim,
        name: &str,
        (reference, tag): (&str, Option<&str>),
    ) -> Vec<String> {
        if tag.is_none() && sim.with(|world| world.has_image(name, reference)) {
            return Vec::new();
        }
        let Some(answer) = self
            .get(&format!("/v2/{name}/manifests/{reference}"), MANIFESTS)
            .await
        else {
            return Vec::new();
        };
        let kind = answer
            .headers()
            .get(http::header::CONTENT_TYPE)
            .and_then(|kind| kind.to_str().ok());
        let media_type = kind.unwrap_or_default().to_owned();
        let manifest = answer.into_body();
        let read: Value = serde_json::from_slice(&manifest).unwrap_or_default();
        let mut config = None;
        if let Some(wanted) = read["config"]["digest"].as_str() {
            let known = sim.with(|world| world.blob(name, wanted));
            let blob = match known {
                Some(blob) => Some(blob),
                None => {
                    let found = self.get(&format!("/v2/{name}/blobs/{wanted}"), "*/*").await;
                    found.map(Response::into_body)
                }
            };
            config = blob.map(|blob| (wanted.to_owned(), blob));
        }
        let described: Value = config
            .as_ref()
            .and_then(|(_, blob)| serde_json::from_slice(blob).ok())
            .unwrap_or_default();
        let image = Image {
            digest: digest(&manifest),
            media_type,
            tags: tag.map(str::to_owned).into_iter().collect(),
            pushed: sim.with(|world| world.now()),
            architecture: described["architecture"].as_str().map(str::to_owned),
            size: list(&read["layers"])
                .iter()
                .filter_map(|layer| layer["size"].as_i64())
                .sum(),
            config,
            manifest,
        };
        sim.with(|world| world.put_image(name, image));
        let children = list(&read["manifests"])
            .iter()
            .filter_map(|child| child["digest"].as_str());
        children.map(str::to_owned).collect()
    }

    /// A successful answer; whatever goes wrong is as if there was nothing.
    async fn get(&self, path: &str, accept: &str) -> Option<Response<Bytes>> {
        tokio::time::timeout(PATIENCE, self.ask(path, accept))
            .await
            .ok()?
    }

    async fn ask(&self, path: &str, accept: &str) -> Option<Response<Bytes>> {
        let stream = TcpStream::connect(&self.address).await.ok()?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .ok()?;
        let credentials = STANDARD.encode(format!("{}:{}", self.username, self.password));
        let request = Request::get(path)
            .header("host", &self.address)
            .header("accept", accept)
            .header("authorization", format!("Basic {credentials}"))
            .body(Empty::<Bytes>::new())
            .ok()?;
        // It ends when the sender is dropped.
        let connection = tokio::spawn(connection);
        let (head, body) = sender.send_request(request).await.ok()?.into_parts();
        let body = Limited::new(body, BODY_MOST)
            .collect()
            .await
            .ok()?
            .to_bytes();
        connection.abort();
        head.status
            .is_success()
            .then(|| Response::from_parts(head, body))
    }
}
