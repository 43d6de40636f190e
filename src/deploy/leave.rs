//! Leaving early, after a signal: how things stand is said, and nothing is waited for.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::Instant;

use super::{one_off, rollback};
use crate::report::{PendingWrite, ServiceReport};
use crate::run::Run;

/// Deployments that are told one by one in the reason, which is one line.
const TOLD: usize = 3;
/// After a signal so long is asked for rollbacks; what is written after it has its time too.
const ROLLBACKS: Duration = Duration::from_millis(3000);

/// After a signal: says how things stand, and rolls back where that is asked for.
pub async fn take_leave(run: &mut Run, roll_back: bool) {
    let until = Instant::now() + ROLLBACKS;
    if let Some(pending) = run.report.pending_write.take() {
        look_after(run, &pending).await;
    }
    one_off::on_the_way_out(run).await;
    let services = &mut run.report.services;
    if !services.iter().any(|service| service.changed) {
        run.report
            .reason
            .push_str(", before any service was changed");
    }
    // What was decided before the signal has its outcome already.
    let left = services.iter_mut().filter(|service| is_left(service));
    let left: Vec<ServiceReport> = left
        .map(|service| {
            service.reason = how_it_stood(service);
            service.clone()
        })
        .collect();
    let told = if roll_back {
        roll_all_back(run, &left, until).await
    } else {
        left.iter().map(goes_on).collect()
    };
    let more = told.len().saturating_sub(TOLD);
    for said in told.iter().take(TOLD) {
        run.report.reason.push_str(&format!("; {said}"));
    }
    if more > 0 {
        let of_them = if roll_back {
            "more deployments, of which the report tells the same"
        } else {
            "more deployments go on in ECS"
        };
        run.report.reason.push_str(&format!("; {more} {of_them}"));
    }
}

fn goes_on(service: &ServiceReport) -> String {
    let revision = crate::snapshot::last_part(&service.task_definition);
    format!(
        "deployment {} of {revision} goes on in ECS ({})",
        service.deployment_id, service.reason
    )
}

/// Asks ECS to roll back what is `left`, all at once and no longer than `until`; what came of each,
/// which the report of each gets too. What could not be rolled back is told first.
async fn roll_all_back(run: &mut Run, left: &[ServiceReport], until: Instant) -> Vec<String> {
    let started = run.report.started;
    let asked = left.iter().map(|service| async {
        let asked = rollback::on_the_way_out(&run.aws, started, service);
        match tokio::time::timeout_at(until, asked).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(problem)) => Err(problem),
            Err(_) => Err("no answer in time".to_owned()),
        }
    });
    let asked = join_all(asked).await;
    let (mut going_on, mut asked_back) = (Vec::new(), Vec::new());
    for (service, asked) in left.iter().zip(asked) {
        let id = &service.deployment_id;
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
        let mut all = run.report.services.iter_mut();
        if let Some(report) = all.find(|one| one.deployment_id == *id) {
            report.reason.push_str(&format!("; {said}"));
        }
        kind.push(said);
    }
    going_on.append(&mut asked_back);
    going_on
}

/// Whether a service was changed and not followed to its end.
fn is_left(service: &ServiceReport) -> bool {
    service.changed && service.outcome.is_none()
}

/// The counts of the last look.
fn how_it_stood(service: &ServiceReport) -> String {
    match service.timeline.last() {
        Some(last) => format!(
            "when last seen, {} of {} new tasks ran beside {} old",
            last.running, last.desired, last.old_running
        ),
        None => "not looked at yet".to_owned(),
    }
}

/// Whether an UpdateService that was cut off was carried out: a deployment that wasn't there before is
/// PRIMARY, with the revision that was asked for; or none is, and another number of tasks is to run.
pub(super) async fn look_after(run: &mut Run, pending: &PendingWrite) {
    let index = pending.index;
    let (cluster, name) = (
        run.report.services[index].cluster.clone(),
        run.report.services[index].service.clone(),
    );
    // Until it is known, the safe thing to say is that it was changed.
    let others = run
        .report
        .services
        .iter()
        .enumerate()
        .any(|(other, service)| other != index && service.changed);
    run.report.service_changed = true;
    run.report.services[index].changed = true;
    run.keep();
    let Ok(now) = run.aws.services(&cluster, &[&name]).await else {
        return;
    };
    let Some(service) = now.found.first() else {
        return;
    };
    let Some(primary) = service.primary() else {
        return;
    };
    let is_new = Some(&primary.id) != pending.before.as_ref();
    let changed = match is_new {
        true => primary.task_definition == pending.wanted,
        false => service.desired != pending.desired,
    };
    run.report.service_changed = changed || others;
    let report = &mut run.report.services[index];
    report.changed = changed;
    if changed {
        report.deployment_id.clone_from(&primary.id);
        report.task_definition.clone_from(&primary.task_definition);
    }
    run.keep();
}
