//! The build context: a directory, less what `.dockerignore` leaves out, as a stream of tar.
//!
//! The engine doesn't apply `.dockerignore` to an uploaded context, so this is where it happens:
//! what is left out here never leaves the machine.

use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use crate::image::Dockerignore;
use crate::image::dockerignore::DockerignoreError;

#[cfg(test)]
mod tests;
mod walk;

/// More files than a context of any sane build; a forgotten `.dockerignore` over a package cache
/// shows up here before it has cost an hour.
pub const MAX_FILES: u64 = 1_000_000;

/// More than the disk of a hosted runner holds free.
pub const MAX_BYTES: u64 = 64 << 30;

/// `.dockerignore` files and Dockerfiles from outside the context are read whole.
const MAX_TEXT: u64 = 4 << 20;

/// Why a context can't be sent.
#[derive(Debug, thiserror::Error)]
pub enum ContextError {
    #[error("the build context `{}` can't be opened", path.display())]
    Open { path: PathBuf, source: io::Error },
    #[error("the build context `{}` is no directory", .0.display())]
    NotADirectory(PathBuf),
    #[error("the Dockerfile `{}` can't be read", path.display())]
    Dockerfile { path: PathBuf, source: io::Error },
    #[error("`{}` can't be used", path.display())]
    Dockerignore {
        path: PathBuf,
        source: DockerignoreError,
    },
    #[error("`{}` in the build context can't be read", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("`{}` is larger than {MAX_TEXT} bytes", .0.display())]
    TextTooBig(PathBuf),
    #[error("`{}` shrank while it was read", .0.display())]
    Changed(PathBuf),
    #[error("the build context holds more than {limit} files")]
    TooManyFiles { limit: u64 },
    #[error("the build context holds more than {limit} bytes")]
    TooBig { limit: u64 },
    /// The engine took no more of it; the build's own answer says why.
    #[error("the build context was not taken to its end")]
    NotTaken,
}

/// How much was sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ContextSize {
    /// Files, directories and links.
    pub files: u64,
    /// Bytes in files.
    pub bytes: u64,
}

/// Bounds on what is sent; a value so that tests can reach them.
#[derive(Clone, Copy, Debug)]
struct Limits {
    files: u64,
    bytes: u64,
}

const LIMITS: Limits = Limits {
    files: MAX_FILES,
    bytes: MAX_BYTES,
};

/// A context that is ready to be sent.
#[derive(Debug)]
pub struct BuildContext {
    root: PathBuf,
    rules: Dockerignore,
    dockerfile: Dockerfile,
    limits: Limits,
}

#[derive(Debug)]
enum Dockerfile {
    /// Its path in the context.
    Inside(String),
    /// It lies elsewhere and goes along under a name that no file of the context has.
    Beside { name: String, content: Vec<u8> },
}

impl BuildContext {
    /// Looks at the directory and reads the ignore file: `<Dockerfile>.dockerignore` if there is
    /// one, else `.dockerignore`. Blocks on the disk.
    ///
    /// # Errors
    ///
    /// [`ContextError`]: the directory, the Dockerfile or the ignore file can't be read, or a rule
    /// of it isn't valid.
    pub fn open(directory: &Path, dockerfile: Option<&Path>) -> Result<Self, ContextError> {
        let opened = |source| ContextError::Open {
            path: directory.to_owned(),
            source,
        };
        let root = directory.canonicalize().map_err(opened)?;
        if !root.metadata().map_err(opened)?.is_dir() {
            return Err(ContextError::NotADirectory(directory.to_owned()));
        }
        let dockerfile = dockerfile_of(directory, dockerfile);
        Ok(Self {
            rules: read_rules(&root, &dockerfile)?,
            dockerfile: find_dockerfile(&root, &dockerfile)?,
            limits: LIMITS,
            root,
        })
    }

    /// The name under which the engine finds the Dockerfile.
    pub fn dockerfile(&self) -> &str {
        match &self.dockerfile {
            Dockerfile::Inside(name) | Dockerfile::Beside { name, .. } => name,
        }
    }
}

/// The one that is given, else the context's own. A `dockerfile` in lower case stands in for a
/// `Dockerfile` that isn't there, as `docker` has it.
pub(super) fn dockerfile_of(directory: &Path, given: Option<&Path>) -> PathBuf {
    let path = given.map_or_else(|| directory.join("Dockerfile"), Path::to_owned);
    let lower = path.with_file_name("dockerfile");
    let is_default = path.file_name().is_some_and(|name| name == "Dockerfile");
    if is_default && path.symlink_metadata().is_err() && lower.is_file() {
        lower
    } else {
        path
    }
}

fn read_rules(root: &Path, dockerfile: &Path) -> Result<Dockerignore, ContextError> {
    let mut own = dockerfile.as_os_str().to_owned();
    own.push(".dockerignore");
    for path in [PathBuf::from(own), root.join(".dockerignore")] {
        match read_text(&path) {
            Ok(text) => {
                return Dockerignore::parse(&text)
                    .map_err(|source| ContextError::Dockerignore { path, source });
            }
            Err(ContextError::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Dockerignore::default())
}

fn find_dockerfile(root: &Path, dockerfile: &Path) -> Result<Dockerfile, ContextError> {
    let unreadable = |source| ContextError::Dockerfile {
        path: dockerfile.to_owned(),
        source,
    };
    let real = dockerfile.canonicalize().map_err(unreadable)?;
    if !real.metadata().map_err(unreadable)?.is_file() {
        return Err(unreadable(io::ErrorKind::IsADirectory.into()));
    }
    let inside = real.strip_prefix(root).ok().and_then(Path::to_str);
    match inside {
        Some(path) => Ok(Dockerfile::Inside(path.to_owned())),
        None => {
            let content = read_text(&real)?;
            let name = name_of(&content);
            Ok(Dockerfile::Beside { name, content })
        }
    }
}

pub(super) fn read_text(path: &Path) -> Result<Vec<u8>, ContextError> {
    use io::Read as _;
    let unreadable = |source| ContextError::Read {
        path: path.to_owned(),
        source,
    };
    let mut text = Vec::new();
    open_regular(path, libc::O_NONBLOCK)
        .and_then(|file| file.take(MAX_TEXT + 1).read_to_end(&mut text))
        .map_err(unreadable)?;
    if text.len() as u64 > MAX_TEXT {
        return Err(ContextError::TextTooBig(path.to_owned()));
    }
    Ok(text)
}

/// A regular file, and nothing that has to be waited for, as a pipe.
fn open_regular(path: &Path, flags: i32) -> io::Result<File> {
    let file = File::options().read(true).custom_flags(flags).open(path)?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::Error::other("it is no regular file"))
    }
}

/// A name by the content (FNV-1a): it is in whatever `COPY . .` makes, so a name that changed from
/// build to build would keep all after it from being cached. A file of that name could only be a
/// copy of the same.
fn name_of(content: &[u8]) -> String {
    let hash = content
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
        });
    format!(".dockerfile.{hash:016x}")
}

fn bytes_of(path: &Path) -> &[u8] {
    path.as_os_str().as_bytes()
}
