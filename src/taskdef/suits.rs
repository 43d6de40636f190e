//! Whether a definition suits the service that is to run it: what UpdateService would refuse, or
//! what would only show once tasks fail, said before anything is changed.

use super::Definition;
use crate::definition::ContainerDefinition;
use crate::snapshot::Service;

/// Something that doesn't go together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsuited {
    /// One sentence.
    pub what: String,
    /// What to do about it.
    pub help: String,
}

impl Unsuited {
    pub(super) fn new(what: String, help: impl Into<String>) -> Unsuited {
        Unsuited {
            what,
            help: help.into(),
        }
    }
}

/// Everything about `definition` that doesn't go with `service`.
pub fn unsuited(definition: &Definition, service: &Service) -> Vec<Unsuited> {
    let mut problems = load_balancers(definition, service);
    problems.extend(network(definition, service));
    problems.extend(launch_type(definition, service));
    problems
}

/// A target group's container and port must be in the definition.
fn load_balancers(definition: &Definition, service: &Service) -> Vec<Unsuited> {
    let name = &service.name;
    let mut problems = Vec::new();
    for balancer in &service.load_balancers {
        let (wanted, port) = (&balancer.container, balancer.port);
        let Some(container) = definition.container(wanted) else {
            problems.push(Unsuited::new(
                format!("the load balancer of service `{name}` sends to container `{wanted}`, which the task definition doesn't have; it has {}", names(definition)),
                format!("name the container `{wanted}`, or point the service's load balancer (`loadBalancers[].containerName`) to another one"),
            ));
            continue;
        };
        if !listens(container, port) {
            let there = mapped(container);
            problems.push(Unsuited::new(
                format!("the load balancer of service `{name}` sends to port {port} of container `{wanted}`, which maps {there}"),
                format!("add `{{\"containerPort\": {port}}}` to the `portMappings` of `{wanted}`, or point the service's load balancer to another port"),
            ));
        }
    }
    problems
}

fn listens(container: ContainerDefinition<'_>, port: u16) -> bool {
    container.ports().contains(&port)
        || container
            .port_ranges()
            .iter()
            .any(|range| range.contains(&port))
}

/// `80, 8000-8010`, or `no port`.
fn mapped(container: ContainerDefinition<'_>) -> String {
    let ports = container.ports().into_iter().map(|port| port.to_string());
    let ranges = container.port_ranges().into_iter();
    let ranges = ranges.map(|range| format!("{}-{}", range.start(), range.end()));
    let there: Vec<String> = ports.chain(ranges).collect();
    if there.is_empty() {
        return "no port".to_owned();
    }
    there.join(", ")
}

/// `awsvpc` needs the service's subnets, and no other mode takes them.
fn network(definition: &Definition, service: &Service) -> Option<Unsuited> {
    let name = &service.name;
    let mode = definition.view().network_mode();
    match (mode == "awsvpc", &service.network) {
        (true, None) => Some(Unsuited::new(
            format!(
                "the task definition has the network mode `awsvpc`, and service `{name}` has no network configuration (subnets, security groups)"
            ),
            "keep the network mode that the service runs with, or give the service a network configuration first (`aws ecs update-service --network-configuration`)",
        )),
        (false, Some(_)) => Some(Unsuited::new(
            format!(
                "service `{name}` has a network configuration, which goes with the network mode `awsvpc` only; the task definition has `{mode}`"
            ),
            "set `networkMode` to `awsvpc` in the task definition, or create the service again without a network configuration",
        )),
        _ => None,
    }
}

fn launch_type(definition: &Definition, service: &Service) -> Option<Unsuited> {
    let wanted = match service.launch_type.as_deref() {
        Some(launch_type) => launch_type,
        None if service.on_fargate() => "FARGATE",
        None => return None,
    };
    let allowed = definition.view().requires_compatibilities();
    if allowed.is_empty() || allowed.contains(&wanted) {
        return None;
    }
    let how = if service.launch_type.is_some() {
        format!("has the launch type {wanted}")
    } else {
        "runs on Fargate by its capacity provider strategy".to_owned()
    };
    Some(Unsuited::new(
        format!(
            "service `{}` {how}, and the task definition is for {} only",
            service.name,
            allowed.join(", ")
        ),
        format!("add `{wanted}` to `requiresCompatibilities` in the task definition"),
    ))
}

/// `` `app`, `proxy` ``.
fn names(definition: &Definition) -> String {
    let names: Vec<String> = definition
        .containers()
        .iter()
        .map(|container| format!("`{}`", container.name()))
        .collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::unsuited;
    use crate::snapshot::{LoadBalancer, Network, Service};
    use crate::taskdef::Definition;

    fn check(mode: &str, service: &Service) -> String {
        let document = json!({
            "family": "api",
            "networkMode": mode,
            "requiresCompatibilities": ["EC2"],
            "containerDefinitions": [{"name": "app", "image": "a:1", "portMappings": [{"containerPort": 8080}]}],
        });
        unsuited(
            &Definition::from_value("a test", document).unwrap(),
            service,
        )
        .into_iter()
        .map(|problem| problem.what)
        .collect::<Vec<_>>()
        .join("\n")
    }

    fn behind(container: &str, port: u16) -> Service {
        let balancer = LoadBalancer {
            container: container.to_owned(),
            port,
            ..LoadBalancer::default()
        };
        Service {
            name: "api".to_owned(),
            load_balancers: vec![balancer],
            ..Service::default()
        }
    }

    #[test]
    fn what_goes_together_is_no_problem() {
        assert_eq!(check("bridge", &behind("app", 8080)), "");
        let network = Some(Network::default());
        assert_eq!(
            check(
                "awsvpc",
                &Service {
                    network,
                    ..Service::default()
                }
            ),
            ""
        );
    }

    #[test]
    fn what_ecs_would_refuse_is_said_before() {
        insta::assert_snapshot!(check("bridge", &behind("web", 8080)), @"the load balancer of service `api` sends to container `web`, which the task definition doesn't have; it has `app`");
        insta::assert_snapshot!(check("bridge", &behind("app", 80)), @"the load balancer of service `api` sends to port 80 of container `app`, which maps 8080");
        insta::assert_snapshot!(check("awsvpc", &behind("app", 8080)), @"the task definition has the network mode `awsvpc`, and service `api` has no network configuration (subnets, security groups)");
        let fargate = Service {
            name: "api".to_owned(),
            launch_type: Some("FARGATE".to_owned()),
            network: Some(Network::default()),
            ..Service::default()
        };
        insta::assert_snapshot!(check("bridge", &fargate), @r"
        service `api` has a network configuration, which goes with the network mode `awsvpc` only; the task definition has `bridge`
        service `api` has the launch type FARGATE, and the task definition is for EC2 only
        ");
    }
}
