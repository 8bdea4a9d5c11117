//! Timely dataflow: two workers in one process, its own `Exchange`, a `unary` operator that counts.

use std::cell::Cell;
use std::io::Write;
use std::rc::Rc;

use timely::Accountable;
use timely::bytes::arc::Bytes;
use timely::container::{CapacityContainerBuilder, DrainContainer, PushInto, SizableContainer};
use timely::dataflow::ProbeHandle;
use timely::dataflow::channels::ContainerBytes;
use timely::dataflow::channels::pact::ExchangeCore;
use timely::dataflow::operators::core::input::Handle;
use timely::dataflow::operators::{Operator, Probe};

use crate::work::{Contender, Counts, Outcome, Record, WORKERS, Work, route};

/// Records in a buffer that goes from worker to worker: 32 KiB, as with the others.
const BUFFER: usize = 1_024;
/// Records a worker hands in between two steps.
const BATCH: u64 = 8_192;
/// Records of one epoch. Its exchange takes all it is given, so the source has to hold itself
/// back: it may be one epoch ahead of the slowest counter.
const EPOCH: u64 = 65_536;

/// Timely dataflow.
pub struct Timely;

impl Contender for Timely {
    fn name(&self) -> &str {
        "timely"
    }

    fn run(&self, work: &Work) -> Outcome {
        let work = *work;
        let workers = timely::execute(timely::Config::process(WORKERS), move |worker| {
            let me = worker.index();
            let result = Rc::new(Cell::new(Outcome::default()));
            let shown = Rc::clone(&result);
            let mut input = Handle::<u64, Buffers>::new();
            let probe = ProbeHandle::new();
            worker.dataflow::<u64, _, _>(|scope| {
                let mut counts = Counts::new();
                let mut outcome = Outcome::default();
                input
                    .to_stream(scope)
                    .unary::<CapacityContainerBuilder<Vec<()>>, _, _, _>(
                        ExchangeCore::<Buffers, _>::new(|record: &Record| route(record.key)),
                        "count",
                        move |_, _| {
                            move |input, _| {
                                input.for_each(|_, batch| {
                                    for record in batch.drain() {
                                        let count = counts.count(record.key);
                                        outcome.absorb(work.sink, record.key, count);
                                    }
                                });
                                shown.set(outcome);
                            }
                        },
                    )
                    .probe_with(&probe);
            });

            let mut batch = Buffer(Vec::with_capacity(BATCH as usize));
            let end = work.source_len(me);
            let mut place = 0;
            while place < end {
                let epoch = place / EPOCH;
                input.advance_to(epoch);
                while epoch > 0 && probe.less_than(&(epoch - 1)) {
                    worker.step();
                }
                let next = end.min(place + BATCH);
                batch.0.extend(work.source(me, place..next));
                input.send_batch(&mut batch);
                place = next;
                worker.step();
            }
            input.close();
            while !probe.done() {
                worker.step();
            }
            result.get()
        });
        let outcomes = workers.expect("timely did not start").join();
        outcomes
            .into_iter()
            .map(|outcome| outcome.expect("a worker of timely panicked"))
            .fold(Outcome::default(), Outcome::and)
    }
}

/// A `Vec` but for its size: timely's own are of 8 KiB, which costs it some 8 % here.
#[derive(Clone, Default)]
struct Buffer(Vec<Record>);

type Buffers = CapacityContainerBuilder<Buffer>;

impl Accountable for Buffer {
    fn record_count(&self) -> i64 {
        self.0.record_count()
    }
}

impl DrainContainer for Buffer {
    type Item<'a> = Record;
    type DrainIter<'a> = std::vec::Drain<'a, Record>;

    #[inline]
    fn drain(&mut self) -> Self::DrainIter<'_> {
        self.0.drain(..)
    }
}

impl SizableContainer for Buffer {
    #[inline]
    fn at_capacity(&self) -> bool {
        self.0.len() == self.0.capacity()
    }

    #[inline]
    fn ensure_capacity(&mut self, stash: &mut Option<Self>) {
        if self.0.capacity() == 0 {
            *self = stash.take().unwrap_or_default();
            self.0.clear();
        }
        if self.0.capacity() < BUFFER {
            self.0.reserve(BUFFER);
        }
    }
}

impl PushInto<Record> for Buffer {
    #[inline]
    fn push_into(&mut self, record: Record) {
        self.0.push(record);
    }
}

/// For other processes, of which there are none.
impl ContainerBytes for Buffer {
    fn from_bytes(bytes: Bytes) -> Self {
        Buffer(ContainerBytes::from_bytes(bytes))
    }

    fn length_in_bytes(&self) -> usize {
        self.0.length_in_bytes()
    }

    fn into_bytes<W: Write>(&self, writer: &mut W) {
        self.0.into_bytes(writer);
    }
}
