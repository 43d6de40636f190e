//! The ECS calls: reads with retries, writes without.
//!
//! A write is sent once. Whether a lost answer means that it was carried out is for the caller to
//! look up; repeating it blindly could start a second deployment.

use aws_config::retry::RetryConfig;
use aws_sdk_ecs::types::{PropagateTags, StopServiceDeploymentStopType};

use super::{Aws, AwsError, convert};
use crate::plan::Update;
use crate::snapshot::{CapacityProvider, Instance, Service, ServiceDeployment, Timestamp};

/// DescribeServices takes ten names.
const SERVICES_PER_CALL: usize = 10;
/// DescribeServiceDeployments takes twenty ARNs.
const DEPLOYMENTS_PER_CALL: usize = 20;
/// DescribeContainerInstances takes a hundred.
const ITEMS_PER_CALL: usize = 100;
/// A deployment and its service deployment are not stamped in the same millisecond.
const LISTED_BEFORE_MS: i64 = 60_000;
/// Pages of a hundred that a listing follows: 20,000 items, far past what a service runs.
const PAGES_MAX: usize = 200;

/// The services that were found, and the names of those that weren't.
#[derive(Debug, Default)]
pub struct Services {
    /// As ECS describes them.
    pub found: Vec<Service>,
    /// Those that ECS has no service for.
    pub missing: Vec<String>,
}

pub(super) fn no_retry() -> aws_sdk_ecs::config::Builder {
    aws_sdk_ecs::config::Builder::new().retry_config(RetryConfig::disabled())
}

impl Aws {
    /// DescribeServices for any number of names of one cluster.
    ///
    /// # Errors
    ///
    /// [`AwsError`]: the call is denied or fails, or its answer can't be read.
    pub async fn services(&self, cluster: &str, names: &[&str]) -> Result<Services, AwsError> {
        let mut services = Services::default();
        for names in names.chunks(SERVICES_PER_CALL) {
            let answer = self
                .ecs
                .describe_services()
                .cluster(cluster)
                .set_services(Some(names.iter().map(|&name| name.to_owned()).collect()))
                .send()
                .await
                .map_err(|error| {
                    AwsError::of("ecs:DescribeServices", subject(cluster, names), error)
                })?;
            services.missing.extend(
                answer
                    .failures
                    .unwrap_or_default()
                    .into_iter()
                    .filter_map(|failure| failure.arn),
            );
            services.found.extend(
                answer
                    .services
                    .unwrap_or_default()
                    .into_iter()
                    .map(|service| convert::service(cluster, service)),
            );
        }
        Ok(services)
    }

    /// UpdateService, sent once, with only what `update` sets.
    ///
    /// # Errors
    ///
    /// [`AwsError`]: the call is denied or fails, or its answer is lost; it may have been carried
    /// out then.
    pub async fn update_service(&self, update: &Update) -> Result<Service, AwsError> {
        let subject = format!(
            "service `{}` of cluster `{}`",
            update.service, update.cluster
        );
        let answer = self
            .ecs
            .update_service()
            .cluster(&update.cluster)
            .service(&update.service)
            .set_task_definition(update.task_definition.clone())
            .set_desired_count(update.desired_count)
            .set_force_new_deployment(update.force_new_deployment.then_some(true))
            .set_propagate_tags(update.propagate_tags.as_deref().map(PropagateTags::from))
            .set_enable_ecs_managed_tags(update.enable_ecs_managed_tags)
            .customize()
            .config_override(no_retry())
            .send()
            .await
            .map_err(|error| AwsError::of("ecs:UpdateService", subject.as_str(), error))?;
        let service = answer.service.ok_or_else(|| {
            AwsError::incomplete("ecs:UpdateService", subject, "the answer holds no service")
        })?;
        Ok(convert::service(&update.cluster, service))
    }

    /// ARNs of the cluster's instances, all or those that match an expression of the cluster query
    /// language, which ECS itself evaluates.
    ///
    /// # Errors
    ///
    /// [`AwsError`]: the call is denied or fails, or its answer can't be read.
    pub async fn instance_arns(
        &self,
        cluster: &str,
        filter: Option<&str>,
    ) -> Result<Vec<String>, AwsError> {
        let mut arns = Vec::new();
        let mut token = None;
        for _ in 0..PAGES_MAX {
            let page = self
                .ecs
                .list_container_instances()
                .cluster(cluster)
                .set_filter(filter.map(str::to_owned))
                .set_next_token(token)
                .send()
                .await
                .map_err(|error| {
                    AwsError::of(
                        "ecs:ListContainerInstances",
                        format!("cluster `{cluster}`"),
                        error,
                    )
                })?;
            arns.extend(page.container_instance_arns.unwrap_or_default());
            token = page.next_token;
            if token.is_none() {
                break;
            }
        }
        Ok(arns)
    }

    /// All container instances of a cluster.
    ///
    /// # Errors
    ///
    /// [`AwsError`]: the call is denied or fails, or its answer can't be read.
    pub async fn instances(&self, cluster: &str) -> Result<Vec<Instance>, AwsError> {
        let arns = self.instance_arns(cluster, None).await?;
        let mut instances = Vec::with_capacity(arns.len());
        for arns in arns.chunks(ITEMS_PER_CALL) {
            let answer = self
                .ecs
                .describe_container_instances()
                .cluster(cluster)
                .set_container_instances(Some(arns.to_vec()))
                .send()
                .await
                .map_err(|error| {
                    AwsError::of(
                        "ecs:DescribeContainerInstances",
                        format!("cluster `{cluster}`"),
                        error,
                    )
                })?;
            instances.extend(
                answer
                    .container_instances
                    .unwrap_or_default()
                    .into_iter()
                    .map(convert::instance),
            );
        }
        Ok(instances)
    }

    /// DescribeCapacityProviders for the named ones; the groups behind them aren't read here.
    ///
    /// # Errors
    ///
    /// [`AwsError`]: the call is denied or fails, or its answer can't be read.
    pub async fn capacity_providers(
        &self,
        names: &[String],
    ) -> Result<Vec<CapacityProvider>, AwsError> {
        let mut providers = Vec::new();
        for names in names.chunks(ITEMS_PER_CALL) {
            let answer = self
                .ecs
                .describe_capacity_providers()
                .set_capacity_providers(Some(names.to_vec()))
                .send()
                .await
                .map_err(|error| {
                    AwsError::of("ecs:DescribeCapacityProviders", names.join(", "), error)
                })?;
            providers.extend(
                answer
                    .capacity_providers
                    .unwrap_or_default()
                    .into_iter()
                    .map(convert::capacity_provider),
            );
        }
        Ok(providers)
    }

    /// ARN of the service deployment behind a deployment id: its target revision ends in the same
    /// number. `None` where ECS doesn't list it (yet).
    ///
    /// # Errors
    ///
    /// [`AwsError`]: the call is denied or fails, or its answer can't be read.
    pub async fn service_deployment_arn(
        &self,
        cluster: &str,
        service: &str,
        deployment_id: &str,
        since: Timestamp,
    ) -> Result<Option<String>, AwsError> {
        let number = crate::snapshot::last_part(deployment_id);
        let since = Timestamp::of_millis(since.0.saturating_sub(LISTED_BEFORE_MS));
        let subject = format!("service `{service}` of cluster `{cluster}`");
        let after = aws_smithy_types::DateTime::from_millis(since.0);
        let listed = self
            .ecs
            .list_service_deployments()
            .cluster(cluster)
            .service(service)
            .created_at(
                aws_sdk_ecs::types::CreatedAt::builder()
                    .after(after)
                    .build(),
            )
            .send()
            .await
            .map_err(|error| AwsError::of("ecs:ListServiceDeployments", subject, error))?;
        Ok(listed
            .service_deployments
            .unwrap_or_default()
            .into_iter()
            .find(|brief| {
                brief
                    .target_service_revision_arn()
                    .is_some_and(|arn| crate::snapshot::last_part(arn) == number)
            })
            .and_then(|brief| brief.service_deployment_arn))
    }

    /// DescribeServiceDeployments for any number of ARNs.
    ///
    /// # Errors
    ///
    /// [`AwsError`]: the call is denied or fails, or its answer can't be read.
    pub async fn service_deployments(
        &self,
        arns: &[String],
    ) -> Result<Vec<ServiceDeployment>, AwsError> {
        let mut found = Vec::with_capacity(arns.len());
        for arns in arns.chunks(DEPLOYMENTS_PER_CALL) {
            let answer = self
                .ecs
                .describe_service_deployments()
                .set_service_deployment_arns(Some(arns.to_vec()))
                .send()
                .await
                .map_err(|error| {
                    AwsError::of("ecs:DescribeServiceDeployments", arns.join(", "), error)
                })?;
            let described = answer.service_deployments.unwrap_or_default();
            found.extend(described.into_iter().map(convert::service_deployment));
        }
        Ok(found)
    }

    /// StopServiceDeployment with ROLLBACK, sent once.
    ///
    /// # Errors
    ///
    /// [`AwsError`]: the call is denied or fails, or its answer is lost; it may have been carried
    /// out then.
    pub async fn roll_back(&self, service_deployment: &str) -> Result<(), AwsError> {
        self.ecs
            .stop_service_deployment()
            .service_deployment_arn(service_deployment)
            .stop_type(StopServiceDeploymentStopType::Rollback)
            .customize()
            .config_override(no_retry())
            .send()
            .await
            .map_err(|error| {
                AwsError::of("ecs:StopServiceDeployment", service_deployment, error)
            })?;
        Ok(())
    }
}

fn subject(cluster: &str, names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    format!("service {} of cluster `{cluster}`", names.join(", "))
}
