//! The journal of a run: it writes the log, and keeps the report as the run goes on, so that a run
//! which is cut off by a signal or a bug still says all that it knows.
//!
//! Steps write to it what they found, sent and saw. They never ask it: what a step needs, it is
//! given as a value. Only what speaks for a run that has ended or was cut off reads it.

use super::{Ending, LeftRollout, Record, ServiceEnd, UpdateState};
use crate::aws::Described;
use crate::capacity::Forecast;
use crate::cause::Cause;
use crate::clock::Clock;
use crate::console::Console;
use crate::report::{
    DefinitionReport, ImageReport, OneOffReport, Outcome, PendingWrite, Report, ServiceReport,
    ShownReport,
};
use crate::rollout::{Sample, State, TIMELINE_MAX};
use crate::snapshot::{Service, Task, Timestamp};

/// The log and the report of a run.
#[derive(Debug)]
pub struct Journal {
    console: Console,
    report: Report,
    /// What others know of the report while the run goes on.
    record: Record,
    clock: Clock,
}

/// The log.
impl Journal {
    /// The journal of a run that begins now.
    pub fn begin(console: Console, record: Record, clock: Clock) -> Journal {
        let journal = Journal {
            console,
            report: Report {
                started: clock.now(),
                ..Report::default()
            },
            record,
            clock,
        };
        journal.keep();
        journal
    }

    /// Writes a line with the time since the run began.
    pub fn line(&mut self, text: &str) {
        self.console.line(text);
    }

    /// Writes a warning, which GitHub shows on the run's page too.
    pub fn warning(&mut self, text: &str) {
        self.console.warning(text);
    }

    /// The log, for groups, fences and masks.
    pub fn log(&mut self) -> &mut Console {
        &mut self.console
    }
}

/// What the steps found, sent and saw. Services are named by their place in the request.
impl Journal {
    /// The region that the run works in, where one is known.
    pub fn region_is(&mut self, region: &str) {
        region.clone_into(&mut self.report.region);
    }

    /// The services of the request, in its order.
    pub fn services_found(&mut self, services: &[Service]) {
        let reported = |service: &Service| ServiceReport {
            cluster: service.cluster.clone(),
            service: service.name.clone(),
            ..ServiceReport::default()
        };
        self.report.services = services.iter().map(reported).collect();
        self.keep();
    }

    /// The image that is deployed, or would be.
    pub fn image_is(&mut self, image: ImageReport) {
        self.report.image = Some(image);
    }

    /// The first image of several is the one that the report names.
    pub fn first_image_is(&mut self, image: ImageReport) {
        self.report.image.get_or_insert(image);
    }

    /// The first definition, as it is planned; none where there is no definition.
    pub fn definition_planned(&mut self, definition: Option<DefinitionReport>) {
        self.report.definition = definition;
    }

    /// The first definition is there; what it changes was planned.
    pub fn definition_ready(&mut self, described: &Described, registered: bool) {
        let planned = self.report.definition.take().unwrap_or_default();
        self.report.definition = Some(DefinitionReport {
            arn: described.arn.clone(),
            family: described.family.clone(),
            revision: described.revision,
            registered,
            changes: planned.changes,
        });
        self.keep();
    }

    /// Whether the rollout of a service fits.
    pub fn forecast_made(&mut self, index: usize, forecast: Forecast) {
        if let Some(service) = self.service(index) {
            service.forecast = Some(forecast);
        }
    }

    /// An UpdateService is about to be sent.
    pub fn update_sent(&mut self, pending: PendingWrite) {
        self.report.pending_write = Some(pending);
        self.keep();
    }

    /// What is known now of the UpdateService of a service.
    pub fn update_is(&mut self, index: usize, state: &UpdateState) {
        self.report.pending_write = None;
        if let Some(service) = self.service(index) {
            service.changed = *state != UpdateState::NotMade;
            match state {
                UpdateState::NotMade | UpdateState::Unknown => {}
                UpdateState::Taken(revision) => service.task_definition.clone_from(revision),
                UpdateState::Made(deployment) => {
                    service.deployment_id.clone_from(&deployment.id);
                    let revision = &deployment.task_definition;
                    service.task_definition.clone_from(revision);
                }
            }
        }
        self.report.service_changed = self.report.services.iter().any(|one| one.changed);
        self.keep();
    }

    /// The deployment of a service that is followed, and the ARN of its revision.
    pub fn deployment_is(&mut self, index: usize, id: &str, revision: &str) {
        if let Some(service) = self.service(index) {
            id.clone_into(&mut service.deployment_id);
            revision.clone_into(&mut service.task_definition);
        }
        self.keep();
    }

    /// What a look at a rollout showed. A signal may come at any moment, so each look is kept at once.
    pub fn looked(&mut self, index: usize, state: &State) {
        let Some(service) = self.report.services.get_mut(index) else {
            return;
        };
        if service.timeline.last() != state.timeline.last() {
            service.timeline.clone_from(&state.timeline);
        }
        service.stopped.clone_from(&state.stopped);
        self.record.keep_look(index, service);
    }

    /// Tasks of a service that stopped, where nothing is followed.
    pub fn stopped_tasks(&mut self, index: usize, stopped: &[Task]) {
        if let Some(service) = self.service(index) {
            service.stopped = stopped.to_vec();
        }
    }

    /// How the deploy of a service ended.
    pub fn service_ended(&mut self, index: usize, end: &ServiceEnd) {
        if let Some(service) = self.service(index) {
            service.outcome = Some(end.outcome);
            service.reason.clone_from(&end.reason);
            service.causes.clone_from(&end.causes);
            service.said_cause = end.said_cause;
        }
        self.keep();
    }

    /// How a rollout ended that was followed. Its timeline goes on to this moment, as nothing may have
    /// changed for a while.
    pub fn rollout_ended(&mut self, index: usize, end: &ServiceEnd) {
        let now = self.clock.now();
        if let Some(service) = self.service(index)
            && let Some(last) = service.timeline.last().filter(|last| last.at < now)
        {
            let last = Sample {
                at: now,
                event: None,
                ..last.clone()
            };
            if service.timeline.len() >= TIMELINE_MAX {
                service.timeline.pop();
            }
            service.timeline.push(last);
        }
        self.service_ended(index, end);
    }

    /// How a service stands that has no end.
    pub fn service_stands(&mut self, index: usize, how: &str) {
        if let Some(service) = self.service(index) {
            how.clone_into(&mut service.reason);
        }
    }

    /// What to do about something that a step could not do; said once.
    pub fn advise(&mut self, help: impl Into<String>) {
        let help = help.into();
        if !self.report.help.contains(&help) {
            self.report.help.push(help);
        }
    }

    /// The clock is AWS's from now on, and the begin of the run is counted by it: what AWS stamps and what
    /// this run measures must be of one time.
    pub fn set_clock(&mut self, clock: Clock) {
        let ahead = clock.now().0.saturating_sub(self.clock.now().0);
        self.report.started.0 = self.report.started.0.saturating_add(ahead);
        self.clock = clock;
    }

    fn service(&mut self, index: usize) -> Option<&mut ServiceReport> {
        self.report.services.get_mut(index)
    }
}

/// What is known of the one-off task.
impl Journal {
    /// What is to run.
    pub fn one_off_planned(&mut self, planned: OneOffReport) {
        self.report.one_off = Some(planned);
    }

    /// RunTask is about to be sent, for the revision with this ARN, with this `startedBy`.
    pub fn one_off_sent(&mut self, revision: &str, token: &str) {
        let one_off = self.one_off();
        revision.clone_into(&mut one_off.task_definition);
        token.clone_into(&mut one_off.token);
        self.keep();
    }

    /// The task, as it was last seen.
    pub fn one_off_seen(&mut self, task: &Task) {
        self.one_off().task = Some(task.clone());
        self.keep();
    }

    /// Why it found no place or doesn't end well.
    pub fn one_off_explained(&mut self, causes: &[Cause]) {
        self.one_off().causes = causes.to_vec();
    }

    /// The last lines that it wrote, oldest first.
    pub fn one_off_wrote(&mut self, lines: &[String]) {
        self.one_off().log = lines.to_vec();
    }

    /// How it ended, in one line.
    pub fn one_off_ended(&mut self, outcome: Outcome, reason: &str) {
        let one_off = self.one_off();
        one_off.outcome = Some(outcome);
        reason.clone_into(&mut one_off.reason);
    }

    fn one_off(&mut self) -> &mut OneOffReport {
        self.report.one_off.get_or_insert_default()
    }
}

/// The end of a run.
impl Journal {
    /// How the run ended, and when.
    pub fn ended(&mut self, ending: Ending) {
        self.report.outcome = Some(ending.outcome);
        self.report.title = ending.title;
        self.report.reason = ending.reason;
        self.report.help.extend(ending.help);
        self.report.superseded_is_fine = ending.superseded_is_fine;
        self.finish();
        self.keep();
    }

    /// More to say of how the run ended.
    pub fn ended_also(&mut self, text: &str) {
        self.report.reason.push_str(text);
    }

    /// The run takes no longer than this.
    pub fn finish(&mut self) {
        self.report.finished = self.clock.now();
    }

    /// The UpdateService that a cut left without an answer.
    pub fn pending_write(&self) -> Option<&PendingWrite> {
        self.report.pending_write.as_ref()
    }

    /// The one-off task that may still run.
    pub fn open_one_off(&self) -> Option<&OneOffReport> {
        self.report.one_off.as_ref().filter(|one| one.is_open())
    }

    /// Whether this run has changed a service.
    pub fn has_changed(&self) -> bool {
        self.report.services.iter().any(|service| service.changed)
    }

    /// The rollouts that were begun and not followed to their end. What was decided before the cut
    /// has its outcome already.
    pub fn left_rollouts(&self) -> Vec<LeftRollout> {
        let services = self.report.services.iter().enumerate();
        services
            .filter(|(_, service)| service.changed && service.outcome.is_none())
            .map(|(index, service)| LeftRollout {
                index,
                cluster: service.cluster.clone(),
                service: service.service.clone(),
                deployment_id: service.deployment_id.clone(),
                task_definition: service.task_definition.clone(),
                last: service.timeline.last().cloned(),
            })
            .collect()
    }

    /// When the run began, by the clock that it goes by now.
    pub fn started(&self) -> Timestamp {
        self.report.started
    }

    /// The report without secrets, as it stands.
    pub fn shown(&self) -> ShownReport {
        self.report.shown(&self.console.redactor())
    }

    /// Ends the journal: the log to say the last words in, the report, and the clock.
    pub fn close(self) -> (Console, Report, Clock) {
        (self.console, self.report, self.clock)
    }

    /// Keeps the report as it stands, for what may end the run without a further word.
    fn keep(&self) {
        self.record.keep(&self.report, self.clock);
    }
}

#[cfg(test)]
mod tests;
