//! Auto Scaling: the groups behind capacity providers, and what they did last.

use serde_json::Value;

use super::Api;
use super::forms::{check, escaped, iso, items, unknown};
use super::last_part;
use crate::world::{Activity, Instance, Provider, Refusal, World};

/// DescribeAutoScalingGroups takes no more names; DescribeScalingActivities shows no more.
const MOST: usize = 100;
/// Groups or activities on a page where no size is asked for.
const USUAL: usize = 50;

pub(super) fn handle(world: &World, name: &str, body: &Value) -> Result<String, Refusal> {
    match name {
        "DescribeAutoScalingGroups" => groups(world, body),
        "DescribeScalingActivities" => activities(world, body),
        _ => Err(unknown(Api::AutoScaling, name)),
    }
}

fn size(body: &Value) -> Result<usize, Refusal> {
    let Some(text) = body["MaxRecords"].as_str() else {
        return Ok(USUAL);
    };
    let size = text.parse().ok().filter(|size| (1..=MOST).contains(size));
    size.ok_or_else(|| {
        Refusal::new(
            "ValidationError",
            format!("MaxRecords must be between 1 and {MOST}"),
        )
    })
}

fn groups(world: &World, body: &Value) -> Result<String, Refusal> {
    check(body, &["AutoScalingGroupNames.member.", "MaxRecords"])?;
    let asked = items(body, "AutoScalingGroupNames.member.");
    if asked.len() > MOST {
        return Err(Refusal::new("ValidationError", "too many group names"));
    }
    let groups = scaled(world)
        .filter(|one| asked.is_empty() || asked.contains(&one.spec.name.as_str()))
        .take(size(body)?);
    let members: String = groups.map(|one| group(world, one)).collect();
    Ok(format!("<AutoScalingGroups>{members}</AutoScalingGroups>"))
}

fn scaled(world: &World) -> impl Iterator<Item = &Provider> {
    world
        .providers
        .iter()
        .filter(|one| one.kind == "EC2_AUTOSCALING")
}

fn group(world: &World, provider: &Provider) -> String {
    let spec = &provider.spec;
    let (name, zone) = (escaped(&spec.name), escaped(&spec.instance.az));
    let template = |version: &str| {
        format!(
            "<LaunchTemplateId>{}</LaunchTemplateId><LaunchTemplateName>{}</LaunchTemplateName><Version>{version}</Version>",
            super::ec2::template_id(&spec.name),
            // A template's name has no blanks, and a group's may have.
            name.replace(' ', "-")
        )
    };
    let launches = if spec.types.is_empty() {
        let version = escaped(&spec.template_version);
        format!("<LaunchTemplate>{}</LaunchTemplate>", template(&version))
    } else {
        let overrides: String = spec
            .types
            .iter()
            .map(|kind| {
                format!(
                    "<member><InstanceType>{}</InstanceType></member>",
                    escaped(kind)
                )
            })
            .collect();
        format!(
            "<MixedInstancesPolicy><LaunchTemplate><LaunchTemplateSpecification>{}</LaunchTemplateSpecification>\
             <Overrides>{overrides}</Overrides></LaunchTemplate><InstancesDistribution/></MixedInstancesPolicy>",
            template("1")
        )
    };
    let instance = |one: &Instance| {
        let kind = one.attributes.get("ecs.instance-type").cloned().flatten();
        format!(
            "<member><InstanceId>{}</InstanceId><InstanceType>{}</InstanceType><AvailabilityZone>{}</AvailabilityZone>\
             <LifecycleState>InService</LifecycleState><HealthStatus>Healthy</HealthStatus>\
             <LaunchTemplate>{}</LaunchTemplate><ProtectedFromScaleIn>false</ProtectedFromScaleIn></member>",
            one.ec2_id,
            escaped(&kind.unwrap_or_default()),
            one.az,
            template("1")
        )
    };
    let own = world
        .instances
        .iter()
        .filter(|one| one.capacity_provider.as_deref().map(last_part) == Some(spec.name.as_str()));
    let instances: String = own.map(instance).collect();
    format!(
        "<member><AutoScalingGroupName>{name}</AutoScalingGroupName><MinSize>{}</MinSize><MaxSize>{}</MaxSize>\
         <DesiredCapacity>{}</DesiredCapacity><DefaultCooldown>300</DefaultCooldown>{launches}\
         <AvailabilityZones><member>{}</member></AvailabilityZones><HealthCheckType>EC2</HealthCheckType>\
         <CreatedTime>{}</CreatedTime>\
         <Instances>{instances}</Instances><SuspendedProcesses/><Tags/></member>",
        spec.min,
        spec.max,
        provider.desired,
        zone,
        iso(provider.created / 1000)
    )
}

fn activities(world: &World, body: &Value) -> Result<String, Refusal> {
    check(body, &["AutoScalingGroupName", "MaxRecords"])?;
    let asked = body["AutoScalingGroupName"].as_str().unwrap_or_default();
    let Some(provider) = scaled(world).find(|one| one.spec.name == asked) else {
        let text =
            format!("AutoScalingGroup name not found - AutoScalingGroup '{asked}' not found");
        return Err(Refusal::new("ValidationError", text));
    };
    let newest = provider.activities.iter().rev().take(size(body)?);
    let members: String = newest.map(|one| activity(asked, one)).collect();
    Ok(format!("<Activities>{members}</Activities>"))
}

fn activity(group: &str, one: &Activity) -> String {
    let (at, desired) = (iso(one.at / 1000), one.desired);
    let message = if one.message.is_empty() {
        String::new()
    } else {
        format!("<StatusMessage>{}</StatusMessage>", escaped(&one.message))
    };
    format!(
        "<member><ActivityId>{:08x}-0000-4000-8000-{:012x}</ActivityId>\
         <AutoScalingGroupName>{}</AutoScalingGroupName><Description>Launching a new EC2 instance</Description>\
         <Cause>At {at} an instance was started in response to a difference between desired and actual \
         capacity, increasing the capacity from {} to {desired}.</Cause>\
         <StartTime>{at}</StartTime><StatusCode>{}</StatusCode>{message}<Progress>100</Progress></member>",
        desired,
        one.at,
        escaped(group),
        desired.saturating_sub(1),
        one.status
    )
}
