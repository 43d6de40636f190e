//! The forecast as the JSON report holds it: the public contract's names and units.

use serde_json::{Value, json};

use crate::capacity::{Blocker, Forecast, Gpus, InstanceView, Lack, TaskNeeds};
use crate::cause::{CauseKind, Remedy};
use crate::wording;

/// `forecast` of one service in the report.
pub(in crate::report) fn forecast(forecast: &Forecast) -> Value {
    json!({
        "verdict": forecast.verdict.as_str(),
        "kind": forecast.kind.map(CauseKind::as_str),
        "lower": forecast.bounds.lower,
        "upper": forecast.bounds.upper,
        "headline": wording::headline(forecast),
        "reasons": wording::reasons(forecast),
        "needs": needs(&forecast.needs),
        "blockers": forecast.blockers.iter().map(blocker).collect::<Vec<_>>(),
        "instances": forecast.instances.iter().map(instance).collect::<Vec<_>>(),
        "instancesLeftOut": forecast.left_out,
        "remedies": forecast.remedies.iter().map(remedy).collect::<Vec<_>>(),
    })
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
    let (needed, free, short) = match blocker.lack {
        Lack::Amount { needed, free } => {
            let short = free.map(|free| needed - free);
            (json!(needed), json!(free), json!(short))
        }
        _ => {
            let (needed, free) = (wording::needed(blocker), wording::free(blocker));
            (json!(needed), json!(free), Value::Null)
        }
    };
    json!({
        "kind": blocker.kind.as_str(),
        "instance": blocker.instance,
        "needed": needed,
        "free": free,
        "short": short,
        "unit": wording::unit(blocker),
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
        "why": view.why.iter().map(wording::blocker).collect::<Vec<_>>(),
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
