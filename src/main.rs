//! Picks action or command, catches signals and bugs, gives the exit code; nothing else.

use std::ffi::OsString;
use std::process::ExitCode;
use std::time::Duration;

use plimsoll::app::{
    self, Environment, LastWords, Process, Signals, Surroundings, after, panic_hook,
};
use plimsoll::console::Style;
use plimsoll::console::output::Output;
use plimsoll::redact::Redactor;
use plimsoll::request::RawInputs;
use plimsoll::run::Command;
use plimsoll::runner::secrets;
use plimsoll::{commands, logging};

/// A build's context is read by blocking threads; they don't hold up the end.
const SHUTDOWN: Duration = Duration::from_millis(200);

fn main() -> ExitCode {
    let output = Output::stdout();
    let redactor = Redactor::default();
    let words = LastWords::new(output.clone(), redactor.clone());
    panic_hook::set(words.clone());
    let environment = Environment::of(std::env::vars_os());
    secrets::learn(&environment.pairs, &redactor);
    logging::start(&environment.pairs, &output, &redactor);
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let start = Start::of(&arguments, environment);
    match &start {
        Start::Step(surroundings) => words.at(surroundings),
        Start::AfterTheJob(_) => words.after_the_job(),
        Start::Command(_) => {}
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    let code = match runtime {
        Ok(runtime) => {
            let code = runtime.block_on(run(start, arguments, &output, &words));
            runtime.shutdown_timeout(SHUTDOWN);
            code
        }
        Err(error) => words.not_started(&format!("no threads could be started: {error}")),
    };
    output.finish();
    ExitCode::from(code)
}

/// What the process was started as.
enum Start {
    /// The action's step.
    Step(Surroundings),
    /// The action's process after the job's steps.
    AfterTheJob(Surroundings),
    Command(Environment),
}

impl Start {
    fn of(arguments: &[OsString], environment: Environment) -> Start {
        let in_action = environment
            .pairs
            .iter()
            .any(|(name, value)| name == "GITHUB_ACTIONS" && value == "true");
        match arguments {
            [name] if in_action => {
                let surroundings = Surroundings {
                    style: Style::Action,
                    environment,
                    report_path: None,
                };
                if after::is_it(&name.to_string_lossy()) {
                    Start::AfterTheJob(surroundings)
                } else {
                    Start::Step(surroundings)
                }
            }
            _ => Start::Command(environment),
        }
    }
}

async fn run(start: Start, arguments: Vec<OsString>, output: &Output, words: &LastWords) -> u8 {
    let signals = match Signals::catch(output.clone()) {
        Ok(signals) => signals,
        Err(error) => {
            return words.not_started(&format!("the signals can't be caught: {error}"));
        }
    };
    // The one TLS stack's crypto; an error only means that it is there already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut process = Process {
        signals,
        output: output.clone(),
        words: words.clone(),
    };
    match start {
        Start::AfterTheJob(surroundings) => {
            let mut made_up =
                std::pin::pin!(after::run(surroundings, &process.output, words.redactor()));
            tokio::select! {
                () = &mut made_up => {}
                _ = process.signals.next() => {}
            }
            0
        }
        Start::Step(surroundings) => {
            let raw = RawInputs::from_env(surroundings.env().iter().cloned());
            app::run(Command::Deploy, raw, surroundings, &mut process).await
        }
        Start::Command(environment) => commands::run(arguments, environment, &mut process).await,
    }
}
