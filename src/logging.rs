//! Debug lines, for `RUNNER_DEBUG` and `RUST_LOG`.
//!
//! At trace level the SDK prints whole requests with their Authorization header, and the engine's
//! client its build arguments. So whatever is asked for, only this crate ever goes below `warn`.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::FormatFields;

/// Starts logging to standard output, where it keeps its order with the lines of the run.
pub fn start(env: &[(String, String)]) {
    let debug = env
        .iter()
        .any(|(name, value)| name == "RUNNER_DEBUG" && value == "1")
        || env
            .iter()
            .any(|(name, value)| name == "RUST_LOG" && !value.is_empty());
    let filter = if debug { "warn,plimsoll=debug" } else { "off" };
    let in_action = env
        .iter()
        .any(|(name, value)| name == "GITHUB_ACTIONS" && value == "true");
    let format = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(filter))
        .with_ansi(false)
        .with_target(false);
    // `::debug::` lines are what the runner hides unless it was asked for them.
    let done = if in_action {
        format.without_time().event_format(DebugLine).try_init()
    } else {
        format.try_init()
    };
    drop(done);
}

/// `::debug::` and the message, escaped.
#[derive(Debug)]
struct DebugLine;

impl<S, N> tracing_subscriber::fmt::FormatEvent<S, N> for DebugLine
where
    S: tracing::Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &tracing_subscriber::fmt::FmtContext<'_, S, N>,
        mut writer: tracing_subscriber::fmt::format::Writer<'_>,
        event: &tracing::Event<'_>,
    ) -> std::fmt::Result {
        let mut text = String::new();
        context.format_fields(
            tracing_subscriber::fmt::format::Writer::new(&mut text),
            event,
        )?;
        writeln!(writer, "{}", crate::runner::commands::debug(&text))
    }
}
