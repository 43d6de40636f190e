//! What moves in a rollout that is under way, and what could.

use super::counted;
use crate::capacity::{NextStep, Underway};

/// What is on its way, as one phrase.
pub fn underway(moving: Underway) -> String {
    match moving {
        Underway::Starting { tasks } => format!("{} starting", counted(tasks, "task")),
        Underway::Stopping { tasks } => format!("{} stopping", counted(tasks, "task")),
        Underway::RoomComesBack => "tasks that are stopping may make room".to_owned(),
    }
}

/// What ECS could do, as one sentence.
pub fn next_step(step: NextStep) -> String {
    match step {
        NextStep::Start => "a new task has room and may start".to_owned(),
        NextStep::Stop => "an old task may stop".to_owned(),
    }
}
