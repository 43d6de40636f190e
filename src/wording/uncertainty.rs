//! Why a forecast can't be sure, and why capacity stays as it is: one sentence each.

use super::needs::unreadable;
use super::{bounds, counted};
use crate::capacity::{Bounds, FixedCapacity, MayGrow, Source, Uncertainty, Unread};

/// What is in doubt. `of` are the forecast's bounds.
pub(super) fn uncertainty(uncertainty: &Uncertainty, of: &Bounds) -> String {
    let instances = |count: u32, what: &str| format!("{} {what}", counted(count, "instance"));
    match uncertainty {
        Uncertainty::Unread { unread } => self::unread(unread),
        Uncertainty::MayGrow { why } => may_grow(why),
        Uncertainty::NoInstances => "there is no container instance just now".to_owned(),
        Uncertainty::TasksNotFound { tasks } => format!(
            "{} of the service could not be found on the instances that were read",
            counted(*tasks, "task")
        ),
        Uncertainty::NotReady { instances: count } => instances(
            *count,
            "not ready just now: the agent has no connection, or is registering",
        ),
        Uncertainty::Resources { instances: count } => {
            instances(*count, "with resources that can't be read")
        }
        Uncertainty::StoppingTasks { instances: count } => instances(
            *count,
            "with tasks on their way down, whose room may come back",
        ),
        Uncertainty::Interfaces { instances: count } => {
            instances(*count, "with an unknown number of network interfaces free")
        }
        Uncertainty::Attributes { instances: count } => instances(
            *count,
            "without attributes that the new revision may not ask for",
        ),
        Uncertainty::Constraints { instances: count } => instances(
            *count,
            "of which only ECS knows whether the placement constraints hold",
        ),
        Uncertainty::OldTasks { instances: count } => {
            instances(*count, "with old tasks whose size or ports are not known")
        }
        Uncertainty::Unsteady { tasks } => {
            format!("{} not running, or unhealthy", counted(*tasks, "old task"))
        }
        Uncertainty::Protected { tasks } => {
            format!("{} under scale-in protection", counted(*tasks, "old task"))
        }
        Uncertainty::Definition { problem } => unreadable(problem),
        Uncertainty::Draining { tasks } => format!(
            "{} on instances that drain: ECS may first start it again elsewhere, which takes room",
            counted(*tasks, "old task")
        ),
        Uncertainty::Siblings => {
            "the services that are deployed together may take each other's room".to_owned()
        }
        Uncertainty::Addresses { zone, free, starts } => format!(
            "a subnet of the service in {zone} has {free} addresses free, and {starts} tasks may start there \
             before others give theirs back"
        ),
        Uncertainty::NoKnownRoom => "no instance has room that is known".to_owned(),
        Uncertainty::OrderOfStops => {
            "it depends on which old task ECS stops first: some orders end, others don't".to_owned()
        }
        Uncertainty::AgentsLost { instances: count } => instances(
            *count,
            "should run a task, but their ECS agent is disconnected: no task can start there",
        ),
        Uncertainty::NoTaskMayStop => {
            format!("no task of a DAEMON service may stop: {}", bounds(of))
        }
        Uncertainty::FargateCapacity => {
            "nobody can know before the deploy how much capacity Fargate has".to_owned()
        }
    }
}

/// What could not be read, with the missing IAM action.
fn unread(unread: &Unread) -> String {
    let what = match unread.what {
        Source::Instances => "the container instances",
        Source::Tasks => "the tasks",
        Source::TaskDefinitions => "the task definition of the tasks that run",
        Source::Constraint => "which instances match the placement constraints",
        Source::CapacityProviders => "the capacity providers",
        Source::ScalingGroups => "the Auto Scaling groups",
        Source::InstanceTypes => "the instance types",
        Source::Subnets => "the subnets",
        Source::Quotas => "the quotas",
    };
    match &unread.action {
        Some(action) => format!("{what} can't be read: `{action}` is not allowed"),
        None => format!("{what} can't be read: {}", unread.why),
    }
}

fn may_grow(why: &MayGrow) -> String {
    match why {
        MayGrow::ProviderUnread { provider } => {
            format!("the capacity provider `{provider}` could not be read")
        }
        MayGrow::OwnCapacity { provider, kind } => {
            format!("the capacity provider `{provider}` ({kind}) brings its own capacity")
        }
        MayGrow::GroupUnread { provider } => format!(
            "the capacity provider `{provider}` scales its Auto Scaling group, which could not be read"
        ),
        MayGrow::Registering {
            provider,
            registered,
            desired,
        } => format!(
            "the capacity provider `{provider}` has {registered} of {desired} instances so far"
        ),
        MayGrow::BelowMaximum {
            provider,
            desired,
            max,
        } => {
            format!("the capacity provider `{provider}` may add instances: {desired} of {max} run")
        }
    }
}

/// Why no further instance comes.
pub(super) fn fixed_capacity(why: &FixedCapacity) -> String {
    match why {
        FixedCapacity::AtMaximum {
            provider,
            group,
            desired,
            max,
        } => format!(
            "the Auto Scaling group `{group}` of the capacity provider `{provider}` is at its maximum: \
             {desired} of {max} instances"
        ),
        FixedCapacity::TaskTooLarge {
            provider,
            cpu,
            memory,
            instance_type,
            size,
        } => format!(
            "the capacity provider `{provider}` doesn't scale for this task: it is larger ({cpu} CPU units, \
             {memory} MiB) than the group's smallest instance type, `{instance_type}` ({} CPU units, {} MiB)",
            size.cpu, size.memory
        ),
    }
}
