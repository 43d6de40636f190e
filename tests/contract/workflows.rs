//! What the workflows promise: no rights at the top, actions by hash, a shell that misses no failure,
//! and no tag of a release before all of it is verified.

use std::process::Command;

use yaml_serde::Value;

use crate::{files, release};

const WORKFLOWS: &[&str] = &["ci.yml", "dependencies.yml", "release.yml", "search.yml"];

fn text(name: &str) -> String {
    files::read(&format!(".github/workflows/{name}"))
}

#[test]
fn each_workflow_is_looked_at() {
    let folder = files::root().join(".github/workflows");
    let mut found: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    found.sort();
    assert_eq!(found, WORKFLOWS);
}

#[test]
fn workflows_give_least_and_pin_by_hash() {
    for name in WORKFLOWS {
        let text = text(name);
        assert!(text.contains("\npermissions: {}\n"), "{name}");
        assert!(!text.to_lowercase().contains("actions/cache@"), "{name}");
        for line in text
            .lines()
            .filter(|line| line.contains("uses: ") && !line.contains("uses: $/"))
        {
            let (_, reference) = line.split_once('@').unwrap();
            let (hash, version) = reference.split_once(" # v").unwrap();
            let is_hash = hash.len() == 40 && hash.bytes().all(|b| b.is_ascii_hexdigit());
            assert!(is_hash && !version.is_empty(), "{name}: {line}");
        }
    }
}

/// The runner's default is `bash -e {0}`: there `false | tee log` passes. Named, `bash` comes with
/// `pipefail`.
#[test]
fn a_failure_in_a_pipe_fails_the_step() {
    for name in WORKFLOWS {
        let workflow: Value = yaml_serde::from_str(&text(name)).unwrap();
        let shell = workflow["defaults"]["run"]["shell"].as_str();
        assert_eq!(shell, Some("bash"), "{name}");
        let jobs = workflow["jobs"].as_mapping().unwrap();
        let steps = jobs
            .values()
            .flat_map(|job| job["steps"].as_sequence().into_iter().flatten());
        let own: Vec<&Value> = steps.filter(|step| step.get("shell").is_some()).collect();
        assert!(own.is_empty(), "{name}: {own:?}");
    }
}

/// Three releases at once: without a queue the third would take the second's place.
#[test]
fn releases_wait_for_each_other() {
    let workflow: Value = yaml_serde::from_str(&text("release.yml")).unwrap();
    let concurrency = &workflow["concurrency"];
    let group = concurrency["group"].as_str();
    assert_eq!(group, Some("release"), "one group for all versions");
    assert_eq!(concurrency["queue"].as_str(), Some("max"));
    // It goes only without cancelling.
    assert!(concurrency.get("cancel-in-progress").is_none());
}

fn needs(job: &Value) -> Vec<&str> {
    let list = job["needs"].as_sequence().into_iter().flatten();
    let needs = list.chain(Some(&job["needs"]));
    needs.filter_map(Value::as_str).collect()
}

/// What isn't the same when it is built again isn't released.
#[test]
fn the_binaries_of_a_release_are_built_twice() {
    let workflow: Value = yaml_serde::from_str(&text("release.yml")).unwrap();
    let steps = workflow["jobs"]["binary"]["steps"].as_sequence().unwrap();
    let runs: Vec<&str> = steps
        .iter()
        .filter_map(|step| step["run"].as_str())
        .collect();
    assert_eq!(runs, ["script/reproduce packed"]);
    assert!(needs(&workflow["jobs"]["image"]).contains(&"binary"));
}

/// `gh`, which notes what it was asked, and says no to what holds the word `FORGED`.
const GH: &str = r#"#!/usr/bin/env bash
echo "$*" >>"$ASKED"
case "$3" in *"$FORGED"*) exit 1 ;; esac
"#;

/// The step that verifies, run as the runner does, in a release of which one part is forged: whether
/// it passed, and what it asked.
fn verified(step: &str, forged: &str) -> (bool, String) {
    let folder = release::folder();
    let path = |name: &str| folder.path().join(name);
    std::fs::create_dir(path("packed")).unwrap();
    for architecture in ["amd64", "arm64"] {
        std::fs::write(
            path(&format!("packed/plimsoll-linux-{architecture}.tar.gz")),
            "",
        )
        .unwrap();
    }
    release::executable(&path("gh"), GH);
    let search = std::env::var("PATH").unwrap();
    let mut command = Command::new("bash");
    command.args(["--noprofile", "--norc", "-eo", "pipefail", "-c", step]);
    command.current_dir(folder.path());
    for (name, value) in [
        (
            "PATH",
            format!("{}:{search}", folder.path().display()).as_str(),
        ),
        ("ASKED", "asked"),
        ("FORGED", forged),
        ("IMAGE", "ghcr.io/plimsoll-dev/plimsoll"),
        ("DIGEST", release::DIGEST),
        ("GITHUB_REPOSITORY", "plimsoll-dev/plimsoll"),
        ("GITHUB_REF", "refs/heads/release/v1.2.3"),
        ("GITHUB_SHA", "4f2a91c0d3b5e6978a1b2c3d4e5f60718293a4b5"),
    ] {
        command.env(name, value);
    }
    let passed = command.status().unwrap().success();
    (passed, std::fs::read_to_string(path("asked")).unwrap())
}

/// Signed by this workflow, of this commit, on GitHub's runners: else there is no tag.
#[test]
fn a_release_verifies_what_it_attested_before_its_tag() {
    let workflow: Value = yaml_serde::from_str(&text("release.yml")).unwrap();
    let job = &workflow["jobs"]["verify"];
    assert!(needs(&workflow["jobs"]["publish"]).contains(&"verify"));
    let permissions: Value = yaml_serde::from_str("attestations: read").unwrap();
    assert_eq!(job["permissions"], permissions, "no more than that");
    assert!(job.get("if").is_none() && job.get("continue-on-error").is_none());

    let mut steps = job["steps"].as_sequence().unwrap().iter();
    let step = steps.find(|step| step["run"].is_string()).unwrap();
    assert!(step.get("if").is_none() && step.get("continue-on-error").is_none());
    let step = step["run"].as_str().unwrap();
    let (passed, asked) = verified(step, "nothing");
    assert!(passed, "{asked}");
    insta::assert_snapshot!(asked, @r#"
attestation verify oci://ghcr.io/plimsoll-dev/plimsoll@sha256:3d74427e34ef3aa0a2fdc9243f9ce248c9b1f01424f01bb8ab7ff8bd93a5de6b --repo plimsoll-dev/plimsoll --signer-workflow plimsoll-dev/plimsoll/.github/workflows/release.yml --source-ref refs/heads/release/v1.2.3 --source-digest 4f2a91c0d3b5e6978a1b2c3d4e5f60718293a4b5 --deny-self-hosted-runners
attestation verify packed/plimsoll-linux-amd64.tar.gz --repo plimsoll-dev/plimsoll --signer-workflow plimsoll-dev/plimsoll/.github/workflows/release.yml --source-ref refs/heads/release/v1.2.3 --source-digest 4f2a91c0d3b5e6978a1b2c3d4e5f60718293a4b5 --deny-self-hosted-runners
attestation verify packed/plimsoll-linux-arm64.tar.gz --repo plimsoll-dev/plimsoll --signer-workflow plimsoll-dev/plimsoll/.github/workflows/release.yml --source-ref refs/heads/release/v1.2.3 --source-digest 4f2a91c0d3b5e6978a1b2c3d4e5f60718293a4b5 --deny-self-hosted-runners
"#);
    for forged in ["oci://", "amd64", "arm64"] {
        let (passed, asked) = verified(step, forged);
        assert!(!passed, "{forged}: {asked}");
    }
}
