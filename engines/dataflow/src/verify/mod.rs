//! Runs any operator in every way in which an engine may run it: one line per operator test.
//!
//! Record by record, all at once, with an outbox of one slot, with a snapshot and a restore after
//! every element (full and as deltas) and, for a keyed operator, rescaled half way. Every way
//! must give the same results, those of a keyed operator in any order, and the same notes of late
//! records, each of a record that came behind the watermark. What the operator claims by its
//! [`FanOut`] must be so. One that holds records back is saved and rescaled at ends of units only.

mod two_inputs;

use std::fmt::Debug;

use serde::Serialize;

use crate::exchange::outbox::{Outbox, Sealed};
use crate::exchange::{Exchange, Forward};
use crate::operator::lateness::LateNote;
use crate::operator::progress::Progress;
use crate::operator::snapshot::{Snapshot, Version};
use crate::operator::{FanOut, Operator};
use crate::placement::{Ownership, Placement};
use crate::record::batch::Batch;
use crate::record::data::{Data, Key};
use crate::record::latency_trace::Part;
use crate::record::time::{EventTime, ProcessingTime};
use crate::record::{Record, Stamps};
use crate::stage::{
    FusedStage, Input, InputPort, Marks, OneInput, Save, SavedState, Stage, StageRunner, Tally,
};

pub use two_inputs::{Sided, verify_two_inputs};

/// What an operator meets in a test.
#[derive(Clone, Debug)]
pub enum Element<T> {
    /// A record.
    Record(Record<T>),
    /// The watermark has risen.
    Watermark(EventTime),
    /// The clock has moved.
    Clock(ProcessingTime),
    /// A unit of work has ended. The end of the input ends one, too.
    EndOfUnit,
}

/// Records with event times 0, 1, 2, ... ns.
pub fn records<T>(values: impl IntoIterator<Item = T>) -> Vec<Element<T>> {
    (0..).zip(values).map(|(time, value)| at(time, value)).collect()
}

/// A record with an event time in nanoseconds.
pub fn at<T>(time: i64, value: T) -> Element<T> {
    let stamps = Stamps { planned: 1, ingested: 1 };
    Element::Record(Record { value, event_time: EventTime(time), stamps })
}

/// A watermark in nanoseconds.
pub const fn watermark<T>(time: i64) -> Element<T> {
    Element::Watermark(EventTime(time))
}

/// A processing time in nanoseconds.
pub const fn clock<T>(time: u64) -> Element<T> {
    Element::Clock(ProcessingTime(time))
}

/// The end of a unit of work.
pub const fn end_of_unit<T>() -> Element<T> {
    Element::EndOfUnit
}

/// A stage's runner and what came out of it.
struct Rig<Op: Operator> {
    runner: StageRunner,
    got: Vec<Record<Op::Out>>,
}

impl<Op: Operator<In: Data, Out: Data>> Rig<Op> {
    fn new(operator: &Op, buffer_bytes: usize, one_slot: bool) -> Self {
        Self::restored(operator, buffer_bytes, one_slot, &[], &Ownership::everything())
    }

    fn restored(
        operator: &Op,
        buffer_bytes: usize,
        one_slot: bool,
        from: &[Snapshot],
        owns: &Ownership,
    ) -> Self {
        let tail: Exchange<Op::Out, _> = Exchange::new(Forward, 0, 1, buffer_bytes);
        let mut stage = FusedStage::new(OneInput, operator.clone(), tail, Vec::new());
        stage.restore(from, owns).expect("a snapshot can be restored");
        let outbox = Outbox::new(&[1]);
        let outbox = if one_slot { outbox.with_one_slot() } else { outbox };
        let runner = StageRunner::new(Box::new(stage), outbox, Marks::Ignore);
        Self { runner, got: Vec::new() }
    }

    fn hand_over(&mut self) {
        let Self { runner, got } = self;
        let route = |mut sealed: Sealed, returned: &mut Vec<Batch>| {
            let upto = sealed.batch.len();
            got.extend(sealed.batch.drain::<Op::Out>(upto));
            returned.push(sealed.batch);
        };
        let handed = runner.hand_over(Part::Boundary, || ProcessingTime::ZERO, route);
        handed.expect("there is no sink that could fail");
    }

    fn run(&mut self, input: Input) {
        self.runner.begin(input);
        loop {
            let turn = self.runner.step().expect("the operator does not fail");
            self.hand_over();
            if turn.done {
                break;
            }
        }
    }

    fn process(&mut self, records: Vec<Record<Op::In>>) {
        let batch = Batch::of(records);
        self.run(Input::Buffer { port: InputPort(0), channel: 0, batch });
    }

    fn advance(&mut self, progress: Progress) {
        self.run(Input::Time(progress));
    }

    /// What an engine does first after a restore: it tells the time, and has no watermark yet.
    fn go_on_at(&mut self, processing_time: ProcessingTime) {
        self.advance(Progress { processing_time, ..Progress::START });
    }

    fn meet(&mut self, element: Element<Op::In>) {
        let progress = self.runner.progress();
        match element {
            Element::Record(record) => self.process(vec![record]),
            Element::Watermark(watermark) => self.advance(Progress { watermark, ..progress }),
            Element::Clock(processing_time) => {
                self.advance(Progress { processing_time, ..progress });
            }
            Element::EndOfUnit => self.run(Input::EndOfUnit),
        }
    }

    fn flush(&mut self) {
        self.runner.flush();
        self.hand_over();
    }

    fn save(&mut self, how: Save) -> SavedState {
        self.flush();
        self.runner.save(how).expect("the state can be serialized")
    }

    fn finish(mut self) -> Finished<Op::Out> {
        self.run(Input::EndOfUnit);
        self.flush();
        let mut notes = self.runner.tally().late.notes().to_vec();
        notes.sort_unstable();
        Finished { got: self.got, notes }
    }
}

/// What a rig has made in all.
struct Finished<T> {
    got: Vec<Record<T>>,
    /// Late records, sorted.
    notes: Vec<LateNote>,
}

/// The notes that an operator makes of late records, sorted, which [`verify_operator`] finds to be the
/// same in every way of running it.
pub fn late_notes<Op: Operator<In: Data, Out: Data>>(
    operator: &Op,
    input: &[Element<Op::In>],
) -> Vec<LateNote> {
    record_by_record(operator, input).notes
}

fn record_by_record<Op: Operator<In: Data, Out: Data>>(
    operator: &Op,
    input: &[Element<Op::In>],
) -> Finished<Op::Out> {
    let mut rig = Rig::new(operator, 1 << 15, false);
    input.iter().cloned().for_each(|element| rig.meet(element));
    rig.finish()
}

/// Checks that an operator turns `input` into `expected`, however it is run. Returns the records
/// that came out, with their times.
///
/// # Panics
/// When it does not: the way of running it stands in the message.
pub fn verify_operator<Op>(
    operator: Op,
    input: Vec<Element<Op::In>>,
    expected: Vec<Op::Out>,
) -> Vec<Record<Op::Out>>
where
    Op: Operator<In: Data, Out: Data + PartialEq + Debug>,
{
    verify(&operator, &input, &expected, Order::Given)
}

/// Whether the order of results is part of the answer.
#[derive(Copy, Clone, PartialEq, Eq)]
enum Order {
    Given,
    /// Keys have no order among themselves.
    Open,
}

fn verify<Op>(
    operator: &Op,
    input: &[Element<Op::In>],
    expected: &[Op::Out],
    order: Order,
) -> Vec<Record<Op::Out>>
where
    Op: Operator<In: Data, Out: Data + PartialEq + Debug>,
{
    keeps_its_fan_out(operator, input);
    let first = record_by_record(operator, input);
    let check = |way: &str, finished: &Finished<Op::Out>| {
        assert_eq!(finished.notes, first.notes, "late records: {way}");
        let got: Vec<Op::Out> = finished.got.iter().map(|record| record.value.clone()).collect();
        match order {
            Order::Given => assert_eq!(got, expected, "{way}"),
            Order::Open => assert_eq!(sorted(got), sorted(expected.to_vec()), "{way}"),
        }
    };
    are_behind(&first.notes);
    check("record by record", &first);
    check("all at once", &all_at_once(operator, input, 1 << 15, false));
    check("with an outbox of one slot", &all_at_once(operator, input, 1, true));
    check("restored after every element", &restored(operator, input));
    for cut in cuts::<Op>(input) {
        let way = format!("restored from deltas after element {cut}");
        check(&way, &from_deltas(operator, input, cut));
    }
    first.got
}

/// A record is late behind the watermark, and at it.
fn are_behind(notes: &[LateNote]) {
    for note in notes {
        assert!(note.event_time <= note.watermark, "a record on time was noted: {note:?}");
    }
}

/// Engines rely on it: they look for room, and at the times of results, no more than it makes
/// them.
fn keeps_its_fan_out<Op: Operator<In: Data, Out: Data>>(operator: &Op, input: &[Element<Op::In>]) {
    let mut rig = Rig::new(operator, 1 << 15, false);
    for (number, element) in input.iter().enumerate() {
        rig.got.clear();
        rig.meet(element.clone());
        rig.flush();
        let got: Vec<_> = rig.got.iter().map(|it| (it.event_time, it.stamps)).collect();
        match (Op::FAN_OUT, element) {
            (FanOut::One, Element::Record(record)) => {
                let own = (record.event_time, record.stamps);
                assert_eq!(got, [own], "times of what element {number} becomes, by FanOut::One");
            }
            (FanOut::One, _) => assert_eq!(got, [], "element {number} makes none, by FanOut::One"),
            (FanOut::AtMostOne, Element::Record(_)) => {
                assert!(got.len() <= 1, "element {number} becomes {}", got.len());
            }
            _ => {}
        }
    }
}

fn sorted<T: Serialize>(mut values: Vec<T>) -> Vec<T> {
    values.sort_by_cached_key(bytes);
    values
}

/// As [`verify_operator`], and with the parallelism changed from 2 to 3 half way, where the order
/// of results is open.
///
/// # Panics
/// When it does not.
pub fn verify_keyed<Op, K>(
    operator: Op,
    key_of: impl Fn(&Op::In) -> K,
    input: Vec<Element<Op::In>>,
    expected: Vec<Op::Out>,
) -> Vec<Record<Op::Out>>
where
    Op: Operator<In: Data, Out: Data + PartialEq + Debug>,
    K: Key,
{
    let Finished { got, notes } = rescaled(&operator, &key_of, &input);
    let values: Vec<Op::Out> = got.into_iter().map(|record| record.value).collect();
    let way = "rescaled from 2 to 3 half way";
    assert_eq!(sorted(values), sorted(expected.clone()), "{way}");
    assert_eq!(notes, late_notes(&operator, &input), "late records: {way}");
    verify(&operator, &input, &expected, Order::Open)
}

fn bytes(value: &impl Serialize) -> Vec<u8> {
    postcard::to_allocvec(value).expect("a result can be serialized")
}

fn all_at_once<Op: Operator<In: Data, Out: Data>>(
    operator: &Op,
    input: &[Element<Op::In>],
    buffer_bytes: usize,
    one_slot: bool,
) -> Finished<Op::Out> {
    let mut rig = Rig::new(operator, buffer_bytes, one_slot);
    let mut waiting = Vec::new();
    for element in input.iter().cloned() {
        if let Element::Record(record) = element {
            waiting.push(record);
        } else {
            rig.process(std::mem::take(&mut waiting));
            rig.meet(element);
        }
    }
    rig.process(waiting);
    rig.finish()
}

/// A fresh stage takes over after every element.
fn restored<Op: Operator<In: Data, Out: Data>>(
    operator: &Op,
    input: &[Element<Op::In>],
) -> Finished<Op::Out> {
    let mut rig = Rig::new(operator, 1 << 15, false);
    for (element, may_save) in input.iter().cloned().zip(may_save_behind::<Op>(input)) {
        rig.meet(element);
        if !may_save {
            continue;
        }
        let SavedState { snapshot, tally } = rig.save(Save::Full);
        let got = std::mem::take(&mut rig.got);
        rig = rig.copy_of(operator, &[snapshot], &tally);
        rig.got = got;
    }
    rig.finish()
}

impl<Op: Operator<In: Data, Out: Data>> Rig<Op> {
    fn copy_of(&self, operator: &Op, chain: &[Snapshot], tally: &Tally) -> Self {
        let mut copy = Self::restored(operator, 1 << 15, false, chain, &Ownership::everything());
        copy.runner.count_on(tally);
        copy.go_on_at(self.runner.progress().processing_time);
        copy
    }
}

/// For each element whether state can be saved behind it: an engine ends a unit of work before it
/// does.
fn may_save_behind<Op: Operator>(input: &[Element<Op::In>]) -> impl Iterator<Item = bool> {
    input.iter().map(|element| !Op::HOLDS_BACK || matches!(element, Element::EndOfUnit))
}

/// Numbers of elements, rising, behind which state can be saved.
fn cuts<Op: Operator>(input: &[Element<Op::In>]) -> impl Iterator<Item = usize> {
    let behind = (1..).zip(may_save_behind::<Op>(input));
    std::iter::once(0).chain(behind.filter_map(|(cut, may_save)| may_save.then_some(cut)))
}

/// A full snapshot at the start, a delta after each element up to the cut, and a fresh stage for
/// the rest.
fn from_deltas<Op: Operator<In: Data, Out: Data>>(
    operator: &Op,
    input: &[Element<Op::In>],
    cut: usize,
) -> Finished<Op::Out> {
    let mut rig = Rig::new(operator, 1 << 15, false);
    let SavedState { snapshot, mut tally } = rig.save(Save::Full);
    let mut chain = vec![snapshot];
    let before = input[..cut].iter().cloned().zip(may_save_behind::<Op>(input));
    for (version, (element, may_save)) in before.enumerate() {
        rig.meet(element);
        if may_save {
            let saved = rig.save(Save::Since(Version(version as u64)));
            chain.push(saved.snapshot);
            tally = saved.tally;
        }
    }
    let mut successor = rig.copy_of(operator, &chain, &tally);
    successor.got = rig.got;
    input[cut..].iter().cloned().for_each(|element| successor.meet(element));
    successor.finish()
}

fn rescaled<Op, K>(
    operator: &Op,
    key_of: &impl Fn(&Op::In) -> K,
    input: &[Element<Op::In>],
) -> Finished<Op::Out>
where
    Op: Operator<In: Data, Out: Data>,
    K: Key,
{
    let run = |rigs: &mut [Rig<Op>], elements: &[Element<Op::In>]| {
        let placement = Placement::key_groups(rigs.len() as u32, None);
        for element in elements.iter().cloned() {
            if let Element::Record(record) = &element {
                rigs[placement.partition(&key_of(&record.value)) as usize].meet(element);
            } else {
                rigs.iter_mut().for_each(|rig| rig.meet(element.clone()));
            }
        }
    };
    let (mut got, mut notes) = (Vec::new(), Vec::new());
    let mut take = |finished: Finished<Op::Out>| {
        got.extend(finished.got);
        notes.extend(finished.notes);
    };
    let half = cuts::<Op>(input).find(|cut| 2 * cut + 1 >= input.len()).unwrap_or_default();
    let (first, second) = input.split_at(half);
    let mut two: Vec<Rig<Op>> = (0..2).map(|_| Rig::new(operator, 1 << 15, false)).collect();
    run(&mut two, first);
    let mut progress = Progress::START;
    let mut snapshots = Vec::new();
    for mut rig in two {
        progress = rig.runner.progress();
        snapshots.push(rig.save(Save::Full).snapshot);
        take(rig.finish());
    }
    let rig = |own| {
        let owns = Ownership::of(Placement::key_groups(3, None), own);
        let mut rig = Rig::restored(operator, 1 << 15, false, &snapshots, &owns);
        rig.go_on_at(progress.processing_time);
        rig
    };
    let mut three: Vec<Rig<Op>> = (0..3).map(rig).collect();
    run(&mut three, second);
    three.into_iter().for_each(|rig| take(rig.finish()));
    notes.sort_unstable();
    Finished { got, notes }
}
