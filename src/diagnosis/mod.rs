//! Why a rollout fails or doesn't move: AWS's texts and states in, ranked causes out.
//!
//! Pure: it sees a [`Evidence`], a value that was put together before, and gives causes with their
//! evidence and with what to do. No cause is stated more surely than its evidence, and a text that
//! no rule knows is shown as it is. One rule a file, in `rules`; `docs/diagnoses.md` has a section
//! for each.

pub mod evidence;
mod finding;
mod observations;
mod observations_of_kind;
mod placement;
pub mod rules;
mod words;

pub use evidence::Evidence;
pub use rules::{RULES, Rule, rule};

use crate::cause::{Cause, CauseKind};
use finding::{Certainty, Finding};
use observations::Observations;

/// Most causes that are named for one service: one is read, the others are there to look up.
pub const MAX_CAUSES: usize = 8;

/// Everything that explains the evidence, the most telling first; empty where nothing was found.
///
/// The causes that the capacity calculation gave (`evidence.capacity`) come first, and take the place
/// of what only an event says of the same kind; the event becomes part of their evidence.
pub fn diagnose(evidence: &Evidence<'_>) -> Vec<Cause> {
    let seen = Observations::gather(evidence);
    let mut hints: Vec<Finding> = RULES.iter().filter_map(|rule| rule.check(&seen)).collect();
    let mut findings: Vec<Finding> = Vec::new();
    let mut take = |computed: &Cause| {
        let of_it = |hint: &Finding| hint.cause.kind == computed.kind;
        let at = hints.iter().position(of_it);
        at.map(|at| hints.remove(at))
    };
    for computed in evidence.capacity {
        findings.push(computed_as(Certainty::Proven, computed, take(computed)));
    }
    if let Some(hesitation) = evidence.hesitation {
        let hint = take(hesitation);
        findings.push(computed_as(Certainty::Likely, hesitation, hint));
    }
    findings.append(&mut hints);
    findings.sort_by_key(Finding::rank);
    findings.truncate(MAX_CAUSES);
    findings
        .into_iter()
        .map(|found| with_link(found.cause))
        .collect()
}

/// What was looked at, for a run that ends without a cause.
pub fn looked_at(evidence: &Evidence<'_>) -> String {
    let counted = |number: usize, what: &str| {
        format!("{number} {what}{}", if number == 1 { "" } else { "s" })
    };
    format!(
        "no cause found in {}, {}, {}, {} and {}",
        counted(evidence.service.events.len(), "service event"),
        counted(evidence.tasks.len(), "task"),
        counted(evidence.targets.len(), "load balancer target"),
        counted(evidence.logs.len(), "container log"),
        if evidence.service_deployment.is_some() {
            "the service deployment"
        } else {
            "no service deployment"
        },
    )
}

/// What was worked out, with what an event says of the same kind.
fn computed_as(certainty: Certainty, computed: &Cause, hint: Option<Finding>) -> Finding {
    let mut cause = computed.clone();
    if let Some(hint) = hint {
        cause.evidence.extend(hint.cause.evidence);
    }
    Finding {
        certainty,
        tasks: 0,
        cause,
    }
}

/// Every cause ends with where AWS writes about it.
fn with_link(mut cause: Cause) -> Cause {
    cause
        .remedies
        .push(words::advise(format!("AWS's page: {}", link(cause.kind))));
    cause
}

/// AWS's page about a kind of cause.
pub fn link(kind: CauseKind) -> &'static str {
    rule(kind).link
}
