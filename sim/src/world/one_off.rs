//! RunTask: tasks that belong to no service, run to their end and are not replaced.
//!
//! They take the same places as services' tasks, and are placed by the same rules. What AWS says
//! when there is no place comes back with the answer, not as an error.

use serde_json::{Value, json};

use super::World;
use super::needs::list;
use super::placement::{Lack, Placing};
use super::service::{Scheduling, Service, new_deployment};
use super::spec::{Exit, TaskBehaviour};
use super::start::NoStart;
use super::task::Task;
use super::taskdef::{Refusal, TaskDefinition};
use super::update::{expressions, refuse_network, strategy};

/// RunTask starts no more at once.
const COUNT_MOST: i64 = 10;
const TOKEN_MOST: usize = 64;
const STARTED_BY_MOST: usize = 128;

/// The members of a RunTask request, and the cluster that it names.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RunTask<'a> {
    pub(crate) cluster: &'a str,
    pub(crate) body: &'a Value,
}

/// What became of a call.
#[derive(Clone, Debug, Default)]
pub(crate) struct Began {
    /// Ids.
    pub(crate) tasks: Vec<String>,
    /// `failures`: the container instance's id where it is about one, and the reason.
    pub(crate) failures: Vec<(Option<String>, String)>,
}

/// A call that started something.
#[derive(Clone, Debug)]
pub(super) struct OneOff {
    /// `clientToken`, and all that was asked for with it.
    asked: Option<(String, Value)>,
    tasks: Vec<String>,
    /// What takes the place of a service where its tasks are placed.
    group: Service,
}

/// The behaviour of a migration that does what it should.
pub(super) fn ends_well() -> TaskBehaviour {
    TaskBehaviour {
        exit: Some(Exit {
            after_secs: 5,
            ..Exit::default()
        }),
        ..TaskBehaviour::default()
    }
}

impl World {
    /// Starts what the request asks for.
    pub(crate) fn run_task(&mut self, ask: RunTask<'_>) -> Result<Began, Refusal> {
        let RunTask { cluster, body } = ask;
        refuse_words(body)?;
        let token = body["clientToken"].as_str();
        if let Some(began) = self.began_before(token, body)? {
            return Ok(began);
        }
        let name = body["taskDefinition"].as_str().unwrap_or_default();
        let Some(found) = self.find_task_definition(name) else {
            return Err(Refusal::client("TaskDefinition not found."));
        };
        if found.document["status"] != "ACTIVE" {
            return Err(Refusal::client("TaskDefinition is inactive"));
        }
        refuse_mismatch(found, body)?;
        self.refuse_providers(body)?;
        let family = found.document["family"].as_str().unwrap_or_default();
        let label = body["group"]
            .as_str()
            .map_or_else(|| format!("family:{family}"), str::to_owned);
        let group = self.as_service(cluster, body, &found.arn);
        let mut began = Began::default();
        for _ in 0..body["count"].as_i64().unwrap_or(1) {
            match self.begin(&group, 0) {
                Ok((task, instance)) => {
                    let task = self.one_off_of(task, &label);
                    began.tasks.push(self.launch((task, instance)));
                }
                Err(why) => began.failures.extend(self.failures(&group, why)?),
            }
        }
        if !began.tasks.is_empty() {
            self.one_offs.push(OneOff {
                asked: token.map(|token| (token.to_owned(), body.clone())),
                tasks: began.tasks.clone(),
                group,
            });
        }
        Ok(began)
    }

    /// The same token starts nothing twice, and stands for nothing else.
    fn began_before(&self, token: Option<&str>, body: &Value) -> Result<Option<Began>, Refusal> {
        let asked = |one: &&OneOff| {
            token.is_some() && one.asked.as_ref().map(|(token, _)| token.as_str()) == token
        };
        let Some(known) = self.one_offs.iter().find(asked) else {
            return Ok(None);
        };
        if known.asked.as_ref().is_some_and(|(_, was)| was != body) {
            let text =
                "The provided clientToken is already in use with a different RunTask request.";
            return Err(Refusal::new("ConflictException", text));
        }
        Ok(Some(Began {
            tasks: known.tasks.clone(),
            failures: Vec::new(),
        }))
    }

    fn refuse_providers(&self, body: &Value) -> Result<(), Refusal> {
        let known = |name: &str| self.providers.iter().any(|one| one.spec.name == name);
        let fargate = |name: &str| ["FARGATE", "FARGATE_SPOT"].contains(&name);
        let items = strategy(&body["capacityProviderStrategy"]);
        match items
            .iter()
            .find(|(name, ..)| !known(name) && !fargate(name))
        {
            Some((name, ..)) => Err(Refusal::parameter(format!(
                "The specified capacity provider '{name}' was not found. Specify a valid name or ARN and try again."
            ))),
            None => Ok(()),
        }
    }

    /// The request as the scheduler's code takes it: a service of no tasks that is never looked at.
    fn as_service(&self, cluster: &str, body: &Value, task_definition: &str) -> Service {
        let constraints = list(&body["placementConstraints"]).to_vec();
        let started_by = body["startedBy"].as_str().unwrap_or_default();
        let mut deployment = new_deployment("", task_definition, Default::default(), self.now);
        started_by.clone_into(&mut deployment.id);
        Service {
            cluster: cluster.to_owned(),
            // A blank is in no service's name.
            name: format!("run task {}", self.one_offs.len()),
            task_definition: task_definition.to_owned(),
            launch_type: body["launchType"].as_str().unwrap_or("EC2").to_owned(),
            capacity_providers: strategy(&body["capacityProviderStrategy"]),
            scheduling: Scheduling::Replica,
            distinct: constraints
                .iter()
                .any(|constraint| constraint["type"] == "distinctInstance"),
            member_of: expressions(&constraints),
            strategy: list(&body["placementStrategy"]).to_vec(),
            network: Some(body["networkConfiguration"].clone()).filter(Value::is_object),
            deployments: vec![deployment],
            constraints,
            ..Service::default()
        }
    }

    /// What a task of a service isn't: of a family, and with an end.
    fn one_off_of(&self, task: Task, group: &str) -> Task {
        let pull_error = task.behaviour.pull_error.clone();
        let mut behaviour = self.one_off.clone();
        behaviour.pull_error = behaviour.pull_error.or(pull_error);
        Task {
            group: group.to_owned(),
            behaviour,
            ..task
        }
    }

    /// Why nothing was started, as `failures` says it; an error where AWS makes it one.
    fn failures(
        &self,
        group: &Service,
        why: NoStart,
    ) -> Result<Vec<(Option<String>, String)>, Refusal> {
        match why {
            NoStart::Reason(reason) => Ok(vec![(None, reason.to_owned())]),
            NoStart::ProvisioningLimit => Err(Refusal::client(
                "Tasks provisioning capacity limit exceeded.",
            )),
            NoStart::Placing(Placing::NoInstances, provider) => {
                let place = provider.map_or("cluster", |_| "capacity provider");
                Err(Refusal::parameter(format!(
                    "No Container Instances were found in your {place}."
                )))
            }
            NoStart::Placing(_, provider) => Ok(self.lacking(group, provider.as_deref())),
        }
    }

    /// What each instance lacks first.
    fn lacking(&self, group: &Service, provider: Option<&str>) -> Vec<(Option<String>, String)> {
        let needs = self.needs_of(&group.task_definition).unwrap_or_default();
        let here = self.instances.iter().filter(|instance| {
            instance.cluster == group.cluster
                && instance.status == "ACTIVE"
                && provider.is_none_or(|name| instance.capacity_provider.as_deref() == Some(name))
        });
        here.filter_map(|instance| {
            let lack: Lack = *self.lacks(instance, &needs, group).first()?;
            Some((Some(instance.id.clone()), lack.code().to_owned()))
        })
        .collect()
    }

    /// What the task is placed for: its service, or the RunTask call that started it.
    pub(super) fn group_of(&self, task: &Task) -> Option<&Service> {
        let one_offs = self.one_offs.iter().map(|one| &one.group);
        let mut all = self.services.iter().chain(one_offs);
        all.find(|service| service.owns(task))
    }
}

/// Members whose values AWS refuses by themselves.
fn refuse_words(body: &Value) -> Result<(), Refusal> {
    let count = body["count"].as_i64().unwrap_or(1);
    if !(1..=COUNT_MOST).contains(&count) {
        let text = format!("Count must be between 1 and {COUNT_MOST}.");
        return Err(Refusal::parameter(text));
    }
    let token = body["clientToken"].as_str().unwrap_or_default();
    if token.len() > TOKEN_MOST || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Refusal::parameter("clientToken is invalid."));
    }
    let by = body["startedBy"].as_str().unwrap_or_default();
    // The page of RunTask names the characters; ECS takes others too, such as ecs-deploy's space.
    if by.len() > STARTED_BY_MOST {
        let text = format!("startedBy longer than {STARTED_BY_MOST}.");
        return Err(Refusal::parameter(text));
    }
    let both = body["launchType"].is_string() && body["capacityProviderStrategy"].is_array();
    if both {
        let text = "Specifying both a launch type and capacity provider strategy is not supported. \
                    Remove one and try again.";
        return Err(Refusal::parameter(text));
    }
    // Sizes decide where a task goes; nothing here counts with other ones than the definition's.
    let sized = |one: &Value| {
        ["cpu", "memory", "memoryReservation", "resourceRequirements"]
            .iter()
            .any(|name| !one[*name].is_null())
    };
    let overrides = &body["overrides"];
    if sized(overrides) || list(&overrides["containerOverrides"]).iter().any(sized) {
        let text = "Overrides of a task's size are not supported by this endpoint.";
        return Err(Refusal::new("UnsupportedFeatureException", text));
    }
    Ok(())
}

/// A request that doesn't go with the revision.
fn refuse_mismatch(found: &TaskDefinition, body: &Value) -> Result<(), Refusal> {
    let network = &body["networkConfiguration"]["awsvpcConfiguration"];
    refuse_network(found, network.is_object())?;
    for one in list(&body["overrides"]["containerOverrides"]) {
        let name = one["name"].as_str().unwrap_or_default();
        if !found.needs.images.iter().any(|(known, _)| known == name) {
            let text = format!(
                "Override for container named {name} is not a container in the TaskDefinition."
            );
            return Err(Refusal::parameter(text));
        }
    }
    let providers = strategy(&body["capacityProviderStrategy"]);
    let kind = match providers.first() {
        Some((name, ..)) if name.starts_with("FARGATE") => "FARGATE",
        Some(_) => "EC2",
        None => body["launchType"].as_str().unwrap_or("EC2"),
    };
    if !list(&found.document["compatibilities"]).contains(&json!(kind)) {
        let text = format!("Task definition does not support launch_type {kind}.");
        return Err(Refusal::parameter(text));
    }
    if kind != "FARGATE" && network["assignPublicIp"] == "ENABLED" {
        let text = "Assign public IP is not supported for this launch type.";
        return Err(Refusal::parameter(text));
    }
    Ok(())
}
