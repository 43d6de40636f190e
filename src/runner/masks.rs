//! Secrets that turn up deep in a run, on their way to the log's masks.
//!
//! Whoever gets hold of a secret leaves it here; the console tells the runner before its next line.
//! It isn't told in between, because a mask that is told while the runner is deaf (between fences)
//! would be printed instead.

use std::sync::{Arc, Mutex, PoisonError};

use crate::secret::Secret;

/// Secrets to be masked; clones share them.
#[derive(Clone, Debug, Default)]
pub struct Masks(Arc<Mutex<Vec<Secret>>>);

impl Masks {
    pub fn add(&self, secret: Secret) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(secret);
    }

    /// Those that weren't taken yet.
    pub(crate) fn take(&self) -> Vec<Secret> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
