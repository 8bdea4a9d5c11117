//! The operator traits: what a workload's author writes, and what every engine runs.
//!
//! An operator is a function of its configuration, its state, the record and the progress of
//! time. It meets no clock, thread, channel or randomness, so a replay is exact. Processing time
//! enters only as [`Progress`]: an engine moves it before it hands records in, with the watermark as
//! it was.
//!
//! Operators of a stage are fused by type ([`Then`]), so that a record goes through a chain by
//! calls that the compiler sees.

pub mod idleness;
pub mod lateness;
pub mod progress;
pub mod snapshot;
pub mod state;

use std::fmt;
use std::marker::PhantomData;

use serde::{Deserialize, Serialize};

use crate::operator::lateness::LateNote;
use crate::operator::progress::{Progress, Step};
use crate::operator::snapshot::{RestoreError, SnapshotReader, SnapshotWriter, Version};
use crate::record::Record;
use crate::record::data::Data;
use crate::record::time::{EventTime, ProcessingTime};

/// Any error an operator can end the run with.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// How many records a single one can turn into.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum FanOut {
    /// One, while the record is processed and with its times, and nothing when time moves on: the
    /// times of results are taken from what comes in.
    One,
    /// None or one: a whole batch is processed without looking whether there is room.
    AtMostOne,
    /// Any number: room is looked for after every record.
    Many,
}

impl FanOut {
    /// Of two operators one behind the other.
    pub const fn then(self, next: Self) -> Self {
        match (self, next) {
            (Self::Many, _) | (_, Self::Many) => Self::Many,
            (Self::One, Self::One) => Self::One,
            _ => Self::AtMostOne,
        }
    }
}

/// One step of a job.
pub trait Operator: Clone + Send + 'static {
    /// What comes in. [`Data`] is demanded only where a record leaves its stage.
    type In: Clone + Send + 'static;
    /// What goes out.
    type Out: Clone + Send + 'static;

    /// An operator that never turns one record into several says so here and is run faster.
    const FAN_OUT: FanOut = FanOut::Many;

    /// Whether [`Operator::expect`] does anything.
    const LOOKS_AHEAD: bool = false;

    /// Whether records are held back until their unit of work ends, by [`Operator::end_unit`].
    const HOLDS_BACK: bool = false;

    /// As `list`, errors and results name it.
    fn name(&self) -> &'static str {
        "operator"
    }

    /// Records that are about to come, one after the other, by [`Operator::process`]: a hint.
    /// Keyed state touches their entries here, so that the memory they lie in is on its way for
    /// all of them at once instead of being waited for record by record.
    #[inline(always)]
    fn expect(&mut self, records: &[Record<Self::In>]) {
        let _ = records;
    }

    /// Takes one record.
    fn process(&mut self, record: Record<Self::In>, out: &mut impl Collect<Self::Out>);

    /// Time has moved: windows close, timers fire. Returns [`Step::More`] to be called again
    /// once there is room; called again with the same progress after [`Step::Done`], it does
    /// nothing.
    fn advance(&mut self, progress: Progress, out: &mut impl Collect<Self::Out>) -> Step {
        let _ = (progress, out);
        Step::Done
    }

    /// A unit of work has ended: what is held back goes out. A unit is a task of a micro-batch, a
    /// mini-batch of a pipelined subtask: the engine says where it ends, and it always ends before
    /// state is saved. Returns [`Step::More`] to be called again once there is room; called again
    /// after [`Step::Done`], it does nothing. `progress` is the one of the last
    /// [`Operator::advance`].
    fn end_unit(&mut self, progress: Progress, out: &mut impl Collect<Self::Out>) -> Step {
        let _ = (progress, out);
        Step::Done
    }

    /// How far time has come for whoever stands behind this operator. A watermark stays behind the
    /// records that are held back.
    #[inline(always)]
    fn passes_on(&self, progress: Progress) -> Progress {
        progress
    }

    /// Writes the state: all of it for `None`, else what changed since that version.
    fn snapshot(&mut self, since: Option<Version>, into: &mut SnapshotWriter) {
        let _ = (since, into);
    }

    /// Adds a snapshot to the state: a full one, then its deltas; of each subtask in turn when
    /// the parallelism has changed, keeping only what [`SnapshotReader::owns`].
    ///
    /// # Errors
    /// When the snapshot is not one of this operator.
    fn restore(&mut self, from: &mut SnapshotReader<'_>) -> Result<(), RestoreError> {
        let _ = from;
        Ok(())
    }

    /// The earliest processing-time timer.
    fn wake_at(&self) -> Option<ProcessingTime> {
        None
    }
}

/// Where an operator puts what it has made.
pub trait Collect<T> {
    /// Emits a record.
    fn push(&mut self, record: Record<T>);

    /// Emits a record to a side output.
    fn side<S: Data>(&mut self, port: SidePort<S>, record: Record<S>);

    /// Whether the outbox has no more room: return [`Step::More`] at the next good place.
    fn is_full(&self) -> bool;

    /// Ends the run.
    fn fail(&mut self, failure: Failure);

    /// Counts something that results report.
    fn count(&mut self, counted: Counted);

    /// Notes a record that came behind the watermark, where that may change the answer; one that is
    /// refused wholly is counted besides.
    fn late(&mut self, note: LateNote);
}

/// What operators count besides records.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Counted {
    /// A window closed before the end of the input.
    WindowClosed,
    /// A result was made from state when time moved on, rather than from a record.
    Fired,
}

/// Sums of [`Counted`].
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    /// Records that came after their window had closed.
    pub late_records: u64,
    /// Windows that closed before the end of the input, in the subtask that closed most: all
    /// subtasks close the same windows, each for its keys.
    pub windows_closed: u64,
    /// Results made from state when time moved on.
    pub fired: u64,
}

impl Counters {
    /// Counts one.
    #[inline]
    pub fn count(&mut self, counted: Counted) {
        match counted {
            Counted::WindowClosed => self.windows_closed += 1,
            Counted::Fired => self.fired += 1,
        }
    }

    /// Brings in what another subtask of the job has counted.
    pub fn merge(&mut self, other: &Self) {
        self.late_records += other.late_records;
        self.windows_closed = self.windows_closed.max(other.windows_closed);
        self.fired += other.fired;
    }
}

/// A side output and the type of what comes out of it. Ports of one stage are numbered from 0.
#[derive(Debug)]
pub struct SidePort<S> {
    /// Number of the port within its stage.
    pub index: usize,
    record: PhantomData<fn() -> S>,
}

impl<S> Clone for SidePort<S> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<S> Copy for SidePort<S> {}

impl<S> SidePort<S> {
    /// The port with this number.
    pub const fn new(index: usize) -> Self {
        Self { index, record: PhantomData }
    }
}

/// Why an operator ends the run, and at which record.
#[derive(Debug)]
pub struct Failure {
    /// The operator; filled in on the way out if it is not known.
    pub operator: Option<&'static str>,
    /// The key, as printed.
    pub key: Option<String>,
    /// Event time of the record.
    pub event_time: Option<EventTime>,
    /// The cause.
    pub cause: BoxError,
}

impl Failure {
    /// A failure at the record with this event time.
    pub fn at(event_time: EventTime, cause: impl Into<BoxError>) -> Self {
        Self { operator: None, key: None, event_time: Some(event_time), cause: cause.into() }
    }

    /// The same, of this key.
    #[must_use]
    pub fn of_key(mut self, key: &impl fmt::Debug) -> Self {
        self.key = Some(format!("{key:?}"));
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "operator {}", self.operator.unwrap_or("?"))?;
        if let Some(key) = &self.key {
            write!(f, ", key {key}")?;
        }
        if let Some(time) = self.event_time {
            write!(f, ", event time {} ns", time.0)?;
        }
        write!(f, ": {}", self.cause)
    }
}

/// Two operators, one behind the other, fused.
#[derive(Clone, Debug)]
pub struct Then<A, B> {
    first: A,
    second: B,
}

impl<A, B> Then<A, B> {
    /// `second` behind `first`.
    pub const fn new(first: A, second: B) -> Self {
        Self { first, second }
    }
}

impl<A: Operator, B: Operator<In = A::Out>> Operator for Then<A, B> {
    type In = A::In;
    type Out = B::Out;
    const FAN_OUT: FanOut = A::FAN_OUT.then(B::FAN_OUT);
    const LOOKS_AHEAD: bool = A::LOOKS_AHEAD;
    const HOLDS_BACK: bool = A::HOLDS_BACK || B::HOLDS_BACK;

    /// The last operator's: who pushes into what comes behind this chain.
    fn name(&self) -> &'static str {
        self.second.name()
    }

    #[inline(always)]
    fn expect(&mut self, records: &[Record<A::In>]) {
        self.first.expect(records);
    }

    #[inline(always)]
    fn process(&mut self, record: Record<A::In>, out: &mut impl Collect<B::Out>) {
        let from = self.first.name();
        self.first.process(record, &mut Through { from, next: &mut self.second, out });
    }

    fn advance(&mut self, progress: Progress, out: &mut impl Collect<B::Out>) -> Step {
        let from = self.first.name();
        let mut through = Through { from, next: &mut self.second, out };
        match self.first.advance(progress, &mut through) {
            Step::More => Step::More,
            Step::Done => self.second.advance(self.first.passes_on(progress), out),
        }
    }

    fn end_unit(&mut self, progress: Progress, out: &mut impl Collect<B::Out>) -> Step {
        if !Self::HOLDS_BACK {
            return Step::Done;
        }
        let from = self.first.name();
        let mut through = Through { from, next: &mut self.second, out };
        if self.first.end_unit(progress, &mut through) == Step::More {
            return Step::More;
        }
        let progress = self.first.passes_on(progress);
        if A::HOLDS_BACK && self.second.advance(progress, out) == Step::More {
            return Step::More;
        }
        self.second.end_unit(progress, out)
    }

    #[inline(always)]
    fn passes_on(&self, progress: Progress) -> Progress {
        self.second.passes_on(self.first.passes_on(progress))
    }

    fn snapshot(&mut self, since: Option<Version>, into: &mut SnapshotWriter) {
        self.first.snapshot(since, into);
        self.second.snapshot(since, into);
    }

    fn restore(&mut self, from: &mut SnapshotReader<'_>) -> Result<(), RestoreError> {
        self.first.restore(from)?;
        self.second.restore(from)
    }

    fn wake_at(&self) -> Option<ProcessingTime> {
        match (self.first.wake_at(), self.second.wake_at()) {
            (Some(first), Some(second)) => Some(first.min(second)),
            (first, second) => first.or(second),
        }
    }
}

/// What an operator pushes goes straight into the next.
pub(crate) struct Through<'a, B, C> {
    pub(crate) from: &'static str,
    pub(crate) next: &'a mut B,
    pub(crate) out: &'a mut C,
}

impl<B: Operator, C: Collect<B::Out>> Collect<B::In> for Through<'_, B, C> {
    #[inline(always)]
    fn push(&mut self, record: Record<B::In>) {
        self.next.process(record, self.out);
    }
    fn side<S: Data>(&mut self, port: SidePort<S>, record: Record<S>) {
        self.out.side(port, record);
    }
    #[inline(always)]
    fn is_full(&self) -> bool {
        self.out.is_full()
    }
    fn fail(&mut self, mut failure: Failure) {
        failure.operator.get_or_insert(self.from);
        self.out.fail(failure);
    }
    fn count(&mut self, counted: Counted) {
        self.out.count(counted);
    }
    fn late(&mut self, note: LateNote) {
        self.out.late(note);
    }
}

/// Two inputs brought together: a join, a stream beside a table of rules.
pub trait TwoInputOperator: Clone + Send + 'static {
    /// What comes in on the left.
    type Left: Data;
    /// What comes in on the right.
    type Right: Data;
    /// What goes out.
    type Out: Clone + Send + 'static;

    /// As [`Operator::name`].
    fn name(&self) -> &'static str {
        "join"
    }
    /// Takes a record of the left input.
    fn process_left(&mut self, record: Record<Self::Left>, out: &mut impl Collect<Self::Out>);
    /// Takes a record of the right input.
    fn process_right(&mut self, record: Record<Self::Right>, out: &mut impl Collect<Self::Out>);
    /// As [`Operator::advance`]; the watermark is the smaller of both inputs'.
    fn advance(&mut self, progress: Progress, out: &mut impl Collect<Self::Out>) -> Step {
        let _ = (progress, out);
        Step::Done
    }
    /// As [`Operator::snapshot`].
    fn snapshot(&mut self, since: Option<Version>, into: &mut SnapshotWriter) {
        let _ = (since, into);
    }
    /// As [`Operator::restore`].
    ///
    /// # Errors
    /// When the snapshot is not one of this operator.
    fn restore(&mut self, from: &mut SnapshotReader<'_>) -> Result<(), RestoreError> {
        let _ = from;
        Ok(())
    }
    /// As [`Operator::wake_at`].
    fn wake_at(&self) -> Option<ProcessingTime> {
        None
    }
}
