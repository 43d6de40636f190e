//! What the Dockerfile compiles from: the files that `.dockerignore` lets through are enough, and the
//! base image is one and the same, and the pinned toolchain.

use std::path::Path;
use std::process::Command;

use crate::files;

/// What passes: everything is kept out, and then paths are let in by name. `dist` is there only
/// where the binary was made before.
fn let_through() -> Vec<String> {
    let text = files::read(".dockerignore");
    let mut rules = text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    assert_eq!(rules.next(), Some("*"), "first everything is kept out");
    let let_in = |rule: &str| {
        let path = rule.strip_prefix('!').unwrap_or_else(|| panic!("`{rule}`"));
        let is_path = path
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"._-/".contains(&b));
        assert!(
            is_path,
            "`{rule}` is not the plain name that this test reads"
        );
        path.to_owned()
    };
    rules.map(let_in).filter(|path| path != "dist").collect()
}

fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        std::fs::create_dir_all(to).unwrap();
        for entry in std::fs::read_dir(from).unwrap() {
            let name = entry.unwrap().file_name();
            copy(&from.join(&name), &to.join(&name));
        }
    } else {
        std::fs::copy(from, to).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
    }
}

/// Whatever is to be built, cargo refuses a manifest that names a target or a member that isn't
/// there. `fetch` reads it as `build` does and compiles nothing; `metadata` would pass over it.
#[test]
fn cargo_accepts_what_the_image_is_compiled_from() {
    let context = tempfile::tempdir().unwrap();
    for path in let_through() {
        copy(&files::root().join(&path), &context.path().join(&path));
    }
    // What cargo finds by itself, and would do without: the binary, and the settings by which it
    // is static and lies where the Dockerfile takes it from.
    for wanted in ["src/main.rs", ".cargo/config.toml"] {
        assert!(context.path().join(wanted).is_file(), "{wanted}");
    }
    let mut command = Command::new(env!("CARGO"));
    command.args(["fetch", "--offline", "--locked", "--target", "host-tuple"]);
    let output = command.current_dir(context.path()).output().unwrap();
    let refused = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{refused}");
}

/// What it starts from besides its own stages and nothing at all.
fn base_images(dockerfile: &str) -> Vec<&str> {
    let starts = dockerfile
        .lines()
        .filter_map(|line| line.strip_prefix("FROM "));
    let images = starts.filter_map(|rest| rest.split(' ').next());
    images
        .filter(|image| !["scratch", "${BINARY_FROM}"].contains(image))
        .collect()
}

#[test]
fn the_base_image_is_pinned_by_digest_and_is_the_toolchain() {
    let dockerfile = files::read("Dockerfile");
    let images = base_images(&dockerfile);
    let &[image] = images.as_slice() else {
        panic!("one image is compiled in: {images:?}");
    };
    let (tag, digest) = image.split_once("@sha256:").expect("a digest");
    assert!(
        digest.len() == 64 && digest.bytes().all(|b| b.is_ascii_hexdigit()),
        "{digest}"
    );

    let toolchain = files::read("rust-toolchain.toml");
    let (_, rest) = toolchain.split_once("channel = \"").unwrap();
    let (channel, _) = rest.split_once('"').unwrap();
    let (minor, _) = channel.rsplit_once('.').unwrap();
    assert_eq!(
        tag,
        format!("rust:{minor}-bookworm"),
        "rust-toolchain.toml has {channel}"
    );
}
