//! The panic hook: it ends the process, with last words.

use super::bug::Bug;
use super::last_words::LastWords;

/// From now on a panic of any thread ends the process, with last words.
pub fn set(words: LastWords) {
    std::panic::set_hook(Box::new(move |panic| {
        let code = words.of_a_bug(&Bug::of(panic));
        #[expect(
            clippy::exit,
            reason = "whether the panic would be caught or not, all is said now"
        )]
        std::process::exit(i32::from(code));
    }));
}
