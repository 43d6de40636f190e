//! A run that a signal ended: how things stand is said, and nothing is waited for.
//!
//! The steps were dropped where they stood, so that the journal alone says what is left to do.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::Instant;

use super::{lost_answer, one_off, rollback};
use crate::report::Outcome;
use crate::request::OnCancel;
use crate::run::{Journal, LeftRollout, RunContext};

/// Deployments that are named one by one in the reason, which is one line.
const NAMED: usize = 3;
/// After a signal so long is asked for rollbacks; what is written after it has its time too.
const ROLLBACKS: Duration = Duration::from_millis(3000);

/// After a signal, which is `outcome`: says how things stand, and rolls back where that is asked for.
pub async fn cancelled(context: &RunContext, journal: &mut Journal, outcome: Outcome) {
    let until = Instant::now() + ROLLBACKS;
    if let Some(pending) = journal.pending_write().cloned() {
        lost_answer::look_up(context, journal, &pending).await;
    }
    one_off::on_the_way_out(context, journal, outcome).await;
    if !journal.has_changed() {
        journal.ended_also(", before any service was changed");
    }
    let left = journal.left_rollouts();
    for rollout in &left {
        journal.service_stands(rollout.index, &how_it_stood(rollout));
    }
    let roll_back = context.request.rollout.on_cancel == OnCancel::Rollback;
    let said = if roll_back {
        roll_all_back(context, journal, &left, until).await
    } else {
        left.iter().map(goes_on).collect()
    };
    for one in said.iter().take(NAMED) {
        journal.ended_also(&format!("; {one}"));
    }
    let more = said.len().saturating_sub(NAMED);
    if more > 0 {
        let of_them = if roll_back {
            "more deployments, of which the report tells the same"
        } else {
            "more deployments go on in ECS"
        };
        journal.ended_also(&format!("; {more} {of_them}"));
    }
}

fn goes_on(left: &LeftRollout) -> String {
    let revision = crate::snapshot::last_part(&left.task_definition);
    format!(
        "deployment {} of {revision} goes on in ECS ({})",
        left.deployment_id,
        how_it_stood(left)
    )
}

/// Asks ECS to roll back what is `left`, all at once and no longer than `until`; what came of each,
/// which the report of each gets too. What could not be rolled back comes first.
async fn roll_all_back(
    context: &RunContext,
    journal: &mut Journal,
    left: &[LeftRollout],
    until: Instant,
) -> Vec<String> {
    let started = journal.started();
    let asked = left.iter().map(|rollout| async {
        let asked = rollback::ask_on_the_way_out(&context.aws, started, rollout);
        match tokio::time::timeout_at(until, asked).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(problem)) => Err(problem),
            Err(_) => Err("no answer in time".to_owned()),
        }
    });
    let asked = join_all(asked).await;
    let (mut going_on, mut asked_back) = (Vec::new(), Vec::new());
    for (rollout, asked) in left.iter().zip(asked) {
        let id = &rollout.deployment_id;
        let (said, kind) = match asked {
            Ok(()) => (
                format!("ECS was asked to roll deployment {id} back"),
                &mut asked_back,
            ),
            Err(problem) => (
                format!(
                    "the rollback could not be asked for ({problem}), and deployment {id} goes on"
                ),
                &mut going_on,
            ),
        };
        let how = format!("{}; {said}", how_it_stood(rollout));
        journal.service_stands(rollout.index, &how);
        kind.push(said);
    }
    going_on.append(&mut asked_back);
    going_on
}

/// The counts of the last look.
fn how_it_stood(left: &LeftRollout) -> String {
    match &left.last {
        Some(last) => format!(
            "when last seen, {} of {} new tasks ran, and {} old",
            last.running, last.desired, last.old_running
        ),
        None => "not looked at yet".to_owned(),
    }
}
