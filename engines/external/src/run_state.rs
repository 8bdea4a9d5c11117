//! A run as its connections see it: who has connected, what is read, and how it ended.

use std::collections::BTreeMap;
use std::io;
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

use dataflow::job::observer::Observer;
use dataflow::job::runtime::Runtime;
use dataflow::operator::Counters;
use dataflow::{EngineError, Plan, ProcessingTime, StopSignal};

use crate::rows::UnseenEvents;
use crate::rows::{JobRows, SubtaskRows};

/// What the connections of a run work with, once it has begun.
pub(crate) struct RunParts {
    pub(crate) plan: Plan,
    pub(crate) runtime: Arc<dyn Runtime>,
    pub(crate) observer: Arc<dyn Observer>,
    pub(crate) stop: StopSignal,
    /// Whether rows are held back until their checkpoint is complete.
    pub(crate) holds_rows: bool,
    /// Which events a row that updates another one is timed by.
    pub(crate) updates_show: Shows,
}

/// Which events a row shows that updates the one before it.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Shows {
    /// One, whose stamps it has.
    One,
    /// All that it has counted since the row before.
    Counted,
    /// Nobody knows which: it is not timed.
    Unknown,
}

/// One run.
pub(crate) struct RunState {
    /// Its number.
    pub(crate) number: u32,
    /// Its system, as people name it.
    pub(crate) title: &'static str,
    rows: Arc<JobRows>,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    parts: Option<Arc<RunParts>>,
    /// Sources that have ever connected, by subtask.
    sources: u32,
    /// Connections that are open.
    open: u32,
    /// All that were made, so that they can be ended.
    streams: Vec<TcpStream>,
    /// Nothing is read or written any more.
    is_over: bool,
    /// How the job ended, once it has.
    ended: Option<Result<(), EngineError>>,
    waker: Option<Waker>,
    /// Events that have been read of each split.
    read: BTreeMap<u32, u64>,
    /// Events that were sent of each split.
    sent: BTreeMap<u32, u64>,
    /// A source has been sent the end of its input.
    input_ended: bool,
    written: u64,
    /// When something was read or written last.
    last_at: ProcessingTime,
    /// Whether rows say to which window they belong.
    tells_windows: bool,
    counters: Counters,
    restarts: u64,
    checkpoints: u64,
    /// Rises with everything that happens.
    moves: u64,
}

impl RunState {
    pub(crate) fn new(number: u32, title: &'static str, rows: Arc<JobRows>) -> Arc<Self> {
        Arc::new(Self { number, title, rows, state: Mutex::default(), changed: Condvar::new() })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no holder fails")
    }

    /// Changes something, and wakes whoever waits.
    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.lock();
        state.moves += 1;
        let changed = change(&mut state);
        let waker = state.waker.take();
        drop(state);
        self.changed.notify_all();
        waker.into_iter().for_each(Waker::wake);
        changed
    }

    /// A connection begins: it is counted until it [leaves](Self::leave).
    ///
    /// # Errors
    /// When the system has no handle for it.
    pub(crate) fn enter(&self, stream: &TcpStream, is_source: bool) -> io::Result<()> {
        let clone = stream.try_clone()?;
        self.change(|state| {
            if state.is_over {
                return Err(io::Error::other("the run is over"));
            }
            state.open += 1;
            state.sources += u32::from(is_source);
            state.streams.push(clone);
            Ok(())
        })
    }

    /// A connection has ended.
    pub(crate) fn leave(&self) {
        self.change(|state| state.open -= 1);
    }

    /// The run begins: its connections may read and write.
    pub(crate) fn begin(&self, parts: RunParts) {
        self.change(|state| state.parts = Some(Arc::new(parts)));
    }

    /// Waits until the run begins; `None` if it is over before.
    pub(crate) fn parts(&self) -> Option<Arc<RunParts>> {
        let state = self.lock();
        let waits = |state: &mut State| state.parts.is_none() && !state.is_over;
        let state = self.changed.wait_while(state, waits).expect("no holder fails");
        state.parts.clone().filter(|_| !state.is_over)
    }

    /// The parts of the run, if it has begun.
    pub(crate) fn begun(&self) -> Option<Arc<RunParts>> {
        self.lock().parts.clone()
    }

    /// So many events of a split have been read.
    pub(crate) fn read(&self, split: u32, events: u64, now: ProcessingTime) {
        let mut state = self.lock();
        state.moves += 1;
        state.read.insert(split, events);
        state.last_at = state.last_at.max(now);
    }

    /// So many events were sent and not yet read, or fewer again.
    pub(crate) fn sent(&self, split: u32, events: u64) {
        self.lock().sent.insert(split, events);
    }

    /// Whether the process has events that it has not read, or the end of its input.
    pub(crate) fn owes_something(&self) -> bool {
        let state = self.lock();
        let read = |split| state.read.get(split).copied().unwrap_or(0);
        state.input_ended || state.sent.iter().any(|(split, events)| *events > read(split))
    }

    /// A source was sent the end of its input.
    pub(crate) fn input_ended(&self) {
        self.change(|state| state.input_ended = true);
    }

    /// So many rows have been written by a subtask, which has closed so many windows in all, if its rows tell.
    pub(crate) fn wrote(&self, rows: u64, windows_closed: Option<u64>, now: ProcessingTime) {
        let mut state = self.lock();
        state.moves += 1;
        state.written += rows;
        state.last_at = state.last_at.max(now);
        state.tells_windows |= windows_closed.is_some();
        let windows_closed = windows_closed.unwrap_or(0);
        state.counters.merge(&Counters { windows_closed, ..Counters::default() });
    }

    /// A checkpoint or batch is complete.
    pub(crate) fn completed(&self) {
        self.change(|state| state.checkpoints += 1);
    }

    /// Something failed, and the job goes on.
    pub(crate) fn restarted(&self) {
        self.change(|state| state.restarts += 1);
    }

    /// The events that no row stands for yet.
    pub(crate) fn unseen(&self) -> MutexGuard<'_, UnseenEvents> {
        self.rows.unseen()
    }

    /// The rows of a subtask, which are given back with [`Self::put_rows`].
    pub(crate) fn take_rows(&self, subtask: u32) -> SubtaskRows {
        self.rows.take(subtask)
    }

    pub(crate) fn put_rows(&self, subtask: u32, rows: SubtaskRows) {
        self.rows.put(subtask, rows);
    }

    /// The job has ended: the first word counts. After a failure all connections end.
    pub(crate) fn end(&self, how: Result<(), EngineError>) {
        let failed = how.is_err();
        self.change(|state| {
            state.ended.get_or_insert(how);
        });
        if failed {
            self.close();
        }
    }

    /// Ends all connections.
    pub(crate) fn close(&self) {
        let streams = self.change(|state| {
            state.is_over = true;
            std::mem::take(&mut state.streams)
        });
        for stream in streams {
            // One that is gone already is closed.
            drop(stream.shutdown(Shutdown::Both));
        }
    }

    /// Ready once so many sources have connected, or the job has ended before.
    pub(crate) fn poll_connected(&self, sources: u32, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.lock();
        if state.sources >= sources || state.ended.is_some() {
            return Poll::Ready(());
        }
        state.waker = Some(context.waker().clone());
        Poll::Pending
    }

    /// Ready once the job has ended and, unless it failed, all of its connections.
    pub(crate) fn poll_ended(&self, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.lock();
        if state.ended.as_ref().is_some_and(|how| how.is_err() || state.open == 0) {
            return Poll::Ready(());
        }
        state.waker = Some(context.waker().clone());
        Poll::Pending
    }

    /// How it ended, once it has.
    pub(crate) fn take_end(&self) -> Option<Result<(), EngineError>> {
        self.lock().ended.take()
    }

    /// What has happened so far.
    pub(crate) fn tally(&self) -> RunTally {
        let state = self.lock();
        RunTally {
            records_in: state.read.values().sum(),
            records_out: state.written,
            counters: state.counters,
            restarts: state.restarts,
            checkpoints: state.checkpoints,
            moves: state.moves,
            last_at: state.last_at,
            tells_windows: state.tells_windows,
        }
    }
}

/// What has happened in a run.
#[derive(Copy, Clone, Debug, Default)]
pub(crate) struct RunTally {
    pub(crate) records_in: u64,
    pub(crate) records_out: u64,
    pub(crate) counters: Counters,
    pub(crate) restarts: u64,
    pub(crate) checkpoints: u64,
    /// Rises with everything that happens.
    pub(crate) moves: u64,
    /// When something was read or written last.
    pub(crate) last_at: ProcessingTime,
    /// Whether rows say to which window they belong.
    pub(crate) tells_windows: bool,
}
