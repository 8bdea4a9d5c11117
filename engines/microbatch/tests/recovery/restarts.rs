//! The whole job goes down in the middle of a durable operation, and is resumed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use dataflow::ProcessingTime;
use dataflow::job::observer::Observer;
use dataflow::job::recovery::seal::load_existing;
use dataflow::job::runtime::Runtime;
use dataflow::job::storage::Storage;
use dataflow::placement::PLACEMENTS;
use microbatch::batch_log::{BatchSpec, OffsetLog};
use runtime::{VirtualOptions, VirtualTime};

use crate::attempt::{Attempt, World};
use crate::faults::Fault;

const EVENTS: u64 = 100;

#[test]
fn without_a_failure_the_answer_is_right_and_nothing_is_left_over() {
    for guarantee in ["none", "at-least-once", "exactly-once"] {
        let world = World::new(EVENTS);
        let completion = world.run(Attempt { guarantee, ..Attempt::fresh() }).completion();
        assert_eq!(world.seen.rows(), world.events.expected(), "{guarantee}");
        assert_eq!((completion.records_in, completion.restarts), (EVENTS, 0));
        assert_eq!(completion.records_out, world.events.expected().len() as u64);
        assert!(!completion.interrupted && completion.replayed == 0);
        assert_eq!(world.seen.pending(), 0);
        let (batches, files) = (completion.checkpoints, world.names().len());
        if guarantee == "none" {
            assert_eq!((batches, files), (0, 0), "no storage operation at all");
        } else {
            assert!(batches > 9, "{batches} batches");
            // Two batches with both logs, and for each of four partitions the two versions
            // with at most two deltas' way to the base of the older.
            assert!(files <= 2 * 2 + 4 * 4, "{files} files: {:?}", world.names());
        }
    }
}

#[test]
fn exactly_once_holds_whichever_operation_never_returns() {
    let whole = World::new(EVENTS).run(Attempt::fresh()).operations;
    assert!(whole > 80, "{whole} operations");
    let counted = World::new(EVENTS).run(Attempt::fresh()).completion();
    for at in 0..whole {
        for fault in [Fault::Before, Fault::After] {
            let world = World::new(EVENTS);
            let first = world.run(Attempt { fault: Some((at, fault)), ..Attempt::fresh() });
            assert!(first.result.is_none(), "operation {at}");
            // The second attempt goes down too, sometimes within the batch that it runs again.
            let again = Some((at % 13, fault));
            let second = world.run(Attempt { fault: again, ..Attempt::resumed() });
            let completion = match second.result {
                Some(ended) => ended.unwrap(),
                None => world.run(Attempt::resumed()).completion(),
            };
            assert_eq!(world.seen.rows(), world.events.expected(), "operation {at}, {fault:?}");
            assert_eq!(world.seen.pending(), 0, "operation {at}, {fault:?}");
            assert_eq!(completion.records_in, EVENTS);
            assert_eq!(completion.records_out, counted.records_out, "operation {at}, {fault:?}");
            assert_eq!(completion.counters, counted.counters, "operation {at}, {fault:?}");
            assert_eq!(completion.exchanges, counted.exchanges, "operation {at}, {fault:?}");
        }
    }
}

#[test]
fn at_least_once_loses_nothing_whichever_operation_never_returns() {
    let fresh = || Attempt { guarantee: "at-least-once", ..Attempt::fresh() };
    let whole = World::new(EVENTS).run(fresh()).operations;
    let mut seen_twice = 0;
    for at in 0..whole {
        for fault in [Fault::Before, Fault::After] {
            let world = World::new(EVENTS);
            world.run(Attempt { fault: Some((at, fault)), ..fresh() });
            let resumed = Attempt { guarantee: "at-least-once", ..Attempt::resumed() };
            world.run(resumed).completion();
            let (rows, expected) = (world.seen.rows(), world.events.expected());
            assert!(rows.keys().eq(expected.keys()), "operation {at}, {fault:?}");
            seen_twice += rows.values().filter(|times| **times > 1).count();
        }
    }
    assert!(seen_twice > 0, "a sink without transactions shows results of a batch run twice");
}

#[test]
fn a_resume_in_another_layout_keeps_the_answer() {
    for (turn, placement) in PLACEMENTS.iter().copied().enumerate() {
        for at in (0..90).step_by(3) {
            let world = World::new(EVENTS);
            let expected = world.events.expected();
            let fault = Some((at, Fault::After));
            world.run(Attempt { placement, fault, ..Attempt::fresh() });
            let fault = Some((at % 11, Fault::Before));
            let wider = Attempt { placement, fault, parallelism: 3, ..Attempt::resumed() };
            world.run(wider);
            // Even the placement may change.
            let placement = PLACEMENTS[(turn + at as usize) % PLACEMENTS.len()];
            let narrow = Attempt { placement, parallelism: 1, ..Attempt::resumed() };
            let completion = world.run(narrow).completion();
            assert_eq!(world.seen.rows(), expected, "{placement}, operation {at}");
            let counted = completion.counters;
            assert_eq!(completion.records_out, expected.len() as u64, "{placement} {at}");
            assert_eq!((counted.late_records, counted.fired), (0, expected.len() as u64));
        }
    }
}

#[test]
fn the_watermark_of_the_split_behind_survives_restarts_and_another_parallelism() {
    let behind = || {
        let mut world = World::new(EVENTS);
        world.events.behind_millis = 30;
        world
    };
    let by_it = |mut attempt: Attempt| {
        attempt.settings.push(("watermark", "min".into()));
        attempt
    };
    let by_the_one_ahead = behind().run(Attempt::fresh()).completion();
    assert!(by_the_one_ahead.counters.late_records > 10, "{by_the_one_ahead:?}");
    let whole = behind().run(by_it(Attempt::fresh())).operations;
    for at in 0..whole {
        let world = behind();
        world.run(by_it(Attempt { fault: Some((at, Fault::After)), ..Attempt::fresh() }));
        let parallelism = 1 + (at % 4) as u32;
        let ended = world.run(by_it(Attempt { parallelism, ..Attempt::resumed() })).completion();
        assert_eq!(world.seen.rows(), world.events.expected(), "operation {at}");
        assert_eq!(ended.counters.late_records, 0, "operation {at}");
    }
}

/// Every batch's offset log, in the order of batches.
fn logged(world: &World) -> Vec<BatchSpec> {
    let storage: Arc<dyn Storage> = world.files.clone();
    let read: Arc<Mutex<Vec<BatchSpec>>> = Arc::default();
    let into = Arc::clone(&read);
    let body = async move {
        for name in storage.list("microbatch/offsets/").await.unwrap() {
            let (log, _) = load_existing::<OffsetLog>(&storage, &name).await.unwrap();
            into.lock().unwrap().push(log.spec);
        }
    };
    VirtualTime::new(VirtualOptions::default()).block_on(Box::pin(body)).unwrap();
    let mut specs = std::mem::take(&mut *read.lock().unwrap());
    specs.sort_by_key(|spec| spec.batch);
    specs
}

#[test]
fn logs_of_all_attempts_follow_on_each_other() {
    for at in (5..100).step_by(7) {
        let world = World::new(EVENTS);
        let keep_all = |mut attempt: Attempt| {
            attempt.settings.retain(|(name, _)| *name != "min_batches_to_retain");
            attempt
        };
        world.run(keep_all(Attempt { fault: Some((at, Fault::Before)), ..Attempt::fresh() }));
        let before = logged(&world);
        world.run(keep_all(Attempt::resumed())).completion();
        let specs = logged(&world);
        assert!(specs.starts_with(&before), "what was logged is run as it was logged");
        assert!(specs.iter().map(|spec| spec.batch).eq(0..specs.len() as u64));
        for pair in specs.windows(2) {
            let (one, next) = (&pair[0], &pair[1]);
            assert!(one.ranges.iter().map(|it| it.end).eq(next.ranges.iter().map(|it| it.start)));
            assert_eq!(next.applied, one.watermark.max(one.applied));
            assert!(next.newest.iter().zip(&one.newest).all(|(next, one)| next >= one));
            // The runtime's clock begins at 0 again, and operators' processing time does not.
            assert!(next.processing_time >= one.processing_time, "operation {at}: {specs:?}");
            assert!(!one.last);
        }
        assert!(specs.last().unwrap().last);
        assert_eq!(specs.iter().map(BatchSpec::offsets).sum::<u64>(), EVENTS);
    }
}

#[test]
fn a_stopped_job_releases_nothing_early_and_goes_on() {
    let mut interrupted = 0;
    for millis in [0, 1, 3, 5, 8, 9] {
        let world = World::new(EVENTS);
        let stop_at = Some(ProcessingTime::from_millis(millis));
        let stopped = world.run(Attempt { stop_at, ..Attempt::fresh() }).completion();
        interrupted += u32::from(stopped.interrupted);
        let rows = world.seen.rows();
        assert!(rows.iter().all(|row| world.events.expected().contains_key(row.0)), "{rows:?}");
        let ended = world.run(Attempt::resumed()).completion();
        assert_eq!(world.seen.rows(), world.events.expected(), "stopped after {millis} ms");
        assert_eq!((ended.replayed, ended.interrupted), (0, false), "a stop leaves no open batch");
    }
    assert!(interrupted >= 4, "{interrupted} stops came before the end");
}

#[test]
fn a_batch_that_was_stopped_while_it_waited_for_events_has_never_been() {
    for missing_from in [0, 1, 17, 40, 58] {
        let mut world = World::new(EVENTS);
        world.events.missing_from = missing_from;
        let read = Arc::new(ReadEvents::default());
        let stop_at = Some(ProcessingTime::from_millis(30));
        let attempt = Attempt { stop_at, observer: read.clone(), ..Attempt::fresh() };
        let stopped = world.run(attempt).completion();
        assert!(stopped.interrupted && stopped.records_in <= missing_from, "{stopped:?}");
        assert_eq!(read.sum(), stopped.records_in, "what was not committed was not read");
        let committed = world.seen.rows().len() as u64;
        assert_eq!(stopped.records_out, committed, "nor was it written");
        world.events.missing_from = u64::MAX;
        let ended = world.run(Attempt::resumed()).completion();
        assert!(!ended.interrupted && ended.records_in == EVENTS, "{ended:?}");
        assert_eq!(world.seen.rows(), world.events.expected(), "from {missing_from}");
    }
}

#[test]
fn a_batch_that_runs_again_counts_in_events_though_offsets_have_gaps() {
    let spaced = || {
        let mut world = World::new(EVENTS);
        world.events.spacing = 3;
        world
    };
    let whole = spaced().run(Attempt::fresh()).operations;
    let mut replayed = 0;
    for at in 0..whole {
        let world = spaced();
        let fault = Some((at, Fault::Before));
        assert!(world.run(Attempt { fault, ..Attempt::fresh() }).result.is_none());
        let resumed = Arc::new(ResumedEvents::default());
        let attempt = Attempt { observer: resumed.clone(), ..Attempt::resumed() };
        let completion = world.run(attempt).completion();
        assert_eq!(world.seen.rows(), world.events.expected(), "operation {at}");
        // Twelve offsets of three splits hold no more.
        assert!(completion.replayed <= 6, "operation {at}: {}", completion.replayed);
        let (events, read) = (resumed.0.lock().unwrap(), resumed.1.lock().unwrap());
        let is_behind =
            |(split, events): (&u32, &u64)| read.get(split).is_none_or(|it| events <= it);
        assert!(events.iter().all(is_behind), "operation {at}");
        replayed += completion.replayed;
    }
    assert!(replayed > 20, "{replayed}");
}

/// From where in each split a job goes on, and where its first batch has read to.
#[derive(Default)]
struct ResumedEvents(Mutex<BTreeMap<u32, u64>>, Mutex<BTreeMap<u32, u64>>);

impl Observer for ResumedEvents {
    fn resumed(&self, split: u32, events: u64) {
        self.0.lock().unwrap().insert(split, events);
    }
    fn read(&self, split: u32, _: ProcessingTime, events: u64) {
        self.1.lock().unwrap().entry(split).or_insert(events);
    }
}

/// How many events of each split have been read.
#[derive(Default)]
struct ReadEvents(Mutex<BTreeMap<u32, u64>>);

impl ReadEvents {
    fn sum(&self) -> u64 {
        self.0.lock().unwrap().values().sum()
    }
}

impl Observer for ReadEvents {
    fn read(&self, split: u32, _: ProcessingTime, events: u64) {
        self.0.lock().unwrap().insert(split, events);
    }
}

#[test]
fn a_job_that_has_ended_ends_again_at_once() {
    let world = World::new(EVENTS);
    let first = world.run(Attempt::fresh()).completion();
    let files = world.files.files();
    let again = world.run(Attempt::resumed());
    assert_eq!(again.operations, 0);
    let again = again.completion();
    assert_eq!(again.records_out, first.records_out);
    assert_eq!((again.counters, again.checkpoints), (first.counters, first.checkpoints));
    assert_eq!((world.files.files(), world.seen.rows()), (files, world.events.expected()));
}
