//! The pipelined engine with as little room as there can be.

use std::collections::BTreeMap;

use dataflow::Change;
use dataflow::operators::Count;
use serde_json::{Value, json};

use crate::fixture::{
    Clock, Events, PARALLELISMS, Setup, digest_of, key_of, keyed_counts, pick, run,
};

/// How often each count was reached, modulo 7.
fn counts_of_counts(events: &Events) -> BTreeMap<u64, u64> {
    let mut reached = BTreeMap::new();
    for (_, count) in keyed_counts(events.all()) {
        (1..=count).for_each(|it| *reached.entry(it % 7).or_default() += 1);
    }
    reached
}

fn two_keyed_stages(parallelism: u32, clock: Clock, settings: &[(&'static str, Value)]) {
    let events = Events::new(6_000).splits(8).keys(100);
    let engine = pick("pipelined");
    let finished = run(Setup::new(&*engine, parallelism, clock).settings(settings), |sink| {
        let counts = events.stream().key_by(key_of).aggregate(Count::default());
        let newest = counts.map(|change: Change<(u64, u64)>| match change {
            Change::Insert(row) | Change::Update { after: row, .. } | Change::Delete(row) => row,
        });
        newest.key_by(|row| row.1 % 7).aggregate(Count::default()).sink_changes(sink)
    });
    let expected = digest_of(counts_of_counts(&events));
    assert_eq!(finished.digest, expected, "at {parallelism}, {clock:?}, {settings:?}");
}

fn little_room(exclusive: u32, floating: u32) -> [(&'static str, Value); 4] {
    [
        ("exclusive_buffers_per_channel", json!(exclusive)),
        ("floating_buffers_per_gate", json!(floating)),
        ("max_buffers_per_channel", json!(1)),
        ("buffer_bytes", json!(64)),
    ]
}

#[test]
fn one_credit_a_channel_and_tiny_buffers_are_enough() {
    for (parallelism, clock) in
        PARALLELISMS.into_iter().flat_map(|it| Clock::both().map(|on| (it, on)))
    {
        two_keyed_stages(parallelism, clock, &little_room(1, 0));
    }
}

#[test]
fn one_credit_for_a_whole_gate_is_enough() {
    for clock in Clock::both() {
        two_keyed_stages(8, clock, &little_room(0, 1));
        two_keyed_stages(8, clock, &little_room(1, 1));
    }
}

#[test]
fn a_record_s_own_buffers_and_only_full_buffers_give_the_same_answer() {
    for (timeout, clock) in [0, -1].into_iter().flat_map(|it| Clock::both().map(|on| (it, on))) {
        two_keyed_stages(4, clock, &[("buffer_timeout_ms", json!(timeout))]);
    }
}

#[test]
fn buffers_over_links_give_the_same_answer_with_as_little_room() {
    for (parallelism, clock) in [1, 4].into_iter().flat_map(|it| Clock::both().map(|on| (it, on))) {
        let mut settings = little_room(1, 1).to_vec();
        settings.extend([
            ("link", json!("remote")),
            ("link_latency_ms", json!(0.02)),
            ("link_mbit_per_s", json!(1_000)),
        ]);
        two_keyed_stages(parallelism, clock, &settings);
    }
}
