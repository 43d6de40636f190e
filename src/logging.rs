//! Debug lines, for `RUNNER_DEBUG` and `RUST_LOG`.
//!
//! At trace level the SDK prints whole requests with their Authorization header, and the engine's
//! client its build arguments. So whatever is asked for, only this crate ever goes below `warn`.

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::FormatFields;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::console::output::Output;
use crate::redact::Redactor;

/// Starts logging to standard output, where it keeps its order with the lines of the run.
pub fn start(env: &[(String, String)], output: &Output, redactor: &Redactor) {
    let is = |wanted: &str, fits: fn(&str) -> bool| {
        env.iter()
            .any(|(name, value)| name == wanted && fits(value))
    };
    let debug =
        is("RUNNER_DEBUG", |value| value == "1") || is("RUST_LOG", |value| !value.is_empty());
    if !debug {
        return;
    }
    let filter = Targets::new()
        .with_default(LevelFilter::WARN)
        .with_target("plimsoll", LevelFilter::DEBUG);
    let output = output.clone();
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(move || output.clone())
        .with_ansi(false)
        .with_target(false);
    let all = tracing_subscriber::registry().with(filter);
    // `::debug::` lines are what the runner hides unless it was asked for them.
    let done = if is("GITHUB_ACTIONS", |value| value == "true") {
        let lines = lines
            .without_time()
            .event_format(DebugLine(redactor.clone()));
        all.with(lines).try_init()
    } else {
        all.with(lines).try_init()
    };
    drop(done);
}

/// `::debug::` and the message, escaped.
#[derive(Debug)]
struct DebugLine(Redactor);

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
        let text = self.0.shown(&text);
        writeln!(writer, "{}", crate::runner::commands::debug(&text))
    }
}
