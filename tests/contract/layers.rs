//! The direction of imports: the floors of `src`, and no circle within any of its folders.
//!
//! `tidy` looks for words that a floor may not use; this looks at who imports whom.

use std::collections::{BTreeMap, BTreeSet};

use crate::imports::{Sources, module_of};

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
    ("room", &["capacity"]),
    ("what is judged", &["diagnosis", "survey", "taskdef"]),
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

/// Folders that still have circles: what they are made of is being put in order, floor by floor. This
/// list only gets shorter.
const CIRCLES_LEFT: &[&str] = &["capacity", "deploy"];

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
        .filter(|circle| !CIRCLES_LEFT.contains(&module_of(circle[0]).as_str()))
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
