//! What result files hold: the contract with everything that reads a result later, such as charts,
//! the report, `--json` and other people's scripts.

pub mod chart_tag;
pub mod compare;
pub mod consistency;
pub mod costs;
pub mod formulas;
pub mod latency;
pub mod metric;
pub mod read;
pub mod reading;
pub mod recovery;
pub mod recovery_figures;
pub mod run;
pub mod samples;
pub mod series;
pub mod skew;
pub mod sweep;
pub mod tasks;
pub mod text;
pub mod tolerance;

pub use chart_tag::ChartTag;
pub use compare::{
    COMPARE_SCHEMA, CompareResult, Comparison, ContentionRow, NoiseRow, PooledRow, Verdict,
};
pub use costs::{KindCost, RunCosts};
pub use formulas::{Case, FORMULAS_SCHEMA, FormulasResult};
pub use latency::{Latencies, LatencyKind, LatencyParts, LatencySummary, PartsOfMean, Percentile};
pub use metric::{Better, MeasuredBy, Metric, Unit};
pub use reading::Reading;
pub use recovery_figures::{CheckpointRow, FailureRow, RecoveryFigures, RescaleRow};
pub use run::{
    DuetSide, DuetSlice, ExchangeLoad, InputPartition, LateCheck, MachineLoad, Measures,
    OutputCheck, OutputFiles, OutputTopic, Overslept, RUN_SCHEMA, RunInput, RunResult, Slope,
};
pub use series::{SERIES_BIN_NS, SeriesRow};
pub use sweep::{Sweep, SweepAxis, SweepPoint};
pub use tasks::{ActivityRow, BATCHES_WITH_TASKS, BatchRow, TaskRow};
pub use tolerance::{CaseVerdict, Tolerance};
