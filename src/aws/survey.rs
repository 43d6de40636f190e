//! Reading what a forecast rests on. Every read is optional: what is denied or fails is said in
//! `unread`, and the forecast is the less certain for it.

use std::collections::{BTreeMap, BTreeSet};

use super::{Aws, AwsError};
use crate::capacity::{Source, TaskNeeds, Unread};
use crate::snapshot::{Constraint, Scheduling, Service, Task};
use crate::survey::Survey;

/// Revisions of running tasks that are read: a service in a rollout has two, rarely three.
const REVISIONS_MAX: usize = 10;

impl Aws {
    /// Reads the cluster of `service` as far as it bears on its rollout. `definition_constraints`
    /// are those of the task definition that is rolled out.
    pub async fn survey(&self, service: &Service, definition_constraints: &[Constraint]) -> Survey {
        let mut survey = Survey::default();
        let cluster = service.cluster.as_str();
        let on_fargate = is_fargate(service);
        if !on_fargate && let Some(instances) = note(&mut survey, Source::Instances, self.instances(cluster).await) {
            survey.instances = instances;
        }
        if let Some(tasks) = note(&mut survey, Source::Tasks, self.surveyed_tasks(service, on_fargate).await) {
            survey.tasks = tasks;
        }
        let names: Vec<String> = service.capacity_providers.iter().map(|item| item.provider.clone()).collect();
        if !on_fargate && !names.is_empty() {
            let providers = self.capacity_providers(&names).await;
            survey.providers = note(&mut survey, Source::CapacityProviders, providers).unwrap_or_default();
        }
        self.survey_constraints(&mut survey, service, definition_constraints).await;
        self.survey_old_needs(&mut survey, service).await;
        survey
    }

    /// The tasks that are to run, and those of the service that are still stopping.
    async fn surveyed_tasks(&self, service: &Service, on_fargate: bool) -> Result<Vec<Task>, AwsError> {
        let mut tasks = if on_fargate {
            self.service_tasks(&service.cluster, &service.name, false).await?
        } else {
            self.cluster_tasks(&service.cluster).await?
        };
        let stopped = self.service_tasks(&service.cluster, &service.name, true).await?;
        tasks.extend(stopped.into_iter().filter(|task| task.last_status.is_stopping()));
        Ok(tasks)
    }

    /// `memberOf` is evaluated by ECS itself: the instances that match every expression.
    async fn survey_constraints(&self, survey: &mut Survey, service: &Service, more: &[Constraint]) {
        for constraint in service.constraints.iter().chain(more) {
            let Constraint::MemberOf(expression) = constraint else { continue };
            let matching = self.instance_arns(&service.cluster, Some(expression)).await;
            let Some(arns) = note(survey, Source::Constraint, matching) else { continue };
            let matching: BTreeSet<String> = arns.into_iter().collect();
            survey.member_of = Some(match survey.member_of.take() {
                Some(before) => before.intersection(&matching).cloned().collect(),
                None => matching,
            });
        }
    }

    /// What the running tasks of the service were started with.
    async fn survey_old_needs(&self, survey: &mut Survey, service: &Service) {
        let group = format!("service:{}", service.name);
        let mut revisions: BTreeSet<String> =
            survey.tasks.iter().filter(|task| task.group == group).map(|task| task.task_definition.clone()).collect();
        revisions.extend(service.deployments.iter().map(|deployment| deployment.task_definition.clone()));
        let mut needs = BTreeMap::new();
        for arn in revisions.into_iter().take(REVISIONS_MAX) {
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
            || service.capacity_providers.iter().any(|item| item.provider.starts_with("FARGATE")))
}

/// The value, or a note of what could not be read and why.
fn note<T>(survey: &mut Survey, what: Source, answer: Result<T, AwsError>) -> Option<T> {
    match answer {
        Ok(value) => Some(value),
        Err(error) => {
            let action = error.is_denied().then(|| error.action.to_owned());
            survey.unread.push(Unread { what, action, why: error.to_string() });
            None
        }
    }
}
