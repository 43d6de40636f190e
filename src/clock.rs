//! The one clock: wall time read once, then moved on by tokio's timer, so that tests run in
//! virtual time and a changed system clock can't end a wait.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

use crate::snapshot::Timestamp;

/// Time as one run sees it.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    wall: Timestamp,
    start: Instant,
}

impl Clock {
    /// The system's time.
    pub fn system() -> Clock {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Clock::starting_at(Timestamp(i64::try_from(since.as_millis()).unwrap_or(0)))
    }

    /// A clock that reads `wall` now.
    pub fn starting_at(wall: Timestamp) -> Clock {
        Clock { wall, start: Instant::now() }
    }

    pub fn now(&self) -> Timestamp {
        self.wall.plus(self.start.elapsed())
    }

    /// Time since the run began.
    pub fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }
}
