//! A container's own health check that fails.

use crate::cause::{CauseKind, Remedy};
use crate::diagnosis::rules::Rule;
use crate::diagnosis::finding::{Certainty, Finding};
use crate::diagnosis::observations::Observations;
use crate::diagnosis::words::{advise, code, counted};
use crate::snapshot::{Container, Health, TaskStatus};

pub(super) const RULE: Rule = Rule {
    kind: CauseKind::ContainerHealth,
    description: "the container's own health check fails",
    link: "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/healthcheck.html",
    check,
};

fn check(seen: &Observations<'_>) -> Option<Finding> {
    let running = seen.evidence.own_tasks().filter(|task| task.last_status == TaskStatus::Running);
    let unhealthy: Vec<_> = running.filter(|task| task.health == Health::Unhealthy).collect();
    let sick = |one: &&Container| one.health == Health::Unhealthy;
    let of_running = unhealthy.iter().find_map(|task| task.containers.iter().find(sick));
    let observed = seen.of(CauseKind::ContainerHealth);
    let of_stopped = observed.as_ref().and_then(|all| all.task()?.containers.iter().find(sick));
    let container = of_stopped.or(of_running).map(|one| one.name.as_str()).or_else(|| only_checked(seen));
    let who = container.map_or_else(|| "a container".to_owned(), |name| format!("container {}", code(name)));
    let command = container.and_then(|name| seen.definition.container(name)?.health_check());
    let by = command.as_ref().map(|command| format!(": {}", code(command))).unwrap_or_default();
    let message = format!("the health check of {who} fails{by}");
    let log = container.map(|name| seen.log_of(name)).unwrap_or_default();
    let now = (!unhealthy.is_empty())
        .then(|| format!("{} running with an unhealthy container", counted(unhealthy.len(), "task")));
    let finding = match observed {
        Some(observed) => observed.found(message, Vec::new()),
        None => Finding::concluded(Certainty::Seen, CauseKind::ContainerHealth, message),
    };
    if finding.cause.evidence.is_empty() && now.is_none() {
        return None;
    }
    let remedies = remedies(command.as_deref());
    Some(finding.with_evidence(now.into_iter().chain(log)).with_remedies(remedies))
}

fn remedies(command: Option<&str>) -> Vec<Remedy> {
    let mut remedies = Vec::new();
    let tool = command.and_then(|command| ["curl", "wget"].into_iter().find(|tool| command.contains(tool)));
    if let Some(tool) = tool {
        remedies.push(advise(format!("make sure that the image has `{tool}`: small images don't")));
    }
    remedies.push(advise("run the check's command in the container (`aws ecs execute-command`)"));
    remedies.push(advise("give a slow start more time: `startPeriod` and `retries` of the health check"));
    remedies
}

/// The one container that has a health check.
fn only_checked<'a>(seen: &Observations<'a>) -> Option<&'a str> {
    let mut checked = seen.definition.containers().filter(|one| one.has_health_check());
    let first = checked.next()?;
    if checked.next().is_some() { None } else { Some(first.name()) }
}
