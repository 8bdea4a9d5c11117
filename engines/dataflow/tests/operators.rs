//! Every operator against an answer worked out without it, in every way in which an engine may
//! run it: see `dataflow::verify`.

use std::collections::BTreeMap;
use std::fmt::Debug;

use dataflow::exchange::{Exchange, Forward};
use dataflow::operator::{Failure, FanOut, Then};
use dataflow::operators::{
    Aggregator, Count, Filter, FlatMap, Input, Map, RunningAggregate, TumblingWindow, WindowResult,
};
use dataflow::record::batch::Batch;
use dataflow::stage::{FusedStage, InputPort, OneInput, Side, Stage};
use dataflow::verify::{Element, at, records, verify_keyed, verify_operator, watermark};
use dataflow::{
    Change, Collect, Data, EventTime, Operator, Outbox, ProcessingTime, Progress, Record, SidePort,
    Stamps, Step,
};

/// The times that came with each value.
fn times<T>(records: &[Record<T>]) -> Vec<(i64, Stamps)> {
    records.iter().map(|record| (record.event_time.0, record.stamps)).collect()
}

/// A record with stamps of its own.
fn stamped<T>(time: i64, value: T, planned: u32, ingested: u32) -> Element<T> {
    let stamps = Stamps { planned, ingested };
    Element::Record(Record { value, event_time: EventTime(time), stamps })
}

fn stamps(planned: u32, ingested: u32) -> Stamps {
    Stamps { planned, ingested }
}

/// A stage of one chain with an outbox to look at.
fn stage<Op: Operator<Out: Data>>(operator: Op, buffer_bytes: usize) -> (impl Stage, Outbox) {
    let tail = Exchange::new(Forward, 0, 1, buffer_bytes);
    (FusedStage::new(OneInput, operator, tail, Vec::new()), Outbox::new(&[1]))
}

fn batch<T: Send + 'static>(elements: Vec<Element<T>>) -> Batch {
    let record = |element| match element {
        Element::Record(record) => record,
        _ => panic!("a batch is made of records"),
    };
    Batch::of(elements.into_iter().map(record).collect())
}

/// What was sealed, in order.
fn drain<T: Send + 'static>(outbox: &mut Outbox) -> Vec<Record<T>> {
    let mut got = Vec::new();
    while let Some(mut sealed) = outbox.take() {
        let upto = sealed.batch.len();
        got.extend(sealed.batch.drain::<T>(upto));
    }
    got
}

fn progress(watermark: i64) -> Progress {
    Progress { watermark: EventTime(watermark), processing_time: ProcessingTime::ZERO }
}

#[test]
fn input_hands_records_on_as_they_came() {
    let input = vec![stamped(-5, 7_u64, 1, 2), stamped(3, 7, 3, 4), stamped(i64::MAX, 1, 5, 6)];
    let got = verify_operator(Input::default(), input, vec![7, 7, 1]);
    let expected = [(-5, stamps(1, 2)), (3, stamps(3, 4)), (i64::MAX, stamps(5, 6))];
    assert_eq!(times(&got), expected);
}

#[test]
fn map_changes_the_value_and_leaves_the_times() {
    let input = vec![stamped(-5, 1_u64, 1, 2), watermark(0), stamped(3, 2, 3, 4)];
    let got = verify_operator(Map::new(|x: u64| format!("<{x}>")), input, rows(&["<1>", "<2>"]));
    assert_eq!(times(&got), [(-5, stamps(1, 2)), (3, stamps(3, 4))]);
}

#[test]
fn filter_keeps_what_holds_and_leaves_the_times() {
    let input = vec![stamped(-5, 1_u64, 1, 2), stamped(-4, 2, 3, 4), stamped(3, 3, 5, 6)];
    let got = verify_operator(Filter::new(|x: &u64| x % 2 == 1), input, vec![1, 3]);
    assert_eq!(times(&got), [(-5, stamps(1, 2)), (3, stamps(5, 6))]);
    verify_operator(Filter::new(|_: &u64| false), records(0..100), vec![]);
}

#[test]
fn flat_map_turns_one_into_ten_thousand_and_one_into_none() {
    let expected: Vec<u64> = [3, 0, 10_000, 1].into_iter().flat_map(|n| 0..n).collect();
    let got = verify_operator(FlatMap::new(|n: u64| 0..n), records([3, 0, 10_000, 1]), expected);
    assert_eq!(got[2].event_time, EventTime(0));
    assert!(got[3..10_003].iter().all(|record| record.event_time == EventTime(2)));
}

#[test]
fn a_large_fan_out_stops_between_two_records() {
    let (mut stage, mut outbox) = stage(FlatMap::new(|n: u64| 0..n), 1);
    let mut batch = batch(records([1_000_u64, 500, 2]));
    // One record a buffer: the first record alone fills an outbox of one channel.
    for (taken, sealed) in [(1, 1_000), (2, 500)] {
        let step = stage.process(InputPort(0), &mut batch, 3, &mut outbox);
        assert_eq!((step.expect("nothing fails"), batch.taken()), (Step::More, taken));
        assert_eq!(drain::<u64>(&mut outbox).len(), sealed);
    }
    let step = stage.process(InputPort(0), &mut batch, 3, &mut outbox);
    assert_eq!((step.expect("nothing fails"), batch.taken()), (Step::Done, 3));
    assert_eq!(outbox.peak_sealed(), 1_000);
}

#[test]
fn a_fused_chain_is_its_operators_one_after_the_other() {
    let chain = Then::new(
        Then::new(Map::new(|x: u64| x * 3), Filter::new(|x: &u64| x.is_multiple_of(2))),
        FlatMap::new(|x: u64| [x, x + 1]),
    );
    let expected =
        (0..50_u64).map(|x| x * 3).filter(|x| x.is_multiple_of(2)).flat_map(|x| [x, x + 1]);
    let got = verify_operator(chain, records(0..50), expected.collect());
    assert_eq!((got[2].value, got[2].event_time), (6, EventTime(2)));
}

#[test]
fn one_operator_of_many_makes_its_chain_one_of_many() {
    let fan_out = |a: FanOut, b: FanOut| a.then(b);
    assert_eq!(fan_out(FanOut::AtMostOne, FanOut::AtMostOne), FanOut::AtMostOne);
    assert_eq!(fan_out(FanOut::AtMostOne, FanOut::Many), FanOut::Many);
    assert_eq!(fan_out(FanOut::Many, FanOut::AtMostOne), FanOut::Many);
}

#[test]
fn stateful_operators_in_one_chain_keep_their_states_apart() {
    // A running count whose changes are counted in turn: both states are in one snapshot.
    let inner = RunningAggregate::new(|x: &u64| x % 3, Count::default());
    let outer = RunningAggregate::new(
        |change: &Change<(u64, u64)>| matches!(change, Change::Insert(_)) as u64,
        Count::default(),
    );
    let expected = vec![
        Change::Insert((1, 1)),
        Change::Update { before: (1, 1), after: (1, 2) },
        Change::Insert((0, 1)),
        Change::Update { before: (1, 2), after: (1, 3) },
        Change::Update { before: (0, 1), after: (0, 2) },
    ];
    verify_operator(Then::new(inner, outer), records([0, 1, 3, 2, 4]), expected);
}

/// Fails at one value.
#[derive(Clone)]
struct Refuse(&'static str, u64);

impl Operator for Refuse {
    type In = u64;
    type Out = u64;
    fn name(&self) -> &'static str {
        self.0
    }
    fn process(&mut self, record: Record<u64>, out: &mut impl Collect<u64>) {
        if record.value == self.1 {
            out.fail(Failure::at(record.event_time, "refused"));
        }
        out.push(record);
    }
}

#[test]
fn a_failure_names_the_operator_that_failed() {
    let chain = || {
        let two = Then::new(Refuse("first", 1), Refuse("second", 2));
        Then::new(two, Refuse("third", 3))
    };
    for (value, name) in [(1_u64, "first"), (2, "second"), (3, "third")] {
        let (mut stage, mut outbox) = stage(chain(), 1 << 15);
        let mut batch = batch(vec![at(40, 0), at(41, value)]);
        let error = stage.process(InputPort(0), &mut batch, 2, &mut outbox).expect_err("refused");
        assert_eq!(error.to_string(), format!("operator {name}, event time 41 ns: refused"));
    }
}

/// Lets records through, and fails the run at one that the watermark has overtaken.
#[derive(Clone)]
struct Overtaken(EventTime);

impl Operator for Overtaken {
    type In = WindowResult<u64, u64>;
    type Out = u64;
    fn process(&mut self, record: Record<Self::In>, out: &mut impl Collect<u64>) {
        if record.event_time <= self.0 {
            out.fail(Failure::at(record.event_time, "overtaken"));
        }
        out.push(record.with(record.value.key));
    }
    fn advance(&mut self, now: Progress, _: &mut impl Collect<u64>) -> Step {
        self.0 = now.watermark;
        Step::Done
    }
}

#[test]
fn a_watermark_waits_until_everything_in_front_of_it_is_through() {
    // With an outbox of one slot the window stops after every result.
    let chain = Then::new(count_window(10), Overtaken(EventTime::MIN));
    let input = vec![at(1, 3), at(2, 1), at(3, 2), at(11, 5), watermark(9), watermark(30)];
    verify_keyed(chain, |key: &u64| *key, input, vec![3, 1, 2, 5]);
}

#[test]
fn a_watermark_goes_downstream_once_however_often_the_clock_ticks() {
    let (mut stage, mut outbox) = stage(Input::<u64>::default(), 1 << 15);
    // Nothing is promised at the start, and nothing new when only the clock has moved.
    for (watermark, clock, sent) in
        [(i64::MIN, 1, 0), (5, 2, 1), (5, 3, 0), (5, 4, 0), (6, 4, 1), (i64::MAX, 5, 1)]
    {
        let processing_time = ProcessingTime(clock);
        let progress = Progress { watermark: EventTime(watermark), processing_time };
        let step = stage.advance(progress, &mut outbox);
        assert_eq!(step.expect("nothing fails"), Step::Done);
        stage.flush(&mut outbox);
        let marks = std::iter::from_fn(|| outbox.take()?.batch.take_mark());
        assert_eq!(marks.count(), sent, "watermark {watermark} at {clock}");
    }
}

/// Sums amounts, and counts them on the way: the accumulator is not the result.
#[derive(Clone)]
struct Mean;

impl Aggregator for Mean {
    type In = (String, i64);
    type Accumulator = (i64, i64);
    type Result = i64;
    fn fresh(&self) -> (i64, i64) {
        (0, 0)
    }
    fn add(&self, accumulator: &mut (i64, i64), value: &(String, i64)) {
        *accumulator = (accumulator.0 + value.1, accumulator.1 + 1);
    }
    fn merge(&self, into: &mut (i64, i64), from: &(i64, i64)) {
        *into = (into.0 + from.0, into.1 + from.1);
    }
    fn result(&self, accumulator: &(i64, i64)) -> i64 {
        accumulator.0 / accumulator.1.max(1)
    }
}

fn rows(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

/// A few names, repeating without a pattern, with amounts.
fn amounts(count: u64) -> Vec<(String, i64)> {
    let mixed = (0..count).map(|n| (n + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40);
    mixed.map(|n| (format!("name-{}", n % 7), (n % 1_000) as i64 - 500)).collect()
}

#[test]
fn a_running_aggregate_emits_every_change_of_every_key() {
    let input = amounts(60);
    let mut sums: BTreeMap<&str, (i64, i64)> = BTreeMap::new();
    let mut expected = Vec::new();
    for (name, amount) in &input {
        let sum = sums.entry(name).or_default();
        let row = |sum: &(i64, i64)| (name.clone(), sum.0 / sum.1);
        let before = (sum.1 > 0).then(|| row(sum));
        *sum = (sum.0 + amount, sum.1 + 1);
        let after = row(sum);
        expected.push(match before {
            None => Change::Insert(after),
            Some(before) => Change::Update { before, after },
        });
    }
    assert_eq!(sums.len(), 7);
    let operator = RunningAggregate::new(|value: &(String, i64)| value.0.clone(), Mean);
    let got = verify_keyed(operator, |value| value.0.clone(), records(input), expected);
    assert_eq!(got[59].event_time, EventTime(59));
}

fn closed<K>(key: K, window_end: i64, result: u64) -> WindowResult<K, u64> {
    WindowResult { key, window_end: EventTime(window_end), result }
}

fn count_window(size: i64) -> TumblingWindow<u64, fn(&u64) -> u64, Count<u64>> {
    TumblingWindow::new(|x: &u64| *x, Count::default(), size)
}

fn verify_windows(input: Vec<Element<u64>>, expected: Vec<WindowResult<u64, u64>>) -> Times {
    times(&verify_keyed(count_window(10), |x| *x, input, expected))
}
type Times = Vec<(i64, Stamps)>;

#[test]
fn a_window_holds_its_start_and_not_its_end() {
    let input =
        vec![at(0, 1), at(9, 1), at(10, 1), at(19, 1), at(20, 1), watermark(19), watermark(29)];
    verify_windows(input, vec![closed(1, 10, 2), closed(1, 20, 2), closed(1, 30, 1)]);
}

#[test]
fn windows_before_time_zero_are_aligned_as_those_behind_it() {
    let input = vec![at(-11, 1), at(-10, 1), at(-1, 1), at(0, 1), watermark(100)];
    verify_windows(input, vec![closed(1, -10, 1), closed(1, 0, 2), closed(1, 10, 1)]);
}

#[test]
fn a_window_closes_when_the_watermark_reaches_its_last_instant() {
    for (last, expected) in [(8, vec![]), (9, vec![closed(1, 10, 1)])] {
        verify_windows(vec![at(3, 1), watermark(last)], expected);
    }
}

#[test]
fn one_watermark_closes_windows_by_their_end_and_keys_as_they_came() {
    let input = vec![
        at(25, 5),
        at(1, 9),
        at(2, 3),
        at(3, 9),
        at(11, 4),
        at(4, 7),
        at(5, 3),
        at(26, 2),
        at(27, 5),
        watermark(30),
    ];
    let expected = vec![
        closed(9, 10, 2),
        closed(3, 10, 2),
        closed(7, 10, 1),
        closed(4, 20, 1),
        closed(5, 30, 2),
        closed(2, 30, 1),
    ];
    let got = verify_windows(input, expected);
    let ends: Vec<i64> = got.iter().map(|(time, _)| *time).collect();
    assert_eq!(ends, [9, 9, 9, 19, 29, 29]);
}

#[test]
fn windows_reach_to_both_ends_of_time() {
    let end = i64::MAX; // ends in 807
    let long = count_window(i64::MAX);
    let input = vec![at(-end, 1), at(-1, 1), at(0, 1), at(end - 1, 1), watermark(end)];
    verify_keyed(long, |x| *x, input, vec![closed(1, 0, 2), closed(1, end, 2)]);
    // The last window of ten is cut short, and 799 is not in it.
    let input = vec![at(end - 1, 1), at(end - 8, 1), at(end - 7, 1), at(end, 1), watermark(end)];
    verify_windows(input, vec![closed(1, end - 7, 1), closed(1, end, 3)]);
}

#[test]
fn windows_agree_with_counting_by_hand() {
    // Event times wander forwards and back by up to three windows; the watermark follows late
    // enough for none to be late.
    let mut input = Vec::new();
    let mut counts: BTreeMap<(i64, u64), u64> = BTreeMap::new();
    for n in 0..120_i64 {
        let mixed = (n as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33;
        let time = n * 2 - 60 - (mixed % 30) as i64;
        let key = mixed / 32 % 5;
        input.push(at(time, key));
        *counts.entry((time.div_euclid(10) * 10 + 10, key)).or_default() += 1;
        if n % 8 == 7 {
            input.push(watermark(n * 2 - 60 - 30));
        }
    }
    input.push(watermark(i64::MAX));
    let expected: Vec<_> =
        counts.iter().map(|((end, key), count)| closed(*key, *end, *count)).collect();
    // By end, and within a window as keys came: sort those of one window by key.
    let (mut stage, mut outbox) = stage(count_window(10), 1 << 15);
    let mut got = Vec::new();
    for element in input {
        match element {
            Element::Record(record) => {
                let mut batch = Batch::of(vec![record]);
                let step = stage.process(InputPort(0), &mut batch, 1, &mut outbox);
                assert_eq!(step.expect("nothing fails"), Step::Done);
            }
            Element::Watermark(time) => {
                let step = stage.advance(progress(time.0), &mut outbox);
                assert_eq!(step.expect("nothing fails"), Step::Done);
                stage.flush(&mut outbox);
                got.extend(drain::<WindowResult<u64, u64>>(&mut outbox));
            }
            Element::Clock(_) | Element::EndOfUnit => {}
        }
    }
    assert!(got.is_sorted_by_key(|record| record.value.window_end));
    let mut values: Vec<_> = got.into_iter().map(|record| record.value).collect();
    values.sort_by_key(|value| (value.window_end, value.key));
    assert_eq!(values, expected);
    assert_eq!(outbox.counters.late_records, 0);
}

#[test]
fn window_results_carry_their_last_instant_and_the_newest_stamps_of_their_key() {
    let input = vec![
        stamped(1, 7, 50, 60),
        stamped(2, 7, 40, 70),
        stamped(3, 8, 90, 95),
        stamped(11, 7, 30, 31),
        watermark(19),
    ];
    let expected = vec![closed(7, 10, 2), closed(8, 10, 1), closed(7, 20, 1)];
    let got = verify_windows(input, expected);
    assert_eq!(got, [(9, stamps(50, 70)), (9, stamps(90, 95)), (19, stamps(30, 31))]);
}

#[test]
fn only_what_the_end_of_the_input_releases_is_untimed() {
    let input = vec![at(1, 7), at(11, 7), watermark(9), watermark(i64::MAX)];
    let got = verify_windows(input, vec![closed(7, 10, 1), closed(7, 20, 1)]);
    assert_eq!(got, [(9, stamps(1, 1)), (19, Stamps::UNTIMED)]);
}

#[test]
fn late_records_are_counted_and_change_no_result() {
    let input = vec![
        at(5, 1),
        watermark(9),
        at(9, 1), // its window has closed
        at(10, 1),
        at(-100, 1), // one that never opened has closed as well
        watermark(18),
        at(10, 1), // behind the watermark, but its window is open
        watermark(19),
        at(19, 1),
        watermark(i64::MAX),
    ];
    verify_windows(input, vec![closed(1, 10, 1), closed(1, 20, 2)]);
}

#[test]
fn late_records_go_to_the_side_as_they_came() {
    let port = SidePort::<u64>::new(1);
    let operator = count_window(10).with_late(port);
    let side = Exchange::<u64, _>::new(Forward, 1, 1, 1 << 15);
    let sides: Vec<Option<Box<dyn dataflow::stage::SideTail>>> =
        vec![None, Some(Box::new(Side::<u64>(Box::new(side))))];
    let tail = Exchange::new(Forward, 0, 1, 1 << 15);
    let mut stage = FusedStage::new(OneInput, operator, tail, sides);
    let mut outbox = Outbox::new(&[1, 1]);
    let _ = stage.process(InputPort(0), &mut batch(vec![at(5, 1_u64)]), 1, &mut outbox).unwrap();
    let _ = stage.advance(progress(9), &mut outbox).unwrap();
    let late = vec![stamped(9, 2_u64, 5, 6), stamped(10, 3, 7, 8), stamped(-9, 4, 9, 10)];
    let _ = stage.process(InputPort(0), &mut batch(late), 3, &mut outbox).unwrap();
    let _ = stage.advance(progress(i64::MAX), &mut outbox).unwrap();
    stage.flush(&mut outbox);
    assert_eq!(outbox.counters.late_records, 2);
    assert_eq!(outbox.counters.windows_closed, 1, "the end of the input closes without counting");
    let mut main = outbox.take().expect("the main output was flushed");
    let mut side = outbox.take().expect("the side output was flushed");
    assert_eq!((main.edge, side.edge), (0, 1));
    assert_eq!(main.batch.drain::<WindowResult<u64, u64>>(1).count(), 1);
    // The side gets the watermarks too, each behind what was late before it.
    assert_eq!((side.batch.stop(), side.batch.take_mark()), (0, Some(EventTime(9))));
    let expected = [
        Record { value: 2, event_time: EventTime(9), stamps: stamps(5, 6) },
        Record { value: 4, event_time: EventTime(-9), stamps: stamps(9, 10) },
    ];
    let upto = side.batch.stop();
    assert!(side.batch.drain::<u64>(upto).eq(expected));
    assert_eq!(side.batch.take_mark(), Some(EventTime::MAX));
}

#[test]
fn a_late_record_without_a_port_is_counted_all_the_same() {
    let (mut stage, mut outbox) = stage(count_window(10), 1 << 15);
    let _ = stage.advance(progress(50), &mut outbox).unwrap();
    let _ = stage.process(InputPort(0), &mut batch(vec![at(5, 1_u64), at(50, 1)]), 2, &mut outbox);
    assert_eq!(outbox.counters.late_records, 1);
}

#[test]
#[should_panic(expected = "a window is longer than nothing")]
fn a_window_without_length_is_refused() {
    count_window(0);
}

/// `size_bytes` counts fields, and a tuple's padding makes it larger than its fields.
#[test]
fn an_option_of_a_padded_value_has_a_size() {
    fn size<T: Data + Debug>(value: T, expected: usize) {
        assert_eq!(value.size_bytes(), expected, "{value:?}");
    }
    size(Some(7_u64), size_of::<Option<u64>>());
    size(Some("abc".to_owned()), size_of::<Option<String>>() + 3);
    size(None::<(u8, u64)>, size_of::<Option<(u8, u64)>>());
    size(Some((1_u8, 2_u64)), size_of::<Option<(u8, u64)>>());
}
