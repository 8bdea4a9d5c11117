//! Micro-batches as results hold them.

use dataflow::EventTime;
use dataflow::job::observer::{BatchReport, LATE_NANOS, TaskReport};
use reports::schema::{BatchRow, TaskRow};

/// All that an engine has told of a batch.
pub(crate) fn batch_row(report: &BatchReport) -> BatchRow {
    let known = |watermark: EventTime| {
        (watermark != EventTime::MIN && watermark != EventTime::MAX).then_some(watermark.0)
    };
    BatchRow {
        batch: report.batch,
        trigger_ns: report.due.0,
        delay_ns: report.started.since(report.due),
        records: report.records,
        stages_ns: report.stages_nanos.clone(),
        total_ns: report.ended.since(report.started),
        watermark_ns: known(report.watermark),
        max_over_mean: max_over_mean(&report.tasks),
        tasks: report.tasks.iter().map(task_row).collect(),
    }
}

/// Batches that began over [`LATE_NANOS`] after their trigger, or after the end of the batch before
/// where that is later: their driver was woken late.
pub(crate) fn late_triggers(batches: &[BatchRow]) -> u64 {
    let began = |batch: &BatchRow| batch.trigger_ns + batch.delay_ns;
    let ends = batches.iter().map(|batch| began(batch) + batch.total_ns);
    let free = std::iter::once(0).chain(ends);
    let late = batches.iter().zip(free).filter(|(batch, free)| {
        began(batch).saturating_sub(batch.trigger_ns.max(*free)) > LATE_NANOS
    });
    late.count() as u64
}

fn task_row(task: &TaskReport) -> TaskRow {
    TaskRow {
        stage: task.stage,
        partition: task.partition,
        slot: task.slot,
        started_ns: task.started.0,
        duration_ns: task.ended.since(task.started),
        records: task.records,
    }
}

/// Of the stage behind the first exchange.
fn max_over_mean(tasks: &[TaskReport]) -> Option<f64> {
    let records = || tasks.iter().filter(|task| task.stage == 1).map(|task| task.records);
    let (sum, most) = (records().sum::<u64>(), records().max()?);
    (sum > 0).then(|| most as f64 * records().count() as f64 / sum as f64)
}

/// Forgets tasks, but for `kept` batches around the middle.
pub(crate) fn without_tasks_but_in_the_middle(batches: &mut [BatchRow], kept: usize) {
    let from = batches.len().saturating_sub(kept) / 2;
    for (place, batch) in batches.iter_mut().enumerate() {
        if !(from..from + kept).contains(&place) {
            batch.tasks = Vec::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use dataflow::ProcessingTime;

    use super::*;

    fn task(stage: usize, records: u64) -> TaskReport {
        let at = ProcessingTime::ZERO;
        TaskReport { stage, partition: 0, slot: 0, started: at, ended: at, records }
    }

    #[test]
    fn the_load_is_that_behind_the_first_exchange() {
        let tasks = [task(0, 90), task(0, 10), task(1, 30), task(1, 10), task(2, 40)];
        assert_eq!(max_over_mean(&tasks), Some(1.5));
        assert_eq!(max_over_mean(&tasks[..2]), None);
        assert_eq!(max_over_mean(&[task(1, 0)]), None);
    }

    #[test]
    fn tasks_are_kept_in_the_middle() {
        let row =
            |batch| BatchRow { batch, tasks: vec![TaskRow::default()], ..BatchRow::default() };
        let mut batches: Vec<BatchRow> = (0..7).map(row).collect();
        without_tasks_but_in_the_middle(&mut batches, 3);
        let kept = batches.iter().filter(|it| !it.tasks.is_empty()).map(|it| it.batch);
        assert_eq!(kept.collect::<Vec<_>>(), [2, 3, 4]);
        without_tasks_but_in_the_middle(&mut batches, 10);
        assert_eq!(batches.iter().filter(|it| !it.tasks.is_empty()).count(), 3);
    }

    #[test]
    fn a_trigger_is_late_by_its_own_timer_and_not_by_the_batch_before() {
        let batch = |trigger_ms: u64, delay_us: u64, total_ms: u64| BatchRow {
            trigger_ns: trigger_ms * 1_000_000,
            delay_ns: delay_us * 1_000,
            total_ns: total_ms * 1_000_000,
            ..BatchRow::default()
        };
        // On time; after a batch that overran by 40 ms; two after their own timers.
        let on_time = [batch(100, 900, 140), batch(200, 40_950, 10)];
        assert_eq!(late_triggers(&on_time), 0);
        let late = [on_time[0].clone(), batch(200, 42_100, 10), batch(300, 1_001, 5)];
        assert_eq!(late_triggers(&late), 2);
        assert_eq!(late_triggers(&[]), 0);
    }
}
