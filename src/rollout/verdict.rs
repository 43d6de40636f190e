//! What one look came to, and how a rollout ended as far as ECS is concerned. Plain values.

use super::line::Line;
use super::waiting::Waiting;
use crate::cause::Cause;

/// How a rollout ended, as far as ECS is concerned.
#[derive(Clone, Debug, PartialEq)]
pub enum RolloutVerdict {
    /// Our deployment is complete and its revision serves.
    Succeeded,
    /// It can't go on for lack of room or because of its own percentages.
    Stuck { proven: bool },
    /// Tasks don't start, don't stay up or don't get healthy.
    Failed { reason: String },
    /// ECS put the previous revision back.
    RolledBack { to: String, reason: String },
    /// Another deployment took this one's place.
    Superseded { by: String, task_definition: String },
    /// Still moving when the time ran out.
    TimedOut { waiting: Vec<Waiting> },
}

impl RolloutVerdict {
    /// Whether it isn't good, so that it comes with its causes.
    pub fn needs_causes(&self) -> bool {
        match self {
            RolloutVerdict::Stuck { .. }
            | RolloutVerdict::Failed { .. }
            | RolloutVerdict::RolledBack { .. }
            | RolloutVerdict::TimedOut { .. } => true,
            RolloutVerdict::Succeeded | RolloutVerdict::Superseded { .. } => false,
        }
    }
}

/// What one look came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Step {
    /// What to print now, in this order.
    pub say: Vec<Line>,
    /// How the rollout ended; absent while it goes on.
    pub verdict: Option<RolloutVerdict>,
    /// What is waited for, where it is not decided.
    pub waiting: Vec<Waiting>,
    /// Whether something moves, by this look or against the one before.
    pub moved: bool,
    /// Whether the look lacked a part, and decides nothing that the part could change.
    pub held: bool,
    /// What explains a verdict that isn't good, the most telling first.
    pub causes: Vec<Cause>,
}
