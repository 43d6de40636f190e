//! Why one more task doesn't go on an instance: what is short, and by how much.
//!
//! It compares; it knows nothing of rollouts.

use serde_json::{Value, json};

use super::needs::{Gpus, OS_TYPE, TaskNeeds};
use super::room::{BOUNDLESS, Room, Span, Tri};
use crate::cause::CauseKind;

/// One thing that keeps a task from an instance (or from everywhere).
#[derive(Clone, Debug, PartialEq)]
pub struct Blocker {
    pub kind: CauseKind,
    /// The instance's id; empty where it is about no single instance.
    pub instance: String,
    /// A number in `unit`, or the value that is asked for.
    pub needed: Value,
    /// A number in `unit`, or the value that is there; null where it is not known.
    pub free: Value,
    /// `needed` less `free`; null where it is no number.
    pub short: Value,
    /// `CPU units`, `MiB`, `port`, `network interfaces`, `GPUs`, `attribute`, …
    pub unit: &'static str,
    /// False where it only may be so, because something is not known.
    pub certain: bool,
}

impl Blocker {
    /// A blocker that is about words, not about amounts.
    pub fn of_value(kind: CauseKind, room: &Room<'_>, needed: &str, free: Option<&str>) -> Blocker {
        let unit = match kind {
            CauseKind::Attribute => "attribute",
            CauseKind::Port => "port",
            CauseKind::Constraint => "placement constraint",
            CauseKind::CapacityProvider => "capacity provider",
            _ => "status",
        };
        Blocker {
            kind,
            instance: room.instance.id().to_owned(),
            needed: json!(needed),
            free: json!(free),
            short: Value::Null,
            unit,
            certain: true,
        }
    }

    /// The same in words: `16384 MiB needed, 15360 free, 1024 short`.
    pub fn sentence(&self) -> String {
        let words = |value: &Value| {
            value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned)
        };
        let (needed, free) = (words(&self.needed), words(&self.free));
        match self.kind {
            _ if !self.short.is_null() => {
                let unit = match self.needed.as_i64() {
                    Some(1) => self.unit.strip_suffix('s').unwrap_or(self.unit),
                    _ => self.unit,
                };
                let short = words(&self.short);
                format!("{needed} {unit} needed, {free} free, {short} short")
            }
            CauseKind::Port => format!("host port {needed} is taken"),
            CauseKind::Attribute if self.free.is_null() => {
                format!("attribute `{needed}` is missing")
            }
            CauseKind::Attribute => format!("attribute `{needed}` asked for, `{free}` there"),
            CauseKind::Agent => "the agent is not connected".to_owned(),
            CauseKind::NoInstances => format!("the instance is {free}, not {needed}"),
            CauseKind::CapacityProvider if self.free.is_null() => {
                format!("not an instance of the capacity provider {needed}")
            }
            CauseKind::CapacityProvider => {
                format!("an instance of the capacity provider {free}, not of {needed}")
            }
            _ if self.free.is_null() => format!("{needed} is not known"),
            _ => format!("{needed}, but {free}"),
        }
    }
}

/// What one more task lacks on this instance just now; empty where it fits.
///
/// Placement constraints and capacity providers are the service's affair, not looked at here.
pub fn why_not(needs: &TaskNeeds, room: &Room<'_>) -> Vec<Blocker> {
    why_not_among(needs, room, true)
}

/// The same where it may be known that the room has all attributes (`look` is false).
pub(super) fn why_not_among(needs: &TaskNeeds, room: &Room<'_>, look: bool) -> Vec<Blocker> {
    let mut why = Vec::from_iter(closed(room));
    if look {
        why.extend(missing_attributes(needs, room));
    }
    why.extend(short(CauseKind::Cpu, room, needs.cpu, room.cpu));
    why.extend(short(CauseKind::Memory, room, needs.memory, room.memory));
    why.extend(taken_ports(needs, room));
    why.extend(short(
        CauseKind::Eni,
        room,
        i64::from(needs.enis),
        room.enis,
    ));
    why.extend(short(
        CauseKind::Gpu,
        room,
        gpus_needed(needs, room),
        room.gpus,
    ));
    why
}

/// How many GPUs a task takes of this instance.
pub(super) fn gpus_needed(needs: &TaskNeeds, room: &Room<'_>) -> i64 {
    match needs.gpus {
        Gpus::Count(count) => i64::from(count),
        // All of them, and there must be one.
        Gpus::All => room
            .instance
            .registered
            .gpus
            .map_or(1, |all| i64::from(all.max(1))),
    }
}

/// Whether the instance has the attribute with the value that is asked for.
pub(super) fn has_attribute(room: &Room<'_>, name: &str, value: Option<&str>) -> bool {
    match (room.instance.attributes.get(name), value) {
        // An instance that doesn't say which system it runs is not held to be another one.
        (None, _) => name == OS_TYPE,
        (Some(_), None) => true,
        (Some(there), Some(value)) => there.as_deref() == Some(value),
    }
}

fn closed(room: &Room<'_>) -> Option<Blocker> {
    let status = room.instance.status.as_str();
    let certain = room.open == Tri::No;
    match room.open {
        Tri::Yes => None,
        Tri::Maybe | Tri::No if status == "ACTIVE" => {
            let blocker =
                Blocker::of_value(CauseKind::Agent, room, "connected", Some("not connected"));
            Some(Blocker { certain, ..blocker })
        }
        Tri::Maybe | Tri::No => {
            let blocker = Blocker::of_value(CauseKind::NoInstances, room, "ACTIVE", Some(status));
            Some(Blocker { certain, ..blocker })
        }
    }
}

fn missing_attributes(needs: &TaskNeeds, room: &Room<'_>) -> Vec<Blocker> {
    let lacks = needs
        .attributes
        .iter()
        .filter(|required| !has_attribute(room, &required.name, required.value.as_deref()));
    lacks
        .map(|required| {
            let needed = match &required.value {
                Some(value) => format!("{}={value}", required.name),
                None => required.name.clone(),
            };
            let there = room.instance.attribute(&required.name);
            let blocker = Blocker::of_value(CauseKind::Attribute, room, &needed, there);
            Blocker {
                certain: required.certain,
                ..blocker
            }
        })
        .collect()
}

fn taken_ports(needs: &TaskNeeds, room: &Room<'_>) -> Vec<Blocker> {
    let left = &room.instance.remaining;
    let tcp = needs
        .tcp_ports
        .intersection(&left.tcp_ports)
        .map(|port| (*port, "tcp"));
    let udp = needs
        .udp_ports
        .intersection(&left.udp_ports)
        .map(|port| (*port, "udp"));
    tcp.chain(udp)
        .map(|(port, protocol)| {
            Blocker::of_value(
                CauseKind::Port,
                room,
                &format!("{port}/{protocol}"),
                Some("taken"),
            )
        })
        .collect()
}

/// The blocker where `needed` is more than there is; not certain where there may be enough.
pub(super) fn short(kind: CauseKind, room: &Room<'_>, needed: i64, free: Span) -> Option<Blocker> {
    if needed <= 0 || needed <= free.least {
        return None;
    }
    let unit = match kind {
        CauseKind::Cpu => "CPU units",
        CauseKind::Memory => "MiB",
        CauseKind::Gpu => "GPUs",
        _ => "network interfaces",
    };
    let certain = needed > free.most;
    // What is there for sure, where that was said.
    let said = !room.unread && kind != CauseKind::Eni;
    let shown = match (certain && free.most < BOUNDLESS, said) {
        (true, _) => Some(free.most),
        (false, true) => Some(free.least),
        (false, false) => free.exact(),
    };
    Some(Blocker {
        kind,
        instance: room.instance.id().to_owned(),
        needed: json!(needed),
        free: json!(shown),
        short: json!(shown.map(|free| needed - free)),
        unit,
        certain,
    })
}
