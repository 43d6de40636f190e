//! Why a one-off task failed: the same forecast and diagnosis as a rollout's, for a service of one
//! task that has none yet.

use std::time::Duration;

use super::job::{Causes, OneOffJob};
use crate::capacity::{Deploy, TaskNeeds, forecast_together};
use crate::cause::Cause;
use crate::diagnosis::{Evidence, diagnose};
use crate::run::RunContext;
use crate::snapshot::{
    Constraint, Deployment, DeploymentConfiguration, DeploymentStatus, LogTail, PlacementFailure,
    Service, Task,
};
use crate::survey::Survey;
use crate::wording::{Subject, as_cause};

/// Nothing waits longer for what only explains.
const READS: Duration = Duration::from_secs(30);

/// What is known of a task whose end is to be explained.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct TaskTrace<'a> {
    /// As it was last seen; absent where none was started.
    pub(super) task: Option<&'a Task>,
    /// Why ECS started none.
    pub(super) failures: &'a [PlacementFailure],
    /// The last lines that it wrote, oldest first.
    pub(super) log: &'a [String],
}

/// What explains that the task found no place or didn't end well, the most telling first.
pub(super) async fn causes(
    context: &RunContext,
    job: &OneOffJob<'_>,
    trace: TaskTrace<'_>,
) -> Causes {
    let task = trace.task;
    let placed = task.is_some_and(|task| task.instance.is_some() || task.started.is_some());
    let survey = if placed {
        None
    } else {
        Some(surveyed(context, job).await)
    };
    let stand_in = stand_in(job, task);
    let proven: Causes = survey
        .iter()
        .filter_map(|survey| blocked(job, survey, &stand_in))
        .collect();
    let logs: Vec<LogTail> = task
        .filter(|_| !trace.log.is_empty())
        .map(|task| LogTail {
            task: task.id().to_owned(),
            container: job.ask.container.clone(),
            lines: trace.log.to_vec(),
            ..LogTail::default()
        })
        .into_iter()
        .collect();
    diagnose(&Evidence {
        tasks: task.map(std::slice::from_ref).unwrap_or_default(),
        logs: &logs,
        failures: trace.failures,
        definition: Some(&job.revision.document),
        instances: survey
            .as_ref()
            .map(|survey| survey.instances.as_slice())
            .unwrap_or_default(),
        providers: survey
            .as_ref()
            .map(|survey| survey.providers.as_slice())
            .unwrap_or_default(),
        capacity: &proven,
        ..Evidence::new(&stand_in, job.token, context.clock.now())
    })
}

/// The proof that no place can come, if there is one now.
pub(super) async fn proven(context: &RunContext, job: &OneOffJob<'_>) -> Causes {
    let survey = surveyed(context, job).await;
    let stand_in = stand_in(job, None);
    blocked(job, &survey, &stand_in).into_iter().collect()
}

async fn surveyed(context: &RunContext, job: &OneOffJob<'_>) -> Survey {
    let needs = TaskNeeds::of(&job.revision.document);
    let service = as_asked(job);
    let reads = context.aws.optional_within(READS);
    Box::pin(reads.survey(&job.ask.cluster, &[(&service, &needs)], None)).await
}

/// A blocked forecast as a cause in the task's own words.
fn blocked(job: &OneOffJob<'_>, survey: &Survey, stand_in: &Service) -> Option<Cause> {
    let needs = TaskNeeds::of(&job.revision.document);
    let name = &job.service.name;
    let deploy = Deploy {
        service: stand_in,
        needs: &needs,
        old_needs: &survey.old_needs,
        member_of: survey.member_of.get(name),
        zones: survey.zones.get(name),
        addresses: survey.addresses.get(name),
        target: None,
        fargate: survey.fargate.get(name),
    };
    let forecasts = forecast_together(&survey.cluster(), &[deploy]);
    let subject = Subject::OneOffTask {
        revision: job.revision_name(),
        on_instances: !job.ask.is_fargate(),
    };
    let mut causes = forecasts.iter().filter_map(|one| as_cause(one, subject));
    causes.next()
}

/// The service with the places that were asked for: its own tasks are still its own.
fn as_asked(job: &OneOffJob<'_>) -> Service {
    let expressions = job.ask.member_of.iter().cloned();
    Service {
        launch_type: job.ask.launch_type.clone(),
        capacity_providers: job.ask.providers.clone(),
        network: job.ask.network.clone(),
        constraints: expressions.map(Constraint::MemberOf).collect(),
        ..job.service.clone()
    }
}

/// A service that wants this one task, has no other, and no name that a service could have.
fn stand_in(job: &OneOffJob<'_>, task: Option<&Task>) -> Service {
    let created = task.map(|task| task.created).unwrap_or_default();
    Service {
        name: format!("one-off task of {}", job.revision_name()),
        desired: 1,
        running: 0,
        pending: 0,
        task_definition: job.revision.arn.clone(),
        configuration: DeploymentConfiguration {
            minimum_healthy_percent: 0,
            ..DeploymentConfiguration::default()
        },
        deployments: vec![Deployment {
            id: job.token.to_owned(),
            status: DeploymentStatus::Primary,
            task_definition: job.revision.arn.clone(),
            desired: 1,
            pending: 0,
            running: 0,
            failed: 0,
            created,
            updated: created,
            rollout: None,
            rollout_reason: String::new(),
        }],
        events: Vec::new(),
        load_balancers: Vec::new(),
        ..as_asked(job)
    }
}
