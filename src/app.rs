//! The edge of a run: what the surroundings say, signals, and what is written at the end.
//!
//! A signal ends the run within seconds: the story is dropped where it stands, what was asked of
//! ECS and not answered is looked up once, and everything is written before the process ends.

pub mod after;
pub mod bug;
mod closing;
mod last_words;
pub mod panic_hook;
mod signals;
mod surroundings;
mod unfinished;

use std::path::PathBuf;
use std::time::Duration;

pub use last_words::{LastWords, in_the_log};
pub use signals::Signals;
pub use surroundings::{Environment, Surroundings};

use crate::aws::{self, Aws, ByRunner, Runner};
use crate::clock::Clock;
use crate::console::Console;
use crate::console::output::Output;
use crate::github::GitHub;
use crate::redact::Redactor;
use crate::report::Outcome;
use crate::request::{Facts, RawInputs, Request};
use crate::run::{Command, Ending, Journal, RunContext};
use crate::{deploy, inspect};

/// From a signal to the end of the process 5 s may pass; this leaves time to write.
const FAREWELL: Duration = Duration::from_millis(3500);

/// What is said of a run that a signal ended.
const CANCELLED: &str = "the run was cancelled";

/// What belongs to the process as a whole.
#[derive(Debug)]
pub struct Process {
    /// Those that end the run.
    pub signals: Signals,
    /// Standard output.
    pub output: Output,
    /// What is said at the end, however it comes.
    pub words: LastWords,
}

/// Does `command` from its raw inputs to its exit code.
pub async fn run(
    command: Command,
    raw: RawInputs,
    surroundings: Surroundings,
    process: &mut Process,
) -> u8 {
    let clock = Clock::system();
    let out = Box::new(process.output.clone());
    let redactor = process.words.redactor().clone();
    let console = Console::new(out, surroundings.style, clock).hiding(&redactor);
    let facts = Facts::from_env(surroundings.env().iter().cloned());
    let checked = Request::check(&raw, &facts);
    let job_summary = checked.as_ref().map_or(true, |request| request.job_summary);
    process.words.at(&surroundings);
    process.words.begin(&console, job_summary);
    let mut journal = Journal::begin(console, process.words.record(), clock);
    for warning in &raw.warnings {
        journal.warning(warning);
    }
    let unreadable = &surroundings.environment.unreadable;
    let request = match checked {
        Ok(request) if unreadable.is_empty() => request,
        checked => {
            let inputs = checked.err().unwrap_or_default();
            let inputs = inputs.iter().map(ToString::to_string);
            let problems = unreadable.iter().map(|name| no_text(name)).chain(inputs);
            journal.ended(refused(problems.collect()));
            return process.words.say(journal);
        }
    };
    if let Some(token) = &request.github.token {
        journal.log().mask(token.expose());
    }
    // The SDK's settings may have it ask this machine, or its network, for a region.
    let connected = tokio::select! {
        aws = Box::pin(connect(&request, &surroundings, redactor)) => aws,
        outcome = process.signals.next() => {
            let reason = format!("{CANCELLED}, before any service was changed");
            journal.ended(Ending::new(outcome, reason));
            return process.words.say(journal);
        }
    };
    let aws = match connected {
        Ok(aws) => aws,
        Err(problems) => {
            journal.ended(refused(problems));
            return process.words.say(journal);
        }
    };
    let mut github = GitHub::of(&request, command, &facts, &aws::connector());
    let context = RunContext {
        command,
        request,
        aws,
        clock,
        workspace: surroundings
            .var("GITHUB_WORKSPACE")
            .map_or_else(|| PathBuf::from("."), PathBuf::from),
        environment: surroundings.env().iter().cloned().collect(),
    };
    let signal = process.signals.next();
    let story = until_signal(&context, &mut journal, &mut github, signal);
    Box::pin(story).await;
    process.words.say(journal)
}

/// Clients as the request and the surroundings want them; nothing is asked of AWS yet.
async fn connect(
    request: &Request,
    surroundings: &Surroundings,
    redactor: Redactor,
) -> Result<Aws, Vec<String>> {
    let by = request.role.clone().map(|role| ByRunner {
        role,
        runner: Runner::from_env(surroundings.env()),
        redactor: redactor.clone(),
    });
    let aws = Aws::load(request.region.clone(), by, surroundings.env(), &redactor).await?;
    Ok(aws.ending(surroundings.keys_end()))
}

/// Does what the context says. The journal holds the outcome in any case.
pub async fn carry_out(context: &RunContext, journal: &mut Journal) {
    // Whole stories are too large for the stack of the task that waits for them.
    let ended = match context.command {
        Command::Deploy => Box::pin(deploy::deploy(context, journal)).await,
        Command::Watch => Box::pin(inspect::watch(context, journal)).await,
        Command::Explain => Box::pin(inspect::explain(context, journal)).await,
    };
    journal.ended(ended.unwrap_or_else(Ending::from));
}

/// What is said of a variable that is no text, and so might be taken for one that isn't set.
fn no_text(variable: &str) -> String {
    format!(
        "`{}` isn't text: its bytes aren't UTF-8",
        crate::shown::line(variable)
    )
}

/// All that is wrong with the inputs or the settings, at once.
fn refused(mut problems: Vec<String>) -> Ending {
    let (reason, help) = match problems.len() {
        1 => (problems.remove(0), Vec::new()),
        many => (format!("{many} inputs are wrong"), problems),
    };
    Ending {
        help,
        ..Ending::new(Outcome::Invalid, reason)
    }
}

/// Does what the context says until its end or until `signal` comes, which is the outcome then. The
/// end is reported to GitHub, whatever it is.
pub async fn until_signal(
    context: &RunContext,
    journal: &mut Journal,
    github: &mut GitHub,
    signal: impl Future<Output = Outcome>,
) {
    tokio::pin!(signal);
    let signalled = {
        let story = async {
            github.begin(journal).await;
            carry_out(context, journal).await;
        };
        tokio::pin!(story);
        tokio::select! {
            () = &mut story => None,
            outcome = &mut signal => Some(outcome),
        }
    };
    let Some(outcome) = signalled else {
        // The outcome is known: a signal only shortens what is left to tell.
        tokio::select! {
            () = github.end(context, journal) => {}
            () = async { signal.await; tokio::time::sleep(FAREWELL).await; } => {}
        }
        return;
    };
    journal.ended(Ending::new(outcome, CANCELLED));
    let farewell = deploy::cancelled(context, journal, outcome);
    let (left, told) = tokio::join!(
        tokio::time::timeout(FAREWELL, farewell),
        tokio::time::timeout(FAREWELL, github.cancelled(outcome)),
    );
    if let Ok(Some(warning)) = told {
        journal.warning(&warning);
    }
    if left.is_err() {
        journal.advise(
            "there was no time to ask ECS how things stand: look at the service in the console",
        );
    }
    journal.finish();
}
