//! What the work of a run cost by its prices.

use serde::{Deserialize, Serialize};

/// What the work of a run cost by the prices of a profile.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunCosts {
    /// The profile, with prices that were set by hand: `spark-4.2, task=5000000`.
    pub profile: String,
    /// When it was measured, as `YYYY-MM-DD`.
    pub date: String,
    /// On which machine.
    pub machine: String,
    /// How far its makers found it off.
    pub error: String,
    /// All of `kinds` together, per record read; beside `cpu_ns_per_record`, which is measured.
    pub modelled_ns_per_record: f64,
    /// Nothing nearer than this was waited for, which is how far a single latency may be off: four times
    /// the lateness of the median timer when the run began. 0 in virtual time, which is exact, and
    /// without prices.
    pub granularity_ns: u64,
    /// Cores on which work was modelled.
    pub cores: u32,
    /// Kinds of work that have a price; on the wall clock none where nothing costs more than our own
    /// work takes by itself.
    pub kinds: Vec<KindCost>,
}

/// What one kind of work cost.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct KindCost {
    /// `record`, `exchange_byte`, `state_access`, `updated_key`, `buffer`, `task`, `stage`, `batch`,
    /// `log_write`, `commit`, `checkpoint` or `snapshot`.
    pub kind: String,
    /// Who paid: `core`, as many at a time as there are, or `driver`, one at a time.
    pub place: String,
    /// How much was done, from the start of the run on.
    pub count: u64,
    /// The price of one.
    pub price_ns: f64,
    /// What of it our own work takes by itself, which is not waited for; 0 in virtual time.
    pub own_ns: f64,
    /// `count` times `price_ns`, per record read.
    pub ns_per_record: f64,
}
