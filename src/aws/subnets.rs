//! The subnets of services whose tasks have network interfaces of their own: zones and addresses.

use std::collections::{BTreeMap, BTreeSet};

use super::ec2::EC2;
use super::signed::Ask;
use super::xml::Element;
use super::{Aws, AwsError};

/// Subnets that are asked for at all, in one call: a service has at most sixteen.
const SUBNETS_MAX: usize = 160;

/// A subnet as far as a task in it depends on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Subnet {
    /// `eu-west-1a`.
    pub(super) zone: String,
    /// IPv4 addresses that nothing has taken; an IPv6-only subnet counts none and needs none.
    pub(super) free: Option<i64>,
}

impl Aws {
    /// DescribeSubnets for these ids, by id; an answer without a zone or a count is left out.
    pub(super) async fn subnets(
        &self,
        ids: &BTreeSet<&str>,
    ) -> Result<BTreeMap<String, Subnet>, AwsError> {
        let ids: Vec<&str> = ids.iter().copied().take(SUBNETS_MAX).collect();
        let list: Vec<String> = ids.iter().map(|id| format!("`{id}`")).collect();
        let ask = Ask {
            service: &EC2,
            action: "ec2:DescribeSubnets",
            subject: list.join(", "),
        };
        let asked = ids.iter().zip(1..);
        let asked = asked.map(|(id, place)| (format!("SubnetId.{place}"), (*id).to_owned()));
        // Ids and pages exclude one another: all that are asked for come in one answer.
        let answer = self.query(&ask, &asked.collect::<Vec<_>>()).await?;
        Ok(answer.list("subnetSet").iter().filter_map(subnet).collect())
    }
}

fn subnet(item: &Element) -> Option<(String, Subnet)> {
    let zone = item.text_of("availabilityZone").to_owned();
    let free = item
        .number("availableIpAddressCount")
        .filter(|_| item.text_of("ipv6Native") != "true");
    (!zone.is_empty()).then(|| (item.text_of("subnetId").to_owned(), Subnet { zone, free }))
}
