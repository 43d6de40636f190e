//! Whether a definition suits the service that is to run it: what UpdateService would refuse, or
//! what would only show once tasks fail, said before anything is changed.

use super::Definition;
use crate::snapshot::Service;

/// Everything about `definition` that doesn't go with `service`, one sentence each.
pub fn unsuited(definition: &Definition, service: &Service) -> Vec<String> {
    let mut problems = Vec::new();
    problems.extend(load_balancers(definition, service));
    problems.extend(network(definition, service));
    problems.extend(launch_type(definition, service));
    problems
}

/// A target group's container and port must be in the definition.
fn load_balancers(definition: &Definition, service: &Service) -> Vec<String> {
    let mut problems = Vec::new();
    for balancer in &service.load_balancers {
        let Some(container) = definition.container(&balancer.container) else {
            problems.push(format!(
                "the load balancer of service `{}` sends to container `{}`, which the task definition doesn't have",
                service.name, balancer.container
            ));
            continue;
        };
        let ports = container.ports();
        if !container.has_port_range() && !ports.contains(&balancer.port) {
            let there: Vec<String> = ports.iter().map(ToString::to_string).collect();
            problems.push(format!(
                "the load balancer of service `{}` sends to port {} of container `{}`, which maps {}",
                service.name,
                balancer.port,
                balancer.container,
                if there.is_empty() { "no port".to_owned() } else { there.join(", ") }
            ));
        }
    }
    problems
}

/// `awsvpc` needs the service's subnets, and no other mode takes them.
fn network(definition: &Definition, service: &Service) -> Option<String> {
    let awsvpc = definition.network_mode() == "awsvpc";
    match (awsvpc, &service.network) {
        (true, None) => Some(format!(
            "the task definition has the network mode `awsvpc`, and service `{}` has no network configuration (subnets, security groups)",
            service.name
        )),
        (false, Some(_)) => Some(format!(
            "service `{}` has a network configuration, which goes with the network mode `awsvpc` only; the task definition has `{}`",
            service.name,
            definition.network_mode()
        )),
        _ => None,
    }
}

fn launch_type(definition: &Definition, service: &Service) -> Option<String> {
    let wanted = service.launch_type.as_deref()?;
    let allowed = definition.requires_compatibilities();
    let missing = !allowed.is_empty() && !allowed.contains(&wanted);
    missing.then(|| {
        format!(
            "service `{}` has the launch type {wanted}, and the task definition is for {} only",
            service.name,
            allowed.join(", ")
        )
    })
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
        insta::assert_snapshot!(check("bridge", &behind("web", 8080)), @"the load balancer of service `api` sends to container `web`, which the task definition doesn't have");
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
