//! What a process reports of a run, told to whoever observes it.

use dataflow::job::observer::{BatchReport, CheckpointReport};
use dataflow::{EngineError, EventTime, ProcessingTime};

use crate::control::Report;
use crate::run_state::RunState;

const NANOS_PER_MILLI: u64 = 1_000_000;

/// Takes a report of a run. `failed` makes an error of a cause.
pub(crate) fn take_report(
    run: &RunState,
    report: Report,
    failed: impl FnOnce(&str) -> EngineError,
) {
    match report {
        Report::Finished { run: number } if number == run.number => return run.end(Ok(())),
        Report::Failed { run: number, cause, refused } if number == run.number => {
            return run.end(Err(if refused {
                EngineError::Refused(cause)
            } else {
                failed(&cause)
            }));
        }
        Report::Restarting { .. } => run.restarted(),
        Report::Checkpoint { .. } | Report::Batch { .. } => run.completed(),
        Report::Ready { .. } | Report::Restarted => {}
        // Of a run that is over.
        Report::Finished { .. } | Report::Failed { .. } => return,
    }
    let Some(parts) = run.begun() else { return };
    let (observer, now) = (&parts.observer, parts.runtime.now());
    let before = |millis: u64| ProcessingTime(now.0.saturating_sub(millis * NANOS_PER_MILLI));
    match report {
        Report::Restarting { cause } => observer.restarting(now, &cause),
        Report::Restarted => observer.restarted(now),
        Report::Checkpoint { id, bytes, millis } => observer.checkpoint(&CheckpointReport {
            id,
            triggered: before(millis),
            completed: now,
            bytes,
            full: true,
            alignment_nanos: 0,
            pause_nanos: 0,
        }),
        Report::Batch { id, records, ago_ms, phases } => observer.batch(&BatchReport {
            batch: id,
            due: before(ago_ms),
            started: before(ago_ms),
            ended: now,
            records,
            stages_nanos: phases.values().map(|millis| millis * NANOS_PER_MILLI).collect(),
            watermark: EventTime::MIN,
            tasks: Vec::new(),
        }),
        Report::Ready { .. } | Report::Finished { .. } | Report::Failed { .. } => {}
    }
}
