//! Tasks that belong to no service: started, found again, looked at, stopped.
//!
//! RunTask is sent once by each call here. Its client token makes a repeat harmless: ECS gives back
//! the task that it started before.

use aws_sdk_ecs::types::{
    AssignPublicIp, AwsVpcConfiguration, CapacityProviderStrategyItem, ContainerOverride,
    LaunchType, NetworkConfiguration, PlacementConstraint, PlacementConstraintType, TaskOverride,
};

use super::ecs::no_retry;
use super::tasks::Which;
use super::{Aws, AwsError, convert};
use crate::plan::OneOff;
use crate::snapshot::{Network, PlacementFailure, StrategyItem, Task};

/// What RunTask came to. With HTTP 200 there may be failures in place of a task.
#[derive(Clone, Debug, Default)]
pub struct RunTaskAnswer {
    /// The task that was started.
    pub task: Option<Task>,
    /// Why none was started.
    pub failures: Vec<PlacementFailure>,
}

impl Aws {
    /// RunTask for one task of `task_definition`, sent once. `token` is its client token and its
    /// `startedBy`.
    ///
    /// # Errors
    ///
    /// [`AwsError`]: the call is denied or fails, or its answer is lost; it may have been carried
    /// out then.
    pub async fn run_task(
        &self,
        ask: &OneOff,
        task_definition: &str,
        token: &str,
    ) -> Result<RunTaskAnswer, AwsError> {
        const ACTION: &str = "ecs:RunTask";
        let subject = format!("`{task_definition}` in cluster `{}`", ask.cluster);
        let incomplete = |error: &dyn std::fmt::Display| {
            AwsError::incomplete(ACTION, &*subject, &error.to_string())
        };
        let items = ask.providers.iter().map(strategy_item);
        let items = items.collect::<Result<Vec<_>, _>>();
        let items = items.map_err(|error| incomplete(&error))?;
        let network = ask.network.as_ref().map(network).transpose();
        let network = network.map_err(|error| incomplete(&error))?;
        let constraints = ask.member_of.iter().map(|expression| {
            PlacementConstraint::builder()
                .r#type(PlacementConstraintType::MemberOf)
                .expression(expression)
                .build()
        });
        let answer = self
            .ecs
            .run_task()
            .cluster(&ask.cluster)
            .task_definition(task_definition)
            .count(1)
            .client_token(token)
            .started_by(token)
            .set_launch_type(ask.launch_type.as_deref().map(LaunchType::from))
            .set_capacity_provider_strategy(Some(items).filter(|items| !items.is_empty()))
            .set_network_configuration(network)
            .set_placement_constraints(
                Some(constraints.collect::<Vec<_>>()).filter(|all| !all.is_empty()),
            )
            .set_overrides(ask.command.as_ref().map(|command| overrides(ask, command)))
            .customize()
            .config_override(no_retry())
            .send()
            .await
            .map_err(|error| AwsError::of(ACTION, subject.as_str(), error))?;
        let failures = answer.failures.unwrap_or_default().into_iter();
        Ok(RunTaskAnswer {
            task: answer
                .tasks
                .unwrap_or_default()
                .into_iter()
                .next()
                .map(convert::task),
            failures: failures
                .map(|failure| PlacementFailure {
                    instance: failure
                        .arn
                        .filter(|arn| arn.contains("container-instance/")),
                    reason: failure.reason.unwrap_or_default(),
                    detail: failure.detail.unwrap_or_default(),
                })
                .collect(),
        })
    }

    /// The tasks that were started with this `startedBy`, stopped ones too.
    ///
    /// # Errors
    ///
    /// [`AwsError`]: the call is denied or fails, or its answer can't be read.
    pub async fn started_by(&self, cluster: &str, token: &str) -> Result<Vec<Task>, AwsError> {
        let mut arns = Vec::new();
        for stopped in [false, true] {
            let listed = self.task_arns(cluster, Which::StartedBy(token), stopped, 1);
            arns.extend(listed.await?.arns);
        }
        self.tasks(cluster, &arns).await
    }

    /// DescribeTasks for one task; none where ECS doesn't show it (yet, or any more).
    ///
    /// # Errors
    ///
    /// [`AwsError`]: the call is denied or fails, or its answer can't be read.
    pub async fn task(&self, cluster: &str, task: &str) -> Result<Option<Task>, AwsError> {
        let found = self.tasks(cluster, &[task.to_owned()]).await?;
        Ok(found.into_iter().next())
    }

    /// StopTask, which does nothing to a task that is stopping already.
    ///
    /// # Errors
    ///
    /// [`AwsError`]: the call is denied or fails, or its answer is lost; it may have been carried
    /// out then.
    pub async fn stop_task(&self, cluster: &str, task: &str, reason: &str) -> Result<(), AwsError> {
        self.ecs
            .stop_task()
            .cluster(cluster)
            .task(task)
            .reason(reason)
            .send()
            .await
            .map_err(|error| {
                AwsError::of(
                    "ecs:StopTask",
                    format!("task `{task}` of cluster `{cluster}`"),
                    error,
                )
            })?;
        Ok(())
    }
}

type Unbuilt = aws_sdk_ecs::error::BuildError;

fn strategy_item(item: &StrategyItem) -> Result<CapacityProviderStrategyItem, Unbuilt> {
    let whole = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
    CapacityProviderStrategyItem::builder()
        .capacity_provider(&item.provider)
        .weight(whole(item.weight))
        .base(whole(item.base))
        .build()
}

fn network(network: &Network) -> Result<NetworkConfiguration, Unbuilt> {
    let groups = network.security_groups.clone();
    let inside = AwsVpcConfiguration::builder()
        .set_subnets(Some(network.subnets.clone()))
        .set_security_groups(Some(groups).filter(|groups| !groups.is_empty()))
        // Not sent where it is the default: ECS refuses it for tasks on instances.
        .set_assign_public_ip(network.assign_public_ip.then_some(AssignPublicIp::Enabled))
        .build()?;
    Ok(NetworkConfiguration::builder()
        .awsvpc_configuration(inside)
        .build())
}

fn overrides(ask: &OneOff, command: &[String]) -> TaskOverride {
    let container = ContainerOverride::builder()
        .name(&ask.container)
        .set_command(Some(command.to_vec()))
        .build();
    TaskOverride::builder()
        .container_overrides(container)
        .build()
}
