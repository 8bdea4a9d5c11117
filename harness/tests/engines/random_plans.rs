//! Random settings, events and parallelisms on virtual time: the answer is always the same.

use dataflow::operators::Count;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::fixture::{
    Clock, Events, MILLI, Setup, digest_of, engines, key_of, keyed_counts, run, windowed_counts,
};

#[derive(Clone, Debug)]
struct Case {
    seed: u64,
    parallelism: u32,
    events: u64,
    splits: u32,
    keys: u64,
    disorder: u64,
    pace_nanos: u64,
    window_ms: i64,
    settings: Vec<(&'static str, Value)>,
}

prop_compose! {
    fn settings()(
        buffer_bytes in prop_oneof![Just(64), 64..5_000, Just(32_768)],
        timeout in prop_oneof![Just(-1.), Just(0.), 0.5..200.],
        exclusive in 0..4,
        floating in 1..6,
        backlog in 1..12,
        watermark_ms in 1..300,
        watermark_records in prop_oneof![1..100, Just(4_096)],
        interval in prop_oneof![Just(0.), 1.0..300.],
        polling in prop_oneof![Just(0.), 0.1..50.],
        max_offsets in prop_oneof![1..20, 20..2_000, Just(i32::MAX)],
        partitions in 1..12,
    ) -> Vec<(&'static str, Value)> {
        vec![
            ("buffer_bytes", json!(buffer_bytes)),
            ("buffer_timeout_ms", json!(timeout)),
            ("exclusive_buffers_per_channel", json!(exclusive)),
            ("floating_buffers_per_gate", json!(floating)),
            ("max_buffers_per_channel", json!(backlog)),
            ("watermark_interval_ms", json!(watermark_ms)),
            ("watermark_interval_records", json!(watermark_records)),
            ("batch_interval_ms", json!(interval)),
            ("polling_delay_ms", json!(polling)),
            ("max_offsets_per_trigger", json!(max_offsets)),
            ("shuffle_partitions", json!(partitions)),
        ]
    }
}

prop_compose! {
    fn case()(
        seed in any::<u64>(),
        parallelism in 1u32..9,
        events in 0u64..1_500,
        splits in 1u32..10,
        keys in 1u64..60,
        disorder in prop_oneof![Just(0u64), 1u64..200],
        pace_nanos in prop_oneof![Just(0), 1_000..3 * MILLI],
        window_ms in 1i64..400,
        settings in settings(),
    ) -> Case {
        Case { seed, parallelism, events, splits, keys, disorder, pace_nanos, window_ms, settings }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn counts_per_key_and_per_window_are_those_of_plain_collections(case in case()) {
        let events = Events::new(case.events).splits(case.splits).keys(case.keys);
        let events = events.disordered(case.disorder).paced(case.pace_nanos);
        let size = case.window_ms * MILLI as i64;
        let by_key = digest_of(keyed_counts(events.all()));
        let by_window = digest_of(windowed_counts(events.all(), size));
        for engine in engines() {
            let setup =
                || Setup::new(&*engine, case.parallelism, Clock::seeded(case.seed)).settings(&case.settings);
            let keyed = run(setup(), |sink| {
                events.stream().key_by(key_of).aggregate(Count::default()).sink_changes(sink)
            });
            prop_assert_eq!(keyed.digest, by_key, "{}", engine.name());
            prop_assert_eq!(keyed.completion.records_in, case.events, "{}", engine.name());
            let windowed = run(setup(), |sink| {
                events.stream().key_by(key_of).window(size).aggregate(Count::default()).sink(sink)
            });
            prop_assert_eq!(windowed.completion.counters.late_records, 0, "{}", engine.name());
            prop_assert_eq!(windowed.digest, by_window, "{}", engine.name());
        }
    }
}
