//! How a measured value is computed from the result file that a case names.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::samples::Samples;
use crate::result::{RescaleRow, RunResult};
use crate::skew::{SkewResult, max_over_mean};

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
        /// As in [`crate::skew::SkewRow`].
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
