//! A started binary: what it writes, what it is sent, how it ends.

use std::fs;
use std::io::{PipeReader, Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::bell;
use crate::stage::Stage;

/// How a started binary ended.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    /// Both streams, in the order in which they came.
    pub(crate) log: String,
    pub(crate) took: Duration,
    /// The most memory that it held, in kB, as the kernel last gave it.
    pub(crate) peak: u64,
}

/// The line `VmHWM` of a process that still runs.
fn peak(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Hands a process's output on to its log to the end; the most memory that it was seen to hold.
fn read(mut output: PipeReader, mut log: fs::File, pid: u32) -> u64 {
    let mut part = vec![0; 64 * 1024];
    let mut most = 0;
    while let Ok(bytes @ 1..) = output.read(&mut part) {
        log.write_all(&part[..bytes]).unwrap();
        most = peak(pid).unwrap_or(most);
        bell::ring();
    }
    most
}

/// A binary at work.
pub(crate) struct Running<'a> {
    child: Child,
    output: Option<JoinHandle<u64>>,
    /// All of its output has been read.
    is_over: Arc<AtomicBool>,
    stage: &'a Stage,
    since: Instant,
}

impl<'a> Running<'a> {
    /// Starts it, with both streams to the stage's log.
    pub(crate) fn start(stage: &'a Stage, mut command: Command) -> Running<'a> {
        let (output, input) = std::io::pipe().unwrap();
        command
            .stdin(Stdio::null())
            .stdout(input.try_clone().unwrap())
            .stderr(input);
        let child = command.spawn().unwrap();
        // It holds the pipe's other ends, and the output ends when all are closed.
        drop(command);
        let (log, pid) = (fs::File::create(stage.path("log")).unwrap(), child.id());
        let is_over = Arc::new(AtomicBool::new(false));
        let over = is_over.clone();
        let output = std::thread::spawn(move || {
            let most = read(output, log, pid);
            over.store(true, Ordering::SeqCst);
            bell::ring();
            most
        });
        Running {
            output: Some(output),
            is_over,
            child,
            stage,
            since: Instant::now(),
        }
    }

    fn is_over(&self) -> bool {
        self.is_over.load(Ordering::SeqCst)
    }

    /// Waits until `is` holds while the binary still works.
    pub(crate) fn until(&mut self, what: &str, mut is: impl FnMut() -> bool) {
        bell::until(what, || {
            let over = self.is_over();
            assert!(
                !over || is(),
                "the process was gone before {what}\n{}",
                self.stage.log()
            );
            is()
        });
    }

    /// Sends a signal, `TERM` or `INT`.
    pub(crate) fn send(&mut self, name: &str) {
        let sent = Command::new("sh")
            .args(["-c", &format!("kill -s {name} {}", self.child.id())])
            .status()
            .unwrap();
        assert!(sent.success());
        self.since = Instant::now();
    }

    /// As the signal was sent by somebody else, now.
    pub(crate) fn was_signalled(mut self) -> Ended {
        self.since = Instant::now();
        self.end()
    }

    /// Sends a signal and waits for the end; `took` counts from the signal.
    pub(crate) fn signal(mut self, name: &str) -> Ended {
        self.send(name);
        self.end()
    }

    /// Whether it ends by itself in this time.
    pub(crate) fn within(&mut self, time: Duration) -> bool {
        bell::within(time, || self.is_over())
    }

    pub(crate) fn end(mut self) -> Ended {
        bell::until("the end of the process", || self.is_over());
        let peak = self.output.take().map(|output| output.join().unwrap());
        let status = self.child.wait().unwrap();
        Ended {
            code: status.code(),
            log: self.stage.log(),
            took: self.since.elapsed(),
            peak: peak.unwrap_or_default(),
        }
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        // A test that failed in between leaves nothing behind.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
