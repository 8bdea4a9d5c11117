//! Our engines, as anybody would use them: a source, `key_by`, a running count and a sink. Their
//! table and their placement (Flink's key groups) are their own; generator, record and digest are
//! those of all.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex};

use dataflow::exchange::sink::{Output, Sink as EngineSink, SinkError, SinkSlot, Wants};
use dataflow::job::engine::{Control, Engine, Job};
use dataflow::job::observer::Silent;
use dataflow::job::runtime::Runtime;
use dataflow::job::settings::Settings;
use dataflow::job::source::{Available, Next, Reader, Source, SourceError, Splits};
use dataflow::operators::Count;
use dataflow::{
    Change, Collect, EventTime, FanOut, Operator, Plan, ProcessingTime, Progress, Stamps, Step,
    StopSignal, Stream,
};
use runtime::{WallClock, WallOptions};

use crate::digest::Sink;
use crate::work::{Contender, Outcome, WORKERS, Work};

/// Our engines, in the order they should have in the table.
pub fn contenders() -> Vec<Box<dyn Contender>> {
    vec![
        Box::new(Ours(Arc::new(sequential::Sequential))),
        Box::new(Ours(Arc::new(pipelined::Pipelined))),
        Box::new(Ours(Arc::new(microbatch::MicroBatch))),
    ]
}

struct Ours(Arc<dyn Engine>);

impl Contender for Ours {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn run(&self, work: &Work) -> Outcome {
        let clock = WallClock::new(WallOptions { seed: 1, worker_threads: WORKERS });
        let clock: Arc<dyn Runtime> = clock.expect("threads can be started");
        let total = Arc::new(Mutex::new(Total::default()));
        let name = format!("engine {}", self.0.name());
        let settings = Settings::resolve(&name, self.0.settings(), &BTreeMap::new(), true);
        let settings = settings.expect("the defaults are sound");
        let job = Job::fresh(plan(*work, &total), WORKERS as u32, settings);
        let control = Control { stop: StopSignal::default(), observer: Arc::new(Silent) };
        let running = self.0.run(job, Arc::clone(&clock), control);
        let records_out = Arc::new(Mutex::new(0));
        let place = Arc::clone(&records_out);
        let done = clock.block_on(Box::pin(async move {
            let completion = running.await.expect("the engine does not fail");
            *place.lock().expect("nobody else writes") = completion.records_in;
        }));
        done.expect("real time passes by itself");
        let records = *records_out.lock().expect("the run is over");
        let total = total.lock().expect("the run is over");
        let accumulator = match work.sink {
            Sink::Digest => total.digest,
            Sink::Sum => total.sum,
        };
        Outcome { records, accumulator }
    }
}

/// What came out, over both subtasks.
#[derive(Default)]
struct Total {
    digest: u128,
    sum: u128,
}

fn plan(work: Work, total: &Arc<Mutex<Total>>) -> Plan {
    let shared = Arc::clone(total);
    let open = move |_| -> Box<dyn EngineSink> { Box::new(Adding(Arc::clone(&shared))) };
    let wants = Wants { rows: work.sink == Sink::Sum, ..Wants::default() };
    let slot = SinkSlot::plain(wants, open);
    let counts = Stream::from_source(Arc::new(Events(work)), 0)
        .key_by(|event: &(u64, u64)| event.0)
        .aggregate(Count::default());
    match work.sink {
        Sink::Digest => counts.sink_changes(slot),
        Sink::Sum => counts.then(Adder { sum: 0 }).sink(slot),
    }
}

struct Adding(Arc<Mutex<Total>>);

impl EngineSink for Adding {
    fn write(&mut self, output: &mut Output, _: ProcessingTime) -> Result<(), SinkError> {
        let mut total = self.0.lock().expect("no sink fails");
        total.digest = total.digest.wrapping_add(output.digest.sum);
        for line in output.text.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
            let sum: u128 = serde_json::from_slice(line).expect("a row is a number");
            total.sum += sum;
        }
        Ok(())
    }
}

/// Adds up the counts, and emits the sum at the end.
#[derive(Clone)]
struct Adder {
    sum: u128,
}

impl Operator for Adder {
    type In = Change<(u64, u64)>;
    type Out = u64;
    const FAN_OUT: FanOut = FanOut::AtMostOne;

    #[inline]
    fn process(&mut self, record: dataflow::Record<Self::In>, _: &mut impl Collect<u64>) {
        let (Change::Insert(row) | Change::Update { after: row, .. } | Change::Delete(row)) =
            record.value;
        self.sum += u128::from(row.1);
    }

    fn advance(&mut self, progress: Progress, out: &mut impl Collect<u64>) -> Step {
        if progress.watermark == EventTime::MAX && self.sum > 0 {
            let sum = u64::try_from(std::mem::take(&mut self.sum)).expect("it fits");
            out.push(dataflow::Record::untimed(sum, EventTime::MAX));
        }
        Step::Done
    }
}

/// The events of both sources: split `s` holds those with `i % WORKERS == s`.
#[derive(Clone, Copy)]
struct Events(Work);

impl Splits for Events {
    fn splits(&self) -> u32 {
        WORKERS as u32
    }
    fn available(&self, split: u32, _: u64, _: ProcessingTime) -> Result<Available, SourceError> {
        Ok(Available { end: self.0.source_len(split as usize), next: Next::Never })
    }
}

impl Source<(u64, u64)> for Events {
    fn reader(&self) -> Box<dyn Reader<(u64, u64)>> {
        Box::new(*self)
    }
}

impl Reader<(u64, u64)> for Events {
    fn read(
        &mut self,
        split: u32,
        offsets: Range<u64>,
        into: &mut Vec<dataflow::Record<(u64, u64)>>,
    ) -> Result<EventTime, SourceError> {
        let newest = offsets.end - 1;
        let stamps = Stamps::UNTIMED;
        into.extend(self.0.source(split as usize, offsets).map(|event| dataflow::Record {
            value: (event.key, event.payload),
            event_time: EventTime(event.event_time),
            stamps,
        }));
        Ok(EventTime((newest * WORKERS as u64 + u64::from(split)) as i64 * 1_000))
    }
}
