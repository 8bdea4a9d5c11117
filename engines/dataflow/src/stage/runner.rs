//! Runs one subtask's instance of a stage: what every engine does between two waits.

use std::ops::Range;
use std::task::{Context, Poll};

use crate::exchange::outbox::{Outbox, Sealed};
use crate::exchange::sink::{Sink, SinkError, Transaction};
use crate::future::BoxFuture;
use crate::operator::progress::{Progress, Step};
use crate::operator::snapshot::Version;
use crate::record::batch::Batch;
use crate::record::latency_trace::Part;
use crate::record::time::ProcessingTime;
use crate::stage::instance::{InputPort, Stage, StageError};
use crate::stage::saved::{Save, SavedState, Tally};
use crate::stage::turn::{Input, Marks, Turn};
use crate::stage::work::{CostKind, CostKinds, Work};

/// A transaction on its way to being durable.
pub type PreCommit = BoxFuture<Result<Option<Transaction>, SinkError>>;

/// A stage with its outbox, its sink, its progress and its counts.
///
/// It knows no clock, no channel and no other task, and it never waits: that is the engine's part.
/// What must come in order is in order here. [`begin`](Self::begin) is the only place that says to
/// traces of latencies that a step begins. [`hand_over`](Self::hand_over) is the only place that
/// says that output leaves, writes to the sink and counts what was written.
/// [`save`](Self::save) writes state and tallies together. Every call is one per batch or turn.
///
/// This is the loop of an engine. Charging and waiting are left out, as this one runs on no clock:
///
/// ```
/// use dataflow::exchange::{Exchange, Forward};
/// use dataflow::operators::Map;
/// use dataflow::record::latency_trace::Part;
/// use dataflow::stage::{
///     FusedStage, Input, InputPort, Marks, OneInput, Save, StageRunner, Work,
/// };
/// use dataflow::{Batch, EventTime, Outbox, ProcessingTime, Progress, Record};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // A plan makes both: `plan.runner(stage, &layout, marks)`.
/// let tail = Exchange::new(Forward, 0, 1, 32 * 1024);
/// let stage = FusedStage::new(OneInput, Map::new(|n: u64| 2 * n), tail, Vec::new());
/// let mut runner = StageRunner::new(Box::new(stage), Outbox::new(&[1]), Marks::Ignore);
///
/// let records = (1..=3).map(|n: u64| Record::untimed(n, EventTime(0))).collect();
/// let batch = Batch::of(records);
/// let end = Progress { watermark: EventTime::MAX, ..runner.progress() };
/// let mut work = Work::default();
/// let mut sent = Vec::new();
/// for input in
///     [Input::Buffer { port: InputPort(0), channel: 0, batch }, Input::Time(end)]
/// {
///     runner.begin(input);
///     loop {
///         let turn = runner.step()?;
///         work += turn.work; // here an engine charges it, and waits until that is done
///         let now = || ProcessingTime::ZERO;
///         runner.hand_over(Part::Boundary, now, |sealed, _| sent.push(sealed.batch))?;
///         // and here it waits for room: `poll_room` for the sink's, and its own channels'
///         if turn.done {
///             break;
///         }
///     }
///     // The emptied buffer goes back to whoever filled it.
///     let _ = runner.emptied();
/// }
/// // A buffer that is not full leaves by a flush.
/// runner.flush();
/// runner.hand_over(Part::Boundary, || ProcessingTime::ZERO, |it, _| sent.push(it.batch))?;
///
/// assert_eq!(work, Work { records: 3, buffers: 1, ..Work::NONE });
/// let [batch] = &mut sent[..] else { panic!("one buffer was sealed") };
/// let values: Vec<u64> = batch.drain(3).map(|record: Record<u64>| record.value).collect();
/// assert_eq!(values, [2, 4, 6]);
/// assert_eq!(batch.take_mark(), Some(EventTime::MAX));
/// // Nothing is pending and nothing is unsent, so it can be saved.
/// assert_eq!(runner.save(Save::Full)?.tally.loads, [[3]]);
/// # Ok(())
/// # }
/// ```
pub struct StageRunner {
    stage: Box<dyn Stage>,
    outbox: Outbox,
    sink: Option<Box<dyn Sink>>,
    marks: Marks,
    progress: Progress,
    pending: Pending,
    /// The batch that is processed, or was.
    batch: Option<Batch>,
    port: InputPort,
    channel: usize,
    /// Buffers taken in and not yet told by a turn: 0 or 1.
    buffers: u64,
    /// Whether no open buffer holds anything.
    flushed: bool,
    /// Kinds of work that somebody wants to know of beyond records and buffers.
    counted: CostKinds,
    /// Whether records reach the stage by their key.
    is_keyed: bool,
    /// Bytes of all edges that a turn or a flush has told.
    bytes_told: u64,
    /// The times that were paid for what comes next, before its records were taken in.
    paid_before: Vec<Range<ProcessingTime>>,
    /// Whether the stage holds records back until their unit of work ends.
    has_units: bool,
    /// Whether something was taken in since the last unit ended. Stays false without units.
    in_unit: bool,
    /// Whether something was written since the sink last had room.
    sink_is_full: bool,
    records_out: u64,
    /// Batches that come back while output is handed over.
    returned: Vec<Batch>,
}

/// What of the input is still to be done.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Pending {
    Nothing,
    /// Records of the batch.
    Records,
    /// Time is moving on.
    Time,
    /// Time is moving on by a mark inside of the batch, and the rest of the batch comes behind.
    Mark,
    /// What was held back is going on.
    Unit,
}

impl std::fmt::Debug for StageRunner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StageRunner")
            .field("progress", &self.progress)
            .field("pending", &self.pending)
            .finish_non_exhaustive()
    }
}

impl StageRunner {
    /// For a stage and its outbox, without a sink.
    pub fn new(stage: Box<dyn Stage>, outbox: Outbox, marks: Marks) -> Self {
        let has_units = stage.has_units();
        Self {
            stage,
            outbox,
            sink: None,
            marks,
            progress: Progress::START,
            pending: Pending::Nothing,
            batch: None,
            port: InputPort(0),
            channel: 0,
            buffers: 0,
            flushed: true,
            counted: CostKinds::NONE,
            is_keyed: false,
            bytes_told: 0,
            paid_before: Vec::new(),
            has_units,
            in_unit: false,
            sink_is_full: false,
            records_out: 0,
            returned: Vec::new(),
        }
    }

    /// The same for a stage whose records reach it by their key, or not.
    pub(crate) fn keyed(self, is_keyed: bool) -> Self {
        Self { is_keyed, ..self }
    }

    /// Opens both ends before the first input: the sink, if the stage writes to one, and traces of
    /// latencies if the plan's sink asks for them. `clock` is read for those alone. `counted` are the
    /// kinds of work that have a price: records and buffers are always counted.
    pub fn open(
        &mut self,
        sink: Option<Box<dyn Sink>>,
        counted: CostKinds,
        clock: impl Fn() -> ProcessingTime + Send + 'static,
    ) {
        self.sink = sink;
        self.counted = counted;
        self.bytes_told = self.outbox.bytes().iter().sum();
        self.outbox.start_trails(clock);
    }

    /// What comes next waited for these times to be paid for before a task took it in: planning a
    /// batch, launching a task. Traces of latencies know it as [`Part::Cost`].
    pub fn paid_before(&mut self, paid: Vec<Range<ProcessingTime>>) {
        self.paid_before = paid;
    }

    /// The work of the last turns was paid for in this time. Traces of latencies know it as
    /// [`Part::Cost`].
    pub fn paid(&mut self, paid: Range<ProcessingTime>) {
        self.outbox.pay(paid);
    }

    /// Counts on from what a former instance of this subtask had counted. An edge that had another
    /// number of channels then counts anew.
    pub fn count_on(&mut self, from: &Tally) {
        self.outbox.counters = from.counters;
        self.outbox.late = from.late.clone();
        self.outbox.add_loads(&from.loads, &from.bytes);
        self.records_out = from.records_out;
    }

    /// Takes an input in.
    ///
    /// # Panics
    /// While an input is pending, and when a watermark goes back.
    #[inline]
    pub fn begin(&mut self, input: Input) {
        assert!(self.pending == Pending::Nothing, "one input begins when the last one is used up");
        self.in_unit = self.has_units;
        match input {
            Input::Read { mut batch, cut } => {
                self.outbox.reads(&mut batch, cut, &self.paid_before);
                self.take(InputPort(0), 0, batch);
            }
            Input::Buffer { port, channel, mut batch } => {
                self.outbox.takes(&mut batch, &self.paid_before);
                self.buffers = 1;
                self.take(port, channel, batch);
            }
            Input::Time(progress) => {
                let before = self.progress.watermark;
                assert!(progress.watermark >= before, "a watermark is a promise");
                self.outbox.steps();
                self.progress = progress;
                self.pending = Pending::Time;
            }
            Input::EndOfUnit => {
                self.outbox.steps();
                self.pending = Pending::Unit;
            }
        }
    }

    fn take(&mut self, port: InputPort, channel: usize, batch: Batch) {
        (self.port, self.channel) = (port, channel);
        self.batch = Some(batch);
        self.pending = Pending::Records;
    }

    /// Whether the stage holds records back, so that the engine has to say where a unit of work ends.
    #[inline]
    pub const fn has_units(&self) -> bool {
        self.has_units
    }

    /// Runs the stage on the input to the next stop: to the input's end, until the outbox is full,
    /// or until a watermark inside of the buffer has released something.
    ///
    /// # Errors
    /// When an operator fails. The run is then over.
    ///
    /// # Panics
    /// Unless an input is pending.
    #[inline]
    pub fn step(&mut self) -> Result<Turn, StageError> {
        let taken = self.batch.as_ref().map_or(0, Batch::taken);
        self.flushed = false;
        let ends_unit = self.pending == Pending::Unit;
        let (done, fired) = self.run_to_stop()?;
        let taken = (self.batch.as_ref().map_or(0, Batch::taken) - taken) as u64;
        let buffers = std::mem::take(&mut self.buffers);
        let mut work = Work { records: taken + fired, buffers, ..Work::NONE };
        if !self.counted.is_empty() {
            work.exchange_bytes = self.sent_bytes();
            if self.is_keyed {
                work.state_accesses = taken;
                work.updated_keys = if ends_unit { fired } else { 0 };
            }
        }
        let quiet = work.is_none() && !self.outbox.holds_output();
        Ok(Turn { work, done, quiet })
    }

    /// Bytes sent since the last call, if they have a price.
    fn sent_bytes(&mut self) -> u64 {
        if !self.counted.contains(CostKind::ExchangeByte) {
            return 0;
        }
        let all = self.outbox.bytes().iter().sum();
        all - std::mem::replace(&mut self.bytes_told, all)
    }

    /// Says whether the input is used up, and how many records were made from state as time moved.
    #[inline]
    fn run_to_stop(&mut self) -> Result<(bool, u64), StageError> {
        let Self { stage, outbox, marks, progress, pending, batch, in_unit, .. } = self;
        let mut fired = 0;
        loop {
            match *pending {
                Pending::Nothing => panic!("an input begins before it is processed"),
                Pending::Records => {
                    let batch = batch.as_mut().expect("records are pending in a batch");
                    let upto = batch.stop();
                    if stage.process(self.port, batch, upto, outbox)? == Step::More {
                        return Ok((false, fired));
                    }
                    let Some(mark) = batch.take_mark() else {
                        *pending = Pending::Nothing;
                        return Ok((true, fired));
                    };
                    if let Marks::Merge(merger) = marks
                        && let Some(watermark) = merger.update(self.channel, mark)
                    {
                        progress.watermark = watermark;
                        *pending = Pending::Mark;
                    }
                }
                Pending::Time | Pending::Mark => {
                    let before = outbox.counters.fired;
                    let step = stage.advance(*progress, outbox)?;
                    fired += outbox.counters.fired - before;
                    if step == Step::More {
                        return Ok((false, fired));
                    }
                    if *pending == Pending::Time {
                        *pending = Pending::Nothing;
                        return Ok((true, fired));
                    }
                    *pending = Pending::Records;
                    // What a watermark has released does not wait for the records behind it.
                    if fired > 0 || outbox.holds_output() {
                        return Ok((false, fired));
                    }
                }
                Pending::Unit => {
                    let before = outbox.counters.fired;
                    let step = stage.end_unit(*progress, outbox)?;
                    fired += outbox.counters.fired - before;
                    if step == Step::Done {
                        (*pending, *in_unit) = (Pending::Nothing, false);
                    }
                    return Ok((step == Step::Done, fired));
                }
            }
        }
    }

    /// Seals what open buffers hold, and says what that was, to be charged like a turn. Allowed at any
    /// time, also while an input is pending.
    pub fn flush(&mut self) -> Work {
        self.stage.flush(&mut self.outbox);
        self.flushed = true;
        Work { exchange_bytes: self.sent_bytes(), ..Work::NONE }
    }

    /// Hands over what was made: every sealed buffer to `route`, oldest first, and results to the
    /// sink, where they count as emitted `now`. Never waits; [`Self::poll_room`] tells when the
    /// sink takes more. `route` may put emptied batches that have come back into the vector.
    ///
    /// `waited` is the part of a latency that a buffer's records spent between the step that put
    /// them there and this hand-over.
    ///
    /// # Errors
    /// When the sink cannot write.
    #[inline]
    pub fn hand_over(
        &mut self,
        waited: Part,
        now: impl FnOnce() -> ProcessingTime,
        mut route: impl FnMut(Sealed, &mut Vec<Batch>),
    ) -> Result<(), SinkError> {
        self.outbox.leaves(waited);
        while let Some(sealed) = self.outbox.take() {
            let edge = sealed.edge;
            route(sealed, &mut self.returned);
            for batch in self.returned.drain(..) {
                self.outbox.give_back(edge, batch);
            }
        }
        if let Some(sink) = &mut self.sink
            && !self.outbox.output.is_empty()
        {
            self.records_out += self.outbox.output.written;
            sink.write(&mut self.outbox.output, now())?;
            self.outbox.output.clear();
            self.sink_is_full = true;
        }
        Ok(())
    }

    /// The batch of the last input, once that is used up: it goes back to whoever filled it.
    pub fn emptied(&mut self) -> Option<Batch> {
        assert!(!matches!(self.pending, Pending::Records | Pending::Mark), "it is not emptied yet");
        self.batch.take()
    }

    /// Takes an emptied batch back that this stage has filled for its outgoing edge `edge`.
    pub fn give_back(&mut self, edge: usize, batch: Batch) {
        self.outbox.give_back(edge, batch);
    }

    /// Whether the sink takes more, as far as is known without asking it.
    #[inline]
    pub const fn has_room(&self) -> bool {
        !self.sink_is_full
    }

    /// Ready when the sink takes more; at once without one.
    ///
    /// # Errors
    /// When what the sink took earlier could not be written.
    pub fn poll_room(&mut self, context: &mut Context<'_>) -> Poll<Result<(), SinkError>> {
        let Some(sink) = self.sink.as_mut().filter(|_| self.sink_is_full) else {
            return Poll::Ready(Ok(()));
        };
        let ready = sink.poll_room(context);
        self.sink_is_full = !matches!(ready, Poll::Ready(Ok(())));
        ready
    }

    /// Ready when everything that the sink took is where it belongs; at once without one. Asked at
    /// the end of a run.
    ///
    /// # Errors
    /// When something could not be written.
    pub fn poll_finish(&mut self, context: &mut Context<'_>) -> Poll<Result<(), SinkError>> {
        self.sink.as_mut().map_or(Poll::Ready(Ok(())), |sink| sink.poll_finish(context))
    }

    /// Closes the sink's transaction, which is called `id`, and begins the next; `None` without a
    /// sink. At a barrier this comes behind [`Self::hand_over`] and before the barrier is sent on.
    pub fn pre_commit(&mut self, id: Version) -> Option<PreCommit> {
        self.sink.as_mut().map(|sink| sink.pre_commit(id))
    }

    /// Writes state and tallies down, as of all that was taken in.
    ///
    /// # Errors
    /// When a value cannot be serialized.
    ///
    /// # Panics
    /// While an input is pending, while a unit of work has not ended, or while output was not flushed
    /// and handed over: it would be lost.
    pub fn save(&mut self, how: Save) -> Result<SavedState, StageError> {
        let tally = self.tally();
        let snapshot = match how {
            Save::Full => self.stage.snapshot(None)?,
            Save::Alone => self.stage.snapshot_alone()?,
            Save::Since(version) => self.stage.snapshot(Some(version))?,
        };
        Ok(SavedState { snapshot, tally })
    }

    /// What was counted so far: all that is left of a subtask that has come to its end.
    ///
    /// # Panics
    /// As [`Self::save`].
    pub fn tally(&self) -> Tally {
        assert!(self.pending == Pending::Nothing, "a stage is saved between two inputs");
        assert!(!self.in_unit, "a unit of work ends before its stage is saved");
        let is_sent = self.flushed && self.outbox.is_empty() && self.outbox.output.is_empty();
        assert!(is_sent, "what a stage has made is flushed and handed over before it is saved");
        Tally::of(&self.outbox, self.records_out)
    }

    /// The time that the stage has come to.
    #[inline]
    pub const fn progress(&self) -> Progress {
        self.progress
    }

    /// The earliest processing-time timer.
    #[inline]
    pub fn wake_at(&self) -> Option<ProcessingTime> {
        self.stage.wake_at()
    }

    /// Whether so much output waits that the stage would stop at once.
    #[inline]
    pub fn is_full(&self) -> bool {
        self.outbox.is_full()
    }

    /// Whether output waits to be handed over.
    #[inline]
    pub fn holds_output(&self) -> bool {
        self.outbox.holds_output()
    }

    /// Records handed to the sink.
    pub const fn records_out(&self) -> u64 {
        self.records_out
    }

    /// What is counted at the outgoing edges, for what is left of the job.
    pub(crate) const fn outbox(&self) -> &Outbox {
        &self.outbox
    }
}
