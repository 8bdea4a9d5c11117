//! Running aggregates that change once per key and unit of work, and combiners ahead of the exchange:
//! the table that they leave is the same, and a unit is what the engine says it is.

use std::collections::BTreeSet;

use dataflow::exchange::sink::{SinkSlot, Wants};
use dataflow::operators::{Count, Merging};
use dataflow::record::latency_trace::Sampling;
use dataflow::{Plan, ProcessingTime, StampUnit};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::fixture::{
    Clock, Event, Events, Finished, MILLI, Setup, digest_of, engines, everywhere, key_of,
    keyed_counts, pick, run,
};

/// Which operators a plan gets.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
struct Mode {
    once_per_unit: bool,
    combined: bool,
}

const MODES: [Mode; 4] = [
    Mode { once_per_unit: false, combined: false },
    Mode { once_per_unit: false, combined: true },
    Mode { once_per_unit: true, combined: false },
    Mode { once_per_unit: true, combined: true },
];

/// Counts events per key.
fn plan(events: &Events, mode: Mode, sink: SinkSlot) -> Plan {
    let (events, count) = (events.stream(), Count::<Event>::default());
    let merging = Merging::new(Count::<Event>::default());
    match (mode.combined, mode.once_per_unit) {
        (false, false) => events.key_by(key_of).aggregate(count).sink_changes(sink),
        (false, true) => events.key_by(key_of).aggregate_by_unit(count).sink_changes(sink),
        (true, false) => events.combine_by(key_of, count).aggregate(merging).sink_changes(sink),
        (true, true) => {
            events.combine_by(key_of, count).aggregate_by_unit(merging).sink_changes(sink)
        }
    }
}

/// Runs it without any costs and checks the table that is left.
fn counted(
    engine: &str,
    parallelism: u32,
    events: &Events,
    mode: Mode,
    settings: &[(&'static str, Value)],
) -> Finished {
    let engine = pick(engine);
    let setup = Setup::new(&*engine, parallelism, Clock::free(3)).settings(settings);
    let finished = run(setup, |sink| plan(events, mode, sink));
    assert_eq!(finished.digest, digest_of(keyed_counts(events.all())), "{mode:?}");
    finished
}

#[test]
fn every_mode_leaves_the_counts() {
    everywhere(|engine, parallelism, clock| {
        let events = Events::new(2_000).splits(3).keys(37);
        let expected = digest_of(keyed_counts(events.all()));
        for mode in MODES {
            let finished =
                run(Setup::new(engine, parallelism, clock), |sink| plan(&events, mode, sink));
            let what = format!("{mode:?} on {} at {parallelism}", engine.name());
            assert_eq!(finished.digest, expected, "{what}");
            let [exchange] = &finished.completion.exchanges[..] else { panic!("one exchange") };
            let crossed = exchange.records.iter().sum::<u64>();
            let written = finished.completion.records_out;
            assert_eq!(crossed == 2_000, !mode.combined, "{what}: {crossed} records cross");
            assert!((37..=crossed).contains(&written), "{what}: {written} of {crossed}");
            assert!(mode.once_per_unit || written == crossed, "{what}: one change per record");
        }
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_table_is_the_same_whatever_a_unit_is(
        seed in any::<u64>(),
        count in 0u64..1_200,
        splits in 1u32..6,
        keys in 1u64..200,
        pace_nanos in prop_oneof![Just(0), 1_000..2_000_000u64],
        latency_ms in prop_oneof![Just(0.001), 0.1..50.0],
        size in prop_oneof![1..10, 10..2_000],
        buffer_bytes in prop_oneof![Just(64), 64..5_000, Just(32_768)],
        interval_ms in prop_oneof![Just(0.0), 1.0..100.0],
        max_offsets in prop_oneof![1..50, 50..2_000],
    ) {
        let events = Events::new(count).splits(splits).keys(keys).paced(pace_nanos);
        let expected = digest_of(keyed_counts(events.all()));
        let settings = [
            ("mini_batch_latency_ms", json!(latency_ms)),
            ("mini_batch_size", json!(size)),
            ("buffer_bytes", json!(buffer_bytes)),
            ("batch_interval_ms", json!(interval_ms)),
            ("max_offsets_per_trigger", json!(max_offsets)),
        ];
        for engine in engines() {
            for (parallelism, mode) in [1, 3].into_iter().flat_map(|it| MODES.map(|mode| (it, mode))) {
                let setup = Setup::new(&*engine, parallelism, Clock::seeded(seed));
                let finished = run(setup.settings(&settings), |sink| plan(&events, mode, sink));
                let name = engine.name();
                prop_assert_eq!(finished.digest, expected, "{:?} on {} at {}", mode, name, parallelism);
            }
        }
    }
}

#[test]
fn a_micro_batch_emits_one_row_per_key_that_it_has() {
    // One split: a batch holds neighbours, and one task reads it.
    let events = Events::new(3_000).splits(1).keys(50).paced(MILLI / 10);
    for (parallelism, mode) in [1, 3].into_iter().flat_map(|it| MODES.map(|mode| (it, mode))) {
        let settings = [("batch_interval_ms", json!(20)), ("shuffle_partitions", json!(5))];
        let finished = counted("microbatch", parallelism, &events, mode, &settings);
        let (mut first, mut keys_of_batches) = (0, 0);
        for batch in &finished.batches {
            let keys: BTreeSet<u64> =
                (first..first + batch.records).map(|number| events.key(number)).collect();
            first += batch.records;
            keys_of_batches += keys.len() as u64;
        }
        assert!(first == 3_000 && finished.batches.len() > 10 && keys_of_batches < 1_500);
        let [exchange] = &finished.completion.exchanges[..] else { panic!("one exchange") };
        let crossed = if mode.combined { keys_of_batches } else { 3_000 };
        assert_eq!(exchange.records.iter().sum::<u64>(), crossed, "{mode:?}");
        let rows = if mode.once_per_unit { keys_of_batches } else { crossed };
        assert_eq!(finished.completion.records_out, rows, "{mode:?} at {parallelism}");
    }
}

#[test]
fn a_mini_batch_ends_by_its_time_whatever_watermarks_do() {
    let once = Mode { once_per_unit: true, combined: false };
    let events = Events::new(2_000).splits(1).keys(5).paced(MILLI);
    let rows = |latency_ms: u64, watermark_ms: u64| {
        let settings = [
            ("mini_batch_latency_ms", json!(latency_ms)),
            ("watermark_interval_ms", json!(watermark_ms)),
            ("watermark_interval_records", json!(10)),
            ("buffer_timeout_ms", json!(1)),
        ];
        counted("pipelined", 1, &events, once, &settings).completion.records_out
    };
    // Two seconds are 20 mini-batches of 100 ms or parts of 21, and all keys come in each.
    assert!((5 * 20..=5 * 21).contains(&rows(100, 200)), "{}", rows(100, 200));
    assert_eq!(rows(100, 1), rows(100, 200));
    assert!((5 * 8..=5 * 9).contains(&rows(250, 1)), "{}", rows(250, 1));
}

#[test]
fn a_mini_batch_ends_with_the_input_that_makes_it_full() {
    let combined = Mode { once_per_unit: false, combined: true };
    // All there from the start: 40 chunks of 256 events and 4 of less.
    let events = Events::new(10_240).splits(1).keys(3);
    let crossed = |size: u64| {
        let settings = [("mini_batch_latency_ms", json!(1_000)), ("mini_batch_size", json!(size))];
        let finished = counted("pipelined", 1, &events, combined, &settings);
        finished.completion.exchanges[0].records.iter().sum::<u64>()
    };
    assert_eq!(crossed(1), 3 * 40, "of each chunk");
    assert_eq!(crossed(512), 3 * 20);
    assert_eq!(crossed(513), 3 * 14, "of each three chunks, and the last one");
}

#[test]
fn a_row_has_the_newest_stamps_and_the_trace_of_what_it_was_made_from() {
    for engine in engines() {
        for (parallelism, mode) in [1, 3].into_iter().flat_map(|it| MODES.map(|mode| (it, mode))) {
            let events = Events::new(1_500).splits(3).keys(7).paced(MILLI / 5);
            let mut setup = Setup::new(&*engine, parallelism, Clock::seeded(2));
            let settings = [
                ("mini_batch_latency_ms", json!(10)),
                ("buffer_timeout_ms", json!(1)),
                ("batch_interval_ms", json!(20)),
            ];
            setup.settings = &settings;
            let sampling = Sampling::one_in(1, ProcessingTime::ZERO, StampUnit::MICROSECOND);
            setup.wants = Wants { trails: Some(sampling), ..setup.wants };
            let collected = run(setup, |sink| plan(&events, mode, sink)).collected;
            let what = format!("{mode:?} on {} at {parallelism}", engine.name());
            let timed: Vec<_> =
                collected.emitted.iter().filter(|(.., stamps)| stamps.is_timed()).collect();
            let untimed = collected.emitted.len() - timed.len();
            assert!(untimed <= 7 * 3, "{what}: {untimed} rows are what the end has released");
            assert!(timed.len() > 40, "{what}: {} rows", timed.len());
            assert_eq!(
                (collected.trails.len(), collected.without_trail),
                (timed.len(), 0),
                "{what}"
            );
            let latency = |(at, event_time, stamps): &(ProcessingTime, _, dataflow::Stamps)| {
                let planned = StampUnit::MICROSECOND.instant(stamps.planned);
                assert_eq!(*event_time, dataflow::EventTime((planned.0 * 5) as i64), "{what}");
                at.since(planned)
            };
            let latencies: u64 = timed.into_iter().map(latency).sum();
            let traced: u64 = collected.trails.iter().map(|trail| trail.total_nanos()).sum();
            assert_eq!(traced, latencies, "{what}: all of its time belongs to a part");
        }
    }
}
