use std::fs;
use std::os::unix::fs::symlink;

use super::*;

/// A workspace next to what isn't its own.
fn place() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let workspace = folder.path().join("workspace");
    fs::create_dir_all(workspace.join("app")).unwrap();
    fs::create_dir_all(folder.path().join("elsewhere")).unwrap();
    fs::write(folder.path().join("elsewhere/file"), "secret").unwrap();
    (folder, workspace)
}

fn paths(workspace: &Path, context: &str, file: Option<&str>) -> Result<(), String> {
    build_paths(
        workspace.to_owned(),
        Path::new(context),
        file.map(Path::new),
    )
    .map(|_| ())
}

#[tokio::test]
async fn only_a_regular_file_of_the_workspace_is_read() {
    let (folder, workspace) = place();
    fs::write(workspace.join("task.json"), "{}").unwrap();
    symlink("task.json", workspace.join("link.json")).unwrap();
    symlink("../elsewhere/file", workspace.join("out.json")).unwrap();
    symlink("/proc/self/environ", workspace.join("environ.json")).unwrap();
    symlink("/proc/self/fd/1", workspace.join("output.json")).unwrap();
    let made = std::process::Command::new("mkfifo")
        .arg(workspace.join("pipe.json"))
        .status();
    assert!(made.unwrap().success());
    for good in ["task.json", "link.json", "app/../task.json"] {
        assert_eq!(read(&workspace, good, 100).await.unwrap(), b"{}", "{good}");
    }
    for (bad, why) in [
        ("out.json", "outside of the workspace"),
        ("environ.json", "outside of the workspace"),
        ("../elsewhere/file", "outside of the workspace"),
        ("pipe.json", "no regular file"),
        ("app", "no regular file"),
        ("gone.json", "No such file"),
        ("/dev/zero", "no regular file"),
    ] {
        let error = read(&workspace, bad, 100).await.unwrap_err().to_string();
        assert!(error.contains(why), "{bad}: {error}");
    }
    // A pipe has no path, another standard output is outside.
    assert!(read(&workspace, "output.json", 100).await.is_err());
    let absolute = folder.path().join("elsewhere/file");
    let read = read(&workspace, absolute.to_str().unwrap(), 3).await;
    assert_eq!(read.unwrap(), b"sec", "no more than was asked for");
}

#[test]
fn a_build_takes_nothing_from_outside_of_the_workspace_that_only_a_link_names() {
    let (folder, workspace) = place();
    let elsewhere = folder.path().join("elsewhere").canonicalize().unwrap();
    let elsewhere = elsewhere.to_str().unwrap();
    assert_eq!(paths(&workspace, ".", None), Ok(()));
    fs::write(workspace.join("app/Dockerfile"), "FROM scratch").unwrap();
    assert_eq!(paths(&workspace, "app", None), Ok(()));
    assert_eq!(paths(&workspace, ".", Some("app/Dockerfile")), Ok(()));
    let outside = |found: Result<(), String>, what: &str| {
        let error = found.unwrap_err();
        assert!(
            error.starts_with(what) && error.contains("outside"),
            "{error}"
        );
    };
    outside(
        paths(&workspace, "../elsewhere", None),
        "the build context `../elsewhere`",
    );
    outside(
        paths(&workspace, ".", Some("../elsewhere/file")),
        "the Dockerfile `../elsewhere/file`",
    );
    symlink("/proc/self/environ", workspace.join("Dockerfile")).unwrap();
    outside(paths(&workspace, ".", None), "the Dockerfile `Dockerfile`");
    symlink("../../elsewhere/file", workspace.join("app/.dockerignore")).unwrap();
    outside(paths(&workspace, "app", None), "the ignore file");
    symlink("../elsewhere", workspace.join("away")).unwrap();
    outside(paths(&workspace, "away", None), "the build context `away`");
    // What the input itself names is meant, and so is what lies next to it.
    let file = format!("{elsewhere}/file");
    fs::write(format!("{file}.dockerignore"), "x").unwrap();
    assert_eq!(paths(&workspace, elsewhere, Some(&file)), Ok(()));
    assert_eq!(paths(&workspace, ".", Some(&file)), Ok(()));
    // An absolute context's own Dockerfile is still only a link.
    symlink("/proc/self/environ", format!("{elsewhere}/Dockerfile")).unwrap();
    outside(
        paths(&workspace, elsewhere, None),
        "the Dockerfile `Dockerfile`",
    );
}

#[test]
fn what_is_not_there_is_the_builds_own_matter() {
    let (_folder, workspace) = place();
    assert_eq!(paths(&workspace, "gone", Some("gone/Dockerfile")), Ok(()));
}
