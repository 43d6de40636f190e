use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use futures_util::StreamExt;
use tempfile::TempDir;

use super::{BuildContext, ContextError, ContextSize, Limits};

/// What one entry of the tar holds: kind, mode, owner, and content or target.
type Entry = (tar::EntryType, u32, u64, Vec<u8>);

fn directory(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

async fn send(context: BuildContext) -> (Vec<u8>, bool, Result<ContextSize, ContextError>) {
    let (stream, task) = context.stream();
    let mut stream = std::pin::pin!(stream);
    let mut bytes = Vec::new();
    let mut broken = false;
    while let Some(chunk) = stream.next().await {
        match chunk {
            Ok(chunk) => bytes.extend_from_slice(&chunk),
            Err(_) => broken = true,
        }
    }
    (bytes, broken, task.await.unwrap())
}

/// All entries in the order in which they stand in the tar.
async fn entries(context: BuildContext) -> Vec<(Vec<u8>, Entry)> {
    let (bytes, broken, sent) = send(context).await;
    assert!(!broken);
    sent.unwrap();
    let mut archive = tar::Archive::new(bytes.as_slice());
    let read = archive.entries().unwrap().map(|entry| {
        let mut entry = entry.unwrap();
        let header = entry.header();
        let (kind, mode, owner) = (
            header.entry_type(),
            header.mode().unwrap(),
            header.uid().unwrap() + header.gid().unwrap(),
        );
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        if let Some(target) = entry.link_name_bytes() {
            content = target.into_owned();
        }
        (
            entry.path_bytes().into_owned(),
            (kind, mode, owner, content),
        )
    });
    read.collect()
}

async fn names(folder: &Path, dockerfile: Option<&Path>) -> Vec<String> {
    let context = BuildContext::open(folder, dockerfile).unwrap();
    let entries = entries(context).await;
    entries
        .iter()
        .map(|(name, _)| String::from_utf8_lossy(name).into_owned())
        .collect()
}

#[test]
fn a_file_that_became_a_link_or_a_pipe_is_not_read() {
    let folder = directory(&[("file", "a")]);
    let at = |name: &str| folder.path().join(name);
    symlink("/proc/self/environ", at("link")).unwrap();
    let made = std::process::Command::new("mkfifo")
        .arg(at("pipe"))
        .status();
    assert!(made.unwrap().success());
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK;
    assert!(super::open_regular(&at("file"), flags).is_ok());
    for name in ["link", "pipe"] {
        assert!(super::open_regular(&at(name), flags).is_err(), "{name}");
    }
    let ignored = directory(&[("Dockerfile", "FROM scratch")]);
    let pipe = ignored.path().join(".dockerignore");
    let made = std::process::Command::new("mkfifo").arg(pipe).status();
    assert!(made.unwrap().success());
    let error = BuildContext::open(ignored.path(), None).unwrap_err();
    assert!(matches!(error, ContextError::Read { .. }), "{error}");
}

#[tokio::test]
async fn keeps_modes_links_and_odd_names_and_owns_all_by_root() {
    let long = format!("{}/{}", "d".repeat(120), "f".repeat(200));
    let target = "t/".repeat(90);
    let folder = directory(&[
        ("Dockerfile", "FROM scratch\n"),
        ("run.sh", "#!/bin/sh\n"),
        (&long, "x"),
    ]);
    let at = |name: &str| folder.path().join(name);
    fs::set_permissions(at("run.sh"), fs::Permissions::from_mode(0o4755)).unwrap();
    symlink("./run.sh", at("link")).unwrap();
    symlink("/etc/../nowhere", at("dangling")).unwrap();
    symlink(&target, at("long-link")).unwrap();
    symlink(".", at("loop")).unwrap();
    fs::write(folder.path().join(OsStr::from_bytes(b"\xff\xfe")), "odd").unwrap();
    drop(std::os::unix::net::UnixListener::bind(at("socket")).unwrap());
    let context = BuildContext::open(folder.path(), None).unwrap();
    let entries: BTreeMap<_, _> = entries(context).await.into_iter().collect();
    assert!(entries.values().all(|(_, _, owner, _)| *owner == 0));
    let check = |name: &[u8], kind: tar::EntryType, content: &str| {
        let entry = entries
            .get(name)
            .unwrap_or_else(|| panic!("{}", String::from_utf8_lossy(name)));
        assert_eq!((entry.0, &*entry.3), (kind, content.as_bytes()));
    };
    assert_eq!(entries[b"run.sh".as_slice()].1, 0o4755);
    check(b"link", tar::EntryType::Symlink, "./run.sh");
    check(b"dangling", tar::EntryType::Symlink, "/etc/../nowhere");
    check(b"long-link", tar::EntryType::Symlink, &target);
    check(b"loop", tar::EntryType::Symlink, ".");
    check(b"\xff\xfe", tar::EntryType::Regular, "odd");
    check(long.as_bytes(), tar::EntryType::Regular, "x");
    assert!(!entries.contains_key(b"socket".as_slice()));
}

#[tokio::test]
async fn the_order_is_fixed_and_parents_come_before_what_is_taken_back_in() {
    let folder = directory(&[
        ("Dockerfile", "FROM scratch\n"),
        (".dockerignore", "**\n!b/keep/*.txt\n"),
        ("b/keep/1.txt", ""),
        ("b/keep/2.md", ""),
        ("b/other/3.txt", ""),
        ("a/4.txt", ""),
    ]);
    assert_eq!(
        names(folder.path(), None).await,
        ["Dockerfile", "b", "b/keep", "b/keep/1.txt"]
    );
}

#[tokio::test]
async fn the_dockerfile_goes_along_wherever_it_lies() {
    let folder = directory(&[
        (".dockerignore", "docker\nother.txt"),
        ("docker/api.Dockerfile", "FROM scratch\n"),
        ("docker/secret", "x"),
        ("other.txt", "x"),
    ]);
    let inside = folder.path().join("docker/api.Dockerfile");
    assert_eq!(
        names(folder.path(), Some(&inside)).await,
        [".dockerignore", "docker", "docker/api.Dockerfile"]
    );
    let elsewhere = directory(&[("Dockerfile", "FROM elsewhere\n")]);
    let context =
        BuildContext::open(folder.path(), Some(&elsewhere.path().join("Dockerfile"))).unwrap();
    // The same in each build, so that a `COPY . .` is cached.
    let name = context.dockerfile().to_owned();
    assert_eq!(name, ".dockerfile.fe5a0c811ded96dd");
    let entries: BTreeMap<_, _> = entries(context).await.into_iter().collect();
    assert_eq!(entries[name.as_bytes()].3, b"FROM elsewhere\n");
}

#[test]
fn what_is_missing_is_named() {
    let folder = directory(&[("file", "x"), (".dockerignore", "ok\n[\n")]);
    let open = |path: &Path| BuildContext::open(path, None).unwrap_err();
    assert!(matches!(
        open(&folder.path().join("none")),
        ContextError::Open { .. }
    ));
    assert!(matches!(
        open(&folder.path().join("file")),
        ContextError::NotADirectory(_)
    ));
    assert!(matches!(
        open(folder.path()),
        ContextError::Dockerignore { .. }
    ));
    fs::write(folder.path().join(".dockerignore"), "").unwrap();
    assert!(matches!(
        open(folder.path()),
        ContextError::Dockerfile { .. }
    ));
    fs::create_dir(folder.path().join("Dockerfile")).unwrap();
    assert!(matches!(
        open(folder.path()),
        ContextError::Dockerfile { .. }
    ));
}

#[tokio::test]
async fn bounds_end_the_stream_with_an_error() {
    let folder = directory(&[
        ("Dockerfile", "FROM scratch\n"),
        ("a", "12345"),
        ("b", "12345"),
    ]);
    let bounded = async |files, bytes| {
        let mut context = BuildContext::open(folder.path(), None).unwrap();
        context.limits = Limits { files, bytes };
        send(context).await
    };
    let (_, broken, sent) = bounded(3, 23).await;
    assert!(!broken);
    assert_eq!(
        sent.unwrap(),
        ContextSize {
            files: 3,
            bytes: 23
        }
    );
    let (_, broken, sent) = bounded(2, 1000).await;
    assert!(broken && matches!(sent, Err(ContextError::TooManyFiles { limit: 2 })));
    let (_, broken, sent) = bounded(10, 22).await;
    assert!(broken && matches!(sent, Err(ContextError::TooBig { limit: 22 })));
}

#[tokio::test]
async fn a_file_that_changes_while_it_is_read_never_makes_a_corrupt_tar() {
    let size: usize = 4 << 20;
    for (new_size, sound) in [(size * 2, true), (size / 2, false)] {
        let folder = directory(&[("Dockerfile", "FROM scratch\n")]);
        let path = folder.path().join("big");
        fs::write(&path, vec![b'x'; size]).unwrap();
        let context = BuildContext::open(folder.path(), None).unwrap();
        let (stream, task) = context.stream();
        let mut stream = std::pin::pin!(stream);
        // The first chunk of the file is on its way, and the channel holds far less than the file.
        let mut bytes = stream.next().await.unwrap().unwrap().to_vec();
        fs::OpenOptions::new()
            .write(true)
            .open(&path)
            .unwrap()
            .set_len(new_size as u64)
            .unwrap();
        let mut broken = false;
        while let Some(chunk) = stream.next().await {
            match chunk {
                Ok(chunk) => bytes.extend_from_slice(&chunk),
                Err(_) => broken = true,
            }
        }
        assert_eq!(broken, !sound);
        match task.await.unwrap() {
            Err(ContextError::Changed(path)) => assert!(!sound && path == Path::new("big")),
            sent => {
                assert_eq!(sent.unwrap().bytes, 13 + size as u64);
                assert_eq!(
                    tar::Archive::new(bytes.as_slice())
                        .entries()
                        .unwrap()
                        .count(),
                    2
                );
            }
        }
    }
}

#[tokio::test]
async fn a_reader_that_goes_away_ends_the_walk() {
    let folder = directory(&[
        ("Dockerfile", "FROM scratch\n"),
        ("big", &"x".repeat(4 << 20)),
    ]);
    let (stream, task) = BuildContext::open(folder.path(), None).unwrap().stream();
    drop(stream);
    assert!(matches!(task.await.unwrap(), Err(ContextError::NotTaken)));
}
