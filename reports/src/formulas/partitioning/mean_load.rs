//! P = N/M read as records per partition: the mean, which no placement changes.

use crate::formulas::{ClosedForm, Prediction, Tolerance};

/// Records per partition on average.
pub const FORM: ClosedForm = ClosedForm {
    expression: "N/M",
    source: "the document's P = N/M, with M the partitions and P the records in each",
    valid_range: "every run: it is a mean, and says nothing of any one partition",
};

/// Records per partition on average.
///
/// ```
/// assert_eq!(reports::formulas::partitioning::mean_load::records(1_000, 8), 125.0);
/// ```
pub fn records(records: u64, partitions: u32) -> f64 {
    records as f64 / f64::from(partitions)
}

/// The prediction for a run, exact.
pub fn predict(all: u64, partitions: u32) -> Prediction {
    FORM.predicts(records(all, partitions), Tolerance::Exact, partitions > 0)
}
