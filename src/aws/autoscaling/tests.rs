use super::{DescribedGroup, group};
use crate::aws::xml::Element;

/// A group at 2 of 5 whose one instance, an m5.large, is of version 7 of `lt-1`.
fn read(inner: &str) -> DescribedGroup {
    let text = format!(
        "<member><AutoScalingGroupName>g</AutoScalingGroupName><MinSize>0</MinSize><MaxSize>5</MaxSize>\
         <DesiredCapacity>2</DesiredCapacity>{inner}<Instances><member><InstanceType>m5.large</InstanceType>\
         <LaunchTemplate><LaunchTemplateId>lt-1</LaunchTemplateId><Version>7</Version></LaunchTemplate></member></Instances></member>"
    );
    group(&Element::read(text.as_bytes()).expect("a document"))
}

#[test]
fn only_what_launches_next_counts_as_an_instance_type() {
    let template = |version: &str| {
        format!("<LaunchTemplateId>lt-1</LaunchTemplateId><Version>{version}</Version>")
    };
    let plain = |version: &str| format!("<LaunchTemplate>{}</LaunchTemplate>", template(version));
    let mixed = |overrides: &str| {
        format!(
            "<MixedInstancesPolicy><LaunchTemplate><LaunchTemplateSpecification>{}</LaunchTemplateSpecification>\
             <Overrides>{overrides}</Overrides></LaunchTemplate></MixedInstancesPolicy>",
            template("7")
        )
    };
    let latest = Some(("lt-1".to_owned(), "$Latest".to_owned()));
    let seven = Some(("lt-1".to_owned(), "7".to_owned()));
    let eight = Some(("lt-1".to_owned(), "8".to_owned()));
    let one = "<member><InstanceType>c5.large</InstanceType></member>";
    let open = "<member><InstanceRequirements><VCpuCount><Min>2</Min></VCpuCount></InstanceRequirements></member>";
    for (inner, types, template) in [
        (plain("7"), &["m5.large"][..], seven.clone()),
        (plain("8"), &[], eight),
        (plain("$Latest"), &[], latest),
        (mixed(""), &["m5.large"], seven),
        (mixed(one), &["c5.large"], None),
        (mixed(&format!("{one}{open}")), &[], None),
        (String::new(), &[], None),
    ] {
        let read = read(&inner);
        assert_eq!(
            (read.group.instance_types.as_slice(), read.template),
            (
                types
                    .iter()
                    .map(|one| (*one).to_owned())
                    .collect::<Vec<_>>()
                    .as_slice(),
                template
            ),
            "{inner}"
        );
        assert_eq!(
            (read.group.min, read.group.desired, read.group.max),
            (0, 2, 5)
        );
    }
}
