//! The instances and the blockers as the report shows them: those that come closest first, and
//! no more of them than a person or a program has use for.

use crate::capacity::facts::room::Room;
use crate::capacity::fit::blockers::Blocker;
use crate::capacity::fit::nearest::{after, distance, why_here};
use crate::capacity::fit::service_placement::{HostWithOldTasks, ServicePlacement};
use crate::capacity::prove::decision::{Decision, Obstacle};
use crate::snapshot::Scheduling;

/// A cluster may have thousands; beyond these nobody reads on, and the report stays small.
const MOST_INSTANCES: usize = 50;

/// One instance as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceView {
    /// The id of the container instance.
    pub id: String,
    /// The id of the EC2 instance, where it is one.
    pub ec2_instance_id: Option<String>,
    /// Such as `m5.large`, where the instance says so.
    pub instance_type: Option<String>,
    /// `ACTIVE`, `DRAINING`, …
    pub status: String,
    /// Whether its ECS agent is connected.
    pub agent_connected: bool,
    /// What is free there.
    pub free: Free,
    /// Whether one more task fits now.
    pub fits: bool,
    /// Why not.
    pub why: Vec<Blocker>,
}

/// What is free on an instance; absent where it is not known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Free {
    /// CPU units.
    pub cpu: Option<i64>,
    /// MiB.
    pub memory: Option<i64>,
    /// Host ports that are taken, TCP and UDP.
    pub ports_taken: Vec<u16>,
    /// Tasks with a network interface of their own that it could still take.
    pub enis: Option<i64>,
    /// Physical GPUs.
    pub gpus: Option<i64>,
}

/// What a report shows of the instances.
pub(in crate::capacity) struct InstanceTable {
    /// What a blocked rollout lacks, the instances that come closest first.
    pub blockers: Vec<Blocker>,
    /// The instances as they are, those that come closest first.
    pub instances: Vec<InstanceView>,
    /// How many instances are left out.
    pub left_out: usize,
}

impl InstanceTable {
    pub(in crate::capacity) fn of(
        placement: &ServicePlacement<'_, '_>,
        decision: &Decision,
    ) -> InstanceTable {
        let rooms = &placement.index.rooms;
        let mut hosts: Vec<Option<(&HostWithOldTasks, usize)>> = vec![None; rooms.len()];
        for (at, host) in placement.hosts.iter().enumerate() {
            hosts[host.room] = Some((host, decision.stopped.get(at).copied().unwrap_or(0)));
        }
        let mut order: Vec<(i64, usize)> = (0..rooms.len())
            .map(|at| (distance(placement, at, hosts[at]), at))
            .collect();
        let shown = order.len().min(MOST_INSTANCES);
        if shown < order.len() {
            order.select_nth_unstable(shown);
        }
        order.truncate(shown);
        order.sort_unstable();
        // Neither percentages nor addresses are an instance's affair.
        let blocked = decision.obstacle().is_some_and(|obstacle| {
            !matches!(
                obstacle,
                Obstacle::Percentages | Obstacle::SubnetAddresses { .. }
            )
        });
        let daemon = placement.deploy.service.scheduling == Scheduling::Daemon;
        let mut views = InstanceTable {
            blockers: Vec::new(),
            instances: Vec::new(),
            left_out: rooms.len() - shown,
        };
        for (_, at) in order {
            let room = &rooms[at];
            let why = why_here(
                placement,
                at,
                room,
                hosts[at].is_some_and(|(host, _)| !host.old.is_empty()),
            );
            views.instances.push(view(room, why));
            // A DAEMON service wants one task there, so an instance that takes one is no blocker.
            let served = || {
                daemon
                    && placement
                        .slots_at_end(at, hosts[at].map(|(host, _)| host))
                        .0
                        > 0
            };
            if blocked && !served() {
                views.blockers.extend(blockers(placement, at, hosts[at]));
            }
        }
        views
    }
}

/// What is in the way of one more task on this instance once all that may stop has stopped and
/// all that fits has started.
fn blockers(
    placement: &ServicePlacement<'_, '_>,
    at: usize,
    host: Option<(&HostWithOldTasks, usize)>,
) -> Vec<Blocker> {
    let room = after(placement, at, host);
    let old_left = host.is_some_and(|(host, stopped)| stopped < host.old.len());
    let mut why = why_here(placement, at, &room, old_left);
    if why.iter().any(|blocker| blocker.certain) {
        why.retain(|blocker| blocker.certain);
    }
    why
}

fn view(room: &Room<'_>, why: Vec<Blocker>) -> InstanceView {
    let instance = room.instance;
    let ports = room.tcp_taken.iter().chain(room.udp_taken.iter());
    let mut ports_taken: Vec<u16> = ports.copied().collect();
    ports_taken.sort_unstable();
    ports_taken.dedup();
    InstanceView {
        id: instance.id().to_owned(),
        ec2_instance_id: instance.ec2_instance_id.clone(),
        instance_type: instance.instance_type().map(str::to_owned),
        status: instance.status.clone(),
        agent_connected: instance.agent_connected,
        free: Free {
            cpu: instance.remaining.cpu,
            memory: instance.remaining.memory,
            ports_taken,
            enis: room
                .enis
                .exact()
                .map(|free| (free - i64::from(room.enis_leaving)).max(0)),
            gpus: room.gpus.exact(),
        },
        fits: why.is_empty(),
        why,
    }
}
