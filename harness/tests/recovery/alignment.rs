//! What alignment is for: a channel whose barrier is in waits for the others.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use dataflow::ProcessingTime;
use dataflow::job::runtime::Role;
use runtime::{Fault, Trigger, Victim};
use serde_json::Value;
use streamgauge::internals::RowWriter;

use crate::scenario::Scenario;

const SEEDS: u64 = 20;
/// The checkpoint whose barriers are drawn apart.
const CHECKPOINT: usize = 8;
const SLOW_NANOS: u64 = 20_000_000;

/// A subtask drawn by the seed does nothing for 20 ms around the trigger of a checkpoint; when it
/// is a source, its barrier comes that much behind the other's. Once the checkpoint is complete
/// and before the next, a subtask is killed. All records are of one key, so that both sources'
/// channels end in one subtask.
fn one_late_barrier(seed: u64, guarantee: &'static str) -> Scenario {
    let mut scenario = Scenario::new("pipelined", "keyed-count", guarantee);
    scenario.seed = seed;
    scenario.knobs.push(("keys", 1.into()));
    let undisturbed = scenario.run().result.recovery.checkpoints;
    let triggered = ProcessingTime(undisturbed[CHECKPOINT].triggered_ns);
    let slow = Fault::Slow { role: Role::Subtask, nanos: SLOW_NANOS };
    let before = ProcessingTime(triggered.0 - SLOW_NANOS / 10);
    scenario.triggers = vec![
        (Trigger::At(before), slow),
        (Trigger::At(triggered.after(2 * SLOW_NANOS)), Fault::Kill(Victim::Subtask)),
    ];
    scenario
}

#[test]
fn a_late_barrier_holds_back_what_came_behind_the_others() {
    for seed in 0..SEEDS {
        let ran = one_late_barrier(seed, "exactly-once").run();
        assert_eq!(ran.result.recovery.restarts, 1, "seed {seed}");
        assert!(ran.is_right(), "seed {seed}: {:?}", ran.result.output);
    }
}

/// Without alignment, as at-least-once has it, records behind the early barrier are in the state
/// that is restored, and are read again: the counts come out too large.
#[test]
fn without_alignment_records_are_counted_twice() {
    let counts = (0..SEEDS).map(|seed| {
        let mut scenario = one_late_barrier(seed, "at-least-once");
        let lines = Lines::default();
        scenario.rows = Some(RowWriter::at_once("rows", Box::new(lines.clone())));
        scenario.run();
        assert!(lines.largest_count() >= scenario.events, "seed {seed}: something is lost");
        lines.largest_count() - scenario.events
    });
    let too_large = counts.filter(|too_many| *too_many > 0).count();
    assert!(too_large >= 5, "counts are too large on {too_large} of {SEEDS} seeds only");
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Lines {
    fn largest_count(&self) -> u64 {
        let bytes = self.0.lock().unwrap();
        let rows = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let counts = rows.map(|line| {
            let row: Value = serde_json::from_slice(line).expect("a line is JSON");
            row["count"].as_u64().expect("a row has a count")
        });
        counts.max().expect("there are rows")
    }
}

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
