//! Bytes from a blocking writer to an asynchronous reader, over a small bounded channel: however
//! big the context is, little of it is in memory.

use std::io::{self, Write};

use bytes::{Bytes, BytesMut};
use futures_util::Stream;
use futures_util::stream;
use tokio::sync::mpsc;

/// Big enough to keep system calls few, small enough that all that is under way stays below 1 MiB.
const CHUNK: usize = 64 * 1024;

/// Chunks that may wait for the engine to take them.
const WAITING: usize = 8;

pub(super) type Chunk = io::Result<Bytes>;

/// The two ends.
pub(super) fn pipe() -> (
    PipeWriter,
    impl Stream<Item = Chunk> + Send + Sync + 'static,
) {
    let (sender, receiver) = mpsc::channel(WAITING);
    let reader = stream::unfold(receiver, |mut receiver| async move {
        receiver.recv().await.map(|chunk| (chunk, receiver))
    });
    let writer = PipeWriter {
        sender,
        buffer: BytesMut::with_capacity(CHUNK),
    };
    (writer, reader)
}

/// The blocking end; must not be used on an asynchronous thread.
#[derive(Debug)]
pub(super) struct PipeWriter {
    sender: mpsc::Sender<Chunk>,
    buffer: BytesMut,
}

impl PipeWriter {
    /// Ends the stream with an error, so that the reader doesn't take a part for the whole.
    pub(super) fn abort(self, error: io::Error) {
        // A reader that is gone has no need to know.
        let _ = self.sender.blocking_send(Err(error));
    }
}

impl Write for PipeWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(CHUNK - self.buffer.len());
        self.buffer.extend_from_slice(&bytes[..taken]);
        if self.buffer.len() == CHUNK {
            self.flush()?;
        }
        Ok(taken)
    }

    /// Fails with `BrokenPipe` once the reader is gone.
    fn flush(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let chunk = std::mem::replace(&mut self.buffer, BytesMut::with_capacity(CHUNK));
        self.sender
            .blocking_send(Ok(chunk.freeze()))
            .map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}
