//! Services that have been there for a while when a story begins.

use std::sync::Arc;

use serde_json::json;

use super::World;
use super::configuration::Configuration;
use super::events::EventLog;
use super::service::{Rollout, Scheduling, Service};
use super::spec::{ServiceSpec, TaskBehaviour};
use super::task::Status;

impl World {
    /// A service that has been steady for a while: its tasks run and are healthy.
    ///
    /// Tasks that fit nowhere are left for the scheduler to try. Returns the service's ARN.
    pub fn create_service(&mut self, spec: ServiceSpec) -> String {
        let born = self.now - spec.age_secs * 1000;
        let revision = self.find_task_definition(&spec.task_definition);
        let task_definition = revision.map_or(spec.task_definition.clone(), |revision| {
            revision.arn.clone()
        });
        let arn = self.arn(&format!("service/{}/{}", spec.cluster, spec.name));
        let member_of = spec
            .constraints
            .iter()
            .filter_map(|c| c["expression"].as_str().map(str::to_owned));
        let uses_network = self
            .needs_of(&task_definition)
            .is_some_and(|needs| needs.awsvpc);
        let network = uses_network.then(|| {
            json!({"awsvpcConfiguration": {"subnets": spec.subnets, "securityGroups": ["sg-0aaa"],
                   "assignPublicIp": "DISABLED"}})
        });
        let service = Service {
            arn: arn.clone(),
            status: "ACTIVE".to_owned(),
            desired: spec.desired as usize,
            task_definition: task_definition.clone(),
            launch_type: spec.launch_type,
            capacity_providers: spec.capacity_providers,
            scheduling: spec.scheduling,
            configuration: Configuration::new(
                spec.minimum_healthy_percent,
                spec.maximum_percent,
                spec.breaker,
            ),
            deployments: Vec::new(),
            service_deployments: Vec::new(),
            revisions: Vec::new(),
            target_groups: spec.target_groups,
            created: born,
            tags: Vec::new(),
            distinct: spec.scheduling == Scheduling::Daemon
                || spec
                    .constraints
                    .iter()
                    .any(|constraint| constraint["type"] == "distinctInstance"),
            member_of: member_of.collect(),
            constraints: spec.constraints,
            strategy: spec.strategy,
            network,
            az_rebalancing: spec.az_rebalancing,
            grace_secs: spec.health_check_grace_secs,
            drain_secs: spec.deregistration_delay_secs,
            managed_tags: false,
            propagate_tags: "NONE".to_owned(),
            execute_command: false,
            events: EventLog::default(),
            last_completed: None,
            steady_said: Some(self.now - 3_600_000),
            rebalancing: None,
            cluster: spec.cluster,
            name: spec.name,
        };
        self.services.push(service);
        let index = self.services.len() - 1;
        self.begin_deployment(index, &task_definition);
        self.seat(index, &spec.on);
        self.settle_at_once(index, born);
        arn
    }

    /// Puts the service's tasks on these instances, in turn, without looking for a place.
    fn seat(&mut self, index: usize, instances: &[String]) {
        let service = self.services[index].clone();
        let needs = Arc::new(self.needs_of(&service.task_definition).unwrap_or_default());
        for instance in instances.iter().cycle().take(service.desired) {
            let mut task = self.new_task(&service, 0, needs.clone());
            task.id = self.ids.hex32();
            "EC2".clone_into(&mut task.launch_type);
            self.tasks.push(task);
            self.settle_on(self.tasks.len() - 1, instance);
        }
    }

    /// Makes the newest deployment of a service look as if it had completed long ago.
    fn settle_at_once(&mut self, index: usize, born: i64) {
        let service = self.services[index].clone();
        if service.scheduling == Scheduling::Daemon {
            let places = self.daemon_places(&service);
            self.services[index].desired = places.len();
            self.services[index].deployments[0].desired = places.len();
        }
        let seated = self.tasks.iter().filter(|task| service.owns(task)).count();
        for _ in seated..self.services[index].desired {
            if self.start_task(index, 0).is_err() {
                break;
            }
        }
        let (now, since) = (self.now, born + 60_000);
        for task in self.tasks.iter_mut().filter(|task| service.owns(task)) {
            let there = task.interface.as_ref().is_none_or(|one| one.holds);
            let placed = there && (task.instance.is_some() || task.launch_type == "FARGATE");
            if placed {
                task.status = Status::Running;
                task.healthy =
                    (task.needs.health_check || !task.target_groups.is_empty()).then_some(true);
                task.created = born;
                task.started = Some(since);
                task.holds = true;
                task.was_healthy = true;
                task.behaviour = TaskBehaviour {
                    exit: None,
                    pull_error: None,
                    ..task.behaviour.clone()
                };
            }
        }
        let service = &mut self.services[index];
        let deployment = &mut service.deployments[0];
        deployment.created = born;
        deployment.updated = since;
        deployment.rollout = Rollout::Completed;
        deployment.reason = format!("ECS deployment {} completed.", deployment.id);
        deployment.resolved = true;
        deployment.next_attempt = now;
        service.last_completed = Some((
            deployment.revision.clone(),
            deployment.task_definition.clone(),
        ));
        for done in &mut service.service_deployments {
            done.status = "SUCCESSFUL";
            (done.created, done.started, done.finished, done.updated) =
                (born, Some(born), Some(since), since);
            done.breaker.0 = "MONITORING_COMPLETE";
        }
        for revision in &mut service.revisions {
            revision.created = born;
        }
        service.steady_said = Some(now - 3_600_000);
        for hours in [19, 13, 7, 1] {
            self.say_at(
                index,
                "has reached a steady state.",
                now - hours * 3_600_000,
            );
        }
    }
}
