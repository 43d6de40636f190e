//! The world that the docs speak of: their clusters, services, repositories and roles.

use std::fs;

use plimsoll_sim::{InstanceSpec, Registry, RoleSpec, ServiceSpec, World};
use serde_json::{Value, json};

use crate::container;
use crate::engine;
use crate::stage::{Stage, definition};

/// Cluster, service and repository of each service that the docs deploy.
const SERVICES: &[(&str, &str, &str)] = &[
    ("web", "hello", "hello"),
    ("web", "api", "shop/api"),
    ("web", "worker", "shop/worker"),
    ("batch", "nightly", "shop"),
    ("review", "hello-pr-7", "hello"),
];
const REPOSITORIES: &[&str] = &["hello", "shop", "shop/api", "shop/worker", "proxy"];
const ROLES: &[&str] = &[
    "deploy-web",
    "plan-web",
    "deploy-shop",
    "review-web",
    "deploy-staging",
    "deploy-production",
];

/// What of the docs' world may be otherwise.
pub(crate) struct Docs {
    /// CPU units of each task; an instance has 2048.
    pub(crate) cpu: u32,
    /// Containers that each task has with `app`.
    pub(crate) others: &'static [&'static str],
    /// The repository of service `api`.
    pub(crate) api: &'static str,
}

impl Default for Docs {
    fn default() -> Docs {
        Docs {
            cpu: 256,
            others: &[],
            api: "shop/api",
        }
    }
}

impl Docs {
    fn document(&self, host: &str, (name, repository): (&str, &str)) -> Value {
        let repository = if name == "api" { self.api } else { repository };
        let mut document = definition(&format!("{host}/{repository}:v1"));
        document["family"] = name.into();
        document["containerDefinitions"][0]["cpu"] = self.cpu.into();
        for other in self.others {
            let container = json!({"name": other, "image": format!("{host}/{other}:v1"), "cpu": 64, "memory": 64});
            document["containerDefinitions"]
                .as_array_mut()
                .unwrap()
                .push(container);
        }
        document
    }

    /// Its ECR is the real registry, and `examples/hello` the workspace.
    pub(crate) fn building(&self) -> Stage {
        let credentials = engine::credentials();
        let address = engine::registry();
        let registry = Registry {
            address: address.clone(),
            username: credentials.username.clone(),
            password: credentials.password.expose().to_owned(),
        };
        let build = |world: &mut World| fill(world, &address, self);
        container::with_hello(Stage::open(build, Some(registry)))
    }

    /// Its images are in its ECR already; nothing is built.
    pub(crate) fn standing(&self) -> Stage {
        let host = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";
        let build = |world: &mut World| {
            fill(world, host, self);
            for repository in REPOSITORIES {
                for tag in ["v1", "v7", "4f2a91c"] {
                    world.add_image(repository, tag, "amd64");
                }
            }
        };
        Stage::open(build, None)
    }
}

fn fill(world: &mut World, host: &str, docs: &Docs) {
    for repository in REPOSITORIES {
        world.add_repository(repository);
    }
    for cluster in ["batch", "review"] {
        world.add_cluster(cluster);
    }
    for cluster in ["web", "web", "web", "batch", "batch", "review", "review"] {
        world.add_instance(InstanceSpec {
            cluster: cluster.to_owned(),
            ..InstanceSpec::default()
        });
    }
    for (cluster, name, repository) in SERVICES {
        let task_definition = world.add_task_definition(docs.document(host, (name, repository)));
        world.create_service(ServiceSpec {
            cluster: (*cluster).to_owned(),
            name: (*name).to_owned(),
            task_definition,
            ..ServiceSpec::default()
        });
    }
    world.add_oidc_provider(
        "https://token.actions.githubusercontent.com",
        &["sts.amazonaws.com"],
    );
    for name in ROLES {
        world.add_role(RoleSpec {
            name: (*name).to_owned(),
            ..RoleSpec::default()
        });
    }
    world.github.repository = "octo-org/hello".to_owned();
}

/// Puts a file into the workspace.
pub(crate) fn put(stage: &Stage, name: &str, text: &str) {
    let path = stage.path("workspace").join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}
