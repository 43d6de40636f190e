//! What keeps a task from an instance: `16384 MiB needed, 15360 free, 1024 short`.

use crate::capacity::{Blocker, Lack};
use crate::cause::CauseKind;

/// What is in the way, as one phrase.
pub fn blocker(blocker: &Blocker) -> String {
    match &blocker.lack {
        Lack::Amount {
            needed,
            free: Some(free),
        } => {
            let unit = unit_of(blocker, *needed);
            let short = needed - free;
            format!("{needed} {unit} needed, {free} free, {short} short")
        }
        Lack::Amount { needed, free: None } => format!("{needed} is not known"),
        Lack::Port { .. } => format!("host port {} is taken", needed(blocker)),
        Lack::Attribute { there: None, .. } => {
            format!("attribute `{}` is missing", needed(blocker))
        }
        Lack::Attribute {
            there: Some(there), ..
        } => format!("attribute `{}` asked for, `{there}` there", needed(blocker)),
        Lack::Agent => "the agent is not connected".to_owned(),
        Lack::Status { there } => format!("the instance is {there}, not {}", needed(blocker)),
        Lack::CapacityProvider { there: None, .. } => {
            format!(
                "not an instance of the capacity provider {}",
                needed(blocker)
            )
        }
        Lack::CapacityProvider {
            there: Some(there), ..
        } => format!(
            "an instance of the capacity provider {there}, not of {}",
            needed(blocker)
        ),
        Lack::MemberOf | Lack::DistinctInstance => match free(blocker) {
            Some(free) => format!("{}, but {free}", needed(blocker)),
            None => format!("{} is not known", needed(blocker)),
        },
    }
}

/// What is asked for, in a word.
pub fn needed(blocker: &Blocker) -> String {
    match &blocker.lack {
        Lack::Amount { needed, .. } => needed.to_string(),
        Lack::Port { port } => {
            let protocol = if port.udp { "udp" } else { "tcp" };
            format!("{}/{protocol}", port.number)
        }
        Lack::Attribute { name, wanted, .. } if wanted.is_empty() => name.clone(),
        Lack::Attribute { name, wanted, .. } => format!("{name}={}", wanted.join(" or ")),
        Lack::Agent => "connected".to_owned(),
        Lack::Status { .. } => "ACTIVE".to_owned(),
        Lack::CapacityProvider { wanted, .. } => wanted.join(", "),
        Lack::MemberOf => "memberOf".to_owned(),
        Lack::DistinctInstance => "distinctInstance".to_owned(),
    }
}

/// What is there instead, in a word; nothing where that is not known.
pub fn free(blocker: &Blocker) -> Option<String> {
    match &blocker.lack {
        Lack::Amount { free, .. } => free.map(|free| free.to_string()),
        Lack::Port { .. } => Some("taken".to_owned()),
        Lack::Attribute { there, .. } | Lack::CapacityProvider { there, .. } => there.clone(),
        Lack::Agent => Some("not connected".to_owned()),
        Lack::Status { there } => Some(there.clone()),
        Lack::MemberOf => blocker.certain.then(|| "does not match".to_owned()),
        Lack::DistinctInstance => Some("a task of this service is there".to_owned()),
    }
}

/// `CPU units`, `MiB`, `port`, `network interfaces`, `GPUs`, `attribute`, …
pub fn unit(blocker: &Blocker) -> &'static str {
    match &blocker.lack {
        Lack::Amount { .. } => unit_of(blocker, 2),
        Lack::Port { .. } => "port",
        Lack::Attribute { .. } => "attribute",
        Lack::Agent | Lack::Status { .. } => "status",
        Lack::CapacityProvider { .. } => "capacity provider",
        Lack::MemberOf | Lack::DistinctInstance => "placement constraint",
    }
}

/// The unit of an amount, for one or for several.
fn unit_of(blocker: &Blocker, amount: i64) -> &'static str {
    match (blocker.kind, amount) {
        (CauseKind::Cpu, 1) => "CPU unit",
        (CauseKind::Cpu, _) => "CPU units",
        (CauseKind::Memory, _) => "MiB",
        (CauseKind::Gpu, 1) => "GPU",
        (CauseKind::Gpu, _) => "GPUs",
        (_, 1) => "network interface",
        _ => "network interfaces",
    }
}
