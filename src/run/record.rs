//! The report as it was last known, for what has to say how the run ended when the run itself can't any
//! more: the panic hook in this process, and the process after the job once this one was killed.
//!
//! Nothing here decides what is said. Nobody who asks waits long: the thread that keeps the report may
//! be the one that panicked.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, TryLockError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::Clock;
use crate::report::{Report, ServiceReport};
use crate::runner::state;

/// The name in the step's state.
const NAME: &str = "progress";

/// Services that are kept in the step's state by name. Each change is written there once more, and the
/// runner hands the last one on as one variable.
const SERVICES_MAX: usize = 20;

/// A lock that is held is asked for so often, a millisecond apart: what is done under it takes
/// microseconds.
const TRIES: u32 = 50;

/// What is known of a run at one moment.
#[derive(Clone, Debug)]
pub struct KnownRun {
    /// All that the run had found by then.
    pub report: Report,
    /// The clock that the run goes by.
    pub clock: Clock,
}

impl KnownRun {
    fn nothing() -> KnownRun {
        KnownRun {
            report: Report::default(),
            clock: Clock::system(),
        }
    }
}

/// Where a run keeps its report. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Record(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    known: Option<KnownRun>,
    /// The file with the step's state, in an action.
    state: Option<PathBuf>,
    /// What stands there.
    progress: String,
}

impl Record {
    /// Writes the progress to this file of the runner's from now on.
    pub fn to_state(&self, file: PathBuf) {
        if let Ok(mut inner) = self.0.lock() {
            inner.state = Some(file);
        }
    }

    /// Keeps `report`.
    pub fn keep(&self, report: &Report, clock: Clock) {
        let known = KnownRun {
            report: report.clone(),
            clock,
        };
        let progress = serde_json::to_string(&RunProgress::of(report)).unwrap_or_default();
        let Ok(mut inner) = self.0.lock() else { return };
        let before = inner.known.replace(known);
        if inner.progress != progress {
            if let Some(file) = &inner.state {
                state::keep(file, NAME, &progress);
            }
            inner.progress = progress;
        }
        drop(inner);
        drop(before);
    }

    /// Keeps what was seen of one service, while the rest of the report is as it was.
    pub fn keep_look(&self, index: usize, service: &ServiceReport) {
        let (timeline, stopped) = (service.timeline.clone(), service.stopped.clone());
        let Ok(mut inner) = self.0.lock() else { return };
        if let Some(known) = &mut inner.known
            && let Some(kept) = known.report.services.get_mut(index)
        {
            kept.timeline = timeline;
            kept.stopped = stopped;
        }
    }

    /// What was kept last; `None` where that can't be had in time. Where nothing was kept, nothing was
    /// done yet.
    pub fn known(&self) -> Option<KnownRun> {
        let known = |inner: &Inner| inner.known.clone().unwrap_or_else(KnownRun::nothing);
        for _ in 0..TRIES {
            match self.0.try_lock() {
                Ok(inner) => return Some(known(&inner)),
                Err(TryLockError::Poisoned(inner)) => return Some(known(&inner.into_inner())),
                Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(1)),
            }
        }
        None
    }
}

/// What the step after the job knows of a run that was killed. Nothing secret is in it.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RunProgress {
    /// `eu-west-1`; empty before it is known.
    pub region: String,
    /// Whether the run changed at least one service.
    pub service_changed: bool,
    /// An UpdateService was sent, and its answer wasn't read yet.
    pub pending: bool,
    /// Milliseconds since the Unix epoch.
    pub started: i64,
    /// Registered by this run.
    pub revision: Option<String>,
    /// The one-off task that may still run.
    pub one_off: Option<String>,
    /// In the order of the request, at most `SERVICES_MAX`.
    pub services: Vec<ServiceProgress>,
}

/// One service of [`RunProgress`].
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ServiceProgress {
    /// Its name, or its ARN where that was given.
    pub cluster: String,
    /// Its name.
    pub service: String,
    /// Whether this run changed it.
    pub changed: bool,
    /// `ecs-svc/<digits>`; empty where no deployment is followed.
    pub deployment_id: String,
}

impl RunProgress {
    fn of(report: &Report) -> RunProgress {
        let services = report.services.iter().take(SERVICES_MAX);
        let definition = report.definition.as_ref().filter(|one| one.registered);
        let one_off = report.one_off.as_ref().filter(|one| one.is_open());
        RunProgress {
            region: report.region.clone(),
            service_changed: report.service_changed,
            pending: report.pending_write.is_some(),
            started: report.started.0,
            revision: definition.map(|one| one.arn.clone()),
            one_off: one_off.and_then(|one| one.task.as_ref().map(|task| task.arn.clone())),
            services: services
                .map(|service| ServiceProgress {
                    cluster: service.cluster.clone(),
                    service: service.service.clone(),
                    changed: service.changed,
                    deployment_id: service.deployment_id.clone(),
                })
                .collect(),
        }
    }

    /// What an earlier process of the step kept, as its environment has it.
    pub fn left(env: &[(String, String)]) -> Option<RunProgress> {
        serde_json::from_str(state::kept(env, NAME)?).ok()
    }

    /// A report that says as much as is known.
    pub fn report(&self) -> Report {
        let services = self.services.iter().map(|one| ServiceReport {
            cluster: one.cluster.clone(),
            service: one.service.clone(),
            changed: one.changed,
            deployment_id: one.deployment_id.clone(),
            ..ServiceReport::default()
        });
        Report {
            region: self.region.clone(),
            started: crate::snapshot::Timestamp(self.started),
            // Until it is known, the safe thing to say is that it was changed.
            service_changed: self.service_changed || self.pending,
            services: services.collect(),
            ..Report::default()
        }
    }
}

#[cfg(test)]
mod tests;
