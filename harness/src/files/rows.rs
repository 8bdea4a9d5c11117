//! Writes rows to standard output, a file or a socket. A thread of its own writes them, so that a
//! slow receiver holds back the job and never a worker.

use dataflow::exchange::failure::FailureKind;
use std::collections::VecDeque;
use std::io::{self, Write};
use std::net::TcpStream;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};
use std::thread::JoinHandle;

use dataflow::exchange::sink::SinkError;
use files::failure::advice;

use crate::error::{Error, Result};
use crate::files::WholeFile;
use crate::files::uri::OutputUri;

/// Bytes that may wait for the writing thread.
const WAITING_BYTES: usize = 4 << 20;

/// Takes lines of NDJSON from any number of sinks.
#[derive(Clone)]
pub struct RowWriter(Arc<RowQueue>);

struct RowQueue {
    target: String,
    state: Mutex<QueueState>,
    /// Wakes the thread.
    work: Condvar,
    /// What is written to without a thread.
    at_once: Option<Mutex<Box<dyn Write + Send>>>,
}

#[derive(Default)]
struct QueueState {
    waiting: VecDeque<Vec<u8>>,
    bytes: usize,
    closed: bool,
    error: Option<String>,
    wakers: Vec<Waker>,
}

/// The writing thread; ends when told so.
pub(crate) struct WriterThread {
    writer: RowWriter,
    thread: JoinHandle<io::Result<()>>,
}

enum RowTarget {
    File(WholeFile),
    Stream(Box<dyn Write + Send>),
}

impl WriterThread {
    /// Opens an output; `None` for `discard`.
    ///
    /// # Errors
    /// When it cannot be opened for writing.
    pub(crate) fn open(uri: &OutputUri) -> Result<Option<Self>> {
        let refused = |error: io::Error| {
            Error::input(format!("cannot write to {uri}: {error}{}", advice(&error)))
        };
        let target = match uri {
            OutputUri::Discard => return Ok(None),
            OutputUri::Print => RowTarget::Stream(Box::new(io::stdout())),
            OutputUri::File(path) => {
                RowTarget::File(WholeFile::create_alone(path).map_err(refused)?)
            }
            OutputUri::Tcp(address) => {
                let stream = TcpStream::connect(address).map_err(refused)?;
                RowTarget::Stream(Box::new(stream))
            }
        };
        let shared = Arc::new(RowQueue::new(uri.to_string(), None));
        let writer = RowWriter(Arc::clone(&shared));
        let thread = std::thread::Builder::new()
            .name("streamgauge-output".to_owned())
            .spawn(move || shared.write_all(target))
            .map_err(Error::run)?;
        Ok(Some(Self { writer, thread }))
    }

    /// What sinks write to.
    pub(crate) fn writer(&self) -> RowWriter {
        self.writer.clone()
    }

    /// Waits until everything is written; a file then takes its name.
    ///
    /// # Errors
    /// When something could not be written.
    pub(crate) fn finish(self) -> Result<()> {
        self.writer.0.lock().closed = true;
        self.writer.0.work.notify_one();
        let written = self.thread.join().map_err(|_| Error::run("the output thread failed"))?;
        written
            .map_err(|error| Error::run(self.writer.failed(&format!("{error}{}", advice(&error)))))
    }
}

impl RowQueue {
    fn new(target: String, at_once: Option<Box<dyn Write + Send>>) -> Self {
        Self {
            target,
            state: Mutex::new(QueueState::default()),
            work: Condvar::new(),
            at_once: at_once.map(Mutex::new),
        }
    }

    fn lock(&self) -> MutexGuard<'_, QueueState> {
        self.state.lock().expect("no holder fails")
    }

    fn write_all(&self, mut target: RowTarget) -> io::Result<()> {
        loop {
            let mut state = self.lock();
            while state.waiting.is_empty() && !state.closed {
                state = self.work.wait(state).expect("no holder fails");
            }
            let Some(lines) = state.waiting.pop_front() else { break };
            drop(state);
            let written = match &mut target {
                RowTarget::File(file) => file.write_all(&lines),
                RowTarget::Stream(stream) => stream.write_all(&lines).and_then(|()| stream.flush()),
            };
            let mut state = self.lock();
            state.bytes -= lines.len();
            if let Err(error) = &written {
                state.error = Some(format!("{error}{}", advice(error)));
            }
            let wakers = std::mem::take(&mut state.wakers);
            drop(state);
            wakers.into_iter().for_each(Waker::wake);
            written?;
        }
        match &mut target {
            RowTarget::File(file) => file.keep(),
            RowTarget::Stream(stream) => stream.flush(),
        }
    }
}

impl RowWriter {
    /// Writes at once, without a thread: to what never waits, such as memory. A run in virtual
    /// time stays the same to the byte. `target` is the name for errors.
    pub fn at_once(target: &str, stream: Box<dyn Write + Send>) -> Self {
        Self(Arc::new(RowQueue::new(target.to_owned(), Some(stream))))
    }

    /// Takes lines; whether there is room is asked afterwards.
    ///
    /// # Errors
    /// When earlier lines could not be written.
    pub fn send(&self, lines: Vec<u8>) -> std::result::Result<(), SinkError> {
        if let Some(stream) = &self.0.at_once {
            let written = stream.lock().expect("no holder fails").write_all(&lines);
            return written.map_err(|error| self.failed(&error.to_string()));
        }
        let mut state = self.0.lock();
        if let Some(error) = &state.error {
            return Err(self.failed(error));
        }
        state.bytes += lines.len();
        state.waiting.push_back(lines);
        drop(state);
        self.0.work.notify_one();
        Ok(())
    }

    /// Ready when there is room.
    pub fn poll_room(&self, context: &mut Context<'_>) -> Poll<std::result::Result<(), SinkError>> {
        let mut state = self.0.lock();
        if let Some(error) = &state.error {
            return Poll::Ready(Err(self.failed(error)));
        }
        if state.bytes <= WAITING_BYTES {
            return Poll::Ready(Ok(()));
        }
        state.wakers.push(context.waker().clone());
        Poll::Pending
    }

    /// The thread has ended with its first failure, so that no other attempt goes better.
    fn failed(&self, cause: &str) -> SinkError {
        SinkError {
            target: self.0.target.clone(),
            cause: cause.to_owned(),
            kind: FailureKind::Permanent,
        }
    }
}
