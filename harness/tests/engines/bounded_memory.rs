//! One record that turns into very many, and a window that fires very many keys: what waits in an
//! outbox stays bounded.

use dataflow::EventTime;
use dataflow::Record;
use dataflow::operators::{Count, WindowResult};
use serde_json::json;

use crate::fixture::{Clock, Event, Events, Setup, digest_of, engines, key_of, keyed_counts, run};

/// Bytes of a record of two integers in a buffer.
const RECORD_BYTES: usize = 16 + Record::<Event>::STAMP_BYTES;

/// Sealed buffers that may wait in an outbox: fewer than one per channel when a record comes in,
/// then its fan-out, of which every channel may complete a buffer that was open.
fn most_buffers(channels: usize, fan_out: usize, buffer_bytes: usize) -> usize {
    (channels - 1) + channels + fan_out * RECORD_BYTES / buffer_bytes
}

#[test]
fn one_record_that_becomes_ten_thousand_fills_an_outbox_by_no_more_than_that() {
    let fan_out = 10_000;
    for (engine, parallelism) in engines().iter().flat_map(|it| [(it, 1), (it, 2), (it, 4)]) {
        let events = Events::new(20);
        let buffer_bytes = 1_024;
        // Blocks of a micro-batch are materialised: what bounds them is what a trigger takes.
        let settings =
            [("buffer_bytes", json!(buffer_bytes)), ("max_offsets_per_trigger", json!(2))];
        let setup = Setup::new(&**engine, parallelism, Clock::seeded(3)).settings(&settings);
        let finished = run(setup.silent(), |sink| {
            let many = events.stream().flat_map(move |(_, number): Event| {
                (0..fan_out as u64).map(move |place| (place % 1_000, number))
            });
            many.key_by(key_of).aggregate(Count::default()).sink_changes(sink)
        });
        let expected = (0..1_000u64).map(|key| (key, 20 * fan_out as u64 / 1_000));
        assert_eq!(finished.digest, digest_of(expected), "{}", engine.name());
        let peak = finished.completion.peak_outbox_buffers;
        let most = match engine.name() {
            "pipelined" => most_buffers(parallelism as usize, fan_out, buffer_bytes),
            "microbatch" => most_buffers(parallelism as usize, fan_out, 32 * 1_024),
            // It hands over only after the flush that follows each chunk.
            _ => most_buffers(1, fan_out, 32 * 1_024) + 1,
        };
        assert!(peak <= most, "{} at {parallelism}: {peak} buffers, not {most}", engine.name());
        assert!(peak >= fan_out * RECORD_BYTES / (32 * 1_024), "the fan-out was there at once");
    }
}

#[test]
fn a_window_of_a_million_keys_fires_buffer_by_buffer() {
    let keys_per_event = 1_000;
    for engine in engines() {
        let parallelism = 2;
        let events = Events::new(1_000).at(|_| 5);
        let settings = [("max_offsets_per_trigger", json!(100))];
        let setup = Setup::new(&*engine, parallelism, Clock::seeded(3)).settings(&settings);
        let finished = run(setup.silent(), |sink| {
            let all = events.stream().flat_map(move |(_, number): Event| {
                (0..keys_per_event).map(move |place| (number * keys_per_event + place, number))
            });
            let windows = all.key_by(key_of).window(1_000).aggregate(Count::default());
            // Into a second keyed stage, which brings them together to a hundred.
            let rest = windows.map(|row: WindowResult<u64, u64>| (row.key % 100, row.result));
            rest.key_by(key_of).window(1_000).aggregate(Count::default()).sink(sink)
        });
        let counts = keyed_counts((0..1_000_000).map(|number| ((number % 100, number), 5)));
        let row = |(key, result)| WindowResult { key, window_end: EventTime(1_000), result };
        assert_eq!(finished.digest, digest_of(counts.into_iter().map(row)), "{}", engine.name());
        let peak = finished.completion.peak_outbox_buffers;
        let most = most_buffers(parallelism as usize, keys_per_event as usize, 32 * 1_024);
        assert!(peak <= most, "{}: {peak} buffers, not {most}", engine.name());
    }
}
