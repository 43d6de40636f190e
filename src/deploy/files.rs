//! Files that an input names: whether they are what the input says, and what stands in them.
//!
//! A file of the workspace is whatever the commit holds, which may be a link to a file of the runner
//! with secrets in it. So what leaves the workspace is refused, save where the input itself names it
//! as an absolute path. The disk is read by threads of its own, never by those that the run lives on:
//! a pipe or a disk that hangs would keep a signal from being seen.

use std::fs::OpenOptions;
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A file of a few kilobytes is read within milliseconds, from a disk that answers.
const LIMIT: Duration = Duration::from_secs(10);

/// Why a file is not used.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotUsed {
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("it is no regular file")]
    NotRegular,
    #[error(
        "its real path `{}` is outside of the workspace; give it as an absolute path if that is meant",
        crate::shown::line(&.0.to_string_lossy())
    )]
    Outside(PathBuf),
    #[error("the disk did not answer within {} s", LIMIT.as_secs())]
    Late,
}

/// The first `most` bytes of the regular file that `given` names, from `workspace` on.
///
/// # Errors
/// Why the file is not used.
pub(super) async fn read(workspace: &Path, given: &str, most: u64) -> Result<Vec<u8>, NotUsed> {
    let (workspace, given) = (workspace.to_owned(), PathBuf::from(given));
    apart(move || {
        let real = workspace.join(&given).canonicalize()?;
        within(&given, &real, &[workspace])?;
        // A pipe isn't waited for, and nothing is followed any more.
        let file = OpenOptions::new()
            .read(true)
            .custom_flags(libc::O_NONBLOCK | libc::O_NOFOLLOW)
            .open(&real)?;
        if !file.metadata()?.is_file() {
            return Err(NotUsed::NotRegular);
        }
        let mut text = Vec::new();
        file.take(most).read_to_end(&mut text)?;
        Ok(text)
    })
    .await
}

/// What a build takes from the disk, as the inputs `context` and `file` name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::deploy) struct BuildPaths {
    pub(in crate::deploy) context: PathBuf,
    /// Absent where it is the context's own.
    pub(in crate::deploy) dockerfile: Option<PathBuf>,
}

/// Where a build's context and Dockerfile are; an error names the input and says why not. What isn't
/// there is left to the build, which says so.
///
/// # Errors
/// One of them leaves the workspace, or the disk doesn't answer.
pub(super) async fn for_build(
    workspace: &Path,
    context: &str,
    file: Option<&str>,
) -> Result<BuildPaths, String> {
    let (workspace, context) = (workspace.to_owned(), PathBuf::from(context));
    let file = file.map(PathBuf::from);
    let found = apart(move || Ok(build_paths(workspace, &context, file.as_deref()))).await;
    found.unwrap_or_else(|late| Err(late.to_string()))
}

fn build_paths(
    workspace: PathBuf,
    context: &Path,
    file: Option<&Path>,
) -> Result<BuildPaths, String> {
    let named = |what: &str| {
        let what = what.to_owned();
        move |why: NotUsed| format!("{what}: {why}")
    };
    let directory = workspace.join(context);
    let dockerfile = file.map(|file| workspace.join(file));
    let paths = BuildPaths {
        context: directory.clone(),
        dockerfile: dockerfile.clone(),
    };
    let Ok(root) = directory.canonicalize() else {
        return Ok(paths);
    };
    within(context, &root, std::slice::from_ref(&workspace))
        .map_err(named(&format!("the build context `{}`", context.display())))?;
    let mut allowed = vec![workspace, root];
    // As the build looks for it.
    let own = ["Dockerfile", "dockerfile"].map(|name| directory.join(name));
    let own = own.into_iter().find(|path| path.exists());
    let own = own.unwrap_or_else(|| directory.join("Dockerfile"));
    let dockerfile = dockerfile.unwrap_or(own);
    if let Ok(real) = dockerfile.canonicalize() {
        let given = file.unwrap_or(Path::new("Dockerfile"));
        within(given, &real, &allowed)
            .map_err(named(&format!("the Dockerfile `{}`", given.display())))?;
        // Its ignore file lies next to it, wherever that is.
        allowed.extend(real.parent().map(Path::to_owned));
    }
    let mut own = dockerfile.into_os_string();
    own.push(".dockerignore");
    for ignore in [PathBuf::from(own), directory.join(".dockerignore")] {
        if let Ok(real) = ignore.canonicalize() {
            within(Path::new(".dockerignore"), &real, &allowed)
                .map_err(named(&format!("the ignore file `{}`", ignore.display())))?;
        }
    }
    Ok(paths)
}

/// Whether `real`, which `given` leads to, is in one of the `allowed` places.
fn within(given: &Path, real: &Path, allowed: &[PathBuf]) -> Result<(), NotUsed> {
    let is_in = |place: &PathBuf| {
        let place = place.canonicalize();
        place.is_ok_and(|place| real.starts_with(place))
    };
    match given.is_absolute() || allowed.iter().any(is_in) {
        true => Ok(()),
        false => Err(NotUsed::Outside(real.to_owned())),
    }
}

/// What `work` gives back, done by a thread for what blocks.
async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, NotUsed> + Send + 'static,
) -> Result<T, NotUsed> {
    let done = tokio::time::timeout(LIMIT, tokio::task::spawn_blocking(work)).await;
    match done {
        Ok(Ok(found)) => found,
        _ => Err(NotUsed::Late),
    }
}

#[cfg(test)]
mod tests;
