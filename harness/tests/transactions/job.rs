//! A job that checkpoints, commits and recovers as an engine does, on a disk that fails.

use dataflow::exchange::sink::{Sink, Transaction};

use crate::disk::{Disk, Fault};
use crate::sinks::{Process, Stop, digest, pre_commit, write};

const SINKS: u32 = 3;

/// What a subtask writes between two checkpoints: sometimes nothing, sometimes more than goes
/// into one append.
fn rows(id: u64, sink: u32) -> Vec<String> {
    let long = if (id, sink) == (5, 2) { 40 * 1024 } else { 0 };
    (0..(id + u64::from(sink)) % 4)
        .map(|number| format!("{id} {sink} {number} {}", "x".repeat(long)))
        .collect()
}

/// All rows of the commits up to this one, sorted.
pub(crate) fn rows_through(last: u64) -> Vec<String> {
    let each = (1..=last).flat_map(|id| (0..SINKS).flat_map(move |sink| rows(id, sink)));
    let mut all: Vec<_> = each.collect();
    all.sort();
    all
}

fn files_through(last: u64) -> usize {
    let each = (1..=last).flat_map(|id| (0..SINKS).map(move |sink| rows(id, sink)));
    each.filter(|rows| !rows.is_empty()).count()
}

/// What the job's checkpoint storage holds: the last checkpoint and the transactions in it.
#[derive(Default)]
struct Recorded {
    id: u64,
    transactions: Vec<Transaction>,
}

/// Runs commits 1 to `last` with these faults, one after the other, and checks what is seen
/// after every recovery and in the end.
pub(crate) fn run(disk: &Disk, last: u64, faults: &[Fault]) {
    let (mut stops, most_stops) = (0, faults.len());
    let mut faults = faults.iter().copied();
    let mut recorded = Recorded::default();
    let mut process = Process::start(disk);
    // Subtasks of earlier attempts are gone only when their process is.
    let mut stale = Vec::new();
    let arm_next = |faults: &mut dyn Iterator<Item = Fault>| {
        if let Some(fault) = faults.next() {
            disk.arm(fault);
        }
    };
    arm_next(&mut faults);
    while let Err(stop) = attempt(disk, &process, &mut recorded, last, &mut stale) {
        stops += 1;
        let is_expected = !disk.is_armed() && stops <= most_stops;
        assert!(is_expected, "it stopped for another reason: {stop:?}");
        if matches!(stop, Stop::Killed) {
            stale.clear();
            disk.crash();
            process = Process::start(disk);
        }
        arm_next(&mut faults);
    }
    disk.disarm();
    let expected = rows_through(last);
    assert_eq!(process.digest(), digest(&expected));
    let reopened = Process::recover(disk, &[]);
    assert_eq!(reopened.digest(), digest(&expected));
    assert!(disk.rows() == expected, "other rows are seen than were written");
    assert_eq!(disk.names("."), Vec::<String>::new(), "what was not committed is gone");
}

fn attempt(
    disk: &Disk,
    process: &Process,
    recorded: &mut Recorded,
    last: u64,
    stale: &mut Vec<Box<dyn Sink>>,
) -> Result<(), Stop> {
    process.take_up(&recorded.transactions)?;
    let seen = disk.rows();
    let before = recorded.id.saturating_sub(1);
    assert!(
        [recorded.id, before].into_iter().any(|id| seen == rows_through(id)),
        "after the recovery of {} a part of a commit is seen",
        recorded.id
    );
    process.commit(recorded.id, &recorded.transactions)?;
    assert!(disk.rows() == rows_through(recorded.id), "after the commit of {}", recorded.id);
    // Those of the attempt before, in whatever state they are, go while this one is running.
    let mut earlier = std::mem::take(stale);
    stale.extend((0..SINKS).map(|subtask| process.open(subtask)));
    for id in recorded.id + 1..=last {
        let mut transactions = Vec::new();
        for (subtask, sink) in (0..).zip(stale.iter_mut()) {
            write(&mut **sink, &rows(id, subtask))?;
            transactions.extend(pre_commit(&mut **sink, id)?);
        }
        // Every other checkpoint lists once more what the one before has.
        if id % 2 == 0 {
            transactions.extend_from_slice(&recorded.transactions);
        }
        *recorded = Recorded { id, transactions };
        process.commit(id, &recorded.transactions)?;
        assert_eq!(disk.names("part-").len(), files_through(id), "after commit {id}");
        drop(earlier.pop());
    }
    Ok(())
}
