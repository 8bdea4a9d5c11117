//! The workers: each reads its splits, steps its dataflow, and writes the rows that come out.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use dataflow::job::engine::{Control, Job};
use dataflow::job::runtime::Runtime;
use dataflow::job::source::{SourceError, SourceFailure, take_wired};
use dataflow::job::split_reader::{SplitPosition, SplitReader};
use dataflow::{Batch, Completion, EngineError, EventTime, Record, StopSignal};
use serde::Deserialize;
use serde::de::IgnoredAny;
use timely::worker::Worker;

use crate::operators::{Event, EventInput, build};
use crate::rows::{Rows, Writer};
use crate::{SYSTEM, failed};

/// Events under way, of all workers: timely's exchange takes all that it is given.
const MOST_UNDER_WAY: u64 = 65_536;
/// How long a worker sleeps at most when it has nothing to read, and nobody wakes it.
const NAP: Duration = Duration::from_millis(1);

/// What all workers of a job share.
pub struct Shared {
    pub job: Job,
    pub runtime: Arc<dyn Runtime>,
    control: Control,
    /// A worker has failed: the others read no more.
    gives_up: StopSignal,
    sent: AtomicU64,
    pub processed: AtomicU64,
}

/// What a worker has done.
struct Tally {
    records_in: u64,
    records_out: u64,
    windows_closed: u64,
}

/// Runs a job to its end on threads of timely's.
///
/// # Errors
/// When an event cannot be read, or a row not be written.
pub fn run_workers(
    job: Job,
    runtime: Arc<dyn Runtime>,
    control: Control,
) -> Result<Completion, EngineError> {
    let shared = Arc::new(Shared {
        job,
        runtime,
        control,
        gives_up: StopSignal::default(),
        sent: AtomicU64::new(0),
        processed: AtomicU64::new(0),
    });
    shared.control.observer.started(shared.runtime.now());
    let of_workers = Arc::clone(&shared);
    let config = timely::Config::process(shared.job.parallelism as usize);
    let guards = timely::execute(config, move |worker| {
        let made = work(worker, &of_workers);
        if made.is_err() {
            of_workers.gives_up.request();
        }
        made
    });
    let mut completion =
        Completion { system: Some(format!("{SYSTEM} 0.32")), ..Completion::default() };
    for made in guards.map_err(|error| failed(&error))?.join() {
        let tally = made.map_err(|error| failed(&error))??;
        completion.records_in += tally.records_in;
        completion.records_out += tally.records_out;
        let closed = &mut completion.counters.windows_closed;
        *closed = tally.windows_closed.max(*closed);
    }
    completion.interrupted = shared.control.stop.is_requested();
    shared.control.observer.finished(shared.runtime.now());
    Ok(completion)
}

/// One worker from its first event to its last row.
fn work(worker: &mut Worker, shared: &Arc<Shared>) -> Result<Tally, EngineError> {
    let (rows, closed) = (Rows::default(), Rc::<Cell<u64>>::default());
    let (mut input, probe) = build(worker, shared, &rows, &closed);
    let mut writer = Writer::new(worker, shared, rows);
    let mut source = Reading::new(worker, shared);
    let stops = || shared.control.stop.is_requested() || shared.gives_up.is_requested();
    while !stops() {
        let now = shared.runtime.now();
        let found = source.reader.look(now)?;
        match found.readable {
            Some(readable) => {
                source.reader.read(readable, now, &mut source.batch)?;
                source.send(&mut input)?;
                worker.step();
            }
            None if source.reader.has_ended() => break,
            None => {
                let nap = NAP.min(Duration::from_nanos(found.next_at.since(now)));
                worker.step_or_park(Some(nap));
            }
        }
        writer.write()?;
        let under_way = || {
            let processed = shared.processed.load(Ordering::Relaxed);
            shared.sent.load(Ordering::Relaxed).saturating_sub(processed)
        };
        while under_way() > MOST_UNDER_WAY && !stops() {
            worker.step();
            writer.write()?;
        }
    }
    input.close();
    while !probe.done() {
        worker.step_or_park(Some(NAP));
        writer.write()?;
    }
    let records_out = writer.finish()?;
    let windows_closed = closed.get();
    Ok(Tally { records_in: source.reader.records(), records_out, windows_closed })
}

/// The splits of a worker.
struct Reading<'a> {
    shared: &'a Shared,
    reader: SplitReader,
    batch: Batch,
    bytes: Vec<u8>,
}

impl<'a> Reading<'a> {
    fn new(worker: &Worker, shared: &'a Shared) -> Self {
        let source = &shared.job.plan.source;
        let (me, workers) = (worker.index() as u32, worker.peers() as u32);
        let own = (0..source.splits.splits()).filter(|split| split % workers == me);
        let positions = own.map(|split| SplitPosition::start(&*source.splits, split));
        let reader = SplitReader::new(source, positions, Arc::clone(&shared.control.observer));
        Self { shared, batch: reader.batch(), reader, bytes: Vec::new() }
    }

    /// Hands on what was read. From here on all that comes is behind the watermark.
    fn send(&mut self, input: &mut EventInput) -> Result<(), EngineError> {
        self.bytes.clear();
        let last = *self.reader.last_read();
        let refused = |cause: String| SourceError {
            input: "the input".to_owned(),
            split: last.split,
            offset: last.offset,
            line: None,
            column: None,
            failure: SourceFailure::Refused,
            cause,
        };
        (self.shared.job.plan.source.wire)(&mut self.batch, &mut self.bytes).map_err(refused)?;
        let mut events = 0;
        let mut left = self.bytes.as_slice();
        while !left.is_empty() {
            let Record { value, event_time, stamps } =
                take_wired::<KeyedFields>(&mut left).map_err(refused)?;
            input.send(Event { key: value.key, event_time: event_time.0, stamps });
            events += 1;
        }
        self.shared.sent.fetch_add(events, Ordering::Relaxed);
        let watermark = self.reader.watermark();
        if watermark < EventTime::MAX {
            input.advance_to(watermark.0);
        }
        Ok(())
    }
}

/// The fields of an event, of which the second is left out where it is empty.
#[derive(Deserialize)]
struct KeyedFields {
    key: u64,
    #[serde(default, rename = "payload")]
    _payload: IgnoredAny,
}
