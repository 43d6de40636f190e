//! EC2: what instances of a type have.

use super::facts::InstanceType;
use super::signed::{Ask, Service};
use super::xml::Element;
use super::{Aws, AwsError};
use crate::capacity::TypeSize;

pub(super) const EC2: Service = Service {
    id: "EC2",
    host: "ec2",
    api: "2016-11-15",
};
/// DescribeInstanceTypes takes a hundred names.
const TYPES_PER_CALL: usize = 100;
/// Types that are asked for at all: a cluster has a handful.
const TYPES_MAX: usize = 300;
/// One vCPU in CPU units.
const UNITS_PER_VCPU: i64 = 1024;

impl Aws {
    /// DescribeInstanceTypes for these names.
    pub(super) async fn instance_types(
        &self,
        names: &[String],
    ) -> Result<Vec<InstanceType>, AwsError> {
        let mut types = Vec::with_capacity(names.len());
        let names = names.get(..TYPES_MAX).unwrap_or(names);
        for names in names.chunks(TYPES_PER_CALL) {
            let list: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
            let ask = Ask {
                service: &EC2,
                action: "ec2:DescribeInstanceTypes",
                subject: list.join(", "),
            };
            let asked = names
                .iter()
                .zip(1..)
                .map(|(name, place)| (format!("InstanceType.{place}"), name.clone()));
            // Names and pages exclude one another: all that are asked for come in one answer.
            let answer = self.query(&ask, &asked.collect::<Vec<_>>()).await?;
            types.extend(answer.list("instanceTypeSet").iter().map(instance_type));
        }
        self.facts.note_types(&types);
        Ok(types)
    }

    /// DescribeLaunchTemplateVersions: the instance type that one version (`7`, `$Latest`,
    /// `$Default`) of a launch template names; `None` where it leaves the type open.
    pub(super) async fn launch_template_type(
        &self,
        id: &str,
        version: &str,
    ) -> Result<Option<String>, AwsError> {
        let ask = Ask {
            service: &EC2,
            action: "ec2:DescribeLaunchTemplateVersions",
            subject: format!("version `{version}` of launch template `{id}`"),
        };
        let asked = [
            ("LaunchTemplateId", id),
            ("LaunchTemplateVersion.1", version),
        ];
        let answer = self
            .query(
                &ask,
                &asked.map(|(name, value)| (name.to_owned(), value.to_owned())),
            )
            .await?;
        let data = answer
            .list("launchTemplateVersionSet")
            .first()
            .and_then(|version| version.child("launchTemplateData"));
        let name = data.map(|data| data.text_of("instanceType").to_owned());
        Ok(name.filter(|name| !name.is_empty()))
    }
}

fn instance_type(item: &Element) -> InstanceType {
    let inner = |outer: &str, name: &str| {
        item.child(outer)
            .and_then(|outer| outer.number::<i64>(name))
    };
    let size = inner("vCpuInfo", "defaultVCpus").zip(inner("memoryInfo", "sizeInMiB"));
    InstanceType {
        name: item.text_of("instanceType").to_owned(),
        size: size.map(|(vcpus, memory)| TypeSize {
            cpu: vcpus.saturating_mul(UNITS_PER_VCPU),
            memory,
        }),
        interfaces: item
            .child("networkInfo")
            .and_then(|network| network.number("maximumNetworkInterfaces")),
    }
}
