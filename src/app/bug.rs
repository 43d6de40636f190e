//! A bug in Plimsoll has last words too, also where a panic ends the process at once
//! (`panic = "abort"`).
//!
//! It says only where the bug is. What a panic says besides may hold a value, so that no more of it is
//! shown than what the program itself says.

use std::any::Any;
use std::panic::PanicHookInfo;

use crate::report::{OneOffReport, Outcome, Report, text};
use crate::run::KnownRun;

/// Where bugs are reported.
pub(super) const ISSUES: &str = concat!(env!("CARGO_PKG_REPOSITORY"), "/issues");

/// A message of the program's own is short.
const MESSAGE_CHARS: usize = 200;

/// A bug, as the panic shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bug {
    /// `src/report/json.rs:12:3`, and `humantime-2.4.0/src/date.rs:12:3` of a dependency.
    pub place: String,
    /// What the program says was wrong; perhaps empty.
    pub message: String,
}

impl Bug {
    pub(super) fn of(panic: &PanicHookInfo<'_>) -> Bug {
        let place = panic.location().map_or_else(
            || "an unknown place".to_owned(),
            |at| format!("{}:{}:{}", shortened(at.file()), at.line(), at.column()),
        );
        Bug {
            place,
            message: message(panic.payload()),
        }
    }

    fn sentence(&self) -> String {
        let version = env!("CARGO_PKG_VERSION");
        let message = match self.message.as_str() {
            "" => String::new(),
            message => format!(" ({message})"),
        };
        format!("a bug in Plimsoll {version} at `{}`{message}", self.place)
    }

    /// What the process after the job says of a bug of its own.
    pub(super) fn warning(&self) -> String {
        format!(
            "what the step left to report could not be reported: {}; please report it at {ISSUES}",
            self.sentence()
        )
    }

    /// The report with all that is known, and one that only says the least, for what the bug is in.
    pub(super) fn reports(&self, known: Option<&KnownRun>, path: Option<&str>) -> (Report, Report) {
        let mut full = known.map(|known| known.report.clone()).unwrap_or_default();
        let look = look(known.is_some(), &full);
        // Until it is known, the safe thing to say is that it was changed.
        full.service_changed |= known.is_none();
        if let Some(pending) = &full.pending_write {
            full.service_changed = true;
            if let Some(service) = full.services.get_mut(pending.index) {
                service.changed = true;
            }
        }
        let before = full.outcome.map(|outcome| match full.reason.as_str() {
            "" => format!("; before it: {}", outcome.as_str()),
            reason => format!("; before it: {}: {reason}", outcome.as_str()),
        });
        full.reason = format!(
            "the run was ended by {}; {}{}",
            self.sentence(),
            text::changed(&full),
            before.unwrap_or_default()
        );
        full.title = None;
        full.outcome = Some(Outcome::Error);
        if let Some(known) = known {
            full.finished = known.clock.now();
        }
        let with = match path {
            Some(path) => format!("this log and the file `{path}`"),
            None => "this log".to_owned(),
        };
        let mut help: Vec<String> = look.into_iter().collect();
        if full.one_off.as_ref().is_some_and(OneOffReport::is_open) {
            help.push("the one-off task may still run: look for it in the AWS console".to_owned());
        }
        help.push(format!("please report it at {ISSUES}, with {with}"));
        help.append(&mut full.help);
        full.help = help;
        let bare = Report {
            outcome: full.outcome,
            reason: full.reason.clone(),
            help: full.help.clone(),
            service_changed: full.service_changed,
            region: full.region.clone(),
            ..Report::default()
        };
        (full, bare)
    }
}

/// What to look at, as far as the run had come.
fn look(is_known: bool, report: &Report) -> Option<String> {
    let why = if !is_known {
        "how far the run had come isn't known"
    } else if report.pending_write.is_some() {
        "the answer to an update wasn't read yet"
    } else if report.service_changed {
        "what ECS was asked for goes on"
    } else {
        return None;
    };
    Some(format!(
        "{why}: look at the service in the AWS console, or run `plimsoll explain`"
    ))
}

/// What a panic says, as far as it can hold no value.
fn message(payload: &(dyn Any + Send)) -> String {
    let fixed = payload.downcast_ref::<&str>().copied();
    let made = payload.downcast_ref::<String>();
    // What stands behind a colon may be a value.
    let made = made.and_then(|made| made.split(": ").next());
    let text = fixed.or(made).unwrap_or_default();
    text.chars().take(MESSAGE_CHARS).collect()
}

/// A source file without the place where it was compiled.
fn shortened(file: &str) -> &str {
    // `…/registry/src/<index>/<crate>/src/…`, `/rustc/<commit>/library/…`
    for (before, parts) in [("/registry/src/", 1), ("/rustc/", 1)] {
        if let Some((_, rest)) = file.split_once(before) {
            return rest.splitn(parts + 1, '/').last().unwrap_or(rest);
        }
    }
    file
}

#[cfg(test)]
mod tests;
