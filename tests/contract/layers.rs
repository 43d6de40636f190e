//! The floors of `src`: the direction of imports, no circle within any folder, and one reader of what
//! AWS says.
//!
//! `tidy` looks for words that a floor may not use; this looks at who imports whom.

use std::collections::{BTreeMap, BTreeSet};

use crate::files;
use crate::imports::{self, Sources, module_of};

/// The floors of `src`, the lowest first. A module imports from lower floors only; modules of one
/// floor know nothing of each other.
const FLOORS: &[(&str, &[&str])] = &[
    (
        "plain values",
        &[
            "cause",
            "durations",
            "environment",
            "image",
            "secret",
            "shown",
            "snapshot",
        ],
    ),
    (
        "what is read of those",
        &["clock", "definition", "redact", "request"],
    ),
    ("AWS's texts and the room, read", &["aws_text", "capacity"]),
    (
        "what is judged",
        &["diagnosis", "survey", "taskdef", "wording"],
    ),
    ("judgement", &["plan", "rollout"]),
    ("what is said", &["report"]),
    ("the runner", &["runner"]),
    ("the log", &["console"]),
    ("the edge", &["aws", "docker", "logging"]),
    ("looking", &["failure", "watch"]),
    ("a run", &["run"]),
    ("the story", &["deploy", "github"]),
    ("looks without a write", &["inspect"]),
    ("the process", &["app"]),
    ("the demo", &["demo"]),
    ("the command", &["commands"]),
    ("the binary", &["main"]),
];

#[test]
fn every_module_has_its_floor() {
    let listed: BTreeSet<String> = FLOORS
        .iter()
        .flat_map(|(_, modules)| modules.iter().map(|name| (*name).to_owned()))
        .collect();
    let mut there: BTreeSet<String> = Sources::read().files().map(module_of).collect();
    there.remove("lib");
    assert_eq!(listed, there);
}

#[test]
fn imports_go_down() {
    let floor = |module: &str| FLOORS.iter().position(|(_, all)| all.contains(&module));
    let sources = Sources::read();
    let mut checked = 0;
    let mut wrong = Vec::new();
    for file in sources.files() {
        let own = module_of(file);
        for import in sources.imports(file) {
            let other = module_of(import);
            if own == other || own == "lib" || other == "lib" {
                continue;
            }
            checked += 1;
            if floor(&other) >= floor(&own) {
                wrong.push(format!("{file} imports {import}"));
            }
        }
    }
    assert!(checked > 300, "the imports were not found: {checked}");
    assert!(
        wrong.is_empty(),
        "imports that don't go down:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn no_folder_has_a_circle_of_imports() {
    let sources = Sources::read();
    let mut inside: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for file in sources.files() {
        let own = module_of(file);
        let imports = sources.imports(file);
        let imports = imports.filter(|other| module_of(other) == own);
        inside.insert(file, imports.collect());
    }
    let circles: Vec<String> = circles(&inside)
        .into_iter()
        .map(|circle| circle.join("\n  "))
        .collect();
    assert!(
        circles.is_empty(),
        "files that import each other:\n  {}",
        circles.join("\n\n  ")
    );
}

/// The files that can be reached from themselves, those of one circle together.
fn circles<'a>(inside: &BTreeMap<&'a str, BTreeSet<&'a str>>) -> Vec<Vec<&'a str>> {
    let reached: BTreeMap<&str, BTreeSet<&str>> = inside
        .keys()
        .map(|file| (*file, reached_from(file, inside)))
        .collect();
    let mut found: BTreeSet<Vec<&str>> = BTreeSet::new();
    for (file, reach) in &reached {
        let circle: Vec<&str> = reach
            .iter()
            .copied()
            .filter(|other| reached[other].contains(file))
            .collect();
        if !circle.is_empty() {
            found.insert(circle);
        }
    }
    found.into_iter().collect()
}

fn reached_from<'a>(
    file: &str,
    inside: &BTreeMap<&'a str, BTreeSet<&'a str>>,
) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut open: Vec<&str> = inside[file].iter().copied().collect();
    while let Some(next) = open.pop() {
        if reached.insert(next) {
            open.extend(&inside[next]);
        }
    }
    reached
}

#[test]
fn a_circle_is_found() {
    let inside = BTreeMap::from([
        ("a", BTreeSet::from(["b"])),
        ("b", BTreeSet::from(["c"])),
        ("c", BTreeSet::from(["b"])),
    ]);
    assert_eq!(circles(&inside), [vec!["b", "c"]]);
}

/// Telling parts of what AWS says, in lower case.
const WORDINGS: &[&str] = &[
    "was unable to place a task",
    "has reached a steady state",
    "has begun draining",
    "scaling activity initiated",
    "essential container in task",
    "failed to register targets",
    "failed container health checks",
    "failed elb health checks",
    "cannotpullcontainer",
    "cannotpull",
    "cannotstartcontainer",
    "outofmemoryerror",
    "resourceinitializationerror",
    "taskfailedtostart: ",
    "host ec2 (instance",
    "deregistration forced",
    "service deployment rolled back",
    "rolling back to deployment",
    "no rollback candidate",
    "unable to consistently start",
    "no container instance met",
    "insufficientfreeaddresses",
    "not authorized to perform",
    "toomanyrequests",
    "pull access denied",
    "no space left on device",
    "deployment failed: tasks failed",
];

#[test]
fn awss_texts_are_read_in_one_place() {
    // The engine and STS answer Plimsoll itself, and have readers of their own.
    let is_elsewhere = |file: &&String| {
        !["src/aws_text/", "src/docker/", "src/aws/"]
            .iter()
            .any(|folder| file.starts_with(folder))
    };
    let found = literals_with(WORDINGS, is_elsewhere);
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn the_containers_of_a_definition_are_read_in_one_place() {
    // The demo writes a definition for its stand-in.
    let is_elsewhere =
        |file: &&String| !file.starts_with("src/definition/") && *file != "src/demo.rs";
    let found = literals_with(
        &["\"containerdefinitions", "\"/containerdefinitions"],
        is_elsewhere,
    );
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// Lines of code outside of tests that hold one of these words (lower case).
fn literals_with(words: &[&str], is_meant: impl Fn(&&String) -> bool) -> Vec<String> {
    let files = files::sources("src");
    let files: Vec<&String> = files.iter().filter(is_meant).collect();
    assert!(files.len() > 100, "the sources were not found");
    let mut found = Vec::new();
    for file in files.into_iter().filter(|file| !imports::is_test(file)) {
        let text = files::read(file);
        for (index, line) in imports::without_tests(&text).lines().enumerate() {
            let code = line.split("//").next().unwrap_or(line).to_lowercase();
            if words.iter().any(|word| code.contains(word)) {
                found.push(format!("{file}:{}: {}", index + 1, line.trim()));
            }
        }
    }
    found
}
