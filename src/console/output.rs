//! Standard output, behind a thread of its own: a reader that doesn't read holds up nothing but the
//! log.
//!
//! Lines go out whole and in the order in which they came. It knows nothing of what they say, save
//! that the runner's commands aren't left out.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Bytes that wait for the reader. A build writes them within a second; more would be memory that
/// nobody reads.
const WAITING_BYTES: usize = 1024 * 1024;

/// So long is waited for a reader that takes nothing, before lines are left out: a pager may be
/// looked at, but a rollout isn't to go unwatched for it, nor is the process to stay for it.
const PATIENCE: Duration = Duration::from_secs(10);

/// All that the reader gets once the run has to end soon: 5 s are promised, and most are needed
/// elsewhere.
const PATIENCE_IN_A_HURRY: Duration = Duration::from_secs(1);

/// Standard output. Clones share it.
#[derive(Clone)]
pub struct Output {
    shared: Arc<Shared>,
    place: Arc<Mutex<dyn Write + Send>>,
    /// Otherwise the machine has none left, and it is written to directly.
    has_thread: bool,
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Output").finish_non_exhaustive()
    }
}

#[derive(Debug, Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    texts: VecDeque<Vec<u8>>,
    bytes: usize,
    /// One text is on its way.
    is_writing: bool,
    /// Texts that are out: what shows that somebody reads.
    written: u64,
    left_out: usize,
    nobody_reads: bool,
    hurry: bool,
}

impl Output {
    /// The process's standard output.
    pub fn stdout() -> Output {
        Output::to(io::stdout())
    }

    /// The same to any place.
    pub fn to(place: impl Write + Send + 'static) -> Output {
        let (shared, place) = (Arc::new(Shared::default()), Arc::new(Mutex::new(place)));
        let (of_thread, place_of_thread) = (shared.clone(), place.clone());
        let thread = std::thread::Builder::new()
            .name("output".to_owned())
            .spawn(move || of_thread.write_to(&*place_of_thread));
        Output {
            shared,
            place,
            has_thread: thread.is_ok(),
        }
    }

    /// From now on nothing waits for the reader: the run has to end.
    pub fn hurry(&self) {
        self.shared.lock().hurry = true;
        self.shared.changed.notify_all();
    }

    /// Waits until all is written, as long as somebody reads.
    pub fn finish(&self) {
        let (mut since, start) = (Instant::now(), Instant::now());
        let mut waiting = self.shared.lock();
        let mut seen = waiting.written;
        while waiting.is_writing || !waiting.texts.is_empty() {
            let (left, patience) = match waiting.hurry {
                true => (start.elapsed(), PATIENCE_IN_A_HURRY),
                false => (since.elapsed(), PATIENCE),
            };
            let Some(left) = patience.checked_sub(left).filter(|left| !left.is_zero()) else {
                return;
            };
            waiting = self.shared.wait(waiting, left);
            if waiting.written != seen {
                (seen, since) = (waiting.written, Instant::now());
            }
        }
    }

    fn put(&self, text: &[u8]) {
        if !self.has_thread {
            write(&*self.place, text);
            return;
        }
        let mut waiting = self.shared.lock();
        let is_full = |waiting: &Waiting| waiting.bytes + text.len() > WAITING_BYTES;
        if is_full(&waiting) && !is_command(text) {
            waiting = self.shared.wait_for_room(waiting, is_full);
            if is_full(&waiting) {
                waiting.left_out += 1;
                return;
            }
        }
        if waiting.left_out > 0 {
            let count = std::mem::take(&mut waiting.left_out);
            let s = if count == 1 { "" } else { "s" };
            waiting.push(format!("… {count} line{s} left out: nobody read the log\n").into_bytes());
        }
        waiting.push(text.to_vec());
        drop(waiting);
        self.shared.changed.notify_all();
    }
}

/// A mask, a fence or an annotation: what the runner must not miss. Debug lines are many.
fn is_command(text: &[u8]) -> bool {
    text.starts_with(b"::") && !text.starts_with(b"::debug::")
}

impl Waiting {
    fn push(&mut self, text: Vec<u8>) {
        self.bytes += text.len();
        self.texts.push_back(text);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(
        &self,
        waiting: MutexGuard<'a, Waiting>,
        time: Duration,
    ) -> MutexGuard<'a, Waiting> {
        let woken = self.changed.wait_timeout(waiting, time);
        woken.unwrap_or_else(PoisonError::into_inner).0
    }

    /// Waits while somebody reads, and a while longer.
    fn wait_for_room<'a>(
        &self,
        mut waiting: MutexGuard<'a, Waiting>,
        is_full: impl Fn(&Waiting) -> bool,
    ) -> MutexGuard<'a, Waiting> {
        let (mut seen, mut since) = (waiting.written, Instant::now());
        while is_full(&waiting) && !waiting.hurry && !waiting.nobody_reads {
            waiting = self.wait(waiting, PATIENCE);
            if waiting.written != seen {
                (seen, since) = (waiting.written, Instant::now());
            }
            waiting.nobody_reads = since.elapsed() >= PATIENCE;
        }
        waiting
    }

    /// The thread that writes.
    fn write_to(&self, place: &Mutex<dyn Write + Send>) {
        loop {
            let mut waiting = self.lock();
            let text = loop {
                if let Some(text) = waiting.texts.pop_front() {
                    break text;
                }
                waiting = self
                    .changed
                    .wait(waiting)
                    .unwrap_or_else(PoisonError::into_inner);
            };
            waiting.is_writing = true;
            drop(waiting);
            write(place, &text);
            let mut waiting = self.lock();
            waiting.is_writing = false;
            waiting.bytes -= text.len();
            waiting.written += 1;
            waiting.nobody_reads = false;
            drop(waiting);
            self.changed.notify_all();
        }
    }
}

/// What can't be written is dropped: a log that nobody takes is no reason to break off a deploy.
fn write(place: &Mutex<dyn Write + Send>, text: &[u8]) {
    let mut place = place.lock().unwrap_or_else(PoisonError::into_inner);
    let _ = place.write_all(text).and_then(|()| place.flush());
}

impl Write for Output {
    /// Takes `text` as a whole: one line or several.
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.put(text);
        Ok(text.len())
    }

    /// It is on its way.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
