//! DAEMON services: one task on each instance that meets the constraints.

use super::World;
use super::placement::Lack;
use super::service::{FIRST_ATTEMPT_MS, Rollout, Service};
use super::task::Task;

impl World {
    /// Instances that are to run a task of the daemon: ACTIVE ones that meet the constraints.
    pub(super) fn daemon_places(&self, service: &Service) -> Vec<String> {
        let needs = self.needs_of(&service.task_definition).unwrap_or_default();
        let meets = |instance: &&super::instance::Instance| {
            let lacks = self.lacks(instance, &needs, service);
            instance.cluster == service.cluster
                && instance.status == "ACTIVE"
                && !lacks.contains(&Lack::Attribute)
                && !lacks.contains(&Lack::MemberOf)
        };
        self.instances
            .iter()
            .filter(meets)
            .map(|instance| instance.id.clone())
            .collect()
    }

    pub(super) fn run_daemon(&mut self, index: usize) {
        let now = self.now;
        let service = &self.services[index];
        let places = self.daemon_places(service);
        let Some(primary) = service.deployments.first() else {
            return;
        };
        let (id, failed) = (primary.id.clone(), primary.rollout == Rollout::Failed);
        let due = now >= primary.next_attempt && !failed;
        let first = now < primary.created + FIRST_ATTEMPT_MS;
        self.services[index].desired = places.len();
        self.services[index].deployments[0].desired = places.len();
        if first {
            return;
        }
        let service = &self.services[index];
        let lower = service.configuration.lower(places.len());
        let mut spare = self.service_counts(service).healthy.saturating_sub(lower);
        let mut stop = Vec::new();
        let mut empty = 0;
        for place in &places {
            let here = |task: &&Task| {
                service.owns(task) && task.instance.as_ref() == Some(place) && task.status.alive()
            };
            match self.tasks.iter().position(|task| here(&task)) {
                None => empty += 1,
                Some(position) if self.tasks[position].deployment != id && !failed => {
                    let healthy = self.tasks[position].counts_healthy(now);
                    if !healthy || spare > 0 {
                        spare = spare.saturating_sub(usize::from(healthy));
                        stop.push(position);
                    }
                }
                Some(_) => {}
            }
        }
        let gone = |task: &Task| {
            task.instance
                .as_ref()
                .is_some_and(|on| !places.contains(on))
        };
        let stray = |position: &usize| {
            let task = &self.tasks[*position];
            service.owns(task) && task.status.alive() && gone(task)
        };
        stop.extend((0..self.tasks.len()).filter(stray));
        self.stop_chosen(index, &stop);
        if due && empty > 0 {
            self.start_daemons(index, empty);
        }
    }

    fn start_daemons(&mut self, index: usize, empty: usize) {
        let mut started = Vec::new();
        for _ in 0..empty {
            match self.start_task(index, 0) {
                Ok(id) => started.push(id),
                Err(why) => {
                    // Another instance may be without a task and without room: that is the one.
                    if why.is_about_an_instance() || started.is_empty() {
                        self.placing_failed(index, 0, &why);
                    }
                    break;
                }
            }
        }
        if !started.is_empty() {
            let text = format!(
                "has started {} tasks: {}.",
                started.len(),
                World::task_list(&started)
            );
            self.say(index, &text);
        }
    }
}
