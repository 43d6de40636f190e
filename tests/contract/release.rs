//! The scripts that a release is made by: what they print, what they change, what they refuse. Those
//! that work on a repository are in `tags.rs`.

use std::path::Path;
use std::process::{Command, Output};

use crate::{files, links};

const IMAGE: &str = "ghcr.io/plimsoll-dev/plimsoll";
pub(crate) const DIGEST: &str =
    "sha256:3d74427e34ef3aa0a2fdc9243f9ce248c9b1f01424f01bb8ab7ff8bd93a5de6b";

pub(crate) fn script(name: &str, arguments: &[&str], folder: &Path) -> Output {
    let mut command = Command::new(files::root().join("script").join(name));
    command.args(arguments).current_dir(folder);
    // What the machine is set up with must not come into a commit of the test.
    command.env("GIT_CONFIG_GLOBAL", "/dev/null");
    command.env("GIT_CONFIG_SYSTEM", "/dev/null");
    command.output().unwrap()
}

/// What it printed, or why it refused.
pub(crate) fn told(output: &Output) -> String {
    let text = if output.status.success() {
        &output.stdout
    } else {
        &output.stderr
    };
    String::from_utf8(text.clone())
        .unwrap()
        .trim_end()
        .to_owned()
}

pub(crate) fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

pub(crate) fn image() -> String {
    format!("{IMAGE}@{DIGEST}")
}

pub(crate) fn executable(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_tag_names_the_version_that_the_sources_have() {
    let folder = folder();
    let cargo = "[workspace.package]\nversion = \"1.2.3\"\n\n[package]\nversion = \"9.9.9\"\n";
    std::fs::write(folder.path().join("Cargo.toml"), cargo).unwrap();
    let version = |tag| {
        told(&script(
            "release-version",
            &[tag, "Cargo.toml"],
            folder.path(),
        ))
    };
    insta::assert_snapshot!(version("v1.2.3"), @"1.2.3");
    insta::assert_snapshot!(version("v1.2.4"), @"script/release-version: the tag says 1.2.4, and Cargo.toml says 1.2.3");
    insta::assert_snapshot!(version("1.2.3"), @"script/release-version: `1.2.3` is not written like v1.2.3 or v1.2.3-rc.1");
    insta::assert_snapshot!(version("v1.2.3;id"), @"script/release-version: `v1.2.3;id` is not written like v1.2.3 or v1.2.3-rc.1");
    insta::assert_snapshot!(version("v01.2.3"), @"script/release-version: `v01.2.3` is not written like v1.2.3 or v1.2.3-rc.1");
}

/// The version that is being worked on can be released by its tag.
#[test]
fn the_sources_version_is_one_that_a_tag_can_name() {
    let cargo = files::read("Cargo.toml");
    let version = cargo
        .lines()
        .find_map(|line| line.strip_prefix("version = \""));
    let version = version.unwrap().trim_end_matches('"');
    let output = script("release-version", &[&format!("v{version}")], files::root());
    assert_eq!(told(&output), version);
}

/// Who copies an example gets the major version that the docs describe.
#[test]
fn the_examples_use_the_sources_major_version() {
    let (major, _) = env!("CARGO_PKG_VERSION").split_once('.').unwrap();
    let wanted = format!("v{major}");
    let mut seen = 0;
    for name in links::documents() {
        let text = files::read(&name);
        for rest in text.split("plimsoll-dev/plimsoll@").skip(1) {
            let of_tag = |c: char| c.is_ascii_alphanumeric() || c == '.';
            let tag: String = rest.chars().take_while(|c| of_tag(*c)).collect();
            // `@<commit>` stands for one.
            assert!(tag.is_empty() || tag == wanted, "{name}: @{tag}");
            seen += usize::from(tag == wanted);
        }
    }
    assert!(seen > 10, "only {seen} examples were found");
}

#[test]
fn notes_are_the_section_of_the_version_alone() {
    let folder = folder();
    let changelog = "# Changelog\n\n## [Unreleased]\n\n## [1.2.0] - 2026-11-20\n\n### Added\n\n* A thing.\n\n## [1.1.0] - 2026-10-01\n\n## [1x0.0] - 2026-09-01\n\n* Another thing.\n\n[1.2.0]: https://example.org\n";
    std::fs::write(folder.path().join("CHANGELOG.md"), changelog).unwrap();
    let notes = |version| {
        told(&script(
            "release-notes",
            &[version, "CHANGELOG.md"],
            folder.path(),
        ))
    };
    insta::assert_snapshot!(notes("1.2.0"), @r#"
### Added

* A thing.
"#);
    insta::assert_snapshot!(notes("1.1.0"), @"script/release-notes: CHANGELOG.md says nothing about 1.1.0");
    insta::assert_snapshot!(notes("1.0.0"), @"script/release-notes: CHANGELOG.md says nothing about 1.0.0");
    insta::assert_snapshot!(notes("1.2"), @"script/release-notes: CHANGELOG.md says nothing about 1.2");
}

/// Also right after a release, when the section of what comes next is empty.
#[test]
fn each_released_version_has_its_notes() {
    let changelog = files::read("CHANGELOG.md");
    let headings = changelog
        .lines()
        .filter_map(|line| line.strip_prefix("## ["));
    let versions: Vec<&str> = headings.filter_map(|rest| rest.split(']').next()).collect();
    assert_eq!(versions.first(), Some(&"Unreleased"), "{versions:?}");
    for version in &versions[1..] {
        let output = script("release-notes", &[version], files::root());
        assert!(output.status.success(), "{}", told(&output));
    }
}

#[test]
fn the_action_starts_an_image_by_its_digest() {
    let folder = folder();
    let action = files::read("action.yml");
    let path = folder.path().join("action.yml");
    std::fs::write(&path, &action).unwrap();
    let pin = |image: &str| told(&script("pin-action", &[image, "action.yml"], folder.path()));

    insta::assert_snapshot!(pin("ghcr.io/plimsoll-dev/plimsoll:v1.2.3"), @"script/pin-action: `ghcr.io/plimsoll-dev/plimsoll:v1.2.3` is not written like ghcr.io/owner/name@sha256:<64 digits>");
    insta::assert_snapshot!(pin("ghcr.io/plimsoll-dev/plimsoll@sha256:3d74427e"), @"script/pin-action: `ghcr.io/plimsoll-dev/plimsoll@sha256:3d74427e` is not written like ghcr.io/owner/name@sha256:<64 digits>");
    assert_eq!(
        std::fs::read_to_string(&path).unwrap(),
        action,
        "refused, and changed"
    );

    assert_eq!(pin(&format!("{IMAGE}@{DIGEST}")), "");
    let pinned = std::fs::read_to_string(&path).unwrap();
    let wanted = format!("  image: docker://{IMAGE}@{DIGEST}");
    let (is, was): (Vec<&str>, Vec<&str>) = pinned
        .lines()
        .zip(action.lines())
        .filter(|(is, was)| is != was)
        .unzip();
    assert_eq!(
        (is, was),
        (vec![wanted.as_str()], vec!["  image: Dockerfile"])
    );
    assert_eq!(pinned.lines().count(), action.lines().count());

    std::fs::write(&path, "runs:\n  using: docker\n").unwrap();
    insta::assert_snapshot!(pin(&format!("{IMAGE}@{DIGEST}")), @"script/pin-action: action.yml has 0 lines `  image: …`, and not one");
}

/// `docker` as buildx answers, and a note of what it was asked. No registry is needed to see that
/// both architectures are pushed by digest, with attestations, before the tag names them.
const DOCKER: &str = r#"#!/usr/bin/env bash
echo "$*" | sed "s| /[^ ]*/| |g; s|plimsoll-release-[0-9]*|BUILDER|g" >>"$ASKED"
case "$*" in
  *"buildx build"*)
    test -x "$3/dist/plimsoll" && test -f "$3/Cargo.lock" || exit 1
    printf '{"containerimage.digest": "sha256:%s"}' "$(sha256sum <<<"$7" | cut -c 1-64)" >"${@: -1}" ;;
  *.Manifest.Digest*) echo "$DIGEST" ;;
  *.SBOM*) echo "$SBOM" ;;
esac
"#;

#[test]
fn the_image_of_both_architectures_is_pushed_with_its_sbom() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name);
    for (name, text) in [("docker", DOCKER), ("plimsoll", "")] {
        executable(&path(name), text);
    }
    for architecture in ["amd64", "arm64"] {
        let archive = format!("plimsoll-linux-{architecture}.tar.gz");
        let mut packed = Command::new("tar");
        packed.args(["-czf", &archive, "plimsoll"]);
        assert!(
            packed
                .current_dir(folder.path())
                .status()
                .unwrap()
                .success()
        );
    }
    let push = |sbom: &str| {
        let search = format!(
            "{}:{}",
            folder.path().display(),
            std::env::var("PATH").unwrap()
        );
        let mut command = Command::new(files::root().join("script/push-image"));
        command
            .args([&format!("{IMAGE}:v1.2.3"), "."])
            .current_dir(folder.path());
        command.env("PATH", search).env("ASKED", path("asked"));
        command.env("SOURCE_DATE_EPOCH", "1795194000");
        told(
            &command
                .env("DIGEST", DIGEST)
                .env("SBOM", sbom)
                .output()
                .unwrap(),
        )
    };
    assert_eq!(push(r#"{"name":"aws-sdk-ecs"}"#), DIGEST);
    insta::assert_snapshot!(std::fs::read_to_string(path("asked")).unwrap(), @r#"
buildx create --name BUILDER --driver docker-container --driver-opt image=moby/buildkit:v0.32.2@sha256:28a898719c18a33f4e8000685287fa36fd0dd9560c6440227d3a732d79bb41d8
buildx build amd64 --builder BUILDER --platform linux/amd64 --build-arg BINARY_FROM=prebuilt --build-arg SOURCE_DATE_EPOCH=1795194000 --provenance mode=max --sbom generator=docker/buildkit-syft-scanner:1.12.0@sha256:ae4f3b554449e7e25548e7d8ccc029d17357348e30c6e3df01b92bc93654d6a9 --output type=image,name=ghcr.io/plimsoll-dev/plimsoll,push-by-digest=true,name-canonical=true,push=true,rewrite-timestamp=true --metadata-file amd64.json
buildx build arm64 --builder BUILDER --platform linux/arm64 --build-arg BINARY_FROM=prebuilt --build-arg SOURCE_DATE_EPOCH=1795194000 --provenance mode=max --sbom generator=docker/buildkit-syft-scanner:1.12.0@sha256:ae4f3b554449e7e25548e7d8ccc029d17357348e30c6e3df01b92bc93654d6a9 --output type=image,name=ghcr.io/plimsoll-dev/plimsoll,push-by-digest=true,name-canonical=true,push=true,rewrite-timestamp=true --metadata-file arm64.json
buildx imagetools create --builder BUILDER --tag ghcr.io/plimsoll-dev/plimsoll:v1.2.3 ghcr.io/plimsoll-dev/plimsoll@sha256:30a2860611f42f808b7012f033e39aaedf708c7ea934b69e9dd0b3fdcd756996 ghcr.io/plimsoll-dev/plimsoll@sha256:8e0770e07c23940b641360866fee9a4fe9202fadae5086d5162337bab0307e89
buildx imagetools inspect --builder BUILDER --format {{.Manifest.Digest}} ghcr.io/plimsoll-dev/plimsoll:v1.2.3
buildx imagetools inspect --builder BUILDER --format {{json .SBOM}} ghcr.io/plimsoll-dev/plimsoll@sha256:3d74427e34ef3aa0a2fdc9243f9ce248c9b1f01424f01bb8ab7ff8bd93a5de6b
buildx rm BUILDER
"#);
    insta::assert_snapshot!(push("{}"), @"script/push-image: the SBOM doesn't name the crate aws-sdk-ecs");
}
