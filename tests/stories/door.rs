//! The in-process door: the SDK's clients answered by the stand-in, under paused time.

#[path = "../clients/model/record.rs"]
mod record;

use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use plimsoll::app;
use plimsoll::aws::{Aws, ByRunner, Runner};
use plimsoll::clock::Clock;
use plimsoll::console::{Console, Style};
use plimsoll::environment::Variables;
use plimsoll::github::GitHub;
use plimsoll::redact::Redactor;
use plimsoll::report::{Outcome, Report, ShownReport};
use plimsoll::request::{Facts, RawInputs, Request};
use plimsoll::run::{Command, Journal, Record, RunContext};
use plimsoll::snapshot::Timestamp;
use plimsoll_sim::{Answer, Fault, FaultKind, Sim, World};

/// 2026-11-20 17:00 UTC, a Friday evening.
pub(crate) const START: i64 = 1_795_194_000_000;

/// Where the stand-in gives the runner's tokens.
const TOKENS: &str = "/_runner/idtoken";

/// What goes wrong at the door during a span of time.
#[derive(Clone, Debug)]
pub(crate) struct Trouble {
    /// Operations, or `*`.
    pub(crate) operations: Vec<String>,
    /// Seconds since the start.
    pub(crate) span: std::ops::Range<i64>,
    pub(crate) kind: FaultKind,
}

/// What becomes of an answer: the operation, seconds since the start, the body as AWS wrote it.
type Change = dyn Fn(&str, i64, bytes::Bytes) -> bytes::Bytes + Send + Sync;

/// Changes answers on their way.
#[derive(Clone)]
pub(crate) struct OnTheWay(pub(crate) Arc<Change>);

impl std::fmt::Debug for OnTheWay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OnTheWay")
    }
}

/// Hands each request to the stand-in, at the time that tokio's clock shows.
#[derive(Clone, Debug)]
struct Door {
    sim: Sim,
    clock: Clock,
    troubles: Arc<Vec<Trouble>>,
    /// Operations that nobody ever answers.
    silent: Arc<Vec<String>>,
    /// What the stand-in can't be brought to say: operation, what it says, what arrives.
    rewrites: Arc<Vec<(String, String, String)>>,
    on_the_way: Option<OnTheWay>,
}

impl Door {
    /// The stand-in fails once more for each request that is made in a time of trouble.
    fn trouble(&self, operation: &str) {
        let second = (self.clock.now().0 - START) / 1000;
        let fits = |trouble: &&Trouble| {
            trouble.span.contains(&second)
                && trouble
                    .operations
                    .iter()
                    .any(|one| one == "*" || one == operation)
        };
        if let Some(trouble) = self.troubles.iter().find(fits) {
            self.sim
                .fault(Fault::new(operation, 1, trouble.kind.clone()));
        }
    }

    fn rewritten(&self, operation: &str, body: bytes::Bytes) -> bytes::Bytes {
        let mut text = body;
        for (_, from, to) in self.rewrites.iter().filter(|(one, ..)| one == operation) {
            text = String::from_utf8_lossy(&text).replace(from, to).into();
        }
        let second = (self.clock.now().0 - START) / 1000;
        match &self.on_the_way {
            Some(OnTheWay(change)) => change(operation, second, text),
            None => text,
        }
    }
}

impl HttpConnector for Door {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let request = request.try_into_http1x().expect("a plain request");
        let request =
            request.map(|body| bytes::Bytes::copy_from_slice(body.bytes().unwrap_or_default()));
        let operation = operation(&request);
        if self.silent.contains(&operation) {
            return HttpConnectorFuture::new(std::future::pending());
        }
        self.trouble(&operation);
        let answer = |response: http::Response<bytes::Bytes>| {
            let response = response.map(|body| SdkBody::from(self.rewritten(&operation, body)));
            Ok(HttpResponse::try_from(response).expect("a plain response"))
        };
        let answered = self.sim.answer(self.clock.now().0, &request);
        // What is asked after a falsified answer holds what was falsified, and AWS's model refuses it.
        if self.on_the_way.is_none() {
            record::note("plimsoll", &request, &answered);
        }
        match answered {
            Answer::Response(response) => HttpConnectorFuture::ready(answer(response)),
            Answer::Late(by_ms, response) => {
                let (answer, by) = (answer(response), by_ms.unsigned_abs());
                HttpConnectorFuture::new(async move {
                    tokio::time::sleep(Duration::from_millis(by)).await;
                    answer
                })
            }
            Answer::Dropped => {
                let lost = ConnectorError::io("connection reset by peer".into());
                HttpConnectorFuture::ready(Err(lost))
            }
        }
    }
}

/// The operation by its header, in a form's field, or the one that is asked for by GET.
fn operation(request: &http::Request<bytes::Bytes>) -> String {
    if request.uri().path() == TOKENS {
        return "GetIDToken".to_owned();
    }
    let target = request.headers().get("x-amz-target");
    if let Some(target) = target.and_then(|target| target.to_str().ok()) {
        return target.rsplit('.').next().unwrap_or_default().to_owned();
    }
    let form = String::from_utf8_lossy(request.body()).into_owned();
    let action = form
        .split('&')
        .find_map(|field| field.strip_prefix("Action="));
    action.unwrap_or_default().to_owned()
}

/// Clients of the stand-in, with a role where `by` assumes one.
fn aws(door: SharedHttpConnector, by: Option<ByRunner>) -> Aws {
    let http = door.clone();
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-1"))
        .http_client(http_client_fn(move |_, _| http.clone()))
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()));
    if let Some(by) = by {
        return Aws::assuming(&config.build(), door, by);
    }
    let keys = Credentials::new("AKIDEXAMPLE", "secret", None, None, "story");
    let config = config.credentials_provider(SharedCredentialsProvider::new(keys));
    Aws::new(&config.build(), door)
}

/// What a run wrote, shared with the test.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pages(Arc<Mutex<Vec<u8>>>);

impl Pages {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl std::io::Write for Pages {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// One deploy against a world.
pub(crate) struct Story {
    pub(crate) sim: Sim,
    inputs: Vec<(String, String)>,
    troubles: Vec<Trouble>,
    rewrites: Vec<(String, String, String)>,
    silent: Vec<String>,
    workspace: std::path::PathBuf,
    /// What the runner says of the run.
    pub(crate) facts: Facts,
    /// Seconds after which a signal ends the run.
    pub(crate) cancel_after: Option<u64>,
    /// What GitHub is asked over; the door, unless it is set.
    pub(crate) way_to_github: Option<SharedHttpConnector>,
    /// The environment, as far as it is about credentials.
    env: Vec<(String, String)>,
    /// When the credentials end, in seconds since the start.
    pub(crate) keys_end: Option<u64>,
    style: Style,
    pub(crate) on_the_way: Option<OnTheWay>,
    /// How far the runner's clock is ahead of AWS's, in milliseconds.
    pub(crate) clock_ahead: i64,
}

/// How it went.
pub(crate) struct Told {
    pub(crate) sim: Sim,
    /// The log, closing words included.
    pub(crate) log: String,
    pub(crate) report: Report,
    /// Virtual seconds from the start to the end.
    pub(crate) seconds: u64,
}

impl Story {
    /// A deploy of service `api` in cluster `web` in the world that `build` makes.
    pub(crate) fn new(build: impl FnOnce(&mut World)) -> Story {
        let mut world = World::new(START)
            .region("eu-west-1")
            .account("111122223333");
        world.add_cluster("web");
        build(&mut world);
        Story {
            sim: Sim::new(world),
            inputs: Vec::new(),
            troubles: Vec::new(),
            rewrites: Vec::new(),
            silent: Vec::new(),
            workspace: ".".into(),
            facts: Facts {
                region: Some("eu-west-1".to_owned()),
                repository: Some("octo-org/hello".to_owned()),
                run_id: Some("17812345678".to_owned()),
                ..Facts::default()
            },
            cancel_after: None,
            way_to_github: None,
            env: Vec::new(),
            keys_end: None,
            style: Style::Plain,
            on_the_way: None,
            clock_ahead: 0,
        }
        .input("cluster", "web")
        .input("service", "api")
    }

    pub(crate) fn input(mut self, name: &str, value: &str) -> Story {
        self.inputs.retain(|(key, _)| key != name);
        self.inputs.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The next `times` calls of `operation` go wrong.
    pub(crate) fn fault(self, operation: &str, times: u32, kind: FaultKind) -> Story {
        self.sim.fault(Fault::new(operation, times, kind));
        self
    }

    /// All calls of `operations` (commas between them, or `*`) go wrong in these seconds.
    pub(crate) fn trouble(
        mut self,
        operations: &str,
        span: std::ops::Range<i64>,
        kind: FaultKind,
    ) -> Story {
        self.troubles.push(Trouble {
            operations: operations.split(',').map(str::to_owned).collect(),
            span,
            kind,
        });
        self
    }

    /// The caller may not call these actions, one a word.
    pub(crate) fn deny(self, actions: &str) -> Story {
        self.sim.with(|world| {
            actions
                .split_whitespace()
                .for_each(|action| world.deny(action));
        });
        self
    }

    /// Answers of `operation` say `to` where the stand-in says `from`.
    pub(crate) fn rewrite(mut self, operation: &str, from: &str, to: &str) -> Story {
        self.rewrites
            .push((operation.to_owned(), from.to_owned(), to.to_owned()));
        self
    }

    /// Calls of `operation` are never answered.
    pub(crate) fn silent(mut self, operation: &str) -> Story {
        self.silent.push(operation.to_owned());
        self
    }

    /// A variable of the environment; an empty value takes it away.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Story {
        self.env.retain(|(key, _)| key != name);
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// In a job of GitHub Actions that may have tokens.
    pub(crate) fn in_a_job(self) -> Story {
        let token = self.sim.with(|world| world.runner.request_token.clone());
        let url = format!("https://runner.test{TOKENS}?api-version=2.0");
        let mut story = self
            .env("GITHUB_ACTIONS", "true")
            .env("ACTIONS_ID_TOKEN_REQUEST_URL", &url)
            .env("ACTIONS_ID_TOKEN_REQUEST_TOKEN", &token);
        story.style = Style::Action;
        story
    }

    /// The clients alone, for a call that no story comes to without an engine.
    pub(crate) fn clients(&self) -> Aws {
        let door = Door {
            sim: self.sim.clone(),
            clock: Clock::starting_at(Timestamp(START)),
            troubles: Arc::default(),
            silent: Arc::default(),
            rewrites: Arc::default(),
            on_the_way: None,
        };
        aws(SharedHttpConnector::new(door), None)
    }

    /// Relative paths start here.
    pub(crate) fn workspace(mut self, folder: &std::path::Path) -> Story {
        folder.clone_into(&mut self.workspace);
        self
    }

    pub(crate) async fn deploy(self) -> Told {
        self.carry_out(Command::Deploy).await
    }

    /// A deploy that a signal ends so many seconds after its start.
    pub(crate) async fn cancelled_after(mut self, seconds: u64) -> Told {
        self.cancel_after = Some(seconds);
        self.deploy().await
    }

    pub(crate) async fn carry_out(self, command: Command) -> Told {
        let clock = Clock::starting_at(Timestamp(START));
        let pages = Pages::default();
        let env = self
            .inputs
            .iter()
            .map(|(name, value)| (format!("INPUT_{}", name.to_uppercase()), value.clone()));
        let raw = RawInputs::from_env(env);
        assert!(raw.warnings.is_empty(), "{:?}", raw.warnings);
        let request =
            Request::check(&raw, &self.facts).unwrap_or_else(|problems| panic!("{problems:?}"));
        // The runner's clock may be off; AWS's is the door's.
        let runners = Clock::starting_at(Timestamp(START + self.clock_ahead));
        let console = Console::new(Box::new(pages.clone()), self.style, runners);
        let by = request.role.clone().map(|role| ByRunner {
            role,
            runner: Runner::from_env(&self.env),
            redactor: console.redactor(),
        });
        let door = SharedHttpConnector::new(Door {
            sim: self.sim.clone(),
            clock,
            troubles: self.troubles.into(),
            silent: self.silent.into(),
            rewrites: self.rewrites.into(),
            on_the_way: self.on_the_way,
        });
        let keys_end = self.keys_end.map(|seconds| {
            let start = Duration::from_millis(u64::try_from(START).unwrap());
            UNIX_EPOCH + start + Duration::from_secs(seconds)
        });
        let way = self.way_to_github.as_ref().unwrap_or(&door);
        let mut github = GitHub::of(&request, command, &self.facts, way);
        let signal = async {
            match self.cancel_after {
                Some(seconds) => tokio::time::sleep(Duration::from_secs(seconds)).await,
                None => std::future::pending().await,
            }
            Outcome::Terminated
        };
        let mut journal = Journal::begin(console, Record::default(), runners);
        let context = RunContext {
            command,
            request,
            aws: aws(door, by).ending(keys_end),
            clock: runners,
            workspace: self.workspace,
            environment: Variables::default(),
        };
        let story = app::until_signal(&context, &mut journal, &mut github, signal);
        Box::pin(story).await;
        let (mut console, report, _) = journal.close();
        app::in_the_log(&mut console, &report);
        Told {
            sim: self.sim,
            log: pages.text(),
            report,
            seconds: clock.elapsed().as_secs(),
        }
    }
}

impl Told {
    /// The report as it is rendered: it knows of no secret.
    pub(crate) fn shown(&self) -> ShownReport {
        self.report.shown(&Redactor::default())
    }

    pub(crate) fn outcome(&self) -> &'static str {
        self.report.outcome.map_or("none", Outcome::as_str)
    }

    /// How often an operation was called.
    pub(crate) fn calls(&self, operation: &str) -> usize {
        self.sim
            .calls()
            .iter()
            .filter(|call| call.operation == operation)
            .count()
    }

    /// The kinds of the causes, the first one first.
    pub(crate) fn kinds(&self) -> Vec<&'static str> {
        self.report
            .services
            .iter()
            .flat_map(|service| &service.causes)
            .map(|cause| cause.kind.as_str())
            .collect()
    }
}
