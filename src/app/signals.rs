//! The signals that end a run. Each has last words, so none is left to its default. A terminal that is
//! gone (SIGHUP) and SIGQUIT cancel the run as SIGTERM does.

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;

use crate::console::output::Output;
use crate::report::Outcome;

/// Signals that are remembered while nobody asks: the first one counts, the runner sends two.
const REMEMBERED: usize = 8;

/// SIGINT, SIGTERM, SIGHUP and SIGQUIT, caught from the first moment on: as process 1 of a container
/// there is no default for them.
#[derive(Debug)]
pub struct Signals(mpsc::Receiver<Outcome>);

impl Signals {
    /// Must be called inside the runtime. A signal is seen by a task of its own, which takes care that
    /// `output` holds up nothing from then on.
    ///
    /// # Errors
    /// The system refuses to hand over the signals.
    pub fn catch(output: Output) -> std::io::Result<Signals> {
        let mut caught = Caught {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: unless_ignored(SignalKind::hangup())?,
            quit: unless_ignored(SignalKind::quit())?,
        };
        let (sender, receiver) = mpsc::channel(REMEMBERED);
        tokio::spawn(async move {
            loop {
                let outcome = caught.next().await;
                output.hurry();
                if sender.send(outcome).await.is_err() {
                    return;
                }
            }
        });
        Ok(Signals(receiver))
    }

    /// The outcome that the next signal stands for.
    pub async fn next(&mut self) -> Outcome {
        match self.0.recv().await {
            Some(outcome) => outcome,
            // The task ends with the runtime alone.
            None => std::future::pending().await,
        }
    }
}

#[derive(Debug)]
struct Caught {
    interrupt: Signal,
    terminate: Signal,
    /// Absent where the process was started with this signal ignored, as `nohup` does.
    hangup: Option<Signal>,
    quit: Option<Signal>,
}

impl Caught {
    async fn next(&mut self) -> Outcome {
        tokio::select! {
            // Where two have come already, the first one is SIGINT: so a runner cancels.
            biased;
            _ = self.interrupt.recv() => Outcome::Interrupted,
            _ = self.terminate.recv() => Outcome::Terminated,
            () = next_of(&mut self.hangup) => Outcome::Terminated,
            () = next_of(&mut self.quit) => Outcome::Terminated,
        }
    }
}

async fn next_of(signal: &mut Option<Signal>) {
    match signal {
        Some(signal) => {
            signal.recv().await;
        }
        None => std::future::pending().await,
    }
}

fn unless_ignored(kind: SignalKind) -> std::io::Result<Option<Signal>> {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    if is_ignored(&status, kind.as_raw_value()) {
        return Ok(None);
    }
    signal(kind).map(Some)
}

/// Whether the kernel's account of a process says that it ignores a signal: a mask in hexadecimal, the
/// lowest bit for signal 1.
fn is_ignored(status: &str, signal: i32) -> bool {
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or_default();
    let bit = u32::try_from(signal).ok().and_then(|n| n.checked_sub(1));
    bit.and_then(|bit| mask.checked_shr(bit))
        .is_some_and(|mask| mask & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::is_ignored;

    #[test]
    fn what_nohup_ignores_is_left_ignored() {
        let status = "Name:\tx\nSigBlk:\tffff\nSigIgn:\t0000000000001001\n";
        let ignored: Vec<i32> = (1..=64).filter(|n| is_ignored(status, *n)).collect();
        assert_eq!(ignored, [1, 13]);
        assert!(!is_ignored("", 1) && !is_ignored("SigIgn:\tx\n", 1));
    }
}
