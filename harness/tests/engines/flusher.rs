//! How long records wait in an open buffer, against the closed form.
//!
//! The flusher is a clock that runs free beside the filling, so a record waits for whichever comes
//! first: with a the shorter and d the longer of fill time and timeout, a/2 - a²/(6d) in the mean.

use dataflow::operators::Count;
use serde_json::{Value, json};

use crate::fixture::{
    Clock, Event, Events, Finished, MILLI, Setup, key_of, pick, run, virtual_clocks,
};
use dataflow::{Record, StampUnit};

/// Bytes of an event in a buffer.
const RECORD_BYTES: u64 = 16 + Record::<Event>::STAMP_BYTES as u64;
/// Time between two events.
const GAP: u64 = MILLI / 10;

/// From one source subtask to one counter.
fn one_to_one(count: u64, clock: Clock, buffer_bytes: u64, timeout_ms: f64) -> Finished {
    let events = Events::new(count).splits(1).paced(GAP);
    let engine = pick("pipelined");
    let settings: [(_, Value); 2] =
        [("buffer_bytes", json!(buffer_bytes)), ("buffer_timeout_ms", json!(timeout_ms))];
    run(Setup::new(&*engine, 1, clock).settings(&settings), |sink| {
        events.stream().key_by(key_of).aggregate(Count::default()).sink_changes(sink)
    })
}

/// Milliseconds from a record's planned time to its result.
fn waits(finished: &Finished) -> impl Iterator<Item = f64> {
    finished.collected.emitted.iter().map(|(at, _, stamps)| {
        (at.0 - StampUnit::MICROSECOND.instant(stamps.planned).0) as f64 / MILLI as f64
    })
}

fn mean_wait(seeds: u64, buffer_bytes: u64, timeout_ms: f64) -> f64 {
    let all: Vec<f64> = virtual_clocks(seeds)
        .flat_map(|clock| {
            waits(&one_to_one(4_000, clock, buffer_bytes, timeout_ms)).collect::<Vec<_>>()
        })
        .collect();
    all.iter().sum::<f64>() / all.len() as f64
}

fn closed_form(fill_ms: f64, timeout_ms: f64) -> f64 {
    let (a, d) = (fill_ms.min(timeout_ms), fill_ms.max(timeout_ms));
    a / 2. - a * a / (6. * d)
}

#[test]
fn the_mean_wait_in_an_open_buffer_is_the_closed_form_s() {
    let bytes_per_ms = (RECORD_BYTES * MILLI / GAP) as f64;
    for (fill_ms, timeout_ms, about) in [
        // Far from full when the flusher comes: half the timeout.
        (3_000., 20., 10.),
        // Always full before: half the fill time.
        (20., 5_000., 10.),
        // Neither, and in no simple proportion, so that one run sees every phase.
        (20., 32.36, 7.94),
        (32.36, 20., 7.94),
    ] {
        let expected = closed_form(fill_ms, timeout_ms);
        assert!((expected - about).abs() < 0.05, "the closed form gives {expected}");
        let mean = mean_wait(20, (fill_ms * bytes_per_ms) as u64, timeout_ms);
        let off = (mean / expected - 1.).abs();
        assert!(off < 0.02, "fill {fill_ms}, timeout {timeout_ms}: {mean} ms, not {expected}");
    }
}

#[test]
fn no_record_waits_longer_than_the_timeout() {
    for clock in virtual_clocks(5) {
        let finished = one_to_one(2_000, clock, 1 << 20, 20.);
        assert!(
            waits(&finished).all(|wait| wait <= 20.),
            "{:?}",
            waits(&finished).max_by(f64::total_cmp)
        );
    }
}

/// Records in every buffer sent.
fn buffers(finished: &Finished) -> Vec<u64> {
    let lines = finished.trace.lines();
    let records = lines.filter_map(|line| line.rsplit_once("records=")).map(|(_, count)| count);
    records.map(|count| count.parse().expect("a number")).filter(|&count| count > 0).collect()
}

#[test]
fn a_timeout_of_zero_sends_every_record_by_itself_and_at_once() {
    let finished = one_to_one(300, Clock::free(1), 32 * 1_024, 0.);
    assert_eq!(buffers(&finished), [1; 300]);
    assert!(waits(&finished).all(|wait| wait == 0.));
}

#[test]
fn without_a_timeout_only_full_buffers_go_until_the_end() {
    let finished = one_to_one(230, Clock::free(1), 50 * RECORD_BYTES, -1.);
    assert_eq!(buffers(&finished), [50, 50, 50, 50, 30]);
}

#[test]
fn flushing_does_not_move_the_places_at_which_buffers_fill() {
    // In Flink a flushed buffer stays open and keeps filling.
    let finished = one_to_one(1_000, Clock::free(3), 50 * RECORD_BYTES, 2.);
    let mut filled = 0;
    let ends: Vec<u64> = buffers(&finished)
        .iter()
        .map(|count| {
            filled += count;
            filled
        })
        .collect();
    for full in (50..=1_000).step_by(50) {
        assert!(ends.contains(&full), "a buffer is full at record {full}: {ends:?}");
    }
    assert!(ends.len() > 40, "and there were flushes between: {ends:?}");
}
