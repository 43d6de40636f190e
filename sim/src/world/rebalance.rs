//! Availability Zone rebalancing of a steady service: one task more in the lightest zone, then one
//! less in the heaviest.
//!
//! It begins only in a steady state and ends when a deployment starts. It never launches instances.

use std::collections::BTreeMap;

use super::World;
use super::placement::Placing;
use super::service::{Rollout, Scheduling, Service};
use super::task::{Status, Task};

const ZONE: &str = "ecs.availability-zone";

/// A move under way.
#[derive(Clone, Debug)]
pub(crate) struct Move {
    /// Id of the task that was started for it.
    task: String,
    /// The zone that is to lose one.
    from: String,
}

impl Service {
    /// What AWS asks of a service that is to be rebalanced.
    fn may_rebalance(&self) -> bool {
        let spread = self.strategy.first().is_none_or(|first| {
            first["type"] == "spread" && first["field"] == format!("attribute:{ZONE}")
        });
        self.az_rebalancing
            && self.scheduling == Scheduling::Replica
            && self.configuration.maximum_percent > 100
            && !self
                .member_of
                .iter()
                .any(|expression| expression.contains(ZONE))
            && spread
    }
}

impl World {
    /// One second of it, after the deployments had theirs.
    pub(super) fn rebalance(&mut self, index: usize) {
        let service = &self.services[index];
        let underway = service.rebalancing.is_some();
        let completed =
            service.deployments.len() == 1 && service.deployments[0].rollout == Rollout::Completed;
        if !service.may_rebalance() || !completed {
            if underway {
                self.services[index].rebalancing = None;
                self.say(index, "stopped AZ Rebalancing.");
            }
            return;
        }
        match self.services[index].rebalancing.clone() {
            Some(step) => self.finish_move(index, &step),
            None => self.begin_move(index),
        }
    }

    /// Tasks that the rebalancing has on top of the desired ones.
    pub(super) fn extra(&self, service: &Service) -> usize {
        usize::from(service.rebalancing.is_some())
    }

    /// The zones where the service's tasks may be, with the running tasks in each.
    fn zones(&self, service: &Service) -> BTreeMap<String, usize> {
        let mut zones = BTreeMap::new();
        let here = self
            .instances
            .iter()
            .filter(|one| one.cluster == service.cluster);
        for instance in here.filter(|one| one.status == "ACTIVE") {
            zones.entry(instance.az.clone()).or_insert(0);
        }
        let alive = |task: &&Task| service.owns(task) && task.status.alive();
        for zone in self
            .tasks
            .iter()
            .filter(alive)
            .filter_map(|task| task.az.clone())
        {
            *zones.entry(zone).or_insert(0) += 1;
        }
        zones
    }

    fn balance(zones: &BTreeMap<String, usize>) -> String {
        let one = |(zone, count): (&String, &usize)| format!("{count} tasks in {zone}");
        zones.iter().map(one).collect::<Vec<_>>().join(", ")
    }

    fn begin_move(&mut self, index: usize) {
        let service = &self.services[index];
        let counts = self.service_counts(service);
        let steady = counts.healthy == service.desired && counts.alive() == service.desired;
        let zones = self.zones(service);
        let lightest = zones.iter().min_by_key(|(_, count)| **count);
        let heaviest = zones.iter().max_by_key(|(_, count)| **count);
        let (Some((to, least)), Some((from, most))) = (lightest, heaviest) else {
            return;
        };
        if !steady || most - least < 2 {
            return;
        }
        let (to, from) = (to.clone(), from.clone());
        let text = format!(
            "is not AZ balanced with {}. AZ Rebalancing in progress.",
            World::balance(&zones)
        );
        self.complain(index, &text);
        match self.start_in(index, &to) {
            Some(task) => {
                let text = format!("has started 1 tasks in {to} to AZ Rebalance: (task {task}).");
                self.say(index, &text);
                self.services[index].rebalancing = Some(Move { task, from });
            }
            None => self.complain(
                index,
                &format!(
                    "is unable to place a task in {to} because no container instance met all of its requirements."
                ),
            ),
        }
    }

    /// Starts a task in one zone, as if the service asked for it, where there is an instance.
    fn start_in(&mut self, index: usize, zone: &str) -> Option<String> {
        let expression = format!("attribute:{ZONE} == {zone}");
        self.services[index].member_of.push(expression);
        let service = &self.services[index];
        let needs = self.needs_of(&service.task_definition).unwrap_or_default();
        let fits = matches!(self.place(service, &needs, None), Placing::On(_));
        let started = if fits {
            self.start_task(index, 0).ok()
        } else {
            None
        };
        self.services[index].member_of.pop();
        started
    }

    fn finish_move(&mut self, index: usize, step: &Move) {
        let now = self.now;
        let Some(new) = self.tasks.iter().find(|task| task.id == step.task) else {
            self.services[index].rebalancing = None;
            return;
        };
        if !new.status.alive() {
            self.services[index].rebalancing = None;
            return;
        }
        if !new.counts_healthy(now) {
            return;
        }
        let service = &self.services[index];
        let goes = |task: &Task| {
            let there = task.az.as_ref() == Some(&step.from) && task.status == Status::Running;
            there && service.owns(task) && task.protection(now).is_none()
        };
        let Some(position) = self.tasks.iter().position(goes) else {
            return;
        };
        let (by, zone) = (self.services[index].deployments[0].id.clone(), &step.from);
        let id = self.tasks[position].id.clone();
        self.tasks[position].stop(
            now,
            "ServiceSchedulerInitiated",
            &format!("Scaling activity initiated by (deployment {by})"),
        );
        let text =
            format!("has stopped 1 running tasks in {zone} due to AZ rebalancing: (task {id}).");
        self.say(index, &text);
        self.services[index].rebalancing = None;
        let zones = self.zones(&self.services[index]);
        let (least, most) = (zones.values().min(), zones.values().max());
        if least
            .zip(most)
            .is_some_and(|(least, most)| most - least < 2)
        {
            self.say(
                index,
                &format!("is AZ balanced with {}.", World::balance(&zones)),
            );
        }
    }
}
