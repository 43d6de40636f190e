//! An attribute that the instances lack. AWS never names it; it is worked out here.

use std::collections::BTreeSet;

use crate::cause::{CauseKind, Remedy};
use crate::definition::Required;
use crate::diagnosis::placement::{closest, subject};
use crate::diagnosis::rules::Rule;
use crate::diagnosis::finding::Finding;
use crate::diagnosis::observations::Observations;
use crate::diagnosis::words::{advise, code, codes};
use crate::snapshot::Instance;

pub(super) const RULE: Rule = Rule {
    kind: CauseKind::Attribute,
    description: "the container instances lack an attribute that the task definition requires",
    link: "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html",
    check,
};

fn check(seen: &Observations<'_>) -> Option<Finding> {
    let observed = seen.of(CauseKind::Attribute)?;
    // The closest instance where it is known, else what each of them lacks.
    let looked_at: Vec<&Instance> = match closest(&observed) {
        Some(instance) => vec![instance],
        None => seen.evidence.instances.iter().collect(),
    };
    let lacking: Vec<Required<'_>> = seen
        .definition
        .requires_attributes()
        .filter(|one| !looked_at.is_empty() && looked_at.iter().all(|it| !has(it, *one)))
        .collect();
    let names: BTreeSet<String> = lacking.iter().map(|one| written(*one)).collect();
    let names = codes(names.iter().map(String::as_str));
    let awsvpc = seen.definition.network_mode() == "awsvpc";
    let message = if !lacking.is_empty() && observed.closest().is_some() {
        format!("{} lacks what the task definition requires: {names}", subject(&observed))
    } else if !lacking.is_empty() {
        format!("no container instance has what the task definition requires: {names}")
    } else if awsvpc && seen.definition.requires_attributes().next().is_some() && !looked_at.is_empty() {
        "an instance has all attributes that the task definition requires, so most likely it is in \
         another VPC or Availability Zone than the service's subnets"
            .to_owned()
    } else {
        format!("{} lacks an attribute, and AWS doesn't say which", subject(&observed))
    };
    let mut remedies: Vec<Remedy> = lacking.iter().map(|one| advise(way_out(*one))).collect();
    remedies.dedup();
    if lacking.is_empty() && awsvpc {
        let subnets = seen.evidence.service.network.as_ref().map_or(&[][..], |all| all.subnets.as_slice());
        remedies.push(advise(format!(
            "compare the Availability Zones of the service's subnets ({}) with those of the instances",
            codes(subnets.iter().map(String::as_str)),
        )));
    }
    Some(observed.found(message, remedies))
}

fn has(instance: &Instance, required: Required<'_>) -> bool {
    match required.value {
        Some(value) => instance.attribute(required.name) == Some(value),
        None => instance.attributes.contains_key(required.name),
    }
}

fn written(required: Required<'_>) -> String {
    match required.value {
        Some(value) => format!("{}={value}", required.name),
        None => required.name.to_owned(),
    }
}

/// What gives an instance the attribute.
fn way_out(required: Required<'_>) -> String {
    let name = required.name;
    if let Some((_, driver)) = name.split_once("capability.logging-driver.") {
        return format!(
            "add {} to `ECS_AVAILABLE_LOGGING_DRIVERS` in `/etc/ecs/ecs.config`, or use another log driver",
            code(driver),
        );
    }
    match name {
        "ecs.cpu-architecture" | "ecs.os-type" | "ecs.os-family" => format!(
            "run on instances of that platform ({}), or change `runtimePlatform` in the task definition",
            code(&written(required)),
        ),
        "ecs.capability.task-eni" => {
            "update the ECS agent (or the ECS-optimized AMI) for `awsvpc`, or use another network mode".to_owned()
        }
        _ if name.contains("task-iam-role") => {
            "set `ECS_ENABLE_TASK_IAM_ROLE=true` in `/etc/ecs/ecs.config` of the instances".to_owned()
        }
        _ if name.contains("gpu") || name.contains("nvidia") => {
            "use the GPU-optimized AMI, with `ECS_ENABLE_GPU_SUPPORT=true`".to_owned()
        }
        _ if name.contains("capability.") => {
            format!("update the ECS agent on the instances: {} comes with a newer one", code(name))
        }
        _ => format!("put the attribute {} on an instance (`aws ecs put-attributes`)", code(&written(required))),
    }
}
