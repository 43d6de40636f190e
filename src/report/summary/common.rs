//! What all parts of a summary share: their ranks, bounds of texts, signs, names, links, durations.

use std::time::Duration;

use crate::report::{Outcome, Report, ServiceReport, console_url};

/// What stays longest when there is no room for all; `Part` has the rule.
pub(super) mod rank {
    pub(in crate::report::summary) const HEAD: u8 = 0;
    pub(in crate::report::summary) const WHAT: u8 = 1;
    pub(in crate::report::summary) const CAUSE: u8 = 2;
    pub(in crate::report::summary) const PROOF: u8 = 3;
    pub(in crate::report::summary) const PICTURE: u8 = 4;
    pub(in crate::report::summary) const STOPPED: u8 = 5;
    pub(in crate::report::summary) const DIFF: u8 = 6;
    pub(in crate::report::summary) const MORE: u8 = 7;
}

/// Characters of one text.
pub(super) const TEXT_CHARS: usize = 500;

/// Characters of a name or of a value.
pub(super) const NAME_CHARS: usize = 200;

pub(super) fn of_outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Superseded | Outcome::TimedOut => "⚠️",
        Outcome::Interrupted | Outcome::Terminated => "⏹️",
        outcome if outcome.is_good() => "✅",
        _ => "❌",
    }
}

/// `cluster/service`.
pub(super) fn full_name(service: &ServiceReport) -> String {
    let cluster = crate::snapshot::last_part(&service.cluster);
    format!("{cluster}/{}", service.service)
}

/// The service in the AWS console, where nothing in the address could end the link.
pub(super) fn link(report: &Report, service: &ServiceReport) -> Option<String> {
    let region = Some(report.region.as_str()).filter(|region| !region.is_empty())?;
    let url = console_url(region, &service.cluster, &service.service);
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:?=&".contains(c);
    url.chars().all(plain).then_some(url)
}

/// `40 s`, `1 min 30 s`.
pub(super) fn duration(time: Duration) -> String {
    match (time.as_secs() / 60, time.as_secs() % 60) {
        (0, seconds) => format!("{seconds} s"),
        (minutes, seconds) => format!("{minutes} min {seconds} s"),
    }
}
