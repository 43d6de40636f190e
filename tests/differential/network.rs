//! The services' subnets and the limits of instance types, as EC2 tells them.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use plimsoll::capacity::{Addresses, EniLimits, FargateLimits};
use plimsoll::survey::Survey;
use plimsoll_sim::{Answer, Sim};
use serde_json::Value;

use crate::plan::Plan;

/// The network interfaces of the types in the worlds, the primary one included.
const INTERFACES: [(&str, u32); 8] = [
    ("t2.micro", 2),
    ("t3.small", 3),
    ("t4g.large", 3),
    ("c5.large", 3),
    ("m5.large", 3),
    ("m5.xlarge", 4),
    ("m5.4xlarge", 8),
    ("g4dn.xlarge", 3),
];

pub(crate) fn eni_limits() -> EniLimits {
    let mut limits = EniLimits::default();
    for (kind, interfaces) in INTERFACES {
        limits.set_interfaces(kind, interfaces);
    }
    limits
}

/// Zones and addresses of each service's subnets; for services on Fargate its limits.
pub(crate) fn read(sim: &Sim, plan: &Plan, described: &[Value], survey: &mut Survey) {
    for (party, service) in plan.deployed.iter().zip(described) {
        let configuration = &service["networkConfiguration"]["awsvpcConfiguration"];
        let ids = configuration["subnets"].as_array();
        let ids = ids.into_iter().flatten().filter_map(Value::as_str);
        let own: Vec<(String, i64)> = ids.map(|id| subnet(sim, id)).collect();
        let name = party.name.to_owned();
        if party.fargate {
            let limits = FargateLimits {
                quota: plan.quota,
                // What the whole account uses nobody tells.
                in_use: None,
                addresses: Some(own.iter().map(|(_, free)| free).sum()),
            };
            survey.fargate.insert(name, limits);
        } else if !own.is_empty() {
            let zones: BTreeSet<String> = own.iter().map(|(zone, _)| zone.clone()).collect();
            let counted = own.into_iter().map(|(zone, free)| (zone, Some(free)));
            let addresses: BTreeMap<String, Addresses> = Addresses::by_zone(counted).unwrap();
            survey.zones.insert(name.clone(), zones);
            survey.addresses.insert(name, addresses);
        }
    }
}

/// The zone of a subnet, and its free addresses.
fn subnet(sim: &Sim, id: &str) -> (String, i64) {
    let body = format!("Action=DescribeSubnets&Version=2016-11-15&SubnetId.1={id}");
    let request = http::Request::post("/").body(Bytes::from(body)).unwrap();
    let now = sim.with(|world| world.now());
    let Answer::Response(answer) = sim.answer(now, &request) else {
        panic!("no fault was asked for");
    };
    let answer = String::from_utf8(answer.body().to_vec()).unwrap();
    let text = |name: &str| {
        let rest = answer.split(&format!("<{name}>")).nth(1);
        let text = rest.and_then(|rest| rest.split('<').next());
        text.expect(&answer).to_owned()
    };
    let free = text("availableIpAddressCount").parse().unwrap();
    (text("availabilityZone"), free)
}
