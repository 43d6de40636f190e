//! Rings whenever something happened that a test may wait for: a piece of output, a call that passed
//! the gate, the end of a process. The one who waits looks again then, and only then.
//!
//! One bell serves all tests of this binary: a ring too many costs a look.

use std::sync::{Condvar, Mutex};
use std::time::{Duration, Instant};

/// Nothing that is waited for here takes longer, on a loaded machine either.
const PATIENCE: Duration = Duration::from_secs(60);

static RINGS: Mutex<u64> = Mutex::new(0);
static RANG: Condvar = Condvar::new();

pub(crate) fn ring() {
    *RINGS.lock().unwrap() += 1;
    RANG.notify_all();
}

/// Waits until `is` holds.
pub(crate) fn until(what: &str, is: impl FnMut() -> bool) {
    assert!(
        within(PATIENCE, is),
        "{what} did not come to pass within {PATIENCE:?}"
    );
}

/// Whether `is` holds within `time`.
pub(crate) fn within(time: Duration, mut is: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + time;
    loop {
        // Counted before the look: what happens during it rings once more.
        let before = *RINGS.lock().unwrap();
        if is() {
            return true;
        }
        let left = deadline.saturating_duration_since(Instant::now());
        let rings = RINGS.lock().unwrap();
        let (rings, _) = RANG
            .wait_timeout_while(rings, left, |rings| *rings == before)
            .unwrap();
        drop(rings);
        if Instant::now() >= deadline {
            return is();
        }
    }
}
