//! The engine, the registry and small images to build from.

use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use plimsoll::docker::{BuildEvent, BuildRequest, Built, Credentials, DockerError, Engine};
use plimsoll::environment::Variables;
use plimsoll::image::ImageRef;
use plimsoll::secret::Secret;
use tempfile::TempDir;

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!("{name} is not set: these tests need a Docker engine and a registry; run `eval \"$(script/engine)\"` first")
    })
}

pub(crate) fn registry() -> String {
    variable("PLIMSOLL_TEST_REGISTRY")
}

pub(crate) fn credentials() -> Credentials {
    Credentials {
        username: "AWS".to_owned(),
        password: Secret::new(variable("PLIMSOLL_TEST_REGISTRY_PASSWORD")),
    }
}

pub(crate) async fn engine() -> Engine {
    let environment: Variables = std::env::vars().collect();
    Engine::connect(&environment).await.unwrap_or_else(|error| {
        panic!("no usable Docker engine ({error}): run `eval \"$(script/engine)\"` first")
    })
}

/// A repository that no other test uses.
pub(crate) fn repository() -> ImageRef {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = format!("{}/test/r{}-{number}", registry(), std::process::id());
    name.parse().unwrap()
}

/// A directory with these files.
pub(crate) fn directory(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

pub(crate) fn request(folder: &Path) -> BuildRequest {
    BuildRequest::new(folder, repository().with_tag("v1").unwrap())
}

/// Builds, and gives what was reported along the way too.
pub(crate) async fn build(request: &BuildRequest) -> (Result<Built, DockerError>, Vec<BuildEvent>) {
    let mut events = Vec::new();
    let built = engine()
        .await
        .build(request, &mut |event| events.push(event))
        .await;
    (built, events)
}

/// Runs a program to its end, and fails with its output if it does.
pub(crate) fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("{program} can't be run: {error}"));
    assert!(
        output.status.success(),
        "{program} {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// The paths of all files in an image.
pub(crate) fn files_of(image: &str) -> Vec<String> {
    let container = run("docker", &["create", image, "none"]);
    let folder = tempfile::tempdir().unwrap();
    let tar = folder.path().join("image.tar");
    run(
        "docker",
        &["export", "--output", tar.to_str().unwrap(), &container],
    );
    run("docker", &["rm", &container]);
    let mut archive = tar::Archive::new(std::fs::File::open(tar).unwrap());
    let entries = archive.entries().unwrap();
    entries
        .map(|entry| {
            entry
                .unwrap()
                .path()
                .unwrap()
                .to_string_lossy()
                .into_owned()
        })
        .collect()
}

/// An image with a shell, made of the host's own: nothing is pulled. It stays for the next run.
pub(crate) fn base_image() -> &'static str {
    const NAME: &str = "plimsoll-test-base:1";
    static MADE: OnceLock<()> = OnceLock::new();
    MADE.get_or_init(|| import(NAME, &["/bin/sh", "/bin/sleep", "/bin/cat"]));
    NAME
}

/// Makes an image of programs of the host and the libraries that they need, unless it is there.
pub(crate) fn import(name: &str, programs: &[&str]) {
    if !run("docker", &["images", "--quiet", name]).is_empty() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    for program in programs {
        copy_into(&root, program);
        for word in run("ldd", &[program]).split_whitespace() {
            if word.starts_with('/') {
                copy_into(&root, word);
            }
        }
    }
    let (root, tar) = (root.to_str().unwrap(), folder.path().join("root.tar"));
    let tar = tar.to_str().unwrap();
    run("tar", &["-C", root, "-cf", tar, "."]);
    run("docker", &["import", tar, name]);
}

fn copy_into(root: &Path, file: &str) {
    let target = root.join(file.trim_start_matches('/'));
    std::fs::create_dir_all(target.parent().unwrap()).unwrap();
    std::fs::copy(file, target).unwrap();
}
