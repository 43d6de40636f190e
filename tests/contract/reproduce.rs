//! What is shipped is the same, bit by bit, wherever it is built: `script/dist` and
//! `script/reproduce`, tried for real on a binary that compiles in a second.

use std::path::Path;
use std::process::{Command, Output};

use crate::files;
use crate::release::{folder, told};

/// As the project is: one package of its name, a profile `dist`, and what the linker needs for a
/// static binary. Its debug information names every folder that the compiler knows.
const MANIFEST: &str = r#"
[package]
name = "plimsoll"
version = "1.0.0"
edition = "2024"

[profile.dist]
inherits = "release"
debug = true
"#;

const LOCK: &str = "version = 4\n\n[[package]]\nname = \"plimsoll\"\nversion = \"1.0.0\"\n";

/// Writes source into the target folder, as the build scripts of some dependencies do.
const BUILD_SCRIPT: &str = r##"
fn main() {
    let out = std::env::var("OUT_DIR").unwrap();
    std::fs::write(format!("{out}/place.rs"), "pub fn place() -> &'static str { file!() }").unwrap();
}
"##;

const NAMES_ITS_PLACE: &str = r#"
include!(concat!(env!("OUT_DIR"), "/place.rs"));
fn main() {
    println!("{}", place());
}
"#;

/// What no flag of the compiler renames.
const NAMES_ITS_FOLDER: &str = r#"
fn main() {
    println!("{}", env!("CARGO_MANIFEST_DIR"));
}
"#;

/// When the commit was made, and so what stands in what is packed.
const COMMITTED: &str = "2025-11-20T12:00:00Z";

fn git(folder: &Path, arguments: &[&str]) {
    let mut command = Command::new("git");
    command.args([
        "-c",
        "user.name=Somebody",
        "-c",
        "user.email=somebody@example.org",
    ]);
    command.args(arguments).current_dir(folder);
    command
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null");
    command
        .env("GIT_AUTHOR_DATE", COMMITTED)
        .env("GIT_COMMITTER_DATE", COMMITTED);
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "git {arguments:?}: {}",
        told(&output)
    );
}

/// A repository of a small program, with the project's own scripts and settings, in a folder that
/// has a place for what they leave behind.
fn project(main: &str) -> tempfile::TempDir {
    let around = folder();
    let project = around.path().join("project");
    let path = |name: &str| project.join(name);
    std::fs::create_dir(around.path().join("temporary")).unwrap();
    for name in [
        "script/dist",
        "script/reproduce",
        "script/lib.sh",
        ".cargo/config.toml",
    ] {
        std::fs::create_dir_all(path(name).parent().unwrap()).unwrap();
        std::fs::copy(files::root().join(name), path(name)).unwrap();
    }
    std::fs::create_dir(path("src")).unwrap();
    for (name, text) in [
        ("Cargo.toml", MANIFEST),
        ("Cargo.lock", LOCK),
        ("build.rs", BUILD_SCRIPT),
        ("src/main.rs", main),
        ("LICENSE-MIT", "MIT"),
        ("LICENSE-APACHE", "Apache"),
    ] {
        std::fs::write(path(name), text).unwrap();
    }
    git(&project, &["init", "--quiet"]);
    git(&project, &["add", "."]);
    git(&project, &["commit", "--quiet", "--message", "A program"]);
    around
}

/// Builds twice; what is the same comes into the folder `packed`.
fn reproduce(around: &Path) -> Output {
    let project = around.join("project");
    let mut command = Command::new(project.join("script/reproduce"));
    command.arg(around.join("packed")).current_dir(project);
    // Whose flags would take the place of those that make the binary static.
    command
        .env("RUSTFLAGS", "-C debuginfo=1")
        .env_remove("CARGO_TARGET_DIR")
        .env_remove("PROFILE");
    command
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null");
    command.env("TMPDIR", around.join("temporary"));
    command.output().unwrap()
}

/// `tar` without its options for reading an archive's list.
fn list(archive: &Path) -> String {
    let mut command = Command::new("tar");
    command
        .args([
            "--list",
            "--verbose",
            "--numeric-owner",
            "--full-time",
            "--file",
        ])
        .arg(archive);
    let output = command.env("TZ", "UTC").output().unwrap();
    // Without the sizes, which are this machine's.
    let line = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        format!(
            "{} {} {} {} {}",
            words[0], words[1], words[3], words[4], words[5]
        )
    };
    told(&output)
        .lines()
        .map(line)
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn a_commit_is_built_to_the_same_bytes_in_other_folders() {
    let around = project(NAMES_ITS_PLACE);
    let output = reproduce(around.path());
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", told(&output));
    assert!(
        said.trim_end().ends_with("are the same, bit by bit"),
        "{said}"
    );

    let mut packed = std::fs::read_dir(around.path().join("packed")).unwrap();
    let archive = packed.next().unwrap().unwrap().path();
    assert!(
        packed.next().is_none(),
        "one archive of this machine's architecture"
    );
    insta::assert_snapshot!(list(&archive), @r#"
drwxr-xr-x 0/0 2025-11-20 12:00:00 ./
-rw-r--r-- 0/0 2025-11-20 12:00:00 ./LICENSE-APACHE
-rw-r--r-- 0/0 2025-11-20 12:00:00 ./LICENSE-MIT
-rw-r--r-- 0/0 2025-11-20 12:00:00 ./built-with.txt
-rw-r--r-- 0/0 2025-11-20 12:00:00 ./ca-certificates.crt
-rwxr-xr-x 0/0 2025-11-20 12:00:00 ./plimsoll
"#);
    let bytes = std::fs::read(&archive).unwrap();
    assert_eq!(bytes[3..8], [0; 5], "gzip notes neither a name nor a time");
}

/// The comparison sees what it is there for, and leaves what was built to be looked at.
#[test]
fn a_build_that_knows_its_folder_is_refused() {
    let around = project(NAMES_ITS_FOLDER);
    let output = reproduce(around.path());
    assert!(!output.status.success());
    let refused = told(&output);
    assert_eq!(
        refused,
        "reproduce: the binary holds the path of a folder that it was built in"
    );
    let packed = std::fs::read_dir(around.path().join("packed")).unwrap();
    assert_eq!(packed.count(), 0, "nothing is left to be released");
}
