//! The action's process after the job's steps: it makes up for what the step's own process could not
//! tell, because it was killed, because it ended by a bug, or because GitHub did not answer.
//!
//! It deploys nothing, whatever the environment says, and it never fails: the step has its outcome.

use std::sync::Arc;

use super::Surroundings;
use super::closing::{self, Closing};
use super::unfinished::Unfinished;
use crate::aws;
use crate::clock::Clock;
use crate::console::output::Output;
use crate::console::{Console, Style};
use crate::github;
use crate::redact::Redactor;
use crate::report::{Outcome, text};
use crate::request::{Facts, RawInputs, Request, ServiceRef};
use crate::run::RunProgress;

/// How `action.yml` names the binary then. The runner starts both processes with the same
/// environment and no arguments: by its name alone a process knows which one it is. The state can't
/// tell them apart: any workflow can set a variable that is called so.
pub const ENTRYPOINT: &str = "/./plimsoll";

/// Services that are named; more are counted.
const NAMED: usize = 3;

/// Whether this is the process after the job, by the name that it was started by.
pub fn is_it(name: &str) -> bool {
    name == ENTRYPOINT
}

/// Tells what is left to tell.
pub async fn run(surroundings: Surroundings, output: &Output, redactor: &Redactor) {
    let env = surroundings.env();
    let out = Box::new(output.clone());
    let mut console = Console::new(out, Style::Action, Clock::system()).hiding(redactor);
    let facts = Facts::from_env(env.iter().cloned());
    let raw = RawInputs::from_env(env.iter().cloned());
    // Inputs that are wrong were reported by the step, which did nothing else.
    let Ok(request) = Request::check(&raw, &facts) else {
        return;
    };
    if let Some(token) = &request.github.token {
        console.mask(token.expose());
    }
    match Unfinished::left(env) {
        Some(Unfinished::Yes) => cut_off(&mut console, &request, &surroundings),
        Some(Unfinished::Bug(place)) => console.error("bug", &ended_by_a_bug(&request, &place)),
        Some(Unfinished::No) => {}
        None => console.warning(
            "this is the process after the job, which deploys nothing, and the step has left it no state: whether the step ran isn't known",
        ),
    }
    let warning = github::make_up(&request, &facts, env, &aws::connector()).await;
    if let Some(warning) = warning {
        console.warning(&warning);
    }
    console.finish();
}

/// ` of `web/api``, where services are known.
fn of(services: &[ServiceRef]) -> String {
    match services {
        [] => String::new(),
        services => format!(" of `{}`", ServiceRef::names(services, NAMED)),
    }
}

/// The step's last words, which its own process could not say.
fn cut_off(console: &mut Console, request: &Request, surroundings: &Surroundings) {
    let progress = RunProgress::left(surroundings.env());
    let now = Clock::system().now();
    let mut report = progress
        .as_ref()
        .map(RunProgress::report)
        .unwrap_or_default();
    if progress.is_none() {
        report.started = now;
    }
    let told = match &progress {
        None => {
            "; it isn't known whether the service was changed, and what ECS was asked for goes on"
                .to_owned()
        }
        Some(one) if one.pending => {
            "; an update was on its way, and it isn't known whether the service was changed by it"
                .to_owned()
        }
        Some(one) if one.service_changed => {
            format!(
                "; {}, and what ECS was asked for goes on",
                text::changed(&report)
            )
        }
        Some(_) => format!("; {}", text::changed(&report)),
    };
    report.service_changed |= progress.is_none();
    report.outcome = Some(Outcome::Error);
    report.reason = format!(
        "the deploy{} was cut off before it could say how it ended: its process was killed, perhaps for lack of memory, or its container was{told}",
        of(&request.services)
    );
    report.finished = now;
    report.help = help(request, progress.as_ref());
    let help: String = report
        .help
        .iter()
        .map(|help| format!("\n→ {help}"))
        .collect();
    console.error("cut off", &format!("{}{help}", report.reason));
    let closing = Arc::new(Closing {
        report,
        surroundings: surroundings.clone(),
        job_summary: request.job_summary,
        now,
        redactor: console.redactor(),
    });
    for problem in closing::write(&closing, closing::ONE_FILE) {
        console.warning(&problem);
    }
}

fn help(request: &Request, progress: Option<&RunProgress>) -> Vec<String> {
    let look = match request.services.is_empty() {
        true => "look at the newest revisions of the family",
        false => "look at the service in the AWS console, or run `plimsoll explain`",
    };
    let mut help = vec![look.to_owned()];
    if let Some(arn) = progress.and_then(|one| one.one_off.as_ref()) {
        help.push(format!("the one-off task `{arn}` may still run"));
    }
    if let Some(arn) = progress.and_then(|one| one.revision.as_ref()) {
        help.push(format!("revision `{arn}` was registered by this run"));
    }
    help
}

fn ended_by_a_bug(request: &Request, place: &str) -> String {
    format!(
        "the deploy{} was ended by a bug in Plimsoll at `{place}`: the step's log and report say what is known\n→ please report it at {}, with both",
        of(&request.services),
        super::bug::ISSUES
    )
}
