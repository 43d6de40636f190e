//! A log that nobody reads, and one that nobody can: the run ends in time all the same, and all of its
//! files are written.

use std::io::{PipeReader, Write as _};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::bell;
use crate::signals::slow;
use crate::stage::{Stage, usual};

const IN_TIME: Duration = Duration::from_secs(5);

/// As much as a pipe holds on Linux.
const PIPE_BYTES: usize = 64 * 1024;

/// A step that runs; it is gone with the test.
struct Step(Child);

impl Drop for Step {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The step with a standard output that is full before the first line.
fn with_a_full_pipe(stage: &Stage) -> (Step, PipeReader) {
    let (unread, mut input) = std::io::pipe().unwrap();
    input.write_all(&[b'x'; PIPE_BYTES]).unwrap();
    (start(stage, input.into()), unread)
}

fn start(stage: &Stage, stdout: Stdio) -> Step {
    let mut command = stage.action();
    command.stdin(Stdio::null()).stderr(Stdio::null());
    Step(command.stdout(stdout).spawn().unwrap())
}

/// Sends SIGTERM, and waits for the end.
fn terminate(step: &mut Step) -> Duration {
    let pid = step.0.id().to_string();
    let sent = Command::new("kill").args(["-s", "TERM", &pid]).status();
    assert!(sent.unwrap().success());
    let since = Instant::now();
    let status = step.0.wait().unwrap();
    assert_eq!(status.code(), Some(143));
    since.elapsed()
}

fn check(stage: &Stage, outcome: &str, changed: bool) {
    assert_eq!(stage.output("outcome"), outcome);
    assert_eq!(stage.output("service-changed"), changed.to_string());
    let report = stage.report();
    assert_eq!(report["outcome"], json!(outcome));
    assert_eq!(report["serviceChanged"], json!(changed));
    assert!(stage.summary().contains(outcome), "{}", stage.summary());
}

#[test]
fn a_signal_ends_a_run_whose_log_nobody_reads() {
    let stage = slow();
    let (mut step, _unread) = with_a_full_pipe(&stage);
    bell::until("the update", || stage.calls("UpdateService") == 1);
    let took = terminate(&mut step);
    assert!(took < IN_TIME, "gone after {took:?}");
    check(&stage, "cancelled", true);
}

#[test]
fn a_run_whose_log_nobody_reads_ends_and_writes_all_of_its_files() {
    let stage = Stage::new(usual).redeploy();
    let (mut step, _unread) = with_a_full_pipe(&stage);
    assert_eq!(step.0.wait().unwrap().code(), Some(0));
    check(&stage, "succeeded", true);
}

#[test]
fn a_run_without_a_standard_output_ends_as_any_other() {
    let stage = Stage::new(usual).redeploy();
    let (reader, input) = std::io::pipe().unwrap();
    drop(reader);
    let mut step = start(&stage, input.into());
    assert_eq!(step.0.wait().unwrap().code(), Some(0));
    check(&stage, "succeeded", true);
    // Closed altogether, and not only without a reader.
    let closed = slow();
    let mut step = start(&closed, Stdio::null());
    bell::until("the update", || closed.calls("UpdateService") == 1);
    let took = terminate(&mut step);
    assert!(took < IN_TIME, "gone after {took:?}");
    check(&closed, "cancelled", true);
}
