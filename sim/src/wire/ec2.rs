//! EC2: instance types, subnets, and the launch templates of the groups.

use serde_json::Value;

use super::Api;
use super::forms::{check, escaped, items, unknown};
use crate::world::{INSTANCE_TYPES, Refusal, SubnetSpec, World};

/// DescribeInstanceTypes takes no more names.
const TYPES_MOST: usize = 100;

pub(super) fn handle(world: &World, name: &str, body: &Value) -> Result<String, Refusal> {
    match name {
        "DescribeInstanceTypes" => types(body),
        "DescribeSubnets" => subnets(world, body),
        "DescribeLaunchTemplateVersions" => versions(world, body),
        _ => Err(unknown(Api::Ec2, name)),
    }
}

fn types(body: &Value) -> Result<String, Refusal> {
    check(body, &["InstanceType."])?;
    let asked = items(body, "InstanceType.");
    if asked.is_empty() || asked.len() > TYPES_MOST {
        let text = format!("between 1 and {TYPES_MOST} instance types are taken here");
        return Err(Refusal::new("InvalidParameterValue", text));
    }
    let known = |name: &str| INSTANCE_TYPES.iter().find(|known| known.0 == name);
    let missing: Vec<&str> = asked
        .iter()
        .copied()
        .filter(|name| known(name).is_none())
        .collect();
    if !missing.is_empty() {
        let list = missing.join(", ");
        return Err(Refusal::new(
            "InvalidInstanceType",
            format!("The following supplied instance types do not exist: [{list}]"),
        ));
    }
    let one = |(name, cpu, memory, slots, ..): &(&str, i64, i64, usize, u32, &str)| {
        // What the machine has before its system takes a part.
        let nominal = u64::try_from(*memory)
            .unwrap_or_default()
            .next_power_of_two();
        format!(
            "<item><instanceType>{name}</instanceType><currentGeneration>true</currentGeneration>\
             <vCpuInfo><defaultVCpus>{}</defaultVCpus></vCpuInfo><memoryInfo><sizeInMiB>{nominal}</sizeInMiB></memoryInfo>\
             <networkInfo><maximumNetworkInterfaces>{}</maximumNetworkInterfaces></networkInfo></item>",
            cpu / 1024,
            slots + 1
        )
    };
    let set: String = asked.into_iter().filter_map(known).map(one).collect();
    Ok(format!("<instanceTypeSet>{set}</instanceTypeSet>"))
}

fn subnets(world: &World, body: &Value) -> Result<String, Refusal> {
    check(body, &["SubnetId."])?;
    let asked = items(body, "SubnetId.");
    let known = |id: &str| world.subnets.iter().find(|known| known.id == id);
    if let Some(id) = asked.iter().find(|id| known(id).is_none()) {
        let text = format!("The subnet ID '{id}' does not exist");
        return Err(Refusal::new("InvalidSubnetID.NotFound", text));
    }
    let one = |subnet: &SubnetSpec| {
        format!(
            "<item><subnetId>{}</subnetId><vpcId>{}</vpcId><state>available</state>\
             <availabilityZone>{}</availabilityZone>\
             <availableIpAddressCount>{}</availableIpAddressCount></item>",
            escaped(&subnet.id),
            escaped(&subnet.vpc),
            escaped(&subnet.zone),
            subnet.free.max(0)
        )
    };
    let set: String = asked.into_iter().filter_map(known).map(one).collect();
    Ok(format!("<subnetSet>{set}</subnetSet>"))
}

/// The launch template of a capacity provider's group.
pub(super) fn template_id(provider: &str) -> String {
    let number = provider.bytes().fold(0_u64, |sum, byte| {
        sum.wrapping_mul(31).wrapping_add(u64::from(byte))
    });
    format!("lt-0{number:016x}")
}

fn versions(world: &World, body: &Value) -> Result<String, Refusal> {
    check(body, &["LaunchTemplateId", "LaunchTemplateVersion."])?;
    let id = body["LaunchTemplateId"].as_str().unwrap_or_default();
    let provider = world
        .providers
        .iter()
        .find(|one| template_id(&one.spec.name) == id);
    let Some(provider) = provider else {
        let text = format!("The specified launch template, with template ID {id}, does not exist.");
        return Err(Refusal::new("InvalidLaunchTemplateId.NotFound", text));
    };
    let asked = items(body, "LaunchTemplateVersion.");
    if !asked
        .iter()
        .all(|asked| ["1", "$Latest", "$Default"].contains(asked))
    {
        let text = "Could not find the specified version for the launch template.";
        return Err(Refusal::new(
            "InvalidLaunchTemplateId.VersionNotFound",
            text,
        ));
    }
    let kind = escaped(&provider.spec.instance.ec2_type);
    Ok(format!(
        "<launchTemplateVersionSet><item><launchTemplateId>{id}</launchTemplateId><versionNumber>1</versionNumber>\
         <launchTemplateData><instanceType>{kind}</instanceType></launchTemplateData></item></launchTemplateVersionSet>"
    ))
}
