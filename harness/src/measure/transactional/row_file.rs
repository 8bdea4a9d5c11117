//! The file that one transaction's rows go to.

use std::sync::Arc;
use std::task::{Context, Poll};

use dataflow::exchange::sink::SinkError;
use dataflow::job::storage::Stored;
use dataflow::record::content_hash::{Content, ContentHasher};

use super::commit::Shared;
use crate::measure::transactional::file_names::refused;

/// Bytes that are worth an append.
const CHUNK_BYTES: usize = 64 * 1024;
/// Bytes that may wait to be appended.
const WAITING_BYTES: usize = 4 << 20;

/// Rows on their way into a file, one append at a time.
pub(super) struct RowFile {
    file: PartFile,
    /// What no append has taken.
    waiting: Vec<u8>,
    /// Of all that was taken.
    content: ContentHasher,
    /// The append that has begun, and how many bytes it took.
    appending: Option<(usize, Stored<()>)>,
}

/// A file that will be removed unless it is finished.
struct PartFile {
    name: String,
    finished: bool,
    shared: Arc<Shared>,
}

impl Drop for PartFile {
    fn drop(&mut self) {
        if !self.finished {
            self.shared.abandon(std::mem::take(&mut self.name));
        }
    }
}

impl RowFile {
    /// For a file of this name, which is there once something was appended.
    pub(super) fn new(shared: Arc<Shared>, name: String) -> Self {
        let file = PartFile { name, finished: false, shared };
        Self { file, waiting: Vec::new(), content: ContentHasher::default(), appending: None }
    }

    /// Takes lines; whether there is room is asked afterwards.
    pub(super) fn take(&mut self, lines: &mut Vec<u8>) {
        self.content.update(lines);
        self.waiting.append(lines);
        if self.waiting.len() >= CHUNK_BYTES && self.appending.is_none() {
            self.begin_append();
        }
    }

    fn begin_append(&mut self) {
        let bytes = std::mem::take(&mut self.waiting);
        let length = bytes.len();
        self.appending = Some((length, self.file.shared.place.append(&self.file.name, bytes)));
    }

    /// Moves the appends on; ready when there is room for more.
    pub(super) fn poll_room(&mut self, context: &mut Context<'_>) -> Poll<Result<(), SinkError>> {
        self.poll_down_to(WAITING_BYTES, CHUNK_BYTES, context)
    }

    /// Moves the appends on; ready when everything is appended.
    pub(super) fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<Result<(), SinkError>> {
        self.poll_down_to(0, 1, context)
    }

    /// Ready when `room` bytes or less are left, appending `chunk` or more at a time.
    fn poll_down_to(
        &mut self,
        room: usize,
        chunk: usize,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), SinkError>> {
        loop {
            if let Some((length, append)) = &mut self.appending {
                match append.as_mut().poll(context) {
                    Poll::Ready(appended) => {
                        self.appending = None;
                        appended.map_err(refused)?;
                    }
                    Poll::Pending if *length + self.waiting.len() > room => return Poll::Pending,
                    Poll::Pending => return Poll::Ready(Ok(())),
                }
            } else if self.waiting.len() >= chunk {
                self.begin_append();
            } else {
                return Poll::Ready(Ok(()));
            }
        }
    }

    /// What the file holds once all that was taken is in it.
    pub(super) fn content(&self) -> Content {
        self.content.content()
    }

    /// Makes everything durable and gives the file this name.
    pub(super) async fn finish(mut self, name: &str) -> Result<(), SinkError> {
        std::future::poll_fn(|context| self.poll_flush(context)).await?;
        let place = &self.file.shared.place;
        place.sync(&self.file.name).await?;
        place.rename(&self.file.name, name).await?;
        self.file.finished = true;
        Ok(())
    }
}
