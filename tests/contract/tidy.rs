//! The lines between modules, and what no file may hold.

use crate::files;

/// Modules that decide. They know neither clock nor environment, disk, network or SDK.
const PURE: &[&str] = &[
    "snapshot",
    "cause",
    "definition",
    "aws_text",
    "request",
    "taskdef",
    "capacity",
    "rollout",
    "diagnosis",
    "report",
    "image",
    "plan",
    "survey",
    "secret",
    "durations",
    "wording",
    "shown",
];

/// What a pure file may not mention.
const IMPURE: &[&str] = &[
    "tokio",
    "std::env",
    "std::fs",
    "std::net",
    "SystemTime",
    "Instant::now",
    "aws_",
    "bollard",
    "async fn",
];

/// The longest file: more than that is two files.
const MAX_LINES: usize = 450;

fn is_pure(file: &str) -> bool {
    let module = file
        .trim_start_matches("src/")
        .split('/')
        .next()
        .unwrap_or_default();
    let module = module.trim_end_matches(".rs");
    PURE.contains(&module) && !file.ends_with("tests.rs")
}

/// The code of a line, without what is said in a comment.
fn code(line: &str) -> &str {
    line.split("//").next().unwrap_or(line)
}

#[test]
fn what_decides_does_nothing_else() {
    let mut checked = 0;
    let mut found = Vec::new();
    for file in files::sources("src").iter().filter(|file| is_pure(file)) {
        checked += 1;
        for (index, line) in files::read(file).lines().enumerate() {
            // The SDK's crates begin with `aws_`, and so does one module.
            let code = code(line).replace("aws_text", "");
            for word in IMPURE.iter().filter(|word| code.contains(**word)) {
                found.push(format!("{file}:{}: `{word}`", index + 1));
            }
        }
    }
    assert!(checked > 10, "the pure modules were not found");
    assert!(
        found.is_empty(),
        "pure modules that do more than decide:\n{}",
        found.join("\n")
    );
}

#[test]
fn every_module_says_what_it_is_for() {
    let silent: Vec<String> = files::sources("src")
        .into_iter()
        .filter(|file| !file.ends_with("tests.rs"))
        .filter(|file| !files::read(file).starts_with("//!"))
        .collect();
    assert!(silent.is_empty(), "no `//!` at the top: {silent:?}");
}

#[test]
fn no_file_is_too_long() {
    let mut long = Vec::new();
    for file in ["src", "sim/src", "tests"]
        .into_iter()
        .flat_map(files::sources)
    {
        let lines = files::read(&file).lines().count();
        if lines > MAX_LINES {
            long.push(format!("{file}: {lines} lines"));
        }
    }
    assert!(
        long.is_empty(),
        "over {MAX_LINES} lines:\n{}",
        long.join("\n")
    );
}

#[test]
fn no_file_names_the_place_where_it_was_written() {
    // Put together so that this file doesn't hold them.
    let places = [
        ["/wo", "rk/"],
        ["/tmp", "/w"],
        ["contract", ".md"],
        ["design", ".md"],
        ["ecs", ".md`"],
    ]
    .map(|parts| parts.concat());
    let mut found = Vec::new();
    let fixed = ["Cargo.toml", "action.yml", "README.md"].map(str::to_owned);
    let sources = ["src", "sim/src", "tests"]
        .into_iter()
        .flat_map(files::sources);
    for file in sources.chain(fixed) {
        for (index, line) in files::read(&file).lines().enumerate() {
            if places.iter().any(|place| line.contains(place.as_str())) {
                found.push(format!("{file}:{}: {line}", index + 1));
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}
