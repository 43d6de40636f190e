//! The files that a run leaves: outputs, the report, the job summary. Nothing is decided here, and a
//! file that can't be written changes nothing about the outcome.

use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use super::Surroundings;
use crate::console::Style;
use crate::redact::Redactor;
use crate::report::{self, Report, ShownReport};
use crate::runner::files;
use crate::snapshot::Timestamp;

/// One file is written within milliseconds. A pipe that nobody reads, or a disk that hangs, gets no
/// more of the 5 s that are left after a signal.
const ONE_FILE: Duration = Duration::from_millis(300);

/// All that the files are made of.
#[derive(Clone, Debug)]
pub(super) struct Closing {
    pub(super) report: Report,
    pub(super) surroundings: Surroundings,
    pub(super) job_summary: bool,
    pub(super) now: Timestamp,
    /// What none of the files may show.
    pub(super) redactor: Redactor,
}

/// One file. The outputs go first: what comes after the step goes by them.
#[derive(Clone, Copy, Debug)]
pub(super) enum Part {
    Outputs,
    Report,
    Summary,
}

impl Part {
    pub(super) const ALL: [Part; 3] = [Part::Outputs, Part::Report, Part::Summary];

    fn name(self) -> &'static str {
        match self {
            Part::Outputs => "the outputs",
            Part::Report => "the report",
            Part::Summary => "the job summary",
        }
    }
}

/// Writes all of it; what could not be written is named.
pub(super) fn write(closing: &Arc<Closing>) -> Vec<String> {
    let mut problems = Vec::new();
    for part in Part::ALL {
        match closing.part(part) {
            Some(found) => problems.extend(found),
            None => problems.push(format!("{} could not be written in time", part.name())),
        }
    }
    problems
}

impl Closing {
    /// Writes one file; `None` where that doesn't come to its end in time.
    pub(super) fn part(self: &Arc<Self>, part: Part) -> Option<Vec<String>> {
        let closing = self.clone();
        within(ONE_FILE, move || match part {
            Part::Outputs => closing.outputs(),
            Part::Report => closing.report(),
            Part::Summary => closing.summary(),
        })
    }

    fn outputs(&self) -> Vec<String> {
        let Some(file) = self.in_action("GITHUB_OUTPUT") else {
            return Vec::new();
        };
        let path = self.surroundings.report_path();
        let shown = path.map(|path| self.surroundings.on_the_host(&path));
        let outputs = report::outputs(&self.shown(), shown.as_deref(), self.now);
        let written = files::write_outputs(file.as_ref(), &outputs);
        let mut problems = report::hidden(&outputs);
        problems.extend(written.err().map(|error| error.to_string()));
        problems
    }

    fn report(&self) -> Vec<String> {
        let Some(path) = self.surroundings.report_path() else {
            return Vec::new();
        };
        let text = format!("{:#}\n", report::json::render(&self.shown()));
        let error = std::fs::write(&path, text).err();
        let problem = error.map(|error| {
            format!(
                "the report could not be written to `{}`: {error}",
                path.display()
            )
        });
        problem.into_iter().collect()
    }

    fn summary(&self) -> Vec<String> {
        let Some(file) = self.in_action("GITHUB_STEP_SUMMARY") else {
            return Vec::new();
        };
        if !self.job_summary {
            return Vec::new();
        }
        let written = files::append_summary(file.as_ref(), &report::summary::render(&self.shown()));
        let problem = written.err().map(|error| error.to_string());
        problem.into_iter().collect()
    }

    fn shown(&self) -> ShownReport {
        self.report.shown(&self.redactor)
    }

    /// A file of the runner's, which a command has not.
    fn in_action(&self, variable: &str) -> Option<&str> {
        let file = self.surroundings.var(variable);
        file.filter(|_| self.surroundings.style == Style::Action)
    }
}

/// What `work` gives back; `None` where it panics, or takes longer than `limit` and is left behind.
pub(super) fn within<T: Send + 'static>(
    limit: Duration,
    work: impl Fn() -> T + Send + Sync + 'static,
) -> Option<T> {
    let work = Arc::new(work);
    let (sender, receiver) = mpsc::channel();
    let theirs = work.clone();
    let thread = std::thread::Builder::new().spawn(move || {
        let _ = sender.send(theirs());
    });
    match thread {
        Ok(_) => receiver.recv_timeout(limit).ok(),
        // A machine without another thread: better late than never.
        Err(_) => Some(work()),
    }
}
