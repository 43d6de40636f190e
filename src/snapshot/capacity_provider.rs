//! Where a cluster's instances come from. Plain data.

/// A capacity provider and, where it may be read, the Auto Scaling group behind it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CapacityProvider {
    /// `name`: what a strategy names.
    pub name: String,
    /// `ACTIVE` or `INACTIVE`.
    pub status: String,
    /// `EC2_AUTOSCALING`, `FARGATE`, `FARGATE_SPOT`, `MANAGED_INSTANCES`.
    pub kind: String,
    /// Whether ECS itself scales the group.
    pub managed_scaling: bool,
    /// Name of the Auto Scaling group.
    pub group_name: Option<String>,
    /// Absent where the group could not be read.
    pub group: Option<ScalingGroup>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScalingGroup {
    /// `AutoScalingGroupName`.
    pub name: String,
    /// `MinSize`, in instances.
    pub min: u32,
    /// `MaxSize`, in instances.
    pub max: u32,
    /// `DesiredCapacity`, in instances.
    pub desired: u32,
    /// Instance types that the group may launch, smallest first where known.
    pub instance_types: Vec<String>,
    /// The latest scaling activities, newest first: status and AWS's message.
    pub activities: Vec<(String, String)>,
}
