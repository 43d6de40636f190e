//! A load balancer that finds the tasks unhealthy.

use crate::aws_text::target_reason::{self, TargetTrouble};
use crate::aws_text::Says;
use crate::cause::{CauseKind, Remedy};
use crate::snapshot::TargetHealth;
use crate::diagnosis::rules::Rule;
use crate::diagnosis::finding::{Certainty, Finding};
use crate::diagnosis::observations::Observations;
use crate::diagnosis::words::{advise, code, counted, short};
use crate::snapshot::last_part;

pub(super) const RULE: Rule = Rule {
    kind: CauseKind::LoadBalancerHealth,
    description: "the load balancer's health check fails, or a target can't be registered",
    link: "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/troubleshoot-service-load-balancers.html",
    check,
};

/// Most targets that are shown one by one.
const MAX_TARGETS: usize = 3;

fn check(seen: &Observations<'_>) -> Option<Finding> {
    let own = |target: &&TargetHealth| {
        let task = target.task.as_deref();
        task.is_none_or(|id| seen.evidence.own_tasks().any(|task| task.id() == id))
    };
    let unhealthy: Vec<&TargetHealth> = seen
        .evidence
        .targets
        .iter()
        .filter(|target| target.state.starts_with("unhealthy"))
        .filter(own)
        .collect();
    let observed = seen.of(CauseKind::LoadBalancerHealth);
    if observed.is_none() && unhealthy.is_empty() {
        return None;
    }
    let said = observed.as_ref().and_then(|all| target_reason::in_event(all.text()));
    let why = said.or_else(|| unhealthy.iter().map(|one| one.reason.as_str()).find(|it| !it.is_empty()));
    let behind = seen.evidence.service.load_balancers.first();
    let place = behind.map_or_else(
        || "the task".to_owned(),
        |one| format!("container {} on port `{}`", code(&one.container), one.port),
    );
    let because = why.map(|why| format!(": {}", code(why))).unwrap_or_default();
    let message = if observed.as_ref().is_some_and(|all| all.says(Says::TargetsNotRegistered)) {
        format!("ECS can't register {place} with the load balancer")
    } else {
        format!("the load balancer finds {place} unhealthy{because}")
    };
    let remedies = remedies(seen, why.unwrap_or(""));
    let finding = match observed {
        Some(observed) => observed.found(message, Vec::new()),
        None if unhealthy.iter().any(|target| target.task.is_some()) => {
            Finding::concluded(Certainty::Seen, CauseKind::LoadBalancerHealth, message)
        }
        None => Finding::concluded(
            Certainty::Likely,
            CauseKind::LoadBalancerHealth,
            format!("{message}; whether it is a task of this deployment isn't known"),
        ),
    };
    let logs = behind.map(|one| seen.log_of(&one.container)).unwrap_or_default();
    Some(finding.with_evidence(targets(&unhealthy)).with_evidence(logs).with_remedies(remedies))
}

fn targets(unhealthy: &[&TargetHealth]) -> Vec<String> {
    let mut lines: Vec<String> = unhealthy
        .iter()
        .take(MAX_TARGETS)
        .map(|one| {
            let group = one.group.rsplit('/').nth(1).unwrap_or_else(|| last_part(&one.group));
            format!(
                "target {}:{} in {}: {} {} {}",
                one.target, one.port, code(group), one.state, one.reason, short(&one.description, 300)
            )
        })
        .collect();
    if unhealthy.len() > MAX_TARGETS {
        lines.push(format!("and {} like that", counted(unhealthy.len() - MAX_TARGETS, "target")));
    }
    lines
}

fn remedies(seen: &Observations<'_>, why: &str) -> Vec<Remedy> {
    let service = seen.evidence.service;
    let port = service.load_balancers.first().map_or(0, |one| one.port);
    let mut remedies = Vec::new();
    remedies.push(advise(match TargetTrouble::of(why) {
        TargetTrouble::Code => {
            "make the health check's path answer with a code that the target group's matcher takes".to_owned()
        }
        TargetTrouble::TimedOut => {
            let groups = service.network.as_ref().map_or(&[][..], |all| all.security_groups.as_slice());
            let inside = if groups.is_empty() {
                String::new()
            } else {
                format!(" {}", crate::diagnosis::words::codes(groups.iter().map(String::as_str)))
            };
            format!(
                "check that the program listens on `0.0.0.0:{port}`, and that the task's security group{inside} lets the load balancer in"
            )
        }
        TargetTrouble::NoGroup => {
            "check that the service's target group exists and belongs to a listener".to_owned()
        }
        TargetTrouble::Other => {
            format!("check path, port (`{port}`) and matcher of the target group's health check")
        }
    }));
    remedies.push(advise(format!(
        "give a slow start more time: raise `healthCheckGracePeriodSeconds` (now {})",
        service.health_check_grace.as_secs(),
    )));
    remedies
}
