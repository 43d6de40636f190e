//! One run of act: a repository, an event, what the runner said of each step.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use serde_json::{Value, json};

use crate::clients;
use crate::container;
use crate::engine;
use crate::stage::Stage;

/// The image of a job: act needs a shell and `tail`, the docs' own steps no more than these.
const JOB_IMAGE: &str = "plimsoll-test-job:1";
const PROGRAMS: &[&str] = &[
    "/bin/bash",
    "/bin/cat",
    "/bin/grep",
    "/bin/ls",
    "/bin/mkdir",
    "/usr/bin/env",
    "/usr/bin/tail",
];
/// What a workflow names as the action.
const ACTION: &str = "plimsoll-dev/plimsoll@v1";

/// A repository with a workflow, and what starts it.
pub(crate) struct Workflow {
    pub(crate) text: String,
    pub(crate) event: &'static str,
    pub(crate) payload: Value,
    pub(crate) secrets: Vec<(&'static str, String)>,
    /// Variables of the runner's environment.
    pub(crate) env: Vec<(&'static str, String)>,
    /// Actions and called workflows: what a workflow names, and the files of its repository.
    pub(crate) others: Vec<(&'static str, Vec<(&'static str, String)>)>,
}

impl Workflow {
    pub(crate) fn new(event: &'static str, text: &str) -> Workflow {
        Workflow {
            text: text.to_owned(),
            event,
            payload: json!({}),
            secrets: Vec::new(),
            env: Vec::new(),
            others: Vec::new(),
        }
    }

    /// Runs it in the workspace of `stage`.
    pub(crate) fn run(&self, stage: &Stage) -> Ran {
        let _turn = turn(&self.text);
        let home = tempfile::tempdir().unwrap();
        let repository = stage.path("workspace");
        let sha = commit(&repository, &self.text);
        stage.sim.with(|world| world.github.refs.push(sha));
        let event = home.path().join("event.json");
        fs::write(&event, self.payload.to_string()).unwrap();
        let action = home.path().join("action");
        write(&action, "action.yml", &action_yml());
        let bearer = stage.sim.with(|world| world.runner.request_token.clone());
        let token = stage.sim.with(|world| world.github.token.clone());
        let at = &stage.endpoint;
        let mut act = clients::command("act", home.path());
        act.arg(self.event)
            .args(["--json", "--rm", "--no-cache-server", "--pull=false"])
            .args(["--directory", repository.to_str().unwrap()])
            .args(["--eventpath", event.to_str().unwrap()])
            .arg(format!("--platform=ubuntu-latest={}", job_image()))
            .arg(format!("--local-repository={ACTION}={}", action.display()))
            .arg(format!("--secret=GITHUB_TOKEN={token}"))
            .arg(format!("--env=AWS_ENDPOINT_URL={at}"))
            .arg("--env=AWS_EC2_METADATA_DISABLED=true")
            .arg(format!("--env=GITHUB_API_URL={at}/api/v3"))
            .arg(format!(
                "--env=ACTIONS_ID_TOKEN_REQUEST_URL={at}/_runner/idtoken?api-version=2.0"
            ))
            .arg(format!("--env=ACTIONS_ID_TOKEN_REQUEST_TOKEN={bearer}"));
        for (name, value) in &self.env {
            act.arg(format!("--env={name}={value}"));
        }
        for (name, value) in &self.secrets {
            act.arg(format!("--secret={name}={value}"));
        }
        for (number, (name, files)) in self.others.iter().enumerate() {
            let folder = home.path().join(number.to_string());
            for (file, text) in files {
                write(&folder, file, text);
            }
            act.arg(format!("--local-repository={name}={}", folder.display()));
        }
        let output = act.output().unwrap();
        Ran::of(&output)
    }
}

/// One run of workflows of one name at a time: act names a job's container by workflow and job.
fn turn(workflow: &str) -> MutexGuard<'static, ()> {
    static TURNS: Mutex<BTreeMap<String, &'static Mutex<()>>> = Mutex::new(BTreeMap::new());
    let name = workflow
        .lines()
        .find_map(|line| line.strip_prefix("name: "));
    let mut turns = TURNS.lock().unwrap_or_else(PoisonError::into_inner);
    let turn: &Mutex<()> = turns
        .entry(name.unwrap_or_default().to_owned())
        .or_insert_with(|| Box::leak(Box::default()));
    drop(turns);
    turn.lock().unwrap_or_else(PoisonError::into_inner)
}

fn job_image() -> &'static str {
    static MADE: OnceLock<()> = OnceLock::new();
    MADE.get_or_init(|| engine::import(JOB_IMAGE, PROGRAMS));
    JOB_IMAGE
}

/// `action.yml` as a release has it: it names an image, here that of this build.
fn action_yml() -> String {
    let text = include_str!("../../../action.yml");
    let image = format!("\n  image: docker://{}\n", container::image_name());
    let released = text.replace("\n  image: Dockerfile\n", &image);
    assert_ne!(released, text, "action.yml names another image");
    released
}

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// The workspace as a commit of `octo-org/hello`; its hash comes back.
fn commit(repository: &Path, workflow: &str) -> String {
    write(repository, ".github/workflows/workflow.yml", workflow);
    let git = |arguments: &[&str]| {
        let folder = repository.to_str().unwrap();
        engine::run("git", &[&["-C", folder], arguments].concat())
    };
    if !repository.join(".git").exists() {
        git(&["init", "--quiet", "--initial-branch", "main"]);
        git(&[
            "remote",
            "add",
            "origin",
            "https://github.com/octo-org/hello",
        ]);
    }
    git(&["add", "--all"]);
    let who = [
        "-c",
        "user.name=octocat",
        "-c",
        "user.email=octocat@example.com",
    ];
    let what = [
        "commit",
        "--quiet",
        "--allow-empty",
        "--message",
        "a change",
    ];
    git(&[&who[..], &what[..]].concat());
    git(&["rev-parse", "HEAD"])
}

/// What came of a run.
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    /// What act said, an object a line.
    lines: Vec<Value>,
    /// What it said otherwise.
    rest: String,
}

impl Ran {
    fn of(output: &std::process::Output) -> Ran {
        let log = clients::log(output);
        let mut ran = Ran {
            code: output.status.code(),
            lines: Vec::new(),
            rest: String::new(),
        };
        for line in log.lines() {
            match serde_json::from_str(line) {
                Ok(line) => ran.lines.push(line),
                Err(_) => ran.rest += &format!("{line}\n"),
            }
        }
        ran
    }

    /// The lines of the action's step in a job, by the job's name.
    fn of_action<'a>(&'a self, job: &'a str, stage: &'a str) -> impl Iterator<Item = &'a Value> {
        let is_it = move |line: &&Value| {
            line["jobID"] == job && line["step"] == ACTION && line["stage"] == stage
        };
        self.lines.iter().filter(is_it)
    }

    /// The outputs of the action's step in a job.
    pub(crate) fn outputs(&self, job: &str) -> BTreeMap<String, String> {
        let set = self
            .of_action(job, "Main")
            .filter(|line| line["command"] == "set-output");
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        set.map(|line| (text(&line["name"]), text(&line["arg"])))
            .collect()
    }

    /// The output `outcome` of each run of the action, in the order of their ends.
    pub(crate) fn outcomes(&self) -> Vec<&str> {
        let set = self
            .lines
            .iter()
            .filter(|line| line["command"] == "set-output" && line["name"] == "outcome");
        set.filter_map(|line| line["arg"].as_str()).collect()
    }

    /// How each job ended, by its id; a job of a matrix ends several times.
    pub(crate) fn jobs(&self) -> Vec<(&str, &str)> {
        fn ended(line: &Value) -> Option<(&str, &str)> {
            Some((line["jobID"].as_str()?, line["jobResult"].as_str()?))
        }
        self.lines.iter().filter_map(ended).collect()
    }

    /// The job summaries.
    pub(crate) fn summaries(&self) -> Vec<&str> {
        let found = self
            .lines
            .iter()
            .filter(|line| line["command"] == "summary");
        found.filter_map(|line| line["content"].as_str()).collect()
    }

    /// What the steps of a job printed themselves.
    pub(crate) fn printed(&self, job: &str) -> String {
        let raw = |line: &&Value| line["raw_output"] == true && line["jobID"] == job;
        let lines = self.lines.iter().filter(raw);
        lines.filter_map(|line| line["msg"].as_str()).collect()
    }

    /// What the process after the job printed, and how it ended.
    pub(crate) fn after_the_job<'a>(&'a self, job: &'a str) -> (String, Option<&'a str>) {
        let printed = self
            .of_action(job, "Post")
            .filter(|line| line["raw_output"] == true);
        let printed = printed.filter_map(|line| line["msg"].as_str()).collect();
        let result = self
            .of_action(job, "Post")
            .find_map(|line| line["stepResult"].as_str());
        (printed, result)
    }

    /// Everything, for a test that fails and for what must stand nowhere.
    pub(crate) fn text(&self) -> String {
        let lines = self.lines.iter().filter_map(|line| line["msg"].as_str());
        let text: Vec<&str> = lines.map(str::trim_end).collect();
        format!(
            "exit code {:?}\n{}\n{}",
            self.code,
            text.join("\n"),
            self.rest
        )
    }
}
