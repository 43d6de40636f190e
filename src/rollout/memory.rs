//! What the fold carries from look to look besides what is reported.
//!
//! Plain values; `step` alone changes them.

use std::collections::BTreeSet;

use super::Target;
use crate::cause::Cause;
use crate::snapshot::Timestamp;

/// So many looks in a row decide nothing without a part that could not be read for the moment: it may
/// hold what decides otherwise. After that, and at the end of the time, they go on without it.
const HALF_LOOKS: u32 = 2;

/// What the fold carries from look to look.
#[derive(Clone, Debug)]
pub(super) struct Memory {
    pub(super) seen: Option<Timestamp>,
    pub(super) failed: bool,
    /// Whether a look showed a rollout state of our deployment.
    pub(super) has_state: bool,
    /// The last look that didn't show our deployment as complete.
    pub(super) incomplete_at: Timestamp,
    /// Whether ECS calls it complete, so that its running tasks were found healthy, and it is watched
    /// all the same.
    pub(super) complete: bool,
    pub(super) wants_survey: bool,
    pub(super) wants_protection: bool,
    pub(super) events: BTreeSet<String>,
    pub(super) counts: String,
    /// Stage and share of the traffic as they were last seen, since when, and the hooks that were open.
    pub(super) stage: String,
    pub(super) stage_since: Timestamp,
    pub(super) hooks: BTreeSet<String>,
    pub(super) rollback_said: bool,
    pub(super) stuck_said: bool,
    /// Looks in a row that lacked a part.
    pub(super) halves: u32,
    pub(super) failures: BTreeSet<String>,
    /// What the last look looked like: any difference is movement.
    pub(super) print: String,
    /// The same as far as the counters tell it, for looks without the tasks.
    pub(super) print_of_counters: String,
    /// The least number of old tasks that ran at once.
    pub(super) old_least: u32,
    /// Since when a scale-out that is said to be done lacks an instance, and of how many.
    pub(super) lacking: Option<(u32, Timestamp)>,
    pub(super) moved_at: Timestamp,
    pub(super) said_at: Timestamp,
    /// When a task was last seen to be healthy at an age at which none fails.
    pub(super) proved_at: Option<Timestamp>,
    /// ARNs of the listed tasks that counted as healthy once.
    pub(super) once_healthy: BTreeSet<String>,
    pub(super) proofs: u32,
    pub(super) proven: Vec<Cause>,
    pub(super) hesitation: Option<Cause>,
    pub(super) doubts: Vec<String>,
}

impl Memory {
    pub(super) fn new(target: &Target) -> Memory {
        Memory {
            seen: None,
            failed: false,
            has_state: false,
            incomplete_at: target.created,
            complete: target.counted.is_some_and(|counted| counted.whole),
            wants_survey: false,
            wants_protection: false,
            events: BTreeSet::new(),
            counts: String::new(),
            stage: String::new(),
            stage_since: target.since,
            hooks: BTreeSet::new(),
            rollback_said: false,
            stuck_said: false,
            halves: 0,
            failures: BTreeSet::new(),
            print: String::new(),
            print_of_counters: String::new(),
            old_least: u32::MAX,
            lacking: None,
            moved_at: target.since,
            said_at: target.since,
            proved_at: None,
            once_healthy: BTreeSet::new(),
            proofs: 0,
            proven: Vec::new(),
            hesitation: None,
            doubts: Vec::new(),
        }
    }
}

impl Memory {
    /// Takes note of a look that lacks a part, or doesn't; whether the next one is waited for.
    pub(super) fn is_held(&mut self, is_half: bool) -> bool {
        self.halves = if is_half {
            self.halves.saturating_add(1)
        } else {
            0
        };
        (1..=HALF_LOOKS).contains(&self.halves)
    }
}
