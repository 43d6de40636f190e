//! Every way out of a run, and what each leaves behind: an outcome, a reason, the report, the job
//! summary, an annotation, and the truth about whether the service was changed.

use std::fs;
use std::process::Command;

use plimsoll_sim::{Exit, TaskBehaviour};
use serde_json::json;

use crate::door::Hold;
use crate::signals::slow;
use crate::stage::{Ended, Stage, binary, usual};

/// What a way out leaves behind.
pub(crate) struct Left {
    pub(crate) outcome: &'static str,
    pub(crate) changed: bool,
}

pub(crate) fn check(way: &str, stage: &Stage, ended: &Ended, left: &Left) {
    let log = &ended.log;
    assert!(!log.contains("panicked"), "{way}: {log}");
    assert_eq!(stage.output("outcome"), left.outcome, "{way}: {log}");
    let changed = left.changed.to_string();
    assert_eq!(stage.output("service-changed"), changed, "{way}: {log}");
    let reason = stage.output("reason");
    assert!(!reason.is_empty(), "{way}: {log}");
    let report = stage.report();
    assert_eq!(report["outcome"], json!(left.outcome), "{way}: {report}");
    assert_eq!(
        report["serviceChanged"],
        json!(left.changed),
        "{way}: {report}"
    );
    // An output is one line.
    let told = report["reason"].as_str().unwrap().replace('\n', " ");
    assert_eq!(told, reason, "{way}: {report}");
    let summary = stage.summary();
    assert!(summary.contains(left.outcome), "{way}: {summary}");
    let annotated = log.lines().any(|line| {
        line.starts_with("::error title=Plimsoll") || line.starts_with("::notice title=Plimsoll")
    });
    assert!(annotated, "{way}: {log}");
}

#[test]
fn what_ends_by_itself_has_last_words() {
    let crashing = || {
        Stage::new(|world| {
            usual(world);
            let exit = Some(Exit {
                after_secs: 3,
                code: 1,
                reason: String::new(),
            });
            let behaviour = TaskBehaviour {
                exit,
                ..TaskBehaviour::default()
            };
            world.behaviour("api@", behaviour);
        })
        .redeploy()
    };
    let usual = || Stage::new(usual).redeploy();
    let without = || {
        usual()
            .env("AWS_ACCESS_KEY_ID", "")
            .env("AWS_SECRET_ACCESS_KEY", "")
    };
    for (way, stage, code, outcome, changed) in [
        ("success", usual(), 0, "succeeded", true),
        (
            "a plan",
            usual().input("dry-run", "true"),
            0,
            "planned",
            false,
        ),
        (
            "a bad input",
            usual().input("stuck-after", "soon"),
            2,
            "invalid",
            false,
        ),
        (
            "a bad image",
            usual().input("image-tag", "v9"),
            2,
            "invalid",
            false,
        ),
        ("a crash loop", crashing(), 1, "failed", true),
        ("no credentials", without(), 8, "error", false),
    ] {
        let ended = stage.run();
        assert_eq!(ended.code, Some(code), "{way}: {}", ended.log);
        check(way, &stage, &ended, &Left { outcome, changed });
    }
}

/// The binary, with no signal ignored: a run of the tests under `nohup` would hand that on.
fn with_all_signals() -> Command {
    let mut command = Command::new("/usr/bin/env");
    command.arg("--default-signal=HUP,QUIT").arg(binary());
    command
}

#[test]
fn each_signal_has_last_words() {
    for (signal, code) in [("INT", 130), ("TERM", 143), ("HUP", 143), ("QUIT", 143)] {
        for (when, changed) in [("before", false), ("after", true)] {
            let way = format!("SIG{signal} {when} UpdateService");
            let stage = slow();
            if !changed {
                stage.gate.hold("DescribeServices", Hold::Request);
            }
            let mut running = stage.start_other(with_all_signals());
            running.until("its moment", || match changed {
                true => stage.log().contains("0 of 1 new task running"),
                false => stage.gate.holds("DescribeServices"),
            });
            let ended = running.signal(signal);
            assert_eq!(ended.code, Some(code), "{way}: {}", ended.log);
            let outcome = "cancelled";
            check(&way, &stage, &ended, &Left { outcome, changed });
        }
    }
}

/// A process that is killed says nothing; the step after the job knows how far it had come.
#[test]
fn a_killed_process_has_its_last_words_after_the_job() {
    for (operation, hold, changed, words) in [
        (
            "DescribeServices",
            Hold::Request,
            false,
            "the service was not changed",
        ),
        (
            "UpdateService",
            Hold::Answer,
            true,
            "it isn't known whether the service was changed by it",
        ),
        (
            "DescribeServices",
            Hold::Answer,
            true,
            "the service was changed by this run",
        ),
    ] {
        let way = format!("SIGKILL at {operation}");
        let stage = slow();
        if operation == "UpdateService" || !changed {
            stage.gate.hold(operation, hold);
        }
        let mut running = stage.start();
        running.until("its moment", || {
            stage.gate.holds(operation) || stage.log().contains("0 of 1 new task running")
        });
        let killed = running.signal("KILL");
        assert_eq!(killed.code, None, "{way}");
        assert_eq!(
            fs::read(stage.path("_temp/_runner_file_commands/output")).unwrap(),
            b""
        );
        stage.gate.open();
        let after = stage.run_after();
        assert_eq!(after.code, Some(0), "{way}: {}", after.log);
        let outcome = "error";
        check(&way, &stage, &after, &Left { outcome, changed });
        assert!(
            stage.output("reason").contains(words),
            "{way}: {}",
            after.log
        );
        assert!(
            stage
                .output("reason")
                .contains("perhaps for lack of memory"),
            "{way}"
        );
        assert!(
            after
                .log
                .contains("::error title=Plimsoll%3A cut off::the deploy of `web/api` was cut off"),
            "{way}: {}",
            after.log
        );
    }
}
