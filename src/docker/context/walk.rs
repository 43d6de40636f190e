//! Walks the directory and writes the tar. Blocking; the order is the same each time.

use std::fs::{self, File, Metadata};
use std::io::{self, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use futures_util::Stream;
use tokio::task::JoinHandle;

use super::{BuildContext, ContextError, ContextSize, Dockerfile, bytes_of, open_regular};
use crate::docker::tar_stream::{Chunk, PipeWriter, pipe};
use crate::image::dockerignore::Matches;

impl BuildContext {
    /// The tar stream, and the task that fills it. The task ends by itself when the stream is
    /// dropped.
    pub(in crate::docker) fn stream(
        self,
    ) -> (
        impl Stream<Item = Chunk> + Send + Sync + 'static,
        JoinHandle<Result<ContextSize, ContextError>>,
    ) {
        let (writer, reader) = pipe();
        let task = tokio::task::spawn_blocking(move || send(&self, writer));
        (reader, task)
    }
}

/// Writes the whole context; an error reaches the reader too, so that it never takes a part of the
/// context for the whole.
fn send(context: &BuildContext, writer: PipeWriter) -> Result<ContextSize, ContextError> {
    let mut walk = Walk {
        context,
        tar: tar::Builder::new(writer),
        size: ContextSize::default(),
        waiting: Vec::new(),
    };
    match walk.everything() {
        Ok(()) => Ok(walk.size),
        Err(error) => {
            if let Ok(writer) = walk.tar.into_inner() {
                writer.abort(io::Error::other(error.to_string()));
            }
            Err(error)
        }
    }
}

struct Walk<'a> {
    context: &'a BuildContext,
    tar: tar::Builder<PipeWriter>,
    size: ContextSize,
    /// Directories that are left out themselves, but may hold something that isn't: each is
    /// written when the first such thing is found. Outermost first.
    waiting: Vec<(PathBuf, Metadata)>,
}

impl Walk<'_> {
    fn everything(&mut self) -> Result<(), ContextError> {
        self.directory(Path::new(""), &Matches::default())?;
        if let Dockerfile::Beside { name, content } = &self.context.dockerfile {
            let mut header = tar::Header::new_gnu();
            header.set_mode(0o644);
            header.set_uid(0);
            header.set_gid(0);
            header.set_mtime(0);
            header.set_size(content.len() as u64);
            self.tar
                .append_data(&mut header, name, content.as_slice())
                .map_err(|source| written(Path::new(name), source))?;
        }
        self.tar
            .finish()
            .and_then(|()| self.tar.get_mut().flush())
            .map_err(|source| written(Path::new(""), source))
    }

    /// `path` is relative to the context's root, as all paths here.
    fn directory(&mut self, path: &Path, above: &Matches) -> Result<(), ContextError> {
        let full = self.context.root.join(path);
        let unreadable = |source| ContextError::Read {
            path: path.to_owned(),
            source,
        };
        let mut names = Vec::new();
        for entry in fs::read_dir(&full).map_err(unreadable)? {
            names.push(entry.map_err(unreadable)?.file_name());
            // A single directory's names are held in memory; the bound on files holds for them.
            if names.len() as u64 > self.context.limits.files {
                return Err(self.too_many());
            }
        }
        names.sort_unstable();
        for name in names {
            self.entry(&path.join(name), above)?;
        }
        Ok(())
    }

    fn entry(&mut self, path: &Path, above: &Matches) -> Result<(), ContextError> {
        let rules = &self.context.rules;
        let matches = rules.matches(bytes_of(path), above);
        let kept = !matches.excluded() || self.is_dockerfile(path);
        let metadata = match fs::symlink_metadata(self.context.root.join(path)) {
            Ok(metadata) => metadata,
            // It was there a moment ago: as good as never seen.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(_) if !kept => return Ok(()),
            Err(source) => {
                return Err(ContextError::Read {
                    path: path.to_owned(),
                    source,
                });
            }
        };
        if metadata.is_dir() {
            return self.subdirectory(path, metadata, &matches);
        }
        if !kept {
            return Ok(());
        }
        self.flush_waiting()?;
        if metadata.is_symlink() {
            self.link(path, &metadata)
        } else if metadata.is_file() {
            self.file(path)
        } else {
            // Sockets, pipes and devices have no place in an image.
            Ok(())
        }
    }

    fn subdirectory(
        &mut self,
        path: &Path,
        metadata: Metadata,
        matches: &Matches,
    ) -> Result<(), ContextError> {
        if !matches.excluded() {
            self.flush_waiting()?;
            self.count(0)?;
            self.append(path, &metadata, tar::EntryType::Directory)?;
            return self.directory(path, matches);
        }
        if self.context.rules.may_hold_exceptions(bytes_of(path)) || self.holds_dockerfile(path) {
            let outer = self.waiting.len();
            self.waiting.push((path.to_owned(), metadata));
            self.directory(path, matches)?;
            self.waiting.truncate(outer);
        }
        Ok(())
    }

    fn flush_waiting(&mut self) -> Result<(), ContextError> {
        for (path, metadata) in std::mem::take(&mut self.waiting) {
            self.count(0)?;
            self.append(&path, &metadata, tar::EntryType::Directory)?;
        }
        Ok(())
    }

    fn link(&mut self, path: &Path, metadata: &Metadata) -> Result<(), ContextError> {
        let target =
            fs::read_link(self.context.root.join(path)).map_err(|source| ContextError::Read {
                path: path.to_owned(),
                source,
            })?;
        self.count(0)?;
        let mut header = header_of(metadata, tar::EntryType::Symlink);
        // A short target goes in byte for byte; only a long one is written in tar's own way.
        let appended = match header.set_link_name_literal(bytes_of(&target)) {
            Ok(()) => self.tar.append_data(&mut header, path, io::empty()),
            Err(_) => self.tar.append_link(&mut header, path, &target),
        };
        appended.map_err(|source| written(path, source))
    }

    /// The size is taken from the open file; what is appended to it afterwards is left out, what
    /// is taken from it is an error.
    fn file(&mut self, path: &Path) -> Result<(), ContextError> {
        let unreadable = |source| ContextError::Read {
            path: path.to_owned(),
            source,
        };
        // It was a file a moment ago: a link that took its place leads elsewhere.
        let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK;
        let file = match open_regular(&self.context.root.join(path), flags) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            opened => opened.map_err(unreadable)?,
        };
        let metadata = file.metadata().map_err(unreadable)?;
        self.count(metadata.len())?;
        let mut header = header_of(&metadata, tar::EntryType::Regular);
        header.set_size(metadata.len());
        let mut content = Watched {
            inner: file.take(metadata.len()),
            failed: None,
        };
        let appended = self.tar.append_data(&mut header, path, &mut content);
        if let Some(source) = content.failed {
            return Err(unreadable(source));
        }
        appended.map_err(|source| written(path, source))?;
        if content.inner.limit() > 0 {
            return Err(ContextError::Changed(path.to_owned()));
        }
        Ok(())
    }

    fn append(
        &mut self,
        path: &Path,
        metadata: &Metadata,
        kind: tar::EntryType,
    ) -> Result<(), ContextError> {
        let mut header = header_of(metadata, kind);
        self.tar
            .append_data(&mut header, path, io::empty())
            .map_err(|source| written(path, source))
    }

    fn count(&mut self, bytes: u64) -> Result<(), ContextError> {
        self.size.files += 1;
        self.size.bytes += bytes;
        if self.size.files > self.context.limits.files {
            return Err(self.too_many());
        }
        if self.size.bytes > self.context.limits.bytes {
            let limit = self.context.limits.bytes;
            return Err(ContextError::TooBig { limit });
        }
        Ok(())
    }

    fn too_many(&self) -> ContextError {
        ContextError::TooManyFiles {
            limit: self.context.limits.files,
        }
    }

    /// The engine needs the Dockerfile, whatever is left out, and so it is in the image of a
    /// `COPY . .` even then. It needs no ignore file.
    fn is_dockerfile(&self, path: &Path) -> bool {
        matches!(&self.context.dockerfile, Dockerfile::Inside(name) if path == Path::new(name))
    }

    fn holds_dockerfile(&self, directory: &Path) -> bool {
        matches!(&self.context.dockerfile, Dockerfile::Inside(name) if Path::new(name).starts_with(directory))
    }
}

/// Owned by root, no matter which user checked the files out; mode and time stay, since images serve both.
fn header_of(metadata: &Metadata, kind: tar::EntryType) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(metadata.mode() & 0o7777);
    header.set_mtime(u64::try_from(metadata.mtime()).unwrap_or(0));
    header.set_uid(0);
    header.set_gid(0);
    header.set_size(0);
    header
}

/// What went wrong while writing: the reader is gone, or the entry can't be put in a tar.
fn written(path: &Path, source: io::Error) -> ContextError {
    match source.kind() {
        io::ErrorKind::BrokenPipe => ContextError::NotTaken,
        _ => ContextError::Read {
            path: path.to_owned(),
            source,
        },
    }
}

/// Tells an error of the file from one of the tar that it is copied into.
struct Watched {
    inner: io::Take<File>,
    failed: Option<io::Error>,
}

impl Read for Watched {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.inner.read(buffer).map_err(|error| {
            let kind = error.kind();
            if kind != io::ErrorKind::Interrupted {
                self.failed = Some(error);
            }
            kind.into()
        })
    }
}
