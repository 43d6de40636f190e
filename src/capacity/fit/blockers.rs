//! Why one more task doesn't go on an instance: what is short, and by how much.
//!
//! It compares; it knows nothing of rollouts.

use crate::capacity::facts::known::{BOUNDLESS, Known, Range};
use crate::capacity::facts::needs::{Gpus, OS_TYPE, TaskNeeds};
use crate::capacity::facts::room::Room;
use crate::cause::CauseKind;

/// One thing that keeps a task from an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocker {
    /// What it is about.
    pub kind: CauseKind,
    /// The instance's id.
    pub instance: String,
    /// What is asked for, and what is there.
    pub lack: Lack,
    /// False where it only may be so, because something is not known.
    pub certain: bool,
}

/// What a task asks of an instance, and what is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lack {
    /// In the unit of the blocker's kind: CPU units, MiB, network interfaces or GPUs.
    Amount {
        needed: i64,
        /// What is left; absent where that is not known.
        free: Option<i64>,
    },
    /// A host port that is taken.
    Port { port: Port },
    /// An attribute.
    Attribute {
        name: String,
        /// One of these; any value will do where there is none.
        wanted: Vec<String>,
        /// The value that the instance has; absent where it lacks the attribute or its value.
        there: Option<String>,
    },
    /// The agent is not connected.
    Agent,
    /// The instance is not `ACTIVE`.
    Status { there: String },
    /// It is an instance of none of the service's capacity providers.
    CapacityProvider {
        wanted: Vec<String>,
        /// The one that it is of; absent where it is of none.
        there: Option<String>,
    },
    /// It doesn't match a `memberOf` expression; whether that is known is in `certain`.
    MemberOf,
    /// A task of the service is there, and `distinctInstance` allows one.
    DistinctInstance,
}

/// A host port and its protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Port {
    /// The port of the host.
    pub number: u16,
    /// UDP rather than TCP.
    pub udp: bool,
}

impl Blocker {
    /// One that is certain.
    pub(in crate::capacity) fn of(kind: CauseKind, room: &Room<'_>, lack: Lack) -> Blocker {
        Blocker {
            kind,
            instance: room.instance.id().to_owned(),
            lack,
            certain: true,
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
pub(in crate::capacity) fn why_not_among(
    needs: &TaskNeeds,
    room: &Room<'_>,
    look: bool,
) -> Vec<Blocker> {
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
pub(in crate::capacity) fn gpus_needed(needs: &TaskNeeds, room: &Room<'_>) -> i64 {
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
pub(in crate::capacity) fn has_attribute(room: &Room<'_>, name: &str, value: Option<&str>) -> bool {
    match (room.instance.attributes.get(name), value) {
        // An instance that doesn't say which system it runs is not held to be another one.
        (None, _) => name == OS_TYPE,
        (Some(_), None) => true,
        (Some(there), Some(value)) => there.as_deref() == Some(value),
    }
}

fn closed(room: &Room<'_>) -> Option<Blocker> {
    let status = room.instance.status.as_str();
    let (kind, lack) = match room.open {
        Known::Yes => return None,
        Known::Unknown | Known::No if status == "ACTIVE" => (CauseKind::Agent, Lack::Agent),
        Known::Unknown | Known::No => {
            let there = status.to_owned();
            (CauseKind::NoInstances, Lack::Status { there })
        }
    };
    Some(Blocker {
        certain: room.open == Known::No,
        ..Blocker::of(kind, room, lack)
    })
}

fn missing_attributes(needs: &TaskNeeds, room: &Room<'_>) -> Vec<Blocker> {
    let lacks = needs
        .attributes
        .iter()
        .filter(|required| !has_attribute(room, &required.name, required.value.as_deref()));
    lacks
        .map(|required| {
            let lack = Lack::Attribute {
                name: required.name.clone(),
                wanted: required.value.iter().cloned().collect(),
                there: room.instance.attribute(&required.name).map(str::to_owned),
            };
            Blocker {
                certain: required.certain,
                ..Blocker::of(CauseKind::Attribute, room, lack)
            }
        })
        .collect()
}

fn taken_ports(needs: &TaskNeeds, room: &Room<'_>) -> Vec<Blocker> {
    let left = &room.instance.remaining;
    let port = |udp: bool| {
        move |number: &u16| Port {
            number: *number,
            udp,
        }
    };
    let tcp = needs.tcp_ports.intersection(&left.tcp_ports);
    let udp = needs.udp_ports.intersection(&left.udp_ports);
    tcp.map(port(false))
        .chain(udp.map(port(true)))
        .map(|port| Blocker::of(CauseKind::Port, room, Lack::Port { port }))
        .collect()
}

/// The blocker where `needed` is more than there is; not certain where there may be enough.
pub(in crate::capacity) fn short(
    kind: CauseKind,
    room: &Room<'_>,
    needed: i64,
    free: Range,
) -> Option<Blocker> {
    if needed <= 0 || needed <= free.least {
        return None;
    }
    let certain = needed > free.most;
    // What is there for sure, where that was said.
    let said = !room.unread && kind != CauseKind::Eni;
    let free = match (certain && free.most < BOUNDLESS, said) {
        (true, _) => Some(free.most),
        (false, true) => Some(free.least),
        (false, false) => free.exact(),
    };
    Some(Blocker {
        certain,
        ..Blocker::of(kind, room, Lack::Amount { needed, free })
    })
}
