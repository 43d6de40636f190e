//! Picks action or command, catches signals, gives the exit code; nothing else.

use std::process::ExitCode;
use std::time::Duration;

use plimsoll::app::{self, Signals, Surroundings, after};
use plimsoll::console::Style;
use plimsoll::run::Task;
use plimsoll::{commands, logging};

/// A build's context is read by blocking threads; they don't hold up the end.
const SHUTDOWN: Duration = Duration::from_millis(200);

fn main() -> ExitCode {
    let Ok(runtime) = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
    else {
        return ExitCode::from(8);
    };
    let code = runtime.block_on(run());
    runtime.shutdown_timeout(SHUTDOWN);
    ExitCode::from(code)
}

async fn run() -> u8 {
    let Ok(mut signals) = Signals::catch() else {
        return 8;
    };
    // The one TLS stack's crypto; an error only means that it is there already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let env: Vec<(String, String)> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    logging::start(&env);
    let arguments: Vec<_> = std::env::args_os().collect();
    let in_action = env
        .iter()
        .any(|(name, value)| name == "GITHUB_ACTIONS" && value == "true");
    if arguments.len() == 1 && in_action {
        let name = arguments[0].to_string_lossy();
        if after::is_it(&name, &env) {
            tokio::select! {
                () = after::run(env) => {}
                _ = signals.next() => {}
            }
            return 0;
        }
        let raw = plimsoll::request::RawInputs::from_env(env.iter().cloned());
        let surroundings = Surroundings {
            style: Style::Action,
            env,
            report_path: None,
        };
        return app::run(Task::Deploy, raw, surroundings, &mut signals).await;
    }
    commands::run(arguments, env, &mut signals).await
}
