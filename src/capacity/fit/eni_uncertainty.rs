//! Where the tasks of others bear on a rollout: they hold network interfaces, which no instance
//! tells of. Of everything else that they hold ECS tells what is left.
//!
//! It only says which instances are worth a further read.

use crate::capacity::facts::eni_limits::EniLimits;
use crate::capacity::facts::known::Known;
use crate::capacity::facts::room::rooms;
use crate::snapshot::{Instance, Task};

/// ARNs of the instances on which more tasks run than `tasks` holds, and which may have too few
/// slots for `wanted` tasks with a network interface of their own for that reason alone. Linear in
/// instances and tasks.
pub fn interfaces_in_doubt<'a>(
    instances: &'a [Instance],
    tasks: &[Task],
    limits: &EniLimits,
    wanted: u32,
) -> Vec<&'a str> {
    rooms(instances, tasks, limits)
        .iter()
        .filter(|room| room.open != Known::No && room.eni_limit.is_some())
        .filter(|room| room.enis.least < room.enis.most.min(i64::from(wanted)))
        .map(|room| room.instance.arn.as_str())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::TaskStatus;

    fn instance(name: &str, status: &str, tasks: u32) -> Instance {
        let kind = ("ecs.instance-type".to_owned(), Some("m5.large".to_owned()));
        Instance {
            arn: name.to_owned(),
            status: status.to_owned(),
            agent_connected: true,
            attributes: [kind].into(),
            running_tasks: tasks,
            ..Instance::default()
        }
    }

    #[test]
    fn only_where_the_tasks_of_others_could_take_the_last_slots() {
        // An m5.large has two slots without trunking.
        let instances = [
            instance("empty", "ACTIVE", 0),
            instance("one of others", "ACTIVE", 1),
            instance("own", "ACTIVE", 1),
            instance("draining", "DRAINING", 1),
        ];
        let own = Task {
            instance: Some("own".to_owned()),
            has_eni: true,
            ..task()
        };
        let doubts = |wanted| {
            let limits = EniLimits::default();
            interfaces_in_doubt(&instances, std::slice::from_ref(&own), &limits, wanted)
        };
        assert_eq!(doubts(1), Vec::<&str>::new());
        assert_eq!(doubts(2), ["one of others"]);
    }

    fn task() -> Task {
        Task {
            last_status: TaskStatus::Running,
            desired_status: "RUNNING".to_owned(),
            ..Task::default()
        }
    }
}
