//! Streams in disorder, an aggregate that shows what went into it, and a stage with a side output
//! and a small outbox.

use dataflow::exchange::{Exchange, Forward};
use dataflow::operator::Counters;
use dataflow::operators::Aggregator;
use dataflow::record::batch::Batch;
use dataflow::stage::{FusedStage, InputPort, OneInput, Side, SideTail, Stage};
use dataflow::verify::{Element, at, clock, watermark};
use dataflow::{Data, EventTime, Operator, Outbox, Progress, Record, Stamps, Step};
use proptest::prelude::*;

/// What is fed: a key and an amount.
pub(crate) type Amount = (u8, u64);

pub(crate) fn key_of(amount: &Amount) -> u8 {
    amount.0
}

/// How many, their sum, and the largest: the accumulator of none is not the identity of all, and
/// adding one twice shows.
pub(crate) type Summary = (u64, u64, u64);

#[derive(Clone, Debug)]
pub(crate) struct Summarize;

impl Aggregator for Summarize {
    type In = Amount;
    type Accumulator = Summary;
    type Result = Summary;
    fn fresh(&self) -> Summary {
        (0, 0, 0)
    }
    fn add(&self, accumulator: &mut Summary, value: &Amount) {
        *accumulator = (accumulator.0 + 1, accumulator.1 + value.1, accumulator.2.max(value.1));
    }
    fn merge(&self, into: &mut Summary, from: &Summary) {
        *into = (into.0 + from.0, into.1 + from.1, into.2.max(from.2));
    }
    fn result(&self, accumulator: &Summary) -> Summary {
        *accumulator
    }
}

/// The same of a list.
pub(crate) fn summary(amounts: &[u64]) -> Summary {
    let largest = amounts.iter().copied().max().unwrap_or(0);
    (amounts.len() as u64, amounts.iter().sum(), largest)
}

/// A record and the watermark that was in force when it came.
#[derive(Clone, Debug)]
pub(crate) struct Came {
    pub(crate) time: i64,
    pub(crate) key: u8,
    pub(crate) amount: u64,
    pub(crate) stamps: Stamps,
    pub(crate) watermark: i64,
}

/// One step of a stream: how far time goes on, how far behind it a record lies, its key, and
/// whether a watermark follows, and how far behind it.
type Move = (i64, i64, u8, Option<i64>);

/// Streams of up to 60 records of 4 keys, up to 45 behind the newest, with watermarks up to 25
/// behind the newest: so that some records are late, and most are not.
pub(crate) fn moves() -> impl Strategy<Value = Vec<Move>> {
    let watermark = prop_oneof![2 => Just(None), 1 => (0_i64..25).prop_map(Some)];
    let time = prop_oneof![6 => 0_i64..6, 1 => 20_i64..60];
    let behind = prop_oneof![5 => 0_i64..12, 1 => 0_i64..45];
    proptest::collection::vec((time, behind, 0_u8..4, watermark), 0..60)
}

/// The stream, and its records by themselves. It ends with the end of the input.
pub(crate) fn stream(moves: &[Move]) -> (Vec<Element<Amount>>, Vec<Came>) {
    let (mut elements, mut records) = (Vec::new(), Vec::new());
    let (mut newest, mut watermark) = (-40, i64::MIN);
    for (n, &(forward, behind, key, promise)) in (1_u64..).zip(moves) {
        newest += forward;
        let stamps = Stamps { planned: (n * 7 % 100) as u32, ingested: (n * 13 % 100) as u32 };
        let (time, amount) = (newest - behind, n * n % 50);
        records.push(Came { time, key, amount, stamps, watermark });
        elements.push(Element::Record(Record {
            value: (key, amount),
            event_time: EventTime(time),
            stamps,
        }));
        if let Some(promise) = promise {
            watermark = watermark.max(newest - promise);
            elements.push(Element::Watermark(EventTime(watermark)));
        }
    }
    elements.push(Element::Watermark(EventTime::MAX));
    (elements, records)
}

/// The last watermark before the end of the input.
pub(crate) fn last_watermark<T>(elements: &[Element<T>]) -> i64 {
    let watermarks = elements.iter().filter_map(|element| match element {
        Element::Watermark(time) if *time < EventTime::MAX => Some(time.0),
        _ => None,
    });
    watermarks.max().unwrap_or(i64::MIN)
}

/// The newest stamps of some records.
pub(crate) fn newest<'a>(records: impl IntoIterator<Item = &'a Came>) -> Stamps {
    records.into_iter().fold(Stamps::default(), |newest, came| newest.newest(came.stamps))
}

/// What an operator has put out, and its late records at port 0.
#[derive(Debug)]
pub(crate) struct Outcome<I, O> {
    pub(crate) results: Vec<Record<O>>,
    pub(crate) late: Vec<Record<I>>,
    pub(crate) counters: Counters,
    pub(crate) peak_sealed: usize,
}

/// Runs an operator through buffers of one record and an outbox of one slot.
pub(crate) fn run<Op>(operator: Op, elements: &[Element<Op::In>]) -> Outcome<Op::In, Op::Out>
where
    Op: Operator<In: Data, Out: Data>,
{
    let side = Exchange::<Op::In, _>::new(Forward, 1, 1, 1);
    let sides: Vec<Option<Box<dyn SideTail>>> = vec![Some(Box::new(Side(Box::new(side))))];
    let mut stage = FusedStage::new(OneInput, operator, Exchange::new(Forward, 0, 1, 1), sides);
    let mut outbox = Outbox::new(&[1, 1]).with_one_slot();
    let (mut results, mut late) = (Vec::new(), Vec::new());
    let mut progress = Progress::START;
    for element in elements.iter().cloned() {
        let mut batch = Batch::of(Vec::<Record<Op::In>>::new());
        match element {
            Element::Record(record) => batch = Batch::of(vec![record]),
            Element::Watermark(watermark) => progress.watermark = watermark,
            Element::Clock(time) => progress.processing_time = time,
            Element::EndOfUnit => {}
        }
        let upto = batch.len();
        let mut step = Step::More;
        while step == Step::More {
            step = if upto > 0 {
                stage.process(InputPort(0), &mut batch, upto, &mut outbox)
            } else {
                stage.advance(progress, &mut outbox)
            }
            .expect("nothing fails");
            // A buffer of one record is sealed once the next one comes.
            stage.flush(&mut outbox);
            while let Some(mut sealed) = outbox.take() {
                let upto = sealed.batch.len();
                if sealed.edge == 0 {
                    results.extend(sealed.batch.drain::<Op::Out>(upto));
                } else {
                    late.extend(sealed.batch.drain::<Op::In>(upto));
                }
                outbox.give_back(sealed.edge, sealed.batch);
            }
        }
    }
    let peak_sealed = outbox.peak_sealed();
    Outcome { results, late, counters: outbox.counters, peak_sealed }
}

/// Records of many keys, key `k` at `k % 10`, then watermarks and a clock past them, then the end.
pub(crate) fn many_keys(keys: u64) -> Vec<Element<u64>> {
    let records = (0..keys).map(|key| at(key as i64 % 10, key));
    records.chain([watermark(9), watermark(40), clock(10), watermark(i64::MAX)]).collect()
}
