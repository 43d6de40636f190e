//! Reading what a forecast rests on. Every read is optional: what is denied or fails is said in
//! `unread`, and the forecast is the less certain for it.

use std::collections::{BTreeMap, BTreeSet};

use super::autoscaling::DescribedGroup;
use super::{Aws, AwsError};
use crate::capacity::{Source, TaskNeeds, Unread};
use crate::snapshot::{Constraint, Scheduling, Service, Task};
use crate::survey::Survey;

/// Revisions of running tasks that are read: a service in a rollout has two, rarely three.
const REVISIONS_PER_SERVICE: usize = 5;

/// Auto Scaling groups that are read: a strategy has at most twenty providers.
const GROUPS_MAX: usize = 40;

impl Aws {
    /// Reads `cluster` as far as it bears on the rollouts of `services`; each comes with the
    /// constraints of the task definition that is rolled out.
    pub async fn survey(&self, cluster: &str, services: &[(&Service, &[Constraint])]) -> Survey {
        let mut survey = Survey::default();
        let on_instances = services.iter().any(|(service, _)| !is_fargate(service));
        if on_instances
            && let Some(instances) = note(
                &mut survey,
                Source::Instances,
                self.instances(cluster).await,
            )
        {
            survey.instances = instances;
        }
        let tasks = self.surveyed_tasks(cluster, services, on_instances).await;
        survey.tasks = note(&mut survey, Source::Tasks, tasks).unwrap_or_default();
        let names: BTreeSet<String> = services
            .iter()
            .filter(|(service, _)| !is_fargate(service))
            .flat_map(|(service, _)| {
                service
                    .capacity_providers
                    .iter()
                    .map(|item| item.provider.clone())
            })
            .collect();
        if !names.is_empty() {
            let names: Vec<String> = names.into_iter().collect();
            let providers = self.capacity_providers(&names).await;
            survey.providers =
                note(&mut survey, Source::CapacityProviders, providers).unwrap_or_default();
            self.survey_groups(&mut survey).await;
        }
        self.survey_types(&mut survey, services).await;
        for (service, constraints) in services {
            self.survey_constraints(&mut survey, service, constraints)
                .await;
        }
        self.survey_old_needs(&mut survey, services).await;
        survey
    }

    /// The tasks that are to run, and those of the services that are still stopping.
    async fn surveyed_tasks(
        &self,
        cluster: &str,
        services: &[(&Service, &[Constraint])],
        on_instances: bool,
    ) -> Result<Vec<Task>, AwsError> {
        let mut tasks = if on_instances {
            self.cluster_tasks(cluster).await?
        } else {
            Vec::new()
        };
        for (service, _) in services {
            if !on_instances {
                tasks.extend(self.service_tasks(cluster, &service.name, false).await?);
            }
            let stopped = self.service_tasks(cluster, &service.name, true).await?;
            tasks.extend(
                stopped
                    .into_iter()
                    .filter(|task| task.last_status.is_stopping()),
            );
        }
        Ok(tasks)
    }

    /// The Auto Scaling groups that ECS itself scales: whether and with what they may still grow.
    async fn survey_groups(&self, survey: &mut Survey) {
        let scaled = survey
            .providers
            .iter()
            .filter(|provider| provider.managed_scaling);
        let names: BTreeSet<String> = scaled
            .filter_map(|provider| provider.group_name.clone())
            .take(GROUPS_MAX)
            .collect();
        if names.is_empty() {
            return;
        }
        let groups = self.scaling_groups(&names).await;
        for DescribedGroup {
            mut group,
            template,
        } in note(survey, Source::ScalingGroups, groups).unwrap_or_default()
        {
            // What a group would launch counts only while it may.
            if group.instance_types.is_empty()
                && group.desired < group.max
                && let Some((id, version)) = template
            {
                let named = self.launch_template_type(&id, &version).await;
                group
                    .instance_types
                    .extend(note(survey, Source::InstanceTypes, named).flatten());
            }
            let activities = self.scaling_activities(&group.name).await;
            group.activities = note(survey, Source::ScalingGroups, activities).unwrap_or_default();
            let behind = survey
                .providers
                .iter_mut()
                .filter(|one| one.group_name.as_deref() == Some(group.name.as_str()));
            for provider in behind {
                provider.group = Some(group.clone());
            }
        }
    }

    /// The instance types whose limits count: all where tasks have network interfaces of their own,
    /// else those that a group may launch.
    async fn survey_types(&self, survey: &mut Survey, services: &[(&Service, &[Constraint])]) {
        let interfaces = services
            .iter()
            .any(|(service, _)| !is_fargate(service) && service.network.is_some());
        let there = survey
            .instances
            .iter()
            .filter(|_| interfaces)
            .filter_map(|instance| instance.instance_type());
        let groups = survey
            .providers
            .iter()
            .filter_map(|provider| provider.group.as_ref());
        let growing = groups.filter(|group| group.desired < group.max);
        let launched = growing.flat_map(|group| group.instance_types.iter().map(String::as_str));
        let names: BTreeSet<String> = there.chain(launched).map(str::to_owned).collect();
        if names.is_empty() {
            return;
        }
        let types = self.instance_types(&names).await;
        for one in note(survey, Source::InstanceTypes, types).unwrap_or_default() {
            if let Some(interfaces) = one.interfaces {
                survey.eni_limits.set_interfaces(&one.name, interfaces);
            }
            if let Some(size) = one.size {
                survey.type_sizes.insert(one.name, size);
            }
        }
    }

    /// `memberOf` is evaluated by ECS itself: the instances that match every expression.
    async fn survey_constraints(
        &self,
        survey: &mut Survey,
        service: &Service,
        more: &[Constraint],
    ) {
        for constraint in service.constraints.iter().chain(more) {
            let Constraint::MemberOf(expression) = constraint else {
                continue;
            };
            let matching = self.instance_arns(&service.cluster, Some(expression)).await;
            let Some(arns) = note(survey, Source::Constraint, matching) else {
                continue;
            };
            let matching: BTreeSet<String> = arns.into_iter().collect();
            let before = survey.member_of.remove(&service.name);
            let both = match before {
                Some(before) => before.intersection(&matching).cloned().collect(),
                None => matching,
            };
            survey.member_of.insert(service.name.clone(), both);
        }
    }

    /// What the running tasks of the services were started with.
    async fn survey_old_needs(&self, survey: &mut Survey, services: &[(&Service, &[Constraint])]) {
        let mut revisions = BTreeSet::new();
        for (service, _) in services {
            let group = format!("service:{}", service.name);
            let running = survey
                .tasks
                .iter()
                .filter(|task| task.group == group)
                .map(|task| task.task_definition.clone());
            let deployed = service
                .deployments
                .iter()
                .map(|deployment| deployment.task_definition.clone());
            let own: BTreeSet<String> = running.chain(deployed).collect();
            revisions.extend(own.into_iter().take(REVISIONS_PER_SERVICE));
        }
        let mut needs = BTreeMap::new();
        for arn in revisions {
            let described = self.task_definition(&arn).await;
            if let Some(described) = note(survey, Source::TaskDefinitions, described) {
                needs.insert(arn, TaskNeeds::of(&described.document));
            }
        }
        survey.old_needs = needs;
    }
}

/// Whether the service's tasks run on Fargate.
fn is_fargate(service: &Service) -> bool {
    service.scheduling == Scheduling::Replica
        && (service.launch_type.as_deref() == Some("FARGATE")
            || service
                .capacity_providers
                .iter()
                .any(|item| item.provider.starts_with("FARGATE")))
}

/// The value, or a note of what could not be read and why.
fn note<T>(survey: &mut Survey, what: Source, answer: Result<T, AwsError>) -> Option<T> {
    match answer {
        Ok(value) => Some(value),
        Err(error) => {
            let action = error.is_denied().then(|| error.action.to_owned());
            let unread = Unread {
                what,
                action,
                why: error.to_string(),
            };
            // What is denied for one service is denied for all: it is named once.
            if !survey.unread.contains(&unread) {
                survey.unread.push(unread);
            }
            None
        }
    }
}
