//! Errors of operators, sources and sinks end the run and say where.

use dataflow::operators::{Count, KeyedFunction, TimerContext};
use dataflow::stage::StageError;
use dataflow::{Collect, EngineError, EventTime, Failure, Operator, Record};

use crate::fixture::{Event, Events, MILLI, Manner, Setup, everywhere, key_of, try_run};

/// Fails at the event with this number.
#[derive(Clone)]
struct FailsAt(u64);

impl Operator for FailsAt {
    type In = Event;
    type Out = Event;
    fn name(&self) -> &'static str {
        "divide"
    }
    fn process(&mut self, record: Record<Event>, out: &mut impl Collect<Event>) {
        if record.value.1 == self.0 {
            out.fail(Failure::at(record.event_time, "division by zero").of_key(&record.value.0));
        }
        out.push(record);
    }
}

/// The same behind an exchange.
#[derive(Clone)]
struct KeyedFailsAt(u64);

impl KeyedFunction for KeyedFailsAt {
    type Key = u64;
    type In = Event;
    type State = u64;
    type Out = Event;
    fn fresh(&self) -> u64 {
        0
    }
    fn process(
        &self,
        _: &mut u64,
        record: Record<Event>,
        context: &mut TimerContext<'_, u64>,
        out: &mut impl Collect<Event>,
    ) {
        if record.value.1 == self.0 {
            out.fail(Failure::at(record.event_time, "overdrawn").of_key(context.key));
        }
    }
}

#[test]
fn an_operator_that_fails_ends_the_run_and_is_named_with_key_and_event_time() {
    everywhere(|engine, parallelism, clock| {
        let events = Events::new(2_000);
        let ended = try_run(Setup::new(engine, parallelism, clock), |sink| {
            events.stream().map(|it: Event| it).then(FailsAt(1_234)).filter(|_| true).sink(sink)
        });
        let error = ended.expect_err("an operator fails");
        let EngineError::Stage { stage, subtask, cause: StageError::Operator(failure) } = error
        else {
            panic!("{}: {error}", engine.name());
        };
        assert_eq!(stage, "source -> map -> divide -> filter");
        let partitions = if engine.name() == "sequential" { 1 } else { parallelism };
        // The split of event 1,234 of 4 is the third.
        assert_eq!(subtask, 1_234 % 4 % partitions, "{}", engine.name());
        assert_eq!(failure.operator, Some("divide"));
        assert_eq!(failure.key, Some(format!("{}", events.key(1_234))));
        assert_eq!(failure.event_time, Some(EventTime(1_234 * MILLI as i64)));
        assert_eq!(failure.cause.to_string(), "division by zero");
    });
}

#[test]
fn an_operator_behind_an_exchange_is_named_too() {
    everywhere(|engine, parallelism, clock| {
        let events = Events::new(3_000);
        let ended = try_run(Setup::new(engine, parallelism, clock), |sink| {
            events.stream().key_by(key_of).process(KeyedFailsAt(2_001)).sink(sink)
        });
        let error = ended.expect_err("an operator fails").to_string();
        let key = events.key(2_001);
        let named = format!("operator process, key {key}, event time 2001000000 ns: overdrawn");
        assert!(error.starts_with("stage `process`, subtask "), "{}: {error}", engine.name());
        assert!(error.ends_with(&named), "{}: {error}", engine.name());
    });
}

#[test]
fn an_event_that_cannot_be_read_ends_the_run() {
    everywhere(|engine, parallelism, clock| {
        let events = Events::new(2_000).splits(3).unreadable(1_000);
        let ended = try_run(Setup::new(engine, parallelism, clock), |sink| {
            events.stream().key_by(key_of).aggregate(Count::default()).sink_changes(sink)
        });
        let error = ended.expect_err("an event cannot be read").to_string();
        assert_eq!(error, "events, split 1, offset 333 (line 7): a torn line", "{}", engine.name());
    });
}

#[test]
fn a_sink_that_cannot_write_ends_the_run() {
    everywhere(|engine, parallelism, clock| {
        let mut setup = Setup::new(engine, parallelism, clock);
        setup.sink = Manner::Broken;
        let ended = try_run(setup, |sink| {
            Events::new(2_000)
                .stream()
                .key_by(key_of)
                .aggregate(Count::default())
                .sink_changes(sink)
        });
        let error = ended.expect_err("nothing can be written").to_string();
        assert_eq!(error, "cannot write to out.ndjson: no space left", "{}", engine.name());
    });
}
