//! What the workflows promise: no rights at the top, actions by hash, a shell that misses no failure.

use yaml_serde::Value;

use crate::files;

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
