//! Load balancers: how a target group sees its targets, and where it is listened for.

use super::signed::{Ask, Service};
use super::xml::Element;
use super::{Aws, AwsError};
use crate::snapshot::TargetHealth;

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
    ///
    /// # Errors
    ///
    /// [`AwsError`]: the call is denied or fails, or its answer can't be read.
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

impl Aws {
    /// The address at which a public load balancer listens for a target group: that of a listener
    /// whose default action forwards to it, HTTPS before HTTP. None where there is no such one; a
    /// group behind a rule has an address that only the rule's conditions tell.
    ///
    /// # Errors
    ///
    /// [`AwsError`]: the call is denied or fails, or its answer can't be read.
    pub async fn address(&self, group: &str) -> Result<Option<String>, AwsError> {
        let action = "elasticloadbalancing:DescribeTargetGroups";
        let groups = self
            .balancing(action, "TargetGroupArns.member.1", group)
            .await?;
        let balancer = groups.list("TargetGroups").first();
        let balancer = balancer.and_then(|group| group.list("LoadBalancerArns").first());
        let Some(arn) = balancer.map(|arn| arn.text.clone()) else {
            return Ok(None);
        };
        let action = "elasticloadbalancing:DescribeLoadBalancers";
        let balancers = self
            .balancing(action, "LoadBalancerArns.member.1", &arn)
            .await?;
        let public = balancers.list("LoadBalancers").iter().find(|one| {
            one.text_of("Scheme") == "internet-facing" && !one.text_of("DNSName").is_empty()
        });
        let Some(host) = public.map(|one| one.text_of("DNSName")) else {
            return Ok(None);
        };
        let action = "elasticloadbalancing:DescribeListeners";
        let listeners = self.balancing(action, "LoadBalancerArn", &arn).await?;
        let fronts = listeners.list("Listeners").iter();
        let fronts = fronts.filter(|listener| forwards(listener, group));
        Ok(fronts
            .filter_map(|listener| listened(listener, host))
            .max_by_key(|address| address.starts_with("https")))
    }

    /// One read of ELB; the inside of its result.
    async fn balancing(
        &self,
        action: &'static str,
        parameter: &str,
        arn: &str,
    ) -> Result<Element, AwsError> {
        let ask = Ask {
            service: &LOAD_BALANCING,
            action,
            subject: format!("`{arn}`"),
        };
        let answer = self
            .query(&ask, &[(parameter.to_owned(), arn.to_owned())])
            .await?;
        let result = answer.child(&format!("{}Result", ask.operation())).cloned();
        result.ok_or_else(|| ask.incomplete("the answer has no result"))
    }
}

/// Whether the listener's default action leads to the group.
fn forwards(listener: &Element, group: &str) -> bool {
    listener.list("DefaultActions").iter().any(|action| {
        let config = action.child("ForwardConfig");
        let groups = config.map_or(&[][..], |config| config.list("TargetGroups"));
        let mut groups = groups.iter().chain([action]);
        groups.any(|one| one.text_of("TargetGroupArn") == group)
    })
}

/// The address of a listener that a browser can ask.
fn listened(listener: &Element, host: &str) -> Option<String> {
    let (scheme, usual) = match listener.text_of("Protocol") {
        "HTTPS" => ("https", 443),
        "HTTP" => ("http", 80),
        _ => return None,
    };
    let port: u16 = listener.number("Port")?;
    Some(if port == usual {
        format!("{scheme}://{host}")
    } else {
        format!("{scheme}://{host}:{port}")
    })
}
