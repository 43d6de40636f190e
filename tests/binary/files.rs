//! Files that an input names and that are something else: the run neither waits for them nor shows
//! them.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use crate::building;
use crate::stage::{Stage, usual};

/// In the step's environment, where a link could lead to it.
const SECRET: &str = "hunter2-in-the-environment";

fn refused(stage: &Stage, why: &str) {
    let ended = stage.run();
    assert_eq!(ended.code, Some(2), "{}", ended.log);
    assert_eq!(stage.output("outcome"), "invalid");
    assert_eq!(stage.output("service-changed"), "false");
    assert!(stage.output("reason").contains(why), "{}", ended.log);
    for text in [ended.log, stage.summary(), stage.report().to_string()] {
        assert!(!text.to_lowercase().contains(SECRET), "{text}");
    }
    assert_eq!(stage.calls("RegisterTaskDefinition"), 0);
}

#[test]
fn a_task_definition_that_is_no_file_of_the_workspace_is_refused_at_once() {
    for (link, why) in [
        (None, "it is no regular file"),
        (Some("/proc/self/fd/1"), "can't be read"),
        (Some("/proc/self/environ"), "is outside of the workspace"),
        (Some("/dev/zero"), "is outside of the workspace"),
        (Some("."), "it is no regular file"),
    ] {
        let stage = Stage::new(usual)
            .redeploy()
            .env("SOME_SECRET", SECRET)
            .input("task-definition", "task.json");
        let path = stage.path("workspace/task.json");
        match link {
            Some(target) => symlink(target, path).unwrap(),
            None => {
                let made = Command::new("mkfifo").arg(path).status();
                assert!(made.unwrap().success());
            }
        }
        refused(&stage, why);
    }
}

/// BuildKit quotes the line of a Dockerfile that it can't read, in capitals that no mask knows.
#[test]
fn a_dockerfile_that_links_to_the_environment_is_refused() {
    for name in ["Dockerfile", ".dockerignore"] {
        let stage = building::stage("FROM scratch\n").env("SOME_SECRET", SECRET);
        let path = stage.path("workspace").join(name);
        let _ = fs::remove_file(&path);
        symlink("/proc/self/environ", path).unwrap();
        refused(&stage, "is outside of the workspace");
    }
}

#[test]
fn a_context_that_leaves_the_workspace_is_refused_unless_it_is_absolute() {
    let stage =
        building::stage("FROM scratch\nCOPY Dockerfile /\n").input("context", "../elsewhere");
    let elsewhere = stage.path("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    fs::rename(
        stage.path("workspace/Dockerfile"),
        elsewhere.join("Dockerfile"),
    )
    .unwrap();
    refused(&stage, "the build context `../elsewhere`");
    stage.next_step();
    let stage = stage.input("context", elsewhere.to_str().unwrap());
    let ended = stage.run();
    assert_eq!(ended.code, Some(0), "{}", ended.log);
}
