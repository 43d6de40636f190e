//! Load balancers: how a target group sees its targets.

use super::signed::{Ask, Service};
use super::xml::Element;
use super::{Aws, AwsError};
use crate::diagnosis::TargetHealth;

const LOAD_BALANCING: Service = Service {
    id: "Elastic Load Balancing v2",
    host: "elasticloadbalancing",
    api: "2015-12-01",
};
/// Targets of one group that are kept; ELB's own limit is a thousand.
const TARGETS_MAX: usize = 1000;

impl Aws {
    /// DescribeTargetHealth for one target group, by its ARN. Which task is behind a target isn't
    /// known here.
    pub async fn target_health(&self, group: &str) -> Result<Vec<TargetHealth>, AwsError> {
        let action = "elasticloadbalancing:DescribeTargetHealth";
        let ask = Ask {
            service: &LOAD_BALANCING,
            action,
            subject: format!("target group `{group}`"),
        };
        let answer = self
            .query(&ask, &[("TargetGroupArn".to_owned(), group.to_owned())])
            .await?;
        let result = answer.child("DescribeTargetHealthResult");
        let members = result.map_or(&[][..], |result| result.list("TargetHealthDescriptions"));
        Ok(members
            .iter()
            .take(TARGETS_MAX)
            .map(|member| target(group, member))
            .collect())
    }
}

fn target(group: &str, member: &Element) -> TargetHealth {
    let nothing = Element::default();
    let target = member.child("Target").unwrap_or(&nothing);
    let health = member.child("TargetHealth").unwrap_or(&nothing);
    TargetHealth {
        group: group.to_owned(),
        task: None,
        target: target.text_of("Id").to_owned(),
        port: target.number("Port").unwrap_or_default(),
        state: health.text_of("State").to_owned(),
        reason: health.text_of("Reason").to_owned(),
        description: health.text_of("Description").to_owned(),
    }
}
