//! A bug in Plimsoll: the panic hook's last words, and what the step after the job says of it.
//!
//! No answer from outside is known that makes the binary panic. So this test starts itself once more,
//! and its second process does what the binary does, with a bug of its own that SIGUSR1 sets off. The
//! hook ends the process before the panic unwinds, so that it is the same with `panic = "abort"`.

use std::process::Command;

use plimsoll::app::{self, Environment, LastWords, Process, Signals, Surroundings, panic_hook};
use plimsoll::console::Style;
use plimsoll::console::output::Output;
use plimsoll::redact::Redactor;
use plimsoll::request::RawInputs;
use plimsoll::run;
use tokio::signal::unix::{SignalKind, signal};

use crate::door::Hold;
use crate::exits::{Left, check};
use crate::log::commands;
use crate::signals::slow;
use crate::stage::{Stage, VALUE};

/// Tells the second process which thread is to panic.
const CHILD: &str = "PLIMSOLL_TEST_BUG";

/// The second process: the action's step, and a bug next to it.
fn child(thread: &str) {
    let output = Output::stdout();
    let words = LastWords::new(output.clone(), Redactor::default());
    panic_hook::set(words.clone());
    let surroundings = Surroundings {
        style: Style::Action,
        environment: Environment::of(std::env::vars_os()),
        report_path: None,
    };
    words.at(&surroundings);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut process = Process {
            signals: Signals::catch(output.clone()).unwrap(),
            output,
            words,
        };
        let mut set_off = signal(SignalKind::user_defined1()).unwrap();
        let _ = rustls::crypto::ring::default_provider().install_default();
        let raw = RawInputs::from_env(surroundings.env().iter().cloned());
        let on_main = thread == "main";
        let bug = async move {
            set_off.recv().await;
            // As an `unwrap` on an error with a value in it.
            panic!("called `Result::unwrap()` on an `Err` value: {VALUE:?}");
        };
        if on_main {
            tokio::select! {
                code = app::run(run::Command::Deploy, raw, surroundings, &mut process) => panic!("it ended with {code}"),
                never = bug => never,
            }
        } else {
            tokio::spawn(bug);
            app::run(run::Command::Deploy, raw, surroundings, &mut process).await;
        }
    });
}

/// This test once more.
fn itself() -> Command {
    let name = "bugs::a_bug_has_last_words_wherever_it_is";
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([name, "--exact", "--nocapture", "--test-threads=1"]);
    command
}

#[test]
fn a_bug_has_last_words_wherever_it_is() {
    if let Ok(thread) = std::env::var(CHILD) {
        return child(&thread);
    }
    for thread in ["main", "worker"] {
        for (operation, changed, words) in [
            ("DescribeServices", false, "the service was not changed"),
            (
                "UpdateService",
                true,
                "the answer to an update wasn't read yet",
            ),
            ("", true, "what ECS was asked for goes on"),
        ] {
            let way = format!("a bug of thread {thread}, at `{operation}`");
            let stage = slow().env(CHILD, thread);
            if !operation.is_empty() {
                stage.gate.hold(operation, Hold::Answer);
            }
            let mut running = stage.start_other(itself());
            running.until("its moment", || match operation {
                "" => stage.log().contains("0 of 1 new task running"),
                operation => stage.gate.holds(operation),
            });
            let ended = running.signal("USR1");
            assert_eq!(ended.code, Some(8), "{way}: {}", ended.log);
            let outcome = "error";
            check(&way, &stage, &ended, &Left { outcome, changed });
            let reason = stage.output("reason");
            assert!(
                reason.starts_with("the run was ended by a bug in Plimsoll")
                    && reason.contains("at `tests/binary/bugs.rs:"),
                "{way}: {reason}"
            );
            for text in [words, "/issues, with this log and the file `"] {
                assert!(ended.log.contains(text), "{way}: {text} in {}", ended.log);
            }
            assert!(!ended.log.contains(VALUE), "{way}: {}", ended.log);
            let errors = commands(&ended.log);
            let errors = errors.iter().filter(|command| command.name == "error");
            assert_eq!(errors.count(), 1, "{way}: {}", ended.log);
            after(&way, &stage);
        }
    }
}

/// The step after the job calls it a bug, and no lack of memory; what the hook wrote stays.
fn after(way: &str, stage: &Stage) {
    let report = stage.report();
    stage.gate.open();
    let after = stage.run_after();
    assert_eq!(after.code, Some(0), "{way}: {}", after.log);
    assert!(
        after.log.contains("::error title=Plimsoll%3A bug::the deploy of `web/api` was ended by a bug in Plimsoll at `tests/binary/bugs.rs:"),
        "{way}: {}",
        after.log
    );
    assert!(!after.log.contains("memory"), "{way}: {}", after.log);
    assert_eq!(stage.report(), report);
}
