//! The micro-batch engine's own mechanics, on virtual time.

use dataflow::job::observer::BatchReport;
use dataflow::job::runtime::Runtime;
use dataflow::operators::{Count, WindowResult};
use dataflow::{EventTime, ProcessingTime};
use runtime::{CostTable, VirtualOptions, VirtualTime};
use serde_json::{Value, json};

use crate::fixture::{
    Clock, Event, Events, Finished, MILLI, Setup, digest_of, key_of, keyed_counts, per_record,
    per_task, pick, run,
};

fn options(seed: u64, costs: CostTable) -> VirtualOptions {
    VirtualOptions { seed, costs, cores_per_node: 8, ..VirtualOptions::default() }
}

/// Counts events per key.
fn counted(
    events: &Events,
    parallelism: u32,
    options: VirtualOptions,
    settings: &[(&'static str, Value)],
) -> Finished {
    let engine = pick("microbatch");
    let setup = Setup::new(&*engine, parallelism, Clock::Virtual(options)).settings(settings);
    let finished = run(setup, |sink| {
        events.stream().key_by(key_of).aggregate(Count::default()).sink_changes(sink)
    });
    assert_eq!(finished.digest, digest_of(keyed_counts(events.all())));
    finished
}

fn starts(finished: &Finished) -> Vec<u64> {
    finished.batches.iter().map(|batch| batch.started.0).collect()
}

#[test]
fn batches_start_at_boundaries_of_the_interval() {
    for seed in 0..4 {
        let options = options(seed, CostTable::FREE);
        let finished = counted(
            &Events::new(1_000).paced(MILLI),
            2,
            options,
            &[("batch_interval_ms", json!(100))],
        );
        let phase = VirtualTime::new(options).random("trigger") % (100 * MILLI);
        let starts = starts(&finished);
        assert_eq!(starts[0], 0, "the first batch waits for no boundary");
        let ends_at = starts.len() - 1;
        for (number, &start) in starts[1..ends_at].iter().enumerate() {
            assert_eq!(start, phase + number as u64 * 100 * MILLI, "seed {seed}: {starts:?}");
        }
        assert!(finished.batches.iter().all(|batch| batch.due == batch.started));
    }
}

#[test]
fn a_batch_that_overruns_its_interval_is_followed_at_once() {
    // Two stages of one task each: 150 ms a batch.
    let costs = per_task((75 * MILLI) as f64);
    let interval = [("batch_interval_ms", json!(100))];
    let finished = counted(&Events::new(1_000).paced(MILLI), 1, options(1, costs), &interval);
    let batches = &finished.batches;
    assert!(batches.len() >= 7);
    for pair in batches.windows(2) {
        assert_eq!(pair[1].started, pair[0].ended);
        assert_eq!(pair[0].ended.since(pair[0].started), 150 * MILLI);
    }
    for batch in &batches[2..7] {
        assert!(batch.due < batch.started, "its own boundary has passed");
        assert_eq!(batch.records, 150, "it takes what has come meanwhile");
    }
}

#[test]
fn boundaries_that_were_missed_are_not_made_up_for() {
    // 3,500 events at once take 350 ms, then one each 10 ms.
    let events = Events::new(3_600)
        .planned(|number| if number < 3_500 { 0 } else { (number - 3_499) * 10 * MILLI });
    let costs = per_record((MILLI / 10 / 2) as f64);
    for seed in 0..4 {
        let options = options(seed, costs);
        let phase = VirtualTime::new(options).random("trigger") % (100 * MILLI);
        let finished = counted(&events, 1, options, &[("batch_interval_ms", json!(100))]);
        let starts = starts(&finished);
        assert_eq!(starts[..2], [0, 350 * MILLI], "seed {seed}: at once after the overrun");
        let boundary = |at: u64| (at - phase).div_euclid(100 * MILLI) * 100 * MILLI + phase;
        let next = boundary(starts[1]) + 100 * MILLI;
        assert_eq!(starts[2..5], [0, 1, 2].map(|it| next + it * 100 * MILLI), "seed {seed}");
    }
}

/// Counts events per key and window of 10 ms.
fn windowed(events: &Events, settings: &[(&'static str, Value)]) -> Finished {
    let engine = pick("microbatch");
    let setup = Setup::new(&*engine, 2, Clock::Virtual(options(1, CostTable::FREE)));
    run(setup.settings(settings), |sink| {
        let windows = events.stream().key_by(key_of).window(10 * MILLI as i64);
        windows.aggregate(Count::default()).sink(sink)
    })
}

/// Window ends in milliseconds, the keys' counts, and the number of the batch they came out in.
fn came_out(finished: &Finished) -> Vec<(i64, u64, u64)> {
    let rows = finished.collected.rows().into_iter();
    let rows = rows.map(|row| serde_json::from_value(row).expect("a window's result"));
    let emitted = finished.collected.emitted.iter();
    let mut all: Vec<(i64, u64, u64)> = rows
        .zip(emitted)
        .map(|(row, (at, ..)): (WindowResult<u64, u64>, _)| {
            let batch = finished.batches.iter().rev().find(|batch| batch.started <= *at);
            let batch = batch.map_or(u64::MAX, |batch| batch.batch);
            (row.window_end.0 / MILLI as i64, row.result, batch)
        })
        .collect();
    all.sort_unstable();
    all
}

fn records(batches: &[BatchReport]) -> Vec<u64> {
    batches.iter().map(|batch| batch.records).collect()
}

#[test]
fn a_batch_without_data_applies_the_watermark_that_the_one_before_has_raised() {
    // 35 events at once, one per millisecond of event time; the last a second later.
    let events =
        Events::new(36).keys(1).planned(|number| if number < 35 { 0 } else { 1_000 * MILLI });
    let finished = windowed(&events, &[("batch_interval_ms", json!(100))]);
    // Batch 1 has no data; 2 brings the last event, whose watermark batch 3 applies; 4 ends it.
    assert_eq!(records(&finished.batches), [35, 0, 1, 0, 0]);
    assert_eq!(finished.batches[0].watermark, EventTime::MIN);
    assert_eq!(finished.batches[1].watermark, EventTime(34 * MILLI as i64 - 1));
    assert_eq!(finished.batches[3].watermark, EventTime(35 * MILLI as i64 - 1));
    assert_eq!(came_out(&finished), [(10, 10, 1), (20, 10, 1), (30, 10, 1), (40, 6, 4)]);
}

#[test]
fn with_data_in_every_batch_a_window_comes_out_in_the_batch_after() {
    // Event time is planned time: an event each millisecond, a batch each 20.
    let events = Events::new(200).keys(1).paced(MILLI);
    let finished = windowed(&events, &[("batch_interval_ms", json!(20))]);
    let mut newest = None;
    let mut read = 0;
    let mut expected = Vec::new();
    for batch in &finished.batches {
        // What the batches before have read decides what this one may close.
        let closed = newest.map_or(0, |newest: i64| newest / 10);
        let known = expected.len() as i64;
        expected.extend((known + 1..=closed).map(|window| (window * 10, 10, batch.batch)));
        read += batch.records as i64;
        newest = (read > 0).then_some(read - 1);
    }
    expected.push((200, 10, finished.batches.len() as u64 - 1));
    assert_eq!(came_out(&finished), expected);
}

#[test]
fn what_is_late_is_decided_by_the_watermark_of_the_batch_before() {
    // Each batch holds one event; the second and the third both belong to the first window.
    let times = [100, 5, 6, 200];
    let events =
        Events::new(4).keys(1).splits(1).at(move |number| times[number as usize] * MILLI as i64);
    let finished = windowed(&events, &[("max_offsets_per_trigger", json!(1))]);
    // Batch 1 closes windows by the event of batch 0, but only after its own record, which it
    // measures by the watermark of batch 0: there was none. Batch 2 measures by that of batch 1.
    assert_eq!(finished.completion.counters.late_records, 1);
    let results: Vec<_> =
        came_out(&finished).into_iter().map(|(end, count, _)| (end, count)).collect();
    assert_eq!(results, [(10, 1), (110, 1), (210, 1)]);
    assert_eq!(records(&finished.batches), [1, 1, 1, 1, 0, 0]);
}

#[test]
fn no_trigger_takes_more_than_its_limit() {
    // The last has fewer events than splits, and takes them one by one.
    for (count, splits, limit) in [(500, 1, 7), (20, 8, 3), (500, 8, 64), (500, 3, 100), (3, 8, 1)]
    {
        let events = Events::new(count).splits(splits);
        let finished = counted(
            &events,
            2,
            options(1, CostTable::FREE),
            &[("max_offsets_per_trigger", json!(limit))],
        );
        let records = records(&finished.batches);
        assert!(records.iter().all(|&records| records <= limit), "{records:?}");
        assert_eq!(records.iter().sum::<u64>(), events.count);
    }
}

#[test]
fn partitions_behind_an_exchange_need_not_be_as_many_as_slots() {
    for partitions in [1, 3, 5, 16] {
        let settings = [("shuffle_partitions", json!(partitions))];
        let events = Events::new(2_000).keys(64);
        let finished = counted(&events, 3, options(1, CostTable::FREE), &settings);
        let [exchange] = &finished.completion.exchanges[..] else { panic!("one exchange") };
        assert_eq!(exchange.records.len(), partitions);
    }
}

#[test]
fn slots_and_cores_limit_how_many_tasks_run_at_a_time() {
    let costs = per_task((10 * MILLI) as f64);
    let settings = [("shuffle_partitions", json!(8))];
    let events = Events::new(100).keyed_by(|number| number);
    for (cores_per_node, stages) in [(8, [10, 40]), (2, [10, 40]), (1, [20, 80])] {
        let options = VirtualOptions { cores_per_node, ..options(1, costs) };
        let finished = counted(&events, 2, options, &settings);
        let nanos = stages.map(|millis| millis * MILLI);
        assert_eq!(finished.batches[0].stages_nanos, nanos, "{cores_per_node} cores");
    }
}

#[test]
fn without_an_interval_a_batch_starts_when_the_one_before_has_ended() {
    let costs = per_task((5 * MILLI) as f64);
    let finished = counted(&Events::new(200).paced(MILLI), 1, options(1, costs), &[]);
    for pair in finished.batches.windows(2) {
        assert_eq!(pair[1].started, pair[0].ended);
    }
    assert_eq!(records(&finished.batches)[2], 10);
}

#[test]
fn a_trigger_that_finds_nothing_looks_again_after_the_polling_delay() {
    let events = Events::new(3).splits(1).paced(95 * MILLI);
    let finished = counted(&events, 1, options(1, CostTable::FREE), &[]);
    // A batch without data follows each with data: the watermark has risen. Then every 10 ms.
    let with_data = finished.batches.iter().filter(|batch| batch.records > 0);
    let at: Vec<_> = with_data.map(|batch| batch.started).collect();
    assert_eq!(at, [0, 100, 190].map(ProcessingTime::from_millis));
    let on_demand = [("polling_delay_ms", json!(0))];
    let finished = counted(&events, 1, options(1, CostTable::FREE), &on_demand);
    let with_data = finished.batches.iter().filter(|batch| batch.records > 0);
    let at: Vec<_> = with_data.map(|batch| batch.started).collect();
    assert_eq!(at, [0, 95, 190].map(ProcessingTime::from_millis));
}

/// Events as they are: one stage.
#[test]
fn a_job_of_one_stage_has_one_stage_per_batch() {
    let engine = pick("microbatch");
    let finished = run(Setup::new(&*engine, 4, Clock::free(1)), |sink| {
        Events::new(100).stream().map(|event: Event| event).sink(sink)
    });
    assert!(finished.batches.iter().all(|batch| batch.stages_nanos.len() == 1));
    assert!(finished.completion.exchanges.is_empty());
}
