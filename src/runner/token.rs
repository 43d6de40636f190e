//! Words that nobody can guess: for fences, for the ends of outputs, and to know one's own again.

use std::hash::{BuildHasher, RandomState};

/// 128 bits in hexadecimal. The keys of `RandomState` come from the system's random source, and its
/// hashes don't tell them.
pub(crate) fn random() -> String {
    let half = || RandomState::new().hash_one("plimsoll");
    format!("plimsoll-{:016x}{:016x}", half(), half())
}
