//! What the one-off task is to be: the request's words, the first service's settings for the rest.
//!
//! Everything that RunTask would refuse and that can be known is said here, before anything is
//! changed.

use super::super::base::Base;
use super::super::changes::changes;
use super::super::containers;
use super::super::found::Found;
use crate::durations::to_the_second;
use crate::failure::Failure;
use crate::plan::{OneOff, Plan};
use crate::report::{OneOffReport, Outcome};
use crate::request::{AssignPublicIp, OneOffOptions, Request};
use crate::run::{Journal, RunContext};
use crate::snapshot::{Constraint, Network, Service};

/// Nobody's task: whether DescribeTasks is allowed is known before one is started.
const NOBODY: &str = "00000000000000000000000000000000";

/// The one-off task of the run; none where none is asked for, or no service gets a new deployment:
/// what it would prepare for runs already.
///
/// # Errors
/// `invalid`, where it is not clear what to run or where, or RunTask would refuse it.
pub(in super::super) fn plan(
    request: &Request,
    found: &Found<'_>,
    plan: &Plan,
) -> Result<Option<OneOff>, Failure> {
    let services = &found.services;
    let (Some(options), Some(service)) = (&request.one_off, services.first()) else {
        return Ok(None);
    };
    if !(0..services.len()).any(|index| changes(services, plan, index)) {
        return Ok(None);
    }
    let which = plan.updates.first().map_or(0, |first| first.definition);
    let base = &found.bases[which];
    let gets_image = || gets_image(request, base, found);
    let (container, essential) = container(options, base, gets_image)?;
    let mut one_off = OneOff {
        definition: which,
        cluster: service.cluster.clone(),
        container,
        essential,
        command: options.command.clone(),
        timeout: options.timeout,
        ..OneOff::default()
    };
    place(&mut one_off, options, service);
    one_off.network = network(options, service, base, &one_off)?;
    let allowed = base.definition.requires_compatibilities();
    if let Some(kind) = &one_off.launch_type
        && !allowed.is_empty()
        && !allowed.contains(&kind.as_str())
    {
        return Err(Failure::invalid(format!(
            "the one-off task is to have the launch type {kind}, and the task definition is for {} only",
            allowed.join(", ")
        )));
    }
    Ok(Some(one_off))
}

/// Where it runs: launch type or strategy, and the service's constraints where there are instances
/// to choose from.
fn place(one_off: &mut OneOff, options: &OneOffOptions, service: &Service) {
    if !options.providers.is_empty() {
        one_off.providers.clone_from(&options.providers);
    } else if let Some(kind) = options.launch_type {
        one_off.launch_type = Some(kind.as_str().to_owned());
    } else if service.capacity_providers.is_empty() {
        one_off.launch_type.clone_from(&service.launch_type);
    } else {
        one_off.providers.clone_from(&service.capacity_providers);
    }
    if !one_off.is_fargate() {
        let expressions = service.constraints.iter().filter_map(|one| match one {
            Constraint::MemberOf(expression) => Some(expression.clone()),
            Constraint::DistinctInstance | Constraint::Other(_) => None,
        });
        one_off.member_of = expressions.collect();
    }
}

/// The container whose exit code decides, and whether the task ends with it.
fn container(
    options: &OneOffOptions,
    base: &Base,
    gets_image: impl FnOnce() -> Option<String>,
) -> Result<(String, bool), Failure> {
    let containers = base.definition.containers();
    let names: Vec<String> = containers
        .iter()
        .map(|one| format!("`{}`", one.name()))
        .collect();
    let there = names.join(", ");
    let chosen = match &options.container {
        Some(name) => Some(name.clone()),
        None => {
            let mut essential = containers.iter().filter(|one| one.is_essential());
            match (essential.next(), essential.next()) {
                (Some(only), None) => Some(only.name().to_owned()),
                _ => gets_image(),
            }
        }
    };
    let Some(name) = chosen else {
        return Err(Failure::invalid(format!(
            "it isn't clear which container's exit code decides about the one-off task: name one in `run-task-container`; there are {there}"
        )));
    };
    match base.definition.container(&name) {
        Some(found) => Ok((name, found.is_essential())),
        None => Err(Failure::invalid(format!(
            "`run-task-container` is `{name}`, which the task definition doesn't have; it has {there}"
        ))),
    }
}

/// The one container that gets the image, if it is one.
fn gets_image(request: &Request, base: &Base, found: &Found<'_>) -> Option<String> {
    let images = containers::placed(request, base, &found.images).ok()?;
    match images.as_slice() {
        [(name, _)] => Some(name.clone()),
        _ => None,
    }
}

/// The network configuration, which goes with `awsvpc` and with nothing else.
fn network(
    options: &OneOffOptions,
    service: &Service,
    base: &Base,
    one_off: &OneOff,
) -> Result<Option<Network>, Failure> {
    let mode = base.definition.network_mode();
    let given = !options.subnets.is_empty()
        || !options.security_groups.is_empty()
        || options.assign_public_ip.is_some();
    if mode != "awsvpc" {
        if given {
            return Err(Failure::invalid(format!(
                "subnets, security groups and public addresses of the one-off task go with the network mode `awsvpc` only; the task definition has `{mode}`"
            )));
        }
        return Ok(None);
    }
    let mut network = service.network.clone().unwrap_or_default();
    if !options.subnets.is_empty() {
        network.subnets.clone_from(&options.subnets);
    }
    if !options.security_groups.is_empty() {
        network.security_groups.clone_from(&options.security_groups);
    }
    if let Some(assign) = options.assign_public_ip {
        network.assign_public_ip = assign == AssignPublicIp::Enabled;
    }
    if network.subnets.is_empty() {
        return Err(Failure::invalid(format!(
            "the one-off task needs subnets, and service `{}` has none: give `run-task-subnets`",
            service.name
        )));
    }
    let on_instances = one_off.launch_type.is_some() || !one_off.providers.is_empty();
    if network.assign_public_ip && on_instances && !one_off.is_fargate() {
        return Err(Failure::invalid(
            "ECS gives public addresses to tasks on Fargate only, and the one-off task is to run on instances: set `run-task-assign-public-ip: DISABLED`",
        ));
    }
    Ok(Some(network))
}

/// Says what will run, puts it into the report, and makes sure that its end may be read.
///
/// # Errors
/// `error`, where DescribeTasks is not allowed: a task whose end can't be known isn't started.
pub(in super::super) async fn prepare(
    context: &RunContext,
    journal: &mut Journal,
    plan: &Plan,
) -> Result<(), Failure> {
    let request = &context.request;
    announce(journal, request, plan);
    let Some(ask) = plan.one_off.as_ref().filter(|_| !request.dry_run) else {
        return Ok(());
    };
    let seen = context.aws.task(&ask.cluster, NOBODY).await;
    seen.map(drop).map_err(|error| {
        Failure::from(error).help("how the one-off task ends could not be read, so none is started")
    })
}

fn announce(journal: &mut Journal, request: &Request, plan: &Plan) {
    if request.one_off.is_none() {
        return;
    }
    let Some(ask) = &plan.one_off else {
        journal.line("one-off task: none is run, because no service gets a new deployment");
        return;
    };
    let command = match &ask.command {
        Some(command) => format!("`{}`", command.join(" ")),
        None => "its own command".to_owned(),
    };
    let mut text = format!(
        "one-off task: container `{}` runs {command} {}, for at most {}, before any service is updated",
        ask.container,
        whereabouts(ask),
        to_the_second(ask.timeout)
    );
    if let Some(network) = &ask.network {
        text.push_str(&format!("; subnets {}", network.subnets.join(", ")));
        if !network.security_groups.is_empty() {
            let groups = network.security_groups.join(", ");
            text.push_str(&format!(", security groups {groups}"));
        }
        if network.assign_public_ip {
            text.push_str(", with a public address");
        }
    }
    journal.line(&text);
    journal.one_off_planned(OneOffReport {
        cluster: ask.cluster.clone(),
        container: ask.container.clone(),
        command: ask.command.clone(),
        outcome: request.dry_run.then_some(Outcome::Planned),
        ..OneOffReport::default()
    });
}

fn whereabouts(ask: &OneOff) -> String {
    let names: Vec<&str> = ask
        .providers
        .iter()
        .map(|item| item.provider.as_str())
        .collect();
    match (&ask.launch_type, names.as_slice()) {
        (_, [one]) => format!("through capacity provider {one}"),
        (_, [_, ..]) => format!("through capacity providers {}", names.join(", ")),
        (Some(kind), []) => format!("on {kind}"),
        (None, []) => "as the cluster's default has it".to_owned(),
    }
}
