//! What one task needs, and what of its definition could not be read.

use std::fmt::Write as _;

use super::plural;
use crate::capacity::{Gpus, TaskNeeds, Unreadable};

/// `6144 CPU units, 16384 MiB, 1 network interface`.
pub fn needs(needs: &TaskNeeds) -> String {
    let mut text = format!("{} CPU units, {} MiB", needs.cpu, needs.memory);
    for (ports, protocol) in [(&needs.tcp_ports, "tcp"), (&needs.udp_ports, "udp")] {
        for port in ports {
            let _ = write!(text, ", host port {port}/{protocol}");
        }
    }
    if needs.enis > 0 {
        text.push_str(", 1 network interface");
    }
    match needs.gpus {
        Gpus::Count(0) => {}
        Gpus::Count(count) => {
            let _ = write!(text, ", {count} {}", plural(count, "GPU"));
        }
        Gpus::All => text.push_str(", all GPUs"),
    }
    text
}

/// What could not be read, as one sentence.
pub(super) fn unreadable(problem: &Unreadable) -> String {
    match problem {
        Unreadable::NoContainers => "the task definition has no `containerDefinitions`".to_owned(),
        Unreadable::TaskSize { member, value } => {
            format!("the task's `{member}` is not a size: {value}")
        }
        Unreadable::ContainerSize { member, value } => {
            format!("a container's `{member}` is not a size: {value}")
        }
        Unreadable::Gpus { value } => {
            format!("a container's number of GPUs can't be read: {value}")
        }
        Unreadable::HostPort { value } => format!("a host port can't be read: {value}"),
    }
}
