//! UpdateService and StopServiceDeployment: what changes, and what makes a new deployment.

use serde_json::Value;

use super::World;
use super::configuration::Configuration;
use super::needs::{list, number};
use super::service::{Scheduling, Service};
use super::taskdef::{Refusal, TaskDefinition};

/// The members of an UpdateService request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Change<'a>(pub(crate) &'a Value);

/// Members that make a new deployment.
const TRIGGERS: [&str; 8] = [
    "taskDefinition",
    "networkConfiguration",
    "platformVersion",
    "loadBalancers",
    "serviceRegistries",
    "serviceConnectConfiguration",
    "volumeConfigurations",
    "vpcLatticeConfigurations",
];

impl World {
    /// Someone changes the service: `body` has the members of an UpdateService request. For
    /// scripts; a change that ECS would refuse comes back as its message.
    pub fn update_service(
        &mut self,
        cluster: &str,
        name: &str,
        body: &Value,
    ) -> Result<(), String> {
        let found = self
            .services
            .iter()
            .position(|one| one.cluster == cluster && one.name == name);
        let Some(index) = found else {
            return Err("Service not found.".to_owned());
        };
        self.change(index, Change(body))
            .map_err(|refusal| refusal.message)
    }

    pub(crate) fn change(&mut self, index: usize, Change(body): Change<'_>) -> Result<(), Refusal> {
        let service = &self.services[index];
        if service.status != "ACTIVE" {
            return Err(Refusal::new(
                "ServiceNotActiveException",
                "Service was not ACTIVE.",
            ));
        }
        let mut task_definition = service.task_definition.clone();
        if let Some(wanted) = body["taskDefinition"].as_str() {
            let Some(found) = self.find_task_definition(wanted) else {
                return Err(Refusal::client("TaskDefinition not found."));
            };
            if found.document["status"] != "ACTIVE" {
                return Err(Refusal::client("TaskDefinition is inactive"));
            }
            self.refuse_mismatch(service, found, body)?;
            task_definition.clone_from(&found.arn);
        }
        let desired = body["desiredCount"].as_i64();
        if desired.is_some_and(|desired| desired < 0) {
            return Err(Refusal::parameter(
                "desiredCount must be greater than or equal to 0.",
            ));
        }
        if desired.is_some() && service.scheduling == Scheduling::Daemon {
            let text = "The daemon scheduling strategy does not support a desired count for services. Remove the \
                        desired count value and try again.";
            return Err(Refusal::parameter(text));
        }
        let configuration = (service.configuration).changed_by(&body["deploymentConfiguration"])?;
        refuse_percentages(service, &configuration, body)?;
        self.apply(index, body, configuration);
        let service = &mut self.services[index];
        if let Some(desired) = desired {
            service.desired = usize::try_from(desired).unwrap_or(0);
            if let Some(primary) = service.deployments.first_mut() {
                primary.desired = service.desired;
            }
        }
        let forced = body["forceNewDeployment"] == true;
        let same =
            |name: &str| name == "taskDefinition" && task_definition == service.task_definition;
        let triggered = TRIGGERS
            .iter()
            .any(|name| !body[*name].is_null() && !same(name));
        if forced || triggered {
            self.begin_deployment(index, &task_definition);
        }
        Ok(())
    }

    /// A revision that doesn't go with the service.
    fn refuse_mismatch(
        &self,
        service: &Service,
        found: &TaskDefinition,
        body: &Value,
    ) -> Result<(), Refusal> {
        let network = service.network.is_some() || body["networkConfiguration"].is_object();
        refuse_network(found, network)?;
        let fronted = self
            .needs_of(&service.task_definition)
            .and_then(|needs| needs.images.into_iter().next());
        if let Some((name, _)) = fronted.filter(|_| !service.target_groups.is_empty())
            && !found.needs.images.iter().any(|(known, _)| *known == name)
        {
            let text = format!("The container {name} does not exist in the task definition.");
            return Err(Refusal::parameter(text));
        }
        Ok(())
    }

    /// Someone asks the service's deployment under way to roll back.
    pub fn stop_deployment(&mut self, cluster: &str, name: &str) -> Result<(), String> {
        let found = self
            .service(cluster, name)
            .and_then(|service| service.deployments.first());
        let arn = found
            .map(|first| first.service_deployment.clone())
            .unwrap_or_default();
        self.stop_service_deployment(&arn)
            .map_err(|refusal| refusal.message)
    }

    /// What takes effect without a deployment.
    fn apply(&mut self, index: usize, body: &Value, configuration: Configuration) {
        let service = &mut self.services[index];
        service.configuration = configuration;
        if let Some(wanted) = body["availabilityZoneRebalancing"].as_str() {
            service.az_rebalancing = wanted == "ENABLED";
        }
        if let Some(tags) = body["propagateTags"].as_str() {
            tags.clone_into(&mut service.propagate_tags);
        }
        if let Some(managed) = body["enableECSManagedTags"].as_bool() {
            service.managed_tags = managed;
        }
        if let Some(enabled) = body["enableExecuteCommand"].as_bool() {
            service.execute_command = enabled;
        }
        if let Some(grace) = body["healthCheckGracePeriodSeconds"].as_i64() {
            service.grace_secs = grace;
        }
        if body["networkConfiguration"].is_object() {
            service.network = Some(body["networkConfiguration"].clone());
        }
        if body["placementStrategy"].is_array() {
            service.strategy = list(&body["placementStrategy"]).to_vec();
        }
        if body["placementConstraints"].is_array() {
            let constraints = list(&body["placementConstraints"]);
            service.constraints = constraints.to_vec();
            service.distinct = service.scheduling == Scheduling::Daemon
                || constraints
                    .iter()
                    .any(|constraint| constraint["type"] == "distinctInstance");
            service.member_of = expressions(constraints);
        }
        if body["capacityProviderStrategy"].is_array() {
            service.capacity_providers = strategy(&body["capacityProviderStrategy"]);
        }
    }

    /// Asks a service deployment to roll back.
    pub(crate) fn stop_service_deployment(&mut self, arn: &str) -> Result<(), Refusal> {
        let now = self.now;
        let found = self
            .services
            .iter_mut()
            .flat_map(|service| &mut service.service_deployments);
        let Some(record) = found.into_iter().find(|record| record.arn == arn) else {
            let text = "Service deployment not found.";
            return Err(Refusal::new("ServiceDeploymentNotFoundException", text));
        };
        // One that is on its way back already just goes on.
        if matches!(
            record.status,
            "STOP_REQUESTED" | "ROLLBACK_REQUESTED" | "ROLLBACK_IN_PROGRESS"
        ) {
            return Ok(());
        }
        if !matches!(record.status, "PENDING" | "IN_PROGRESS") {
            let text = format!(
                "The service deployment cannot be stopped because its status is {}.",
                record.status
            );
            return Err(Refusal::new("ConflictException", text));
        }
        record.status = "ROLLBACK_REQUESTED";
        record.updated = now;
        Ok(())
    }
}

fn refuse_percentages(
    service: &Service,
    configuration: &Configuration,
    body: &Value,
) -> Result<(), Refusal> {
    let rebalancing = match body["availabilityZoneRebalancing"].as_str() {
        Some(wanted) => wanted == "ENABLED",
        None => service.az_rebalancing,
    };
    if rebalancing && configuration.maximum_percent <= 100 {
        return Err(Refusal::parameter(
            "AvailabilityZoneRebalancing does not support maximumPercent <= 100",
        ));
    }
    if service.scheduling == Scheduling::Daemon && configuration.maximum_percent != 100 {
        return Err(Refusal::parameter(
            "The daemon scheduling strategy does not support values above 100 for maximumPercent.",
        ));
    }
    let both = configuration.maximum_percent == 100 && configuration.minimum_healthy_percent == 100;
    if both && body["deploymentConfiguration"].is_object() {
        let text = "Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block deployments.";
        return Err(Refusal::parameter(text));
    }
    if configuration.maximum_percent < 100 {
        return Err(Refusal::parameter(
            "maximumPercent must be greater than or equal to 100.",
        ));
    }
    if configuration.minimum_healthy_percent > configuration.maximum_percent {
        return Err(Refusal::parameter(
            "minimumHealthyPercent must be less than or equal to maximumPercent.",
        ));
    }
    Ok(())
}

/// A network configuration goes with `awsvpc`, and with nothing else.
pub(super) fn refuse_network(found: &TaskDefinition, network: bool) -> Result<(), Refusal> {
    let text = match (found.needs.awsvpc, network) {
        (true, false) => {
            "Network Configuration must be provided when networkMode 'awsvpc' is specified."
        }
        (false, true) => {
            "Network Configuration is not valid for the given networkMode of this task definition."
        }
        _ => return Ok(()),
    };
    Err(Refusal::parameter(text))
}

/// The `memberOf` expressions of placement constraints.
pub(super) fn expressions(constraints: &[Value]) -> Vec<String> {
    let expressions = constraints
        .iter()
        .filter_map(|one| one["expression"].as_str());
    expressions.map(str::to_owned).collect()
}

/// Provider, weight and base of a capacity provider strategy's items.
pub(super) fn strategy(items: &Value) -> Vec<(String, u32, u32)> {
    let whole = |value: &Value| u32::try_from(number(value)).unwrap_or(0);
    let item = |item: &Value| {
        let name = item["capacityProvider"].as_str().unwrap_or_default();
        (
            name.to_owned(),
            whole(&item["weight"]),
            whole(&item["base"]),
        )
    };
    list(items).iter().map(item).collect()
}
