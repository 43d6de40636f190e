//! The forecast as the JSON report holds it: the public contract's names and units.

use serde_json::{Value, json};

use super::forecast::Forecast;
use super::needs::{Gpus, TaskNeeds};
use super::view::InstanceView;
use super::why::Blocker;
use crate::cause::Remedy;

impl Forecast {
    /// `forecast` of one service in the report.
    pub fn to_json(&self) -> Value {
        json!({
            "verdict": self.verdict.as_str(),
            "lower": self.bounds.lower,
            "upper": self.bounds.upper,
            "headline": self.headline,
            "reasons": self.reasons,
            "needs": needs(&self.needs),
            "blockers": self.blockers.iter().map(blocker).collect::<Vec<_>>(),
            "instances": self.instances.iter().map(instance).collect::<Vec<_>>(),
            "instancesLeftOut": self.left_out,
            "remedies": self.remedies.iter().map(remedy).collect::<Vec<_>>(),
        })
    }
}

fn needs(needs: &TaskNeeds) -> Value {
    let ports: Vec<u16> = needs.tcp_ports.union(&needs.udp_ports).copied().collect();
    let gpus = match needs.gpus {
        Gpus::Count(count) => json!(count),
        Gpus::All => json!("ALL"),
    };
    json!({
        "cpu": needs.cpu,
        "memoryMiB": needs.memory,
        "ports": ports,
        "enis": needs.enis,
        "gpus": gpus,
    })
}

fn blocker(blocker: &Blocker) -> Value {
    json!({
        "kind": blocker.kind.as_str(),
        "instance": blocker.instance,
        "needed": blocker.needed,
        "free": blocker.free,
        "short": blocker.short,
        "unit": blocker.unit,
    })
}

fn instance(view: &InstanceView) -> Value {
    json!({
        "id": view.id,
        "ec2InstanceId": view.ec2_instance_id,
        "type": view.instance_type,
        "status": view.status,
        "agentConnected": view.agent_connected,
        "free": {
            "cpu": view.free.cpu,
            "memoryMiB": view.free.memory,
            "ports": view.free.ports_taken,
            "enis": view.free.enis,
            "gpus": view.free.gpus,
        },
        "fits": view.fits,
        "why": view.why,
    })
}

fn remedy(remedy: &Remedy) -> Value {
    json!({
        "text": remedy.text,
        "change": remedy.change,
        "cost": remedy.cost,
        "checked": remedy.checked,
    })
}
