//! The log of the events that a live input has brought so far.

use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Waker};

use dataflow::job::engine::StopSignal;
use dataflow::job::source::{SourceError, SourceFailure};

use crate::spec::TimedEvent;

/// A log that one thread fills and any number of readers read.
pub(crate) struct LiveLog<E> {
    name: String,
    stop: StopSignal,
    state: Mutex<State<E>>,
}

struct State<E> {
    entries: Vec<Entry<E>>,
    /// Nothing more is taken.
    ended: bool,
    failure: Option<LiveFailure>,
    wakers: Vec<Waker>,
    /// What the source was told last: entries that could be read, and whether the log had ended.
    told: (u64, bool),
}

/// An event and when its line became readable, in nanoseconds since the start of the run.
#[derive(Clone)]
pub(crate) struct Entry<E> {
    pub event: TimedEvent<E>,
    pub readable_nanos: u64,
}

/// Why an input ended before its end.
#[derive(Clone, Debug)]
pub(crate) struct LiveFailure {
    /// Events before it.
    pub offset: u64,
    /// From 1.
    pub line: u64,
    /// From 1; `None` when the line as a whole is meant.
    pub column: Option<u64>,
    pub cause: String,
}

impl<E: Clone> LiveLog<E> {
    pub(crate) fn new(name: String, stop: StopSignal) -> Arc<Self> {
        let state = State {
            entries: Vec::new(),
            ended: false,
            failure: None,
            wakers: Vec::new(),
            told: (0, false),
        };
        Arc::new(Self { name, stop, state: Mutex::new(state) })
    }

    fn state(&self) -> MutexGuard<'_, State<E>> {
        self.state.lock().expect("no thread fails while it holds a log")
    }

    /// Changes the state and wakes who waits for that. Does nothing once the log has ended.
    fn change(&self, change: impl FnOnce(&mut State<E>)) {
        let mut state = self.state();
        if state.ended || self.stop.is_requested() {
            return;
        }
        change(&mut state);
        let wakers = std::mem::take(&mut state.wakers);
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Appends events.
    pub(crate) fn append(&self, entries: Vec<Entry<E>>) {
        self.change(|state| state.entries.extend(entries));
    }

    /// Ends the log: nothing more comes.
    pub(crate) fn end(&self, failure: Option<LiveFailure>) {
        self.change(|state| {
            state.ended = true;
            state.failure = failure;
        });
    }

    /// Whether nothing more is taken.
    pub(crate) fn has_ended(&self) -> bool {
        self.state().ended || self.stop.is_requested()
    }

    /// How many entries could be read so many nanoseconds after the start of the run, and whether there
    /// will never be more.
    ///
    /// # Errors
    /// When the input has failed.
    pub(crate) fn available(&self, by_nanos: u64) -> Result<(u64, bool), SourceError> {
        let mut state = self.state();
        if let Some(LiveFailure { offset, line, column, cause }) = state.failure.clone() {
            return Err(SourceError {
                input: self.name.clone(),
                split: 0,
                offset,
                line: Some(line),
                column,
                failure: SourceFailure::Refused,
                cause,
            });
        }
        state.ended |= self.stop.is_requested();
        let readable = state.entries.partition_point(|entry| entry.readable_nanos <= by_nanos);
        state.told = (readable as u64, state.ended);
        Ok((readable as u64, state.ended && readable == state.entries.len()))
    }

    /// Wakes `waker` once more entries are there than `available` last reported, or the input has
    /// ended since.
    pub(crate) fn when_available(&self, waker: &Waker) {
        let mut state = self.state();
        let news = (state.entries.len() as u64, state.ended) != state.told;
        if news || self.stop.poll_requested(&mut Context::from_waker(waker)).is_ready() {
            drop(state);
            waker.wake_by_ref();
        } else if !state.wakers.iter().any(|waiting| waiting.will_wake(waker)) {
            state.wakers.push(waker.clone());
        }
    }

    /// Calls `each` with the entries at these offsets, all of which are there.
    pub(crate) fn read(&self, offsets: std::ops::Range<u64>, each: impl FnMut(&Entry<E>)) {
        let range = offsets.start as usize..offsets.end as usize;
        self.state().entries[range].iter().for_each(each);
    }

    /// How many entries there are.
    pub(crate) fn len(&self) -> u64 {
        self.state().entries.len() as u64
    }

    /// The entry at an offset.
    pub(crate) fn entry(&self, offset: u64) -> Entry<E> {
        self.state().entries[offset as usize].clone()
    }

    /// The input as the user knows it.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}
