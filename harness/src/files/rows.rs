//! Writes rows to standard output, a file, a socket or a topic. A thread of its own writes them, so
//! that a slow receiver holds back the job and never a worker.

use dataflow::exchange::failure::FailureKind;
use std::collections::VecDeque;
use std::io::{self, Write};
use std::net::TcpStream;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};
use std::thread::JoinHandle;

use dataflow::BoxFuture;
use dataflow::exchange::sink::SinkError;
use files::failure::advice;
use kafka::{KafkaFailure, TopicWriter};

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
    /// Whether the receiver says what has reached it, within a time of its own.
    acknowledges: bool,
}

#[derive(Default)]
struct QueueState {
    /// Lines, and the sink that wrote them.
    waiting: VecDeque<(u32, Vec<u8>)>,
    bytes: usize,
    /// How often lines were taken, and how often they have been written.
    taken: u64,
    written: u64,
    /// What was written before this is to be where it belongs soon, and before that it is.
    flush: u64,
    flushed: u64,
    closed: bool,
    error: Option<WriteFailure>,
    wakers: Vec<Waker>,
}

/// Why lines could not be written. The thread has ended with its first failure, so that no other attempt
/// goes better.
struct WriteFailure {
    cause: String,
    kind: FailureKind,
}

impl WriteFailure {
    fn of(error: &io::Error) -> Self {
        let kafka = error.get_ref().and_then(|inner| inner.downcast_ref());
        let kind = match kafka {
            Some(KafkaFailure::Refused(_)) => FailureKind::Refused,
            _ => FailureKind::Permanent,
        };
        Self { cause: format!("{error}{}", advice(error)), kind }
    }
}

/// The writing thread; ends when told so.
pub(crate) struct WriterThread {
    writer: RowWriter,
    thread: JoinHandle<io::Result<()>>,
}

/// Where rows are written to.
pub(crate) enum RowTarget {
    /// A file, which takes its name in the end.
    File(WholeFile),
    /// Standard output or a socket.
    Stream(Box<dyn Write + Send>),
    /// A topic.
    Topic(TopicWriter),
}

impl RowTarget {
    /// Opens an output that is no topic; `None` for `discard`.
    ///
    /// # Errors
    /// When it cannot be opened for writing.
    pub(crate) fn open(uri: &OutputUri) -> Result<Option<Self>> {
        let refused = |error: io::Error| {
            Error::input(format!("cannot write to {uri}: {error}{}", advice(&error)))
        };
        Ok(Some(match uri {
            OutputUri::Discard | OutputUri::Kafka(_) => return Ok(None),
            OutputUri::Print => Self::Stream(Box::new(io::stdout())),
            OutputUri::File(path) => Self::File(WholeFile::create_alone(path).map_err(refused)?),
            OutputUri::Tcp(address) => {
                let stream = TcpStream::connect(address).map_err(refused)?;
                Self::Stream(Box::new(stream))
            }
        }))
    }

    /// Writes lines of a sink.
    ///
    /// # Errors
    /// When they cannot be written.
    pub(crate) fn write(&mut self, sink: u32, lines: &[u8]) -> io::Result<()> {
        match self {
            Self::File(file) => file.write_all(lines),
            Self::Stream(stream) => stream.write_all(lines).and_then(|()| stream.flush()),
            Self::Topic(topic) => topic.write(sink, lines).map_err(io::Error::other),
        }
    }

    /// Everything is where it belongs, as far as it can be before the end.
    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::File(file) => file.flush(),
            Self::Stream(stream) => stream.flush(),
            Self::Topic(topic) => topic.flush().map_err(io::Error::other),
        }
    }

    /// Everything is where it belongs; a file takes its name.
    ///
    /// # Errors
    /// When that fails.
    pub(crate) fn end(&mut self) -> io::Result<()> {
        match self {
            Self::File(file) => file.keep(),
            other => other.flush(),
        }
    }
}

impl WriterThread {
    /// Writes to a target, whose name is for errors.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub(crate) fn start(name: String, target: RowTarget) -> Result<Self> {
        let acknowledges = matches!(target, RowTarget::Topic(_));
        let shared = Arc::new(RowQueue { acknowledges, ..RowQueue::new(name, None) });
        let writer = RowWriter(Arc::clone(&shared));
        let thread = std::thread::Builder::new()
            .name("streamgauge-output".to_owned())
            .spawn(move || shared.write_all(target))
            .map_err(Error::run)?;
        Ok(Self { writer, thread })
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
        written.map_err(|error| {
            let failed = self.writer.failed(&WriteFailure::of(&error));
            if failed.kind == FailureKind::Refused {
                Error::input(failed)
            } else {
                Error::run(failed)
            }
        })
    }
}

impl RowQueue {
    fn new(target: String, at_once: Option<Box<dyn Write + Send>>) -> Self {
        Self {
            target,
            state: Mutex::new(QueueState::default()),
            work: Condvar::new(),
            at_once: at_once.map(Mutex::new),
            acknowledges: false,
        }
    }

    fn lock(&self) -> MutexGuard<'_, QueueState> {
        self.state.lock().expect("no holder fails")
    }

    fn write_all(&self, mut target: RowTarget) -> io::Result<()> {
        loop {
            let mut state = self.lock();
            while state.waiting.is_empty() && !state.closed && state.flush <= state.flushed {
                state = self.work.wait(state).expect("no holder fails");
            }
            let is_to_flush = state.flushed < state.flush && state.flush <= state.written;
            let next = if is_to_flush { None } else { state.waiting.pop_front() };
            let written = state.written;
            drop(state);
            let done = match &next {
                Some((sink, lines)) => target.write(*sink, lines),
                None if is_to_flush => target.flush(),
                None => break,
            };
            let mut state = self.lock();
            match next {
                Some((_, lines)) => {
                    state.bytes -= lines.len();
                    state.written += 1;
                }
                None => state.flushed = written,
            }
            if let Err(error) = &done {
                state.error = Some(WriteFailure::of(error));
            }
            let wakers = std::mem::take(&mut state.wakers);
            drop(state);
            wakers.into_iter().for_each(Waker::wake);
            done?;
        }
        target.end()
    }
}

impl RowWriter {
    /// Writes at once, without a thread: to what never waits, such as memory. A run in virtual
    /// time stays the same to the byte. `target` is the name for errors.
    pub fn at_once(target: &str, stream: Box<dyn Write + Send>) -> Self {
        Self(Arc::new(RowQueue::new(target.to_owned(), Some(stream))))
    }

    /// Takes lines of a sink; whether there is room is asked afterwards.
    ///
    /// # Errors
    /// When earlier lines could not be written.
    pub fn send(&self, sink: u32, lines: Vec<u8>) -> std::result::Result<(), SinkError> {
        if let Some(stream) = &self.0.at_once {
            let written = stream.lock().expect("no holder fails").write_all(&lines);
            return written.map_err(|error| self.failed(&WriteFailure::of(&error)));
        }
        let mut state = self.0.lock();
        if let Some(error) = &state.error {
            return Err(self.failed(error));
        }
        state.bytes += lines.len();
        state.taken += 1;
        state.waiting.push_back((sink, lines));
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

    /// Ready when all that was taken before this call is where it belongs.
    pub fn flushed(&self) -> BoxFuture<std::result::Result<(), SinkError>> {
        let (writer, upto) = (self.clone(), self.begin_flush());
        Box::pin(std::future::poll_fn(move |context| writer.poll_flushed(upto, context)))
    }

    /// What a job waits for at its end: that a topic has all rows. Whoever reads from a pipe or a socket
    /// may take the last of them in their own time, and no job stalls meanwhile.
    pub(crate) fn finished(&self) -> BoxFuture<std::result::Result<(), SinkError>> {
        if self.0.acknowledges {
            return self.flushed();
        }
        let writer = self.clone();
        Box::pin(std::future::poll_fn(move |context| writer.poll_room(context)))
    }

    fn begin_flush(&self) -> u64 {
        let mut state = self.0.lock();
        if self.0.at_once.is_none() {
            state.flush = state.taken;
            self.0.work.notify_one();
        }
        state.flush
    }

    fn poll_flushed(
        &self,
        upto: u64,
        context: &mut Context<'_>,
    ) -> Poll<std::result::Result<(), SinkError>> {
        let mut state = self.0.lock();
        if let Some(error) = &state.error {
            return Poll::Ready(Err(self.failed(error)));
        }
        if state.flushed >= upto {
            return Poll::Ready(Ok(()));
        }
        state.wakers.push(context.waker().clone());
        Poll::Pending
    }

    fn failed(&self, failure: &WriteFailure) -> SinkError {
        SinkError {
            target: self.0.target.clone(),
            cause: failure.cause.clone(),
            kind: failure.kind,
        }
    }
}
