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
use crate::runner::{proxy, state};

/// How `action.yml` names the binary then. The runner starts both processes with the same
/// environment and no arguments: by its name alone a process knows which one it is.
pub const ENTRYPOINT: &str = "/./plimsoll";

/// In the step's state from the start of the run until it has said how it ended.
const UNFINISHED: &str = "unfinished";

/// Services that are named; more are counted.
const NAMED: usize = 3;

/// Whether this is the process after the job, by its name, or by the state that no other gets.
pub fn is_it(name: &str, env: &[(String, String)]) -> bool {
    name == ENTRYPOINT || state::kept(env, UNFINISHED).is_some()
}

/// Notes that the run has begun, or that it has said how it ended.
pub(super) fn note(file: &Path, unfinished: bool) {
    state::keep(file, UNFINISHED, if unfinished { "true" } else { "" });
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
    if state::kept(&env, UNFINISHED) == Some("true") {
        console.error("cut off", &cut_off(&request.services));
    }
    let warning = github::make_up(&request, &facts, &env, &aws::connector()).await;
    if let Some(warning) = warning {
        console.warning(&warning);
    }
    console.finish();
}

fn cut_off(services: &[ServiceRef]) -> String {
    let (what, look) = match services.is_empty() {
        true => (String::new(), "look at the newest revisions of the family"),
        false => (
            format!(" of `{}`", ServiceRef::names(services, NAMED)),
            "look at the service in the AWS console, or run `plimsoll explain`",
        ),
    };
    format!(
        "the deploy{what} was cut off before it could say how it ended: its process was killed, perhaps for lack of memory, or its container was; it isn't known whether the service was changed, and what ECS was asked for goes on\n→ {look}"
    )
}
