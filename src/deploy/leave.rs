//! Leaving early, after a signal: how things stand is said, and nothing is waited for.

use super::{one_off, rollback};
use crate::report::ServiceReport;
use crate::run::Run;

/// Deployments that are told one by one in the reason, which is one line.
const TOLD: usize = 3;

/// After a signal: says how things stand, and rolls back where that is asked for.
pub async fn take_leave(run: &mut Run, roll_back: bool) {
    if let Some(index) = run.report.pending_write.take() {
        look_after(run, index).await;
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
    for (count, service) in left.iter().enumerate() {
        if roll_back {
            rollback::on_the_way_out(run, service).await;
        } else if count < TOLD {
            let revision = crate::snapshot::last_part(&service.task_definition);
            run.report.reason.push_str(&format!(
                "; deployment {} of {revision} goes on in ECS ({})",
                service.deployment_id, service.reason
            ));
        }
    }
    if !roll_back && left.len() > TOLD {
        let more = left.len() - TOLD;
        run.report
            .reason
            .push_str(&format!("; {more} more deployments go on in ECS"));
    }
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

/// Whether an UpdateService that was cut off was carried out.
pub(super) async fn look_after(run: &mut Run, index: usize) {
    let (cluster, name) = (
        run.report.services[index].cluster.clone(),
        run.report.services[index].service.clone(),
    );
    let wanted = run
        .report
        .definition
        .as_ref()
        .map(|definition| definition.arn.clone())
        .unwrap_or_default();
    // Until it is known, the safe thing to say is that it was changed.
    let others = run
        .report
        .services
        .iter()
        .enumerate()
        .any(|(other, service)| other != index && service.changed);
    run.report.service_changed = true;
    run.report.services[index].changed = true;
    let Ok(now) = run.aws.services(&cluster, &[&name]).await else {
        return;
    };
    let Some(primary) = now.found.first().and_then(|service| service.primary()) else {
        return;
    };
    let changed = primary.task_definition == wanted;
    run.report.service_changed = changed || others;
    let report = &mut run.report.services[index];
    report.changed = changed;
    if changed {
        report.deployment_id.clone_from(&primary.id);
        report.task_definition.clone_from(&primary.task_definition);
    }
}
