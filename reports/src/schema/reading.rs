//! How a measured value is computed from the result file that a case names.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::recovery_figures::RescaleRow;
use super::run::RunResult;
use super::samples::Samples;
use super::series::SeriesRow;
use super::skew::{SkewResult, max_over_mean};

/// A way to read one value from one result file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "read", rename_all = "kebab-case")]
pub enum Reading {
    /// The number at a JSON pointer, times a factor.
    At {
        /// RFC 6901, such as `/latency_ns/from_planned/mean`.
        pointer: String,
        /// From the file's unit to the case's.
        factor: f64,
    },
    /// Of a run: records per partition behind its first keyed exchange, the mean.
    MeanLoad,
    /// Of a run: the same, the largest partition over the mean.
    MaxOverMean,
    /// Of a run: the same at another exchange, by its number from 0.
    MaxOverMeanAt {
        /// In the order of the run's `exchanges`.
        exchange: usize,
    },
    /// Of a run: mean over its batches of the last stage's time over the events of the batch, in
    /// nanoseconds; batches of less than half the most events are left out.
    LastStagePerEvent,
    /// Of a skew file: largest over mean of a placement, mean over the windows of a scope.
    Skew {
        /// The rule.
        placement: String,
        /// Partitions.
        parallelism: u32,
        /// As in [`crate::schema::skew::SkewRow`].
        scope: String,
    },
    /// Of a run that went on in another layout: share of the keys that moved.
    MovedKeys,
    /// The same of the bytes of state.
    MovedBytes,
    /// The same of keys, had this partition been lost and those behind it moved up.
    MovedKeysWithout {
        /// Number of the partition before the change.
        lost: u32,
    },
    /// Of a run: mean time from the trigger of a checkpoint to its end, in milliseconds; the first
    /// and the last fifth are left out.
    MeanCheckpoint,
    /// Of a run: mean length of its batches with events, in milliseconds; the first third, which
    /// has not settled, and the last one are left out.
    MeanBatch,
    /// Of a run: time from an instant to the begin of the first bin of its series, from there on, in
    /// which no latency is above a limit, in milliseconds.
    DrainedAfter {
        /// Since the run's start, in milliseconds.
        from_ms: f64,
        /// The limit, in milliseconds.
        latency_ms: f64,
    },
    /// Of a file of runs, `{"schema", "runs": [..]}`: the mean of a figure of each.
    MeanOverRuns {
        /// The figure.
        each: Box<Reading>,
    },
    /// The same run: keys per new partition, the largest over the mean.
    KeysMaxOverMean,
    /// Of a file of samples: their mean.
    MeanOfSamples,
    /// Of a file of samples: their standard deviation.
    DeviationOfSamples,
}

/// A file that does not hold what is to be read from it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the result file does not hold what is read from it: {0}")]
pub struct UnreadableFile(String);

impl Reading {
    /// A number at a JSON pointer as it is.
    pub fn at(pointer: &str) -> Self {
        Self::At { pointer: pointer.to_owned(), factor: 1.0 }
    }

    /// Computes the value from a result file's contents.
    ///
    /// # Errors
    /// When the file is of another kind, or lacks the figure.
    pub fn read(&self, file: &Value) -> Result<f64, UnreadableFile> {
        let found = match self {
            Self::At { pointer, factor } => {
                file.pointer(pointer).and_then(Value::as_f64).map(|value| value * factor)
            }
            Self::MeanLoad => {
                let loads = loads(&parsed(file)?, 0);
                loads.map(|loads| loads.iter().sum::<u64>() as f64 / loads.len() as f64)
            }
            Self::MaxOverMean => loads(&parsed(file)?, 0).map(|loads| max_over_mean(&loads)),
            Self::MaxOverMeanAt { exchange } => {
                loads(&parsed(file)?, *exchange).map(|loads| max_over_mean(&loads))
            }
            Self::LastStagePerEvent => last_stage_per_event(&parsed(file)?),
            Self::Skew { placement, parallelism, scope } => {
                let skew: SkewResult = parsed(file)?;
                skew.row(placement, *parallelism, scope).map(|row| row.max_over_mean)
            }
            Self::MovedKeys => rescale(file)?.moved_keys(),
            Self::MovedBytes => rescale(file)?.moved_bytes(),
            Self::MovedKeysWithout { lost } => rescale(file)?.moved_keys_without(*lost),
            Self::MeanCheckpoint => mean_checkpoint(&parsed(file)?),
            Self::MeanBatch => mean_batch(&parsed(file)?),
            Self::DrainedAfter { from_ms, latency_ms } => {
                drained_after(&parsed(file)?, *from_ms, *latency_ms)
            }
            Self::MeanOverRuns { each } => mean(each.of_each(file)?.into_iter()),
            Self::KeysMaxOverMean => {
                let rescale = rescale(file)?;
                let held = |new: usize| rescale.keys.iter().map(|row| row[new]).sum();
                let held: Vec<u64> = (0..rescale.to as usize).map(held).collect();
                Some(max_over_mean(&held))
            }
            Self::MeanOfSamples => parsed::<Samples>(file)?.mean(),
            Self::DeviationOfSamples => parsed::<Samples>(file)?.deviation(),
        };
        found.ok_or_else(|| UnreadableFile(format!("no figure for {self:?}")))
    }
}

impl Reading {
    /// Reads the value from every run of a file of runs.
    ///
    /// # Errors
    /// When the file has no runs, or a run lacks the figure.
    pub fn of_each(&self, file: &Value) -> Result<Vec<f64>, UnreadableFile> {
        let runs = file.pointer("/runs").and_then(Value::as_array);
        let runs = runs.ok_or_else(|| UnreadableFile("no runs".to_owned()))?;
        runs.iter().map(|run| self.read(run)).collect()
    }
}

const NANOS_PER_MILLI: f64 = 1e6;

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.fold((0.0, 0_u64), |(sum, count), value| (sum + value, count + 1));
    (count > 0).then(|| sum / count as f64)
}

fn mean_checkpoint(run: &RunResult) -> Option<f64> {
    let checkpoints = &run.recovery.checkpoints;
    let edge = checkpoints.len() / 5;
    let middle = checkpoints.get(edge..checkpoints.len() - edge)?;
    mean(middle.iter().map(|it| it.duration_ns as f64 / NANOS_PER_MILLI))
}

fn mean_batch(run: &RunResult) -> Option<f64> {
    let held: Vec<_> = run.batches.iter().filter(|batch| batch.records > 0).collect();
    let settled = held.get(held.len() / 3..held.len().saturating_sub(1))?;
    mean(settled.iter().map(|batch| batch.total_ns as f64 / NANOS_PER_MILLI))
}

fn drained_after(run: &RunResult, from_ms: f64, latency_ms: f64) -> Option<f64> {
    let begin_ms = |row: &SeriesRow| row.at_ns as f64 / NANOS_PER_MILLI;
    let mut after = run.series.iter().filter(|row| begin_ms(row) >= from_ms);
    let low = after.find(|row| row.latency_ns_max as f64 <= latency_ms * NANOS_PER_MILLI)?;
    Some(begin_ms(low) - from_ms)
}

fn parsed<T: serde::de::DeserializeOwned>(file: &Value) -> Result<T, UnreadableFile> {
    T::deserialize(file).map_err(|error| UnreadableFile(error.to_string()))
}

fn loads(run: &RunResult, exchange: usize) -> Option<Vec<u64>> {
    run.exchanges.get(exchange).map(|it| it.records.clone()).filter(|loads| !loads.is_empty())
}

fn rescale(file: &Value) -> Result<RescaleRow, UnreadableFile> {
    let run: RunResult = parsed(file)?;
    let rescale = run.recovery.rescale;
    rescale.ok_or_else(|| UnreadableFile("the run did not take state up".to_owned()))
}

fn last_stage_per_event(run: &RunResult) -> Option<f64> {
    let most = run.batches.iter().map(|batch| batch.records).max()?;
    let whole = run.batches.iter().filter(|batch| batch.records > 0 && batch.records * 2 >= most);
    let (nanos, records) = whole.fold((0, 0), |(nanos, records), batch| {
        (nanos + batch.stages_ns.last().copied().unwrap_or(0), records + batch.records)
    });
    (records > 0).then(|| nanos as f64 / records as f64)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::schema::{BatchRow, CheckpointRow};

    fn file(run: &RunResult) -> Value {
        serde_json::to_value(run).expect("a run is JSON")
    }

    fn checkpoint(id: u64, duration_ms: u64) -> CheckpointRow {
        CheckpointRow {
            id,
            triggered_ns: 0,
            duration_ns: duration_ms * 1_000_000,
            bytes: 0,
            full: true,
            alignment_ns: 0,
            pause_ns: 0,
        }
    }

    fn batch(batch: u64, records: u64, total_ms: u64) -> BatchRow {
        BatchRow {
            batch,
            trigger_ns: 0,
            delay_ns: 0,
            records,
            stages_ns: Vec::new(),
            total_ns: total_ms * 1_000_000,
            watermark_ns: None,
            max_over_mean: None,
            tasks: Vec::new(),
        }
    }

    #[test]
    fn the_ends_of_a_run_are_no_part_of_a_mean_over_checkpoints_or_batches() {
        let mut run = RunResult::default();
        assert!(Reading::MeanCheckpoint.read(&file(&run)).is_err());
        assert!(Reading::MeanBatch.read(&file(&run)).is_err());
        let durations = [900, 10, 20, 60, 1];
        run.recovery.checkpoints =
            (1..).zip(durations).map(|(id, millis)| checkpoint(id, millis)).collect();
        assert_eq!(Reading::MeanCheckpoint.read(&file(&run)), Ok(30.0));
        // Two that have not settled, one without events, and the last.
        run.batches = vec![
            batch(0, 1, 700),
            batch(1, 1, 300),
            batch(2, 0, 999),
            batch(3, 5, 40),
            batch(4, 5, 60),
            batch(5, 5, 80),
            batch(6, 1, 1),
        ];
        assert_eq!(Reading::MeanBatch.read(&file(&run)), Ok(60.0));
    }

    #[test]
    fn a_backlog_is_gone_in_the_first_bin_of_low_latency_after_the_burst() {
        let row = |at_ms: u64, latency_ms: u64| SeriesRow {
            at_ns: at_ms * 1_000_000,
            records: 1,
            latency_ns_max: latency_ms * 1_000_000,
            ..SeriesRow::default()
        };
        let rows = vec![row(0, 5), row(100, 5), row(200, 800), row(300, 400), row(400, 100)];
        let run = RunResult { series: rows, ..RunResult::default() };
        let drained =
            |from_ms, latency_ms| Reading::DrainedAfter { from_ms, latency_ms }.read(&file(&run));
        assert_eq!(drained(150.0, 100.0), Ok(250.0));
        assert!(drained(150.0, 99.0).is_err(), "it never is");
    }

    #[test]
    fn a_file_of_runs_is_read_run_by_run() {
        let file =
            json!({ "schema": "streamgauge.runs/1", "runs": [{ "it": 1.0 }, { "it": 4.0 }] });
        let each = Reading::At { pointer: "/it".to_owned(), factor: 10.0 };
        assert_eq!(each.of_each(&file), Ok(vec![10.0, 40.0]));
        assert_eq!(Reading::MeanOverRuns { each: Box::new(each.clone()) }.read(&file), Ok(25.0));
        assert!(each.of_each(&json!({ "it": 1.0 })).is_err());
        let text = serde_json::to_string(&Reading::MeanOverRuns { each: Box::new(each) });
        let back: Reading = serde_json::from_str(&text.expect("JSON")).expect("and back");
        assert!(matches!(back, Reading::MeanOverRuns { .. }));
    }
}
