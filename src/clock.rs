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
    /// How many times faster than the wall's clock it runs.
    speed: u32,
}

impl Clock {
    /// The system's time.
    pub fn system() -> Clock {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Clock::starting_at(Timestamp(i64::try_from(since.as_millis()).unwrap_or(0)))
    }

    /// A clock that reads `wall` now.
    pub fn starting_at(wall: Timestamp) -> Clock {
        Clock {
            wall,
            start: Instant::now(),
            speed: 1,
        }
    }

    /// A clock that runs `speed` times as fast, for a demo that nobody wants to wait for.
    #[must_use]
    pub fn faster(self, speed: u32) -> Clock {
        Clock { speed, ..self }
    }

    /// The same clock, set to `now`: what AWS stamps and what this run counts must be of one time,
    /// however far the runner's clock is off. `elapsed` goes on as it was.
    #[must_use]
    pub fn set_to(self, now: Timestamp) -> Clock {
        let by = now.0.saturating_sub(self.now().0);
        Clock {
            wall: Timestamp(self.wall.0.saturating_add(by)),
            ..self
        }
    }

    pub fn now(&self) -> Timestamp {
        self.wall.plus(self.elapsed())
    }

    /// Time since the run began.
    pub fn elapsed(&self) -> Duration {
        self.start.elapsed() * self.speed
    }
}
