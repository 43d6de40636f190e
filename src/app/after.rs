//! The action's process after the job's steps: it makes up for what the step's own process could not
//! tell, because it was killed or GitHub did not answer.
//!
//! It deploys nothing, whatever the environment says, and it never fails: the step has its outcome.

use std::path::Path;

use crate::aws;
use crate::clock::Clock;
use crate::console::{Console, Style};
use crate::github;
use crate::request::{Facts, RawInputs, Request, ServiceRef};
use crate::runner::{files, proxy};
use crate::snapshot::last_part;

/// How `action.yml` names the binary then. The runner starts both processes with the same
/// environment and no arguments: by its name alone a process knows which one it is.
pub const ENTRYPOINT: &str = "/./plimsoll";

/// In the step's state from the start of the run until it has said how it ended.
const UNFINISHED: &str = "unfinished";

/// Services that are named; more are counted.
const NAMED: usize = 3;

/// Whether this is the process after the job, by its name, or by the state that no other gets.
pub fn is_it(name: &str, env: &[(String, String)]) -> bool {
    name == ENTRYPOINT || state(env).is_some()
}

fn state(env: &[(String, String)]) -> Option<&str> {
    let variable = format!("STATE_{UNFINISHED}");
    let found = env.iter().find(|(name, _)| *name == variable);
    found.map(|(_, value)| value.as_str())
}

/// Notes that the run has begun, or that it has said how it ended.
pub(super) fn note(file: &Path, unfinished: bool) {
    let value = if unfinished { "true" } else { "" };
    if let Err(error) = files::save_state(file, UNFINISHED, value) {
        tracing::debug!(%error, "the step's state can't be kept");
    }
}

/// Tells what is left to tell.
pub async fn run(env: Vec<(String, String)>) {
    let mut console = Console::new(Box::new(std::io::stdout()), Style::Action, Clock::system());
    for secret in proxy::secrets(&env) {
        console.masks().add(secret);
    }
    let facts = Facts::from_env(env.iter().cloned());
    let raw = RawInputs::from_env(env.iter().cloned());
    // Inputs that are wrong were told by the step, which did nothing else.
    let Ok(request) = Request::check(&raw, &facts) else {
        return;
    };
    if let Some(token) = &request.github.token {
        console.mask(token.expose());
    }
    if state(&env) == Some("true") {
        console.error("cut off", &cut_off(&request.services));
    }
    let warning = github::make_up(&request, &facts, &env, &aws::connector()).await;
    if let Some(warning) = warning {
        console.warning(&warning);
    }
    console.finish();
}

fn cut_off(services: &[ServiceRef]) -> String {
    let mut names: Vec<String> = services
        .iter()
        .take(NAMED)
        .map(|one| format!("`{}/{}`", last_part(&one.cluster), one.service))
        .collect();
    if services.len() > NAMED {
        names.push(format!("{} more", services.len() - NAMED));
    }
    let (what, look) = match names.is_empty() {
        true => (String::new(), "look at the newest revisions of the family"),
        false => (
            format!(" of {}", names.join(", ")),
            "look at the service in the AWS console, or run `plimsoll explain`",
        ),
    };
    format!(
        "the deploy{what} was cut off before it could say how it ended: its process was killed, perhaps for lack of memory, or its container was; it isn't known whether the service was changed, and what ECS was asked for goes on\n→ {look}"
    )
}
