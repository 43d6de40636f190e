//! The Auto Scaling groups behind capacity providers: how far they may grow, with which instance
//! types, and what came of their latest attempts.

use std::collections::BTreeSet;

use super::signed::{Ask, Service};
use super::xml::Element;
use super::{Aws, AwsError};
use crate::snapshot::ScalingGroup;

const AUTO_SCALING: Service = Service {
    id: "Auto Scaling",
    host: "autoscaling",
    api: "2011-01-01",
};
/// DescribeAutoScalingGroups takes fifty names.
const GROUPS_PER_CALL: usize = 50;
/// Activities that are looked at: retries of one failure follow each other by minutes.
const ACTIVITIES_MAX: usize = 5;

/// A group, and where its instance types are written if not in itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct DescribedGroup {
    pub(super) group: ScalingGroup,
    /// Id and version (a number, `$Latest` or `$Default`) of the launch template that gives the
    /// type where the group names none itself.
    pub(super) template: Option<(String, String)>,
}

impl Aws {
    /// DescribeAutoScalingGroups for these names; a group that is gone is left out.
    pub(super) async fn scaling_groups(
        &self,
        names: &BTreeSet<String>,
    ) -> Result<Vec<DescribedGroup>, AwsError> {
        let names: Vec<&String> = names.iter().collect();
        let mut groups = Vec::new();
        for names in names.chunks(GROUPS_PER_CALL) {
            let list: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
            let ask = Ask {
                service: &AUTO_SCALING,
                action: "autoscaling:DescribeAutoScalingGroups",
                subject: list.join(", "),
            };
            let asked = names.iter().zip(1..).map(|(name, place)| {
                (
                    format!("AutoScalingGroupNames.member.{place}"),
                    (*name).clone(),
                )
            });
            // As many groups as one page holds, so there is no second page.
            let answer = self.query(&ask, &asked.collect::<Vec<_>>()).await?;
            let result = answer.child("DescribeAutoScalingGroupsResult");
            let members = result.map_or(&[][..], |result| result.list("AutoScalingGroups"));
            groups.extend(members.iter().map(group));
        }
        Ok(groups)
    }

    /// DescribeScalingActivities: status and message of the latest, newest first, as far back as the
    /// last success. What failed before that explains nothing any more.
    pub(super) async fn scaling_activities(
        &self,
        group: &str,
    ) -> Result<Vec<(String, String)>, AwsError> {
        let ask = Ask {
            service: &AUTO_SCALING,
            action: "autoscaling:DescribeScalingActivities",
            subject: format!("`{group}`"),
        };
        let asked = [
            ("AutoScalingGroupName", group.to_owned()),
            ("MaxRecords", ACTIVITIES_MAX.to_string()),
        ];
        let answer = self
            .query(&ask, &asked.map(|(name, value)| (name.to_owned(), value)))
            .await?;
        let result = answer.child("DescribeScalingActivitiesResult");
        let members = result.map_or(&[][..], |result| result.list("Activities"));
        let activities = members
            .iter()
            .map(|one| (one.text_of("StatusCode").to_owned(), message(one)));
        Ok(activities
            .take(ACTIVITIES_MAX)
            .take_while(|(status, _)| status != "Successful")
            .collect())
    }
}

/// `StatusMessage` is there where something went wrong; `Description` always is.
fn message(activity: &Element) -> String {
    let said = activity.text_of("StatusMessage");
    if said.is_empty() {
        activity.text_of("Description").to_owned()
    } else {
        said.to_owned()
    }
}

fn group(member: &Element) -> DescribedGroup {
    let mixed = member
        .child("MixedInstancesPolicy")
        .and_then(|policy| policy.child("LaunchTemplate"));
    let overrides = mixed.map_or(&[][..], |mixed| mixed.list("Overrides"));
    let named: Vec<&str> = overrides
        .iter()
        .map(|one| one.text_of("InstanceType"))
        .collect();
    // An override without a type goes by requirements: which types those are only EC2 knows.
    let open = named.iter().any(|name| name.is_empty());
    let template = match mixed {
        Some(mixed) => mixed.child("LaunchTemplateSpecification"),
        None => member.child("LaunchTemplate"),
    };
    let template = template.filter(|_| named.is_empty()).map(|one| {
        let version = Some(one.text_of("Version"))
            .filter(|version| !version.is_empty())
            .unwrap_or("$Default");
        (
            one.text_of("LaunchTemplateId").to_owned(),
            version.to_owned(),
        )
    });
    let configuration = member.text_of("LaunchConfigurationName");
    let types = if open {
        BTreeSet::new()
    } else if named.is_empty() {
        running_types(member, template.as_ref(), configuration)
    } else {
        named.into_iter().collect()
    };
    DescribedGroup {
        group: ScalingGroup {
            name: member.text_of("AutoScalingGroupName").to_owned(),
            min: member.number("MinSize").unwrap_or_default(),
            max: member.number("MaxSize").unwrap_or(u32::MAX),
            desired: member.number("DesiredCapacity").unwrap_or_default(),
            instance_types: types.into_iter().map(str::to_owned).collect(),
            activities: Vec::new(),
        },
        template: template.filter(|(id, _)| !id.is_empty()),
    }
}

/// The types of the instances that were launched just as the next one will be: by the same launch
/// configuration, or by the very version of the launch template that the group names. What runs of
/// an older version, or under `$Latest`, tells nothing sure of the next.
fn running_types<'a>(
    member: &'a Element,
    template: Option<&(String, String)>,
    configuration: &str,
) -> BTreeSet<&'a str> {
    let alike = |instance: &&Element| match template {
        Some((id, version)) => instance.child("LaunchTemplate").is_some_and(|own| {
            own.text_of("LaunchTemplateId") == id && own.text_of("Version") == version
        }),
        None => {
            !configuration.is_empty()
                && instance.text_of("LaunchConfigurationName") == configuration
        }
    };
    let instances = member.list("Instances").iter();
    instances
        .filter(alike)
        .map(|one| one.text_of("InstanceType"))
        .filter(|name| !name.is_empty())
        .collect()
}

#[cfg(test)]
mod tests;
