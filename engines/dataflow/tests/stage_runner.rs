//! A stage's runner: what must come in order comes in order, and nothing is saved half way.

use std::collections::BTreeMap;

use dataflow::exchange::outbox::Sealed;
use dataflow::exchange::{Exchange, Forward};
use dataflow::operator::progress::WatermarkMerger;
use dataflow::operator::{Failure, Then};
use dataflow::operators::{Count, FlatMap, Input as Identity, Map, TumblingWindow};
use dataflow::record::latency_trace::Part;
use dataflow::stage::{
    FusedStage, Head, Input, InputPort, Marks, OneInput, Save, StageError, StageRunner, Turn,
    TwoInputs, Work,
};
use dataflow::{
    Batch, Collect, Data, EventTime, Operator, Outbox, ProcessingTime, Progress, Record, Step,
    TwoInputOperator,
};

/// A runner of a stage with one channel, whose buffers have this size.
fn runner<H, Op>(head: H, chain: Op, buffer_bytes: usize, marks: Marks) -> StageRunner
where
    H: Head<Op::In>,
    Op: Operator<Out: Data>,
{
    let tail = Exchange::<Op::Out, _>::new(Forward, 0, 1, buffer_bytes);
    let stage = FusedStage::new(head, chain, tail, Vec::new());
    StageRunner::new(Box::new(stage), Outbox::new(&[1]), marks)
}

fn buffer(values: impl IntoIterator<Item = u64>) -> Input {
    let records = values.into_iter().map(|value| Record::untimed(value, EventTime(value as i64)));
    Input::Buffer { port: InputPort(0), channel: 0, batch: Batch::of(records.collect()) }
}

fn watermark(time: i64) -> Input {
    Input::Time(Progress { watermark: EventTime(time), ..Progress::START })
}

fn hand_over(runner: &mut StageRunner) -> Vec<Sealed> {
    let mut sent = Vec::new();
    let route = |sealed, _: &mut Vec<Batch>| sent.push(sealed);
    runner.hand_over(Part::Boundary, || ProcessingTime::ZERO, route).expect("there is no sink");
    sent
}

/// Takes an input in and hands over after every turn.
fn run(runner: &mut StageRunner, input: Input) -> (Vec<Turn>, Vec<Sealed>) {
    runner.begin(input);
    let (mut turns, mut sent) = (Vec::new(), Vec::new());
    loop {
        let turn = runner.step().expect("nothing fails");
        sent.extend(hand_over(runner));
        turns.push(turn);
        if turn.done {
            return (turns, sent);
        }
    }
}

/// A buffer of these values, each behind a watermark of its own.
fn buffer_with_marks(values: impl IntoIterator<Item = u64>) -> Batch {
    let mut maker = runner(OneInput, Identity::<u64>::default(), 1 << 15, Marks::Ignore);
    for value in values {
        run(&mut maker, watermark(value as i64 - 1));
        run(&mut maker, buffer([value]));
    }
    maker.flush();
    let [sealed] = <[Sealed; 1]>::try_from(hand_over(&mut maker)).expect("one buffer");
    sealed.batch
}

#[test]
fn a_turn_ends_where_the_outbox_is_full_and_its_work_is_what_it_took_in() {
    let mut runner = runner(OneInput, FlatMap::new(|n: u64| [n, n]), 1, Marks::Ignore);
    let (turns, sent) = run(&mut runner, buffer(0..3));
    let work = |records, buffers| Work { records, buffers, ..Work::NONE };
    let all: Vec<_> = turns.iter().map(|turn| (turn.work, turn.done, turn.quiet)).collect();
    let expected =
        [(work(1, 1), false, false), (work(1, 0), false, false), (work(1, 0), true, false)];
    assert_eq!(all, expected, "the buffer comes in with its first record");
    assert_eq!(sent.len(), 6);
    assert!(runner.emptied().is_some_and(|batch| batch.is_finished()));
}

#[test]
fn what_a_watermark_inside_a_buffer_releases_does_not_wait_for_the_records_behind_it() {
    let window = TumblingWindow::new(|n: &u64| *n, Count::default(), 10);
    let marks = Marks::Merge(WatermarkMerger::new(1));
    let mut runner = runner(OneInput, window, 1, marks);
    let batch = buffer_with_marks([5, 6, 20, 21]);
    let (turns, sent) = run(&mut runner, Input::Buffer { port: InputPort(0), channel: 0, batch });
    let work: Vec<_> = turns.iter().map(|turn| turn.work.records).collect();
    // 5 and 6 close the window in which both are: one buffer for each, and both in one turn or two.
    assert_eq!(work.iter().sum::<u64>(), 4 + 2, "four records and two results");
    assert!(turns.len() > 1 && turns[0].work.records < 6, "{turns:?}");
    assert_eq!(sent.iter().map(|it| it.batch.len()).sum::<usize>(), 2);
    assert_eq!(runner.progress().watermark, EventTime(20));
}

#[test]
fn marks_are_ignored_where_the_engine_brings_watermarks() {
    let mut runner = runner(OneInput, Identity::<u64>::default(), 1 << 15, Marks::Ignore);
    let batch = buffer_with_marks([1, 2, 3]);
    let (turns, _) = run(&mut runner, Input::Buffer { port: InputPort(0), channel: 0, batch });
    assert_eq!((turns.len(), turns[0].work.records), (1, 3));
    assert_eq!(runner.progress(), Progress::START);
}

#[test]
fn a_turn_in_which_nothing_happens_is_quiet() {
    let mut runner = runner(OneInput, Identity::<u64>::default(), 1 << 15, Marks::Ignore);
    let (turns, _) = run(&mut runner, watermark(7));
    assert!(turns[0].quiet && turns[0].done);
    let (turns, _) = run(&mut runner, buffer([1]));
    assert!(!turns[0].quiet, "it is charged");
}

#[test]
fn state_and_tallies_are_saved_together() {
    let counts = || {
        let count = dataflow::operators::RunningAggregate::new(|n: &u64| *n % 2, Count::default());
        runner(
            OneInput,
            Then::new(
                count,
                Map::new(|it| match it {
                    dataflow::Change::Insert((_, count)) => count,
                    dataflow::Change::Update { after: (_, count), .. } => count,
                    dataflow::Change::Delete(_) => 0,
                }),
            ),
            1 << 15,
            Marks::Ignore,
        )
    };
    let mut runner = counts();
    run(&mut runner, buffer(0..7));
    runner.flush();
    hand_over(&mut runner);
    let saved = runner.save(Save::Full).unwrap();
    assert_eq!(saved.tally.loads, [[7]]);
    let mut next = counts();
    next.count_on(&saved.tally);
    run(&mut next, buffer(7..10));
    next.flush();
    hand_over(&mut next);
    let later = next.save(Save::Full).unwrap().tally;
    assert_eq!(later.loads, [[10]], "every record counts once");
    assert!(later.bytes[0] > saved.tally.bytes[0]);
}

#[test]
#[should_panic(expected = "between two inputs")]
fn nothing_is_saved_while_an_input_is_pending() {
    let mut runner = runner(OneInput, FlatMap::new(|n: u64| [n, n]), 1, Marks::Ignore);
    runner.begin(buffer(0..3));
    let _ = runner.step();
    hand_over(&mut runner);
    let _ = runner.save(Save::Full);
}

#[test]
#[should_panic(expected = "flushed and handed over")]
fn nothing_is_saved_while_an_open_buffer_holds_records() {
    let mut runner = runner(OneInput, Identity::<u64>::default(), 1 << 15, Marks::Ignore);
    run(&mut runner, buffer([1]));
    let _ = runner.save(Save::Full);
}

#[test]
#[should_panic(expected = "flushed and handed over")]
fn nothing_is_saved_while_a_sealed_buffer_waits() {
    let mut runner = runner(OneInput, Identity::<u64>::default(), 1 << 15, Marks::Ignore);
    run(&mut runner, buffer([1]));
    runner.flush();
    let _ = runner.save(Save::Full);
}

#[test]
#[should_panic(expected = "used up")]
fn an_input_does_not_begin_while_another_is_pending() {
    let mut runner = runner(OneInput, Identity::<u64>::default(), 1 << 15, Marks::Ignore);
    runner.begin(buffer([1]));
    runner.begin(buffer([2]));
}

#[test]
#[should_panic(expected = "a watermark is a promise")]
fn a_watermark_does_not_go_back() {
    let mut runner = runner(OneInput, Identity::<u64>::default(), 1 << 15, Marks::Ignore);
    run(&mut runner, watermark(7));
    runner.begin(watermark(6));
}

/// Fails at one value, and when time moves to it.
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
    fn advance(&mut self, progress: Progress, out: &mut impl Collect<u64>) -> Step {
        if progress.watermark.0 == self.1 as i64 {
            out.fail(Failure::at(progress.watermark, "refused"));
        }
        Step::Done
    }
}

/// The same with two inputs.
#[derive(Clone)]
struct RefuseBoth(Refuse);

impl TwoInputOperator for RefuseBoth {
    type Left = u64;
    type Right = u64;
    type Out = u64;
    fn name(&self) -> &'static str {
        self.0.name()
    }
    fn process_left(&mut self, record: Record<u64>, out: &mut impl Collect<u64>) {
        self.0.process(record, out);
    }
    fn process_right(&mut self, record: Record<u64>, out: &mut impl Collect<u64>) {
        self.0.process(record, out);
    }
    fn advance(&mut self, progress: Progress, out: &mut impl Collect<u64>) -> Step {
        self.0.advance(progress, out)
    }
}

/// Fault C12: an error in the `advance` of an operator with two inputs was named "join".
#[test]
fn a_failure_names_its_operator_wherever_that_stands_and_whatever_it_does() {
    let names = BTreeMap::from([(1, "pair"), (2, "first"), (3, "second")]);
    let chain = || Then::new(Refuse("first", 2), Refuse("second", 3));
    for (&value, name) in &names {
        let inputs = [(0, buffer([value])), (1, buffer([value])), (0, watermark(value as i64))];
        for (port, input) in inputs {
            let input = match input {
                Input::Buffer { channel, batch, .. } => {
                    Input::Buffer { port: InputPort(port), channel, batch }
                }
                other => other,
            };
            let head = TwoInputs(RefuseBoth(Refuse("pair", 1)));
            let mut runner = runner(head, chain(), 1 << 15, Marks::Ignore);
            runner.begin(input);
            let error: StageError = runner.step().expect_err("refused");
            let expected = format!("operator {name}, event time {value} ns: refused");
            assert_eq!(error.to_string(), expected);
        }
    }
}
