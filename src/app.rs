//! The edge of a run: what the surroundings say, signals, and what is written at the end.
//!
//! A signal ends the run within seconds: the story is dropped where it stands, what was asked of
//! ECS and not answered is looked up once, and everything is written before the process ends.

pub mod after;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::aws::{self, Aws, ByRunner, Runner};
use crate::clock::Clock;
use crate::console::{Console, Level, Style};
use crate::github::GitHub;
use crate::report::{self, Outcome, Report};
use crate::request::{Facts, OnCancel, Problem, RawInputs, Request};
use crate::run::{Run, Task};
use crate::runner::masks::Masks;
use crate::runner::{files, proxy};
use crate::{deploy, inspect};

/// From a signal to the end of the process 5 s may pass; this leaves time to write.
const FAREWELL: Duration = Duration::from_millis(3500);

/// SIGINT and SIGTERM, caught from the first moment on: as process 1 of a container there is no
/// default for them.
#[derive(Debug)]
pub struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    /// Must be called inside the runtime.
    pub fn catch() -> std::io::Result<Signals> {
        Ok(Signals {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// The outcome that the next signal stands for.
    pub async fn next(&mut self) -> Outcome {
        tokio::select! {
            // Where both have come already, the first one is SIGINT: so a runner cancels.
            biased;
            _ = self.interrupt.recv() => Outcome::Interrupted,
            _ = self.terminate.recv() => Outcome::Terminated,
        }
    }
}

/// What a run finds around it.
#[derive(Debug)]
pub struct Surroundings {
    pub style: Style,
    /// The environment, read once.
    pub env: Vec<(String, String)>,
    /// `--report PATH` of the command.
    pub report_path: Option<PathBuf>,
}

impl Surroundings {
    fn var(&self, name: &str) -> Option<&str> {
        self.env
            .iter()
            .find(|(key, value)| key == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }

    /// The path by which a later step finds a file of the runner's temporary folder: in a container
    /// action that folder is mounted elsewhere, and only `RUNNER_WORKSPACE` still tells the host's
    /// own path (`<work>/<repository>`, beside `<work>/_temp`).
    fn on_the_host(&self, path: &Path) -> String {
        let inside = path.strip_prefix("/github/runner_temp").ok();
        let work = self
            .var("RUNNER_WORKSPACE")
            .and_then(|workspace| Path::new(workspace).parent());
        match (inside, work) {
            (Some(inside), Some(work)) => work.join("_temp").join(inside).display().to_string(),
            _ => path.display().to_string(),
        }
    }

    /// When the credentials in the environment end, where whoever put them there says so, as
    /// `aws configure export-credentials --format env` does. All others of the SDK's default chain
    /// are renewed by where they come from.
    fn keys_end(&self) -> Option<SystemTime> {
        self.var("AWS_ACCESS_KEY_ID")?;
        let end = self.var("AWS_CREDENTIAL_EXPIRATION")?;
        humantime::parse_rfc3339(&end.replace("+00:00", "Z")).ok()
    }

    /// Where the JSON report goes.
    fn report_path(&self) -> Option<PathBuf> {
        self.report_path.clone().or_else(|| match self.style {
            Style::Action => self
                .var("RUNNER_TEMP")
                .map(|temp| PathBuf::from(temp).join("plimsoll-report.json")),
            Style::Plain => None,
        })
    }
}

/// Does `task` from its raw inputs to its exit code.
pub async fn run(
    task: Task,
    raw: RawInputs,
    surroundings: Surroundings,
    signals: &mut Signals,
) -> u8 {
    let out: Box<dyn Write + Send> = Box::new(std::io::stdout());
    let clock = Clock::system();
    let mut console = Console::new(out, surroundings.style, clock);
    for secret in proxy::secrets(&surroundings.env) {
        console.masks().add(secret);
    }
    for warning in &raw.warnings {
        console.warning(warning);
    }
    let facts = Facts::from_env(surroundings.env.iter().cloned());
    let state = facts.state_path.as_ref().map(PathBuf::from);
    let state = state.filter(|_| surroundings.style == Style::Action);
    if let Some(file) = &state {
        after::note(file, true);
    }
    let checked = Request::check(&raw, &facts);
    let job_summary = checked.as_ref().is_ok_and(|request| request.job_summary) || checked.is_err();
    let aws = connect(checked.as_ref().ok(), &surroundings, console.masks()).await;
    let mut run = Run {
        aws,
        clock,
        console,
        report: Report {
            started: clock.now(),
            ..Report::default()
        },
        workspace: surroundings
            .var("GITHUB_WORKSPACE")
            .map_or_else(|| PathBuf::from("."), PathBuf::from),
        environment: surroundings.env.iter().cloned().collect(),
    };
    match checked {
        Err(problems) => refuse(&mut run, &problems),
        Ok(request) => {
            if let Some(token) = &request.github.token {
                run.console.mask(token.expose());
            }
            let mut github = GitHub::of(&request, task, &facts, &aws::connector());
            let story = until_signal(&mut run, &request, task, &mut github, signals.next());
            Box::pin(story).await;
        }
    }
    close(&mut run, &surroundings, job_summary);
    if let Some(file) = &state {
        after::note(file, false);
    }
    run.report.exit_code()
}

/// Clients as the request and the surroundings want them; nothing is asked of AWS yet.
async fn connect(request: Option<&Request>, surroundings: &Surroundings, masks: Masks) -> Aws {
    let role = request.and_then(|request| request.role.clone());
    let by = role.map(|role| ByRunner {
        role,
        runner: Runner::from_env(&surroundings.env),
        masks,
    });
    let region = request.and_then(|request| request.region.clone());
    Aws::load(region, by).await.ending(surroundings.keys_end())
}

/// Does `task`. The report holds the outcome in any case.
pub async fn carry_out(run: &mut Run, request: &Request, task: Task) {
    // Whole stories are too large for the stack of whoever waits for them.
    let done = match task {
        Task::Deploy => Box::pin(deploy::deploy(run, request)).await,
        Task::Watch => Box::pin(inspect::watch(run, request)).await,
        Task::Explain => Box::pin(inspect::explain(run, request)).await,
    };
    run.report.finished = run.clock.now();
    if let Err(failure) = done {
        run.report.outcome = Some(failure.outcome);
        run.report.reason = failure.reason;
        run.report.help = failure.help;
    }
}

/// All problems of the inputs at once.
fn refuse(run: &mut Run, problems: &[Problem]) {
    run.report.finished = run.clock.now();
    run.report.outcome = Some(Outcome::Invalid);
    run.report.reason = match problems {
        [one] => one.to_string(),
        many => format!("{} inputs are wrong", many.len()),
    };
    if problems.len() > 1 {
        run.report.help = problems.iter().map(ToString::to_string).collect();
    }
}

/// Does `task` until its end or until `signal` comes, which is the outcome then. Whatever the end
/// is, GitHub is told.
pub async fn until_signal(
    run: &mut Run,
    request: &Request,
    task: Task,
    github: &mut GitHub,
    signal: impl Future<Output = Outcome>,
) {
    tokio::pin!(signal);
    let signalled = {
        let story = async {
            github.begin(run).await;
            carry_out(run, request, task).await;
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
            () = github.end(run) => {}
            () = async { signal.await; tokio::time::sleep(FAREWELL).await; } => {}
        }
        return;
    };
    run.report.outcome = Some(outcome);
    run.report.reason = "the run was cancelled".to_owned();
    let farewell = deploy::take_leave(run, request.rollout.on_cancel == OnCancel::Rollback);
    let (left, told) = tokio::join!(
        tokio::time::timeout(FAREWELL, farewell),
        tokio::time::timeout(FAREWELL, github.cancelled(outcome)),
    );
    if let Ok(Some(warning)) = told {
        run.console.warning(&warning);
    }
    if left.is_err() {
        run.report.help.push(
            "there was no time to ask ECS how things stand: look at the service in the console"
                .to_owned(),
        );
    }
    run.report.finished = run.clock.now();
}

/// Writes the closing words, the report, the summary and the outputs; what can't be written is said
/// and changes nothing about the outcome.
fn close(run: &mut Run, surroundings: &Surroundings, job_summary: bool) {
    last_words(&mut run.console, &run.report);
    let mut failed = Vec::new();
    let path = surroundings.report_path();
    if let Some(path) = &path {
        let text = format!("{:#}\n", report::json::render(&run.report));
        if let Err(error) = std::fs::write(path, text) {
            failed.push(format!(
                "the report could not be written to `{}`: {error}",
                path.display()
            ));
        }
    }
    if surroundings.style == Style::Action {
        let shown = path.as_ref().map(|path| surroundings.on_the_host(path));
        let outputs = report::outputs(&run.report, shown.as_deref(), run.clock.now());
        if let Some(file) = surroundings.var("GITHUB_OUTPUT") {
            failed.extend(report::withheld(&outputs, run.console.masked()));
            failed.extend(
                files::write_outputs(file.as_ref(), &outputs)
                    .err()
                    .map(|error| error.to_string()),
            );
        }
        if let Some(file) = surroundings
            .var("GITHUB_STEP_SUMMARY")
            .filter(|_| job_summary)
        {
            failed.extend(
                files::append_summary(file.as_ref(), &report::summary::render(&run.report))
                    .err()
                    .map(|error| error.to_string()),
            );
        }
    }
    for problem in failed {
        run.console.warning(&problem);
    }
    run.console.finish();
}

/// How it ended: in the log, and as the annotation that the run's page shows.
pub fn last_words(console: &mut Console, report: &Report) {
    for line in report::text::closing(report) {
        console.words(&line);
    }
    let outcome = report.outcome.unwrap_or(Outcome::Error);
    let word = report.title.unwrap_or(outcome.as_str());
    let is_well = report.exit_code() == 0;
    let mut text = report.reason.clone();
    for help in report.help.iter().filter(|_| !is_well) {
        text.push_str(&format!("\n→ {help}"));
    }
    let level = match (is_well, report.is_doubtful()) {
        (true, false) => Level::Notice,
        (true, true) => Level::Warning,
        (false, _) => Level::Error,
    };
    console.annotate(level, word, &text);
}

#[cfg(test)]
mod tests {
    use super::{Path, Style, Surroundings};

    #[test]
    fn a_later_step_is_told_the_path_on_the_host() {
        let check = |workspace: Option<&str>, path: &str| {
            let env =
                workspace.map(|workspace| ("RUNNER_WORKSPACE".to_owned(), workspace.to_owned()));
            let surroundings = Surroundings {
                style: Style::Action,
                env: env.into_iter().collect(),
                report_path: None,
            };
            surroundings.on_the_host(Path::new(path))
        };
        let inside = "/github/runner_temp/plimsoll-report.json";
        assert_eq!(
            check(Some("/home/ci/jobs/shop"), inside),
            "/home/ci/jobs/_temp/plimsoll-report.json"
        );
        assert_eq!(check(None, inside), inside);
        assert_eq!(
            check(Some("/home/ci/jobs/shop"), "/elsewhere/report.json"),
            "/elsewhere/report.json"
        );
    }

    #[test]
    fn keys_in_the_environment_end_when_whoever_put_them_there_says_so() {
        let end = |pairs: &[(&str, &str)]| {
            let env = pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            let surroundings = Surroundings {
                style: Style::Action,
                env: env.collect(),
                report_path: None,
            };
            surroundings.keys_end()
        };
        let keys = ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE");
        let at = |text: &'static str| ("AWS_CREDENTIAL_EXPIRATION", text);
        let six = humantime::parse_rfc3339("2026-11-20T18:00:00Z").ok();
        assert!(six.is_some());
        assert_eq!(end(&[keys, at("2026-11-20T18:00:00Z")]), six);
        assert_eq!(end(&[keys, at("2026-11-20T18:00:00+00:00")]), six);
        assert_eq!(end(&[keys, at("soon")]), None);
        assert_eq!(end(&[keys]), None);
        assert_eq!(end(&[at("2026-11-20T18:00:00Z")]), None);
    }
}
