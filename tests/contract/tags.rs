//! The scripts of a release that work on a repository, tried on repositories of their own: what comes
//! of the tags and of the page.

use std::process::Command;

use crate::files;
use crate::release::{DIGEST, executable, folder, image, script, told};

/// GitHub's rule for a workflow's token, from its list of scopes: a workflow file can be pushed only
/// where a branch has the same file, by path and contents.
const WORKFLOW_RULE: &str = r#"#!/usr/bin/env bash
branches="$(git for-each-ref --format '%(refname)' refs/heads)"
known="$(for branch in $branches; do git ls-tree -r "$branch" .github/workflows; done)"
while read -r _ new _; do
  unknown="$(git ls-tree -r "$new" .github/workflows | grep --invert-match --line-regexp --fixed-strings --file <(echo "$known"))"
  [ -z "$unknown" ] || { echo "refusing to allow a GitHub App to create or update workflow" >&2; exit 1; }
done
"#;

/// `gh`, with the pages of `PAGES`, and a note of what it was asked.
const GH: &str = r#"#!/usr/bin/env bash
case "$*" in
  "release list"*)
    [ "$PAGES" != down ] || { echo "HTTP 503" >&2; exit 1; }
    echo "$PAGES" ;;
  *) echo "$*" >>"$ASKED" ;;
esac
"#;

/// A repository on disk as GitHub has it, and a clone of it as a release's run has it.
struct Repository {
    folder: tempfile::TempDir,
}

impl Repository {
    fn new() -> Repository {
        let repository = Repository { folder: folder() };
        let origin = repository.path("origin");
        std::fs::create_dir(&origin).unwrap();
        repository.git("origin", &["init", "--quiet", "--initial-branch", "main"]);
        executable(&origin.join(".git/hooks/pre-receive"), WORKFLOW_RULE);
        repository.change("action.yml", &files::read("action.yml"));
        repository.change(".github/workflows/release.yml", "on: push\n");
        repository
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    /// A commit on `main`.
    fn change(&self, name: &str, text: &str) {
        let path = self.path("origin").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self.git("origin", &["add", name]);
        self.git("origin", &["commit", "--quiet", "--message", name]);
    }

    /// What begins a release: a branch, of which the run has the newest commit alone.
    fn begin(&self, tag: &str, from: &str) {
        let branch = format!("release/{tag}");
        self.git("origin", &["branch", &branch, from]);
        self.clone_again(&branch);
    }

    fn clone_again(&self, branch: &str) {
        let _ = std::fs::remove_dir_all(self.path("clone"));
        let source = format!("file://{}", self.path("origin").display());
        let mut arguments = vec!["clone", "--quiet", "--depth", "1", "--branch", branch];
        arguments.extend([source.as_str(), "clone"]);
        self.git("", &arguments);
    }

    /// A whole release, from a commit to the tag.
    fn release(&self, tag: &str, from: &str) -> String {
        self.begin(tag, from);
        self.run("tag-release", &[tag, &image()])
    }

    fn git(&self, name: &str, arguments: &[&str]) -> String {
        let mut command = Command::new("git");
        command.args([
            "-c",
            "user.name=Somebody",
            "-c",
            "user.email=somebody@example.org",
        ]);
        command.args(arguments).current_dir(self.path(name));
        command
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_SYSTEM", "/dev/null");
        let output = command.output().expect("git is there");
        assert!(
            output.status.success(),
            "git {arguments:?}: {}",
            told(&output)
        );
        told(&output)
    }

    fn commit_of(&self, name: &str) -> String {
        self.git("origin", &["rev-parse", &format!("{name}^{{commit}}")])
    }

    fn tags(&self) -> String {
        self.git("origin", &["tag", "--list"]).replace('\n', " ")
    }

    /// Runs `release-page` with a `gh` that tells of `pages`, and gives what was asked of it.
    fn page(&self, tag: &str, pages: &str) -> String {
        let (tools, assets) = (self.path("tools"), self.path("assets"));
        let asked = self.path("asked");
        for folder in [&tools, &assets] {
            std::fs::create_dir_all(folder).unwrap();
        }
        executable(&tools.join("gh"), GH);
        std::fs::write(&asked, "").unwrap();
        for name in [
            "notes.md",
            "plimsoll-linux-amd64.tar.gz",
            "plimsoll-linux-arm64.tar.gz",
        ] {
            std::fs::write(assets.join(name), name).unwrap();
        }
        let mut command = Command::new(files::root().join("script/release-page"));
        command
            .arg(tag)
            .arg(&assets)
            .current_dir(self.path("clone"));
        let search = std::env::var("PATH").unwrap();
        command.env("PATH", format!("{}:{search}", tools.display()));
        command.env("PAGES", pages).env("ASKED", &asked);
        let output = command.output().unwrap();
        let asked = std::fs::read_to_string(asked).unwrap();
        format!("{asked}{}", told(&output)).replace(&format!("{}/", assets.display()), "")
    }

    fn run(&self, name: &str, arguments: &[&str]) -> String {
        told(&script(name, arguments, &self.path("clone")))
    }
}

#[test]
fn the_tag_is_made_on_the_commit_that_starts_the_image() {
    let repository = Repository::new();
    let main = repository.commit_of("main");
    let first = repository.release("v1.2.3", "main");
    let release = repository.commit_of("v1.2.3");
    assert_eq!(first, format!("v1.2.3 is {release}"));
    assert_eq!(repository.commit_of("v1.2.3^"), main);
    for branch in ["main", "release/v1.2.3"] {
        let is = repository.commit_of(branch);
        assert_eq!(is, main, "{branch} builds from the Dockerfile");
    }
    let pinned = repository.git("origin", &["show", "v1.2.3:action.yml"]);
    assert!(pinned.contains(DIGEST), "{pinned}");
    insta::assert_snapshot!(repository.git("origin", &["diff", "--stat", "main", "v1.2.3"]), @r#"
action.yml | 2 +-
1 file changed, 1 insertion(+), 1 deletion(-)
"#);

    // Once more, as a run that broke off after it.
    repository.clone_again("release/v1.2.3");
    assert_eq!(repository.run("tag-release", &["v1.2.3", &image()]), first);
    assert_eq!(repository.commit_of("v1.2.3"), release);
}

/// While a release is tested, `main` goes on, and its workflows change.
#[test]
fn a_release_ends_well_whatever_becomes_of_main() {
    let repository = Repository::new();
    repository.release("v1.2.2", "main");
    repository.run("move-major-tag", &["v1.2.2"]);
    repository.change(".github/workflows/ci.yml", "on: push\n");
    repository.begin("v1.2.3", "main");
    let begun = repository.commit_of("main");
    repository.change(".github/workflows/ci.yml", "on: pull_request\n");
    repository.change(".github/workflows/release.yml", "on: workflow_dispatch\n");

    let tagged = repository.run("tag-release", &["v1.2.3", &image()]);
    let release = repository.commit_of("v1.2.3");
    assert_eq!(tagged, format!("v1.2.3 is {release}"));
    assert_eq!(repository.commit_of("v1.2.3^"), begun);
    assert_eq!(
        repository.run("move-major-tag", &["v1.2.3"]),
        "v1 is v1.2.3"
    );
    assert_eq!(repository.commit_of("v1"), release);
}

/// What the branch is for.
#[test]
fn without_its_branch_a_release_can_not_be_tagged() {
    let repository = Repository::new();
    repository.begin("v1.2.3", "main");
    repository.change(".github/workflows/release.yml", "on: workflow_dispatch\n");
    repository.git(
        "origin",
        &["branch", "--delete", "--force", "release/v1.2.3"],
    );
    let refused = repository.run("tag-release", &["v1.2.3", &image()]);
    assert!(refused.contains("refusing to allow"), "{refused}");
    assert_eq!(repository.tags(), "");
}

#[test]
fn a_version_is_released_once() {
    let repository = Repository::new();
    repository.begin("v1.2.3", "main");
    assert_eq!(repository.run("not-released", &["v1.2.3"]), "");
    repository.run("tag-release", &["v1.2.3", &image()]);
    let release = repository.commit_of("v1.2.3");
    assert_eq!(
        repository.run("not-released", &["v1.2.3"]),
        format!(
            "script/not-released: v1.2.3 is there already, at {release}: what is released stays as it is. Where only the run's end is missing, run its failed jobs again and not all of them; else take the next version"
        )
    );
    // The next one isn't, though its name begins alike.
    assert_eq!(repository.run("not-released", &["v1.2.31"]), "");
    assert_eq!(repository.run("not-released", &["v1.2"]), "");

    // Another build of the same commit.
    repository.clone_again("release/v1.2.3");
    let other = image().replace("3d74427e", "00000000");
    let refused = repository.run("tag-release", &["v1.2.3", &other]);
    let wanted = format!("script/tag-release: v1.2.3 is there already, at {release}, and this");
    assert!(refused.starts_with(&wanted), "{refused}");
    assert_eq!(repository.commit_of("v1.2.3"), release);
}

#[test]
fn a_tag_that_somebody_set_by_hand_is_left_alone() {
    let repository = Repository::new();
    repository.begin("v1.2.3", "main");
    repository.git(
        "origin",
        &["tag", "--annotate", "--message", "By hand", "v1.2.3"],
    );
    let there = repository.commit_of("v1.2.3");
    for (name, arguments) in [
        ("not-released", vec!["v1.2.3"]),
        ("tag-release", vec!["v1.2.3", &image()]),
    ] {
        let refused = repository.run(name, &arguments);
        let wanted = format!("script/{name}: v1.2.3 is there already, at {there}");
        assert!(refused.starts_with(&wanted), "{refused}");
    }
    assert_eq!(repository.commit_of("v1.2.3"), there);
}

#[test]
fn the_major_tag_follows_the_newest_release() {
    let repository = Repository::new();
    for tag in ["v1.9.0", "v1.10.0", "v1.11.0-rc.1", "v2.0.0"] {
        repository.release(tag, "main");
    }
    insta::assert_snapshot!(repository.run("move-major-tag", &["v1.11.0-rc.1"]), @"v1.11.0-rc.1 is a pre-release: v1 stays where it is");
    insta::assert_snapshot!(repository.run("move-major-tag", &["v1.9.0"]), @"v1.10.0 is the newest release, and not v1.9.0: v1 stays where it is");
    assert_eq!(repository.git("origin", &["tag", "--list", "v1"]), "");
    insta::assert_snapshot!(repository.run("move-major-tag", &["v1.10.0"]), @"v1 is v1.10.0");
    assert_eq!(repository.commit_of("v1"), repository.commit_of("v1.10.0"));

    repository.change("README.md", "More");
    repository.release("v1.11.0", "main");
    insta::assert_snapshot!(repository.run("move-major-tag", &["v1.11.0"]), @"v1 is v1.11.0");
    assert_eq!(repository.commit_of("v1"), repository.commit_of("v1.11.0"));
    insta::assert_snapshot!(repository.run("move-major-tag", &["v1"]), @"script/move-major-tag: `v1` is not written like v1.2.3");
}

/// A tag of a version is a release only where its action.yml starts an image.
#[test]
fn the_major_tag_passes_over_what_was_never_released() {
    let repository = Repository::new();
    repository.git("origin", &["tag", "v1.3.0"]);
    repository.release("v1.2.3", "main");
    insta::assert_snapshot!(repository.run("move-major-tag", &["v1.3.0"]), @"v1.2.3 is the newest release, and not v1.3.0: v1 stays where it is");
    insta::assert_snapshot!(repository.run("move-major-tag", &["v1.2.3"]), @"v1 is v1.2.3");
    assert_eq!(repository.commit_of("v1"), repository.commit_of("v1.2.3"));
    repository.git("origin", &["tag", "v3.0.0"]);
    insta::assert_snapshot!(repository.run("move-major-tag", &["v3.0.0"]), @"script/move-major-tag: v3.0.0 is no release: there is none of v3 whose action.yml starts an image by digest");
    assert_eq!(repository.tags(), "v1 v1.2.3 v1.3.0 v3.0.0");
}

#[test]
fn a_fix_of_an_older_minor_version_leaves_the_major_tag_where_it_is() {
    let repository = Repository::new();
    repository.release("v1.9.0", "main");
    repository.change(".github/workflows/release.yml", "on: workflow_dispatch\n");
    repository.release("v1.10.0", "main");
    repository.run("move-major-tag", &["v1.10.0"]);
    repository.change("README.md", "More");

    let from = repository.commit_of("v1.9.0^");
    let tagged = repository.release("v1.9.1", &from);
    let release = repository.commit_of("v1.9.1");
    assert_eq!(tagged, format!("v1.9.1 is {release}"));
    assert_eq!(repository.commit_of("v1.9.1^"), from);
    insta::assert_snapshot!(repository.run("move-major-tag", &["v1.9.1"]), @"v1.10.0 is the newest release, and not v1.9.1: v1 stays where it is");
    assert_eq!(repository.commit_of("v1"), repository.commit_of("v1.10.0"));
}

#[test]
fn the_page_has_the_binaries_and_their_checksums() {
    let repository = Repository::new();
    repository.release("v1.2.3", "main");
    insta::assert_snapshot!(repository.page("v1.2.3", ""), @"release create v1.2.3 --verify-tag --title v1.2.3 --notes-file notes.md plimsoll-linux-amd64.tar.gz plimsoll-linux-arm64.tar.gz SHA256SUMS");
    let sums = std::fs::read_to_string(repository.path("assets/SHA256SUMS")).unwrap();
    insta::assert_snapshot!(sums, @"
    01779adb6ba20d56587654589e14a863976fd79b50dc05a2cf7feea02acbfa91  plimsoll-linux-amd64.tar.gz
    2285cbabb324c1fdcf7525fd1b3c57bb11f8336d1ad1330d4413a01bbd2742be  plimsoll-linux-arm64.tar.gz
    ");
    insta::assert_snapshot!(repository.page("v1.2.4-rc.1", "v1.2.3 false"), @"release create v1.2.4-rc.1 --verify-tag --title v1.2.4-rc.1 --notes-file notes.md --prerelease plimsoll-linux-amd64.tar.gz plimsoll-linux-arm64.tar.gz SHA256SUMS");
    insta::assert_snapshot!(repository.page("v1.2", ""), @"script/release-page: `v1.2` is not written like v1.2.3");
}

/// A run that was killed at the upload leaves a draft, which is no page yet.
#[test]
fn a_draft_that_was_left_behind_is_made_again() {
    let repository = Repository::new();
    repository.release("v1.2.3", "main");
    insta::assert_snapshot!(repository.page("v1.2.3", "v1.2.3 true\nv1.2.2 false"), @"
    release delete v1.2.3 --yes
    release create v1.2.3 --verify-tag --title v1.2.3 --notes-file notes.md plimsoll-linux-amd64.tar.gz plimsoll-linux-arm64.tar.gz SHA256SUMS
    the draft of v1.2.3 that was left behind is deleted
    ");
    insta::assert_snapshot!(repository.page("v1.2.3", "v1.2.3 false\nv1.2.2 false"), @"the page of v1.2.3 is published already");
    // Neither a page of a longer name nor an answer that didn't come says that there is one.
    insta::assert_snapshot!(repository.page("v1.2.3", "v1.2.3-rc.1 true\nv1.2.31 false"), @"release create v1.2.3 --verify-tag --title v1.2.3 --notes-file notes.md plimsoll-linux-amd64.tar.gz plimsoll-linux-arm64.tar.gz SHA256SUMS");
    insta::assert_snapshot!(repository.page("v1.2.3", "down"), @"HTTP 503");
}

#[test]
fn a_fix_of_an_older_version_is_not_called_the_latest() {
    let repository = Repository::new();
    repository.release("v2.0.0", "main");
    repository.release("v1.2.3", "main");
    insta::assert_snapshot!(repository.page("v1.2.3", "v2.0.0 false"), @"release create v1.2.3 --verify-tag --title v1.2.3 --notes-file notes.md --latest=false plimsoll-linux-amd64.tar.gz plimsoll-linux-arm64.tar.gz SHA256SUMS");
    assert!(!repository.page("v2.0.0", "").contains("--latest"));
}
