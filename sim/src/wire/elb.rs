//! Load balancers: the health of the targets behind a service, and where a group is listened for.

use serde_json::Value;

use super::Api;
use super::forms::{check, escaped, items, unknown};
use crate::world::{LoadBalancerSpec, Refusal, Status, Task, World};

pub(super) fn handle(world: &World, name: &str, body: &Value) -> Result<String, Refusal> {
    match name {
        "DescribeTargetHealth" => target_health(world, body),
        "DescribeTargetGroups" => target_groups(world, body),
        "DescribeLoadBalancers" => load_balancers(world, body),
        "DescribeListeners" => listeners(world, body),
        _ => Err(unknown(Api::Elb, name)),
    }
}

/// A target group's ARN, if there is such a group.
fn known_group(world: &World, group: &str) -> Result<(), Refusal> {
    let mut groups = world.services.iter().flat_map(|one| &one.target_groups);
    groups
        .any(|known| known == group)
        .then_some(())
        .ok_or_else(|| Refusal::new("TargetGroupNotFound", "One or more target groups not found"))
}

fn balancer<'a>(world: &'a World, arn: &str) -> Result<&'a LoadBalancerSpec, Refusal> {
    let found = world.load_balancers.iter().find(|one| one.arn == arn);
    found.ok_or_else(|| {
        let text = format!("Load balancer '{arn}' not found");
        Refusal::new("LoadBalancerNotFound", text)
    })
}

fn target_groups(world: &World, body: &Value) -> Result<String, Refusal> {
    check(body, &["TargetGroupArns.member."])?;
    let mut members = String::new();
    for group in items(body, "TargetGroupArns.member.") {
        known_group(world, group)?;
        let in_front = world.load_balancers.iter().filter(|one| {
            let mut listeners = one.listeners.iter();
            listeners.any(|listener| listener.forwards_to.as_deref() == Some(group))
        });
        let arns: String = in_front
            .map(|one| format!("<member>{}</member>", escaped(&one.arn)))
            .collect();
        members.push_str(&format!(
            "<member><TargetGroupArn>{}</TargetGroupArn><LoadBalancerArns>{arns}</LoadBalancerArns></member>",
            escaped(group)
        ));
    }
    Ok(format!("<TargetGroups>{members}</TargetGroups>"))
}

fn load_balancers(world: &World, body: &Value) -> Result<String, Refusal> {
    check(body, &["LoadBalancerArns.member."])?;
    let mut members = String::new();
    for arn in items(body, "LoadBalancerArns.member.") {
        let one = balancer(world, arn)?;
        members.push_str(&format!(
            "<member><LoadBalancerArn>{}</LoadBalancerArn><DNSName>{}</DNSName><Scheme>{}</Scheme>\
             <Type>{}</Type><State><Code>active</Code></State></member>",
            escaped(&one.arn),
            escaped(&one.dns_name),
            one.scheme,
            one.kind
        ));
    }
    Ok(format!("<LoadBalancers>{members}</LoadBalancers>"))
}

fn listeners(world: &World, body: &Value) -> Result<String, Refusal> {
    check(body, &["LoadBalancerArn"])?;
    let arn = body["LoadBalancerArn"].as_str().unwrap_or_default();
    let one = balancer(world, arn)?;
    let members: String = one
        .listeners
        .iter()
        .map(|listener| {
            let action = listener.forwards_to.as_deref().map_or_else(
                || "<Type>redirect</Type><Order>1</Order>".to_owned(),
                |group| {
                    let group = escaped(group);
                    format!(
                        "<Type>forward</Type><TargetGroupArn>{group}</TargetGroupArn><ForwardConfig><TargetGroups>\
                         <member><TargetGroupArn>{group}</TargetGroupArn><Weight>1</Weight></member>\
                         </TargetGroups></ForwardConfig>"
                    )
                },
            );
            format!(
                "<member><LoadBalancerArn>{}</LoadBalancerArn><Protocol>{}</Protocol><Port>{}</Port>\
                 <DefaultActions><member>{action}</member></DefaultActions></member>",
                escaped(arn),
                listener.protocol,
                listener.port
            )
        })
        .collect();
    Ok(format!("<Listeners>{members}</Listeners>"))
}

fn target_health(world: &World, body: &Value) -> Result<String, Refusal> {
    check(body, &["TargetGroupArn"])?;
    let group = body["TargetGroupArn"].as_str().unwrap_or_default();
    known_group(world, group)?;
    let behind = world.tasks.iter().filter(|task| {
        task.target_groups.iter().any(|known| known == group)
            && matches!(task.status, Status::Running | Status::Deactivating)
    });
    let members: String = behind.map(|task| target(world, task)).collect();
    Ok(format!(
        "<TargetHealthDescriptions>{members}</TargetHealthDescriptions>"
    ))
}

fn target(world: &World, task: &Task) -> String {
    let (state, reason, description) = match (task.status, task.healthy) {
        (Status::Deactivating, _) => (
            "draining",
            "Target.DeregistrationInProgress",
            "Target deregistration is in progress",
        ),
        (_, None) => (
            "initial",
            "Elb.InitialHealthChecking",
            "Initial health checks in progress",
        ),
        (_, Some(true)) => ("healthy", "", ""),
        (_, Some(false)) => (
            "unhealthy",
            "Target.ResponseCodeMismatch",
            "Health checks failed with these codes: [503]",
        ),
    };
    let why = if reason.is_empty() {
        String::new()
    } else {
        format!(
            "<Reason>{reason}</Reason><Description>{}</Description>",
            escaped(description)
        )
    };
    let port = task.host_port();
    let id = if task.needs.awsvpc {
        task.address()
    } else {
        let on = task.instance.as_deref().and_then(|id| world.instance(id));
        on.map(|on| on.ec2_id.clone()).unwrap_or_default()
    };
    format!(
        "<member><Target><Id>{id}</Id><Port>{port}</Port></Target><HealthCheckPort>{port}</HealthCheckPort>\
         <TargetHealth><State>{state}</State>{why}</TargetHealth></member>"
    )
}
