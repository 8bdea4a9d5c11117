//! The operators, one per file, in groups.
//!
//! A new one is a file in a group and a `pub mod` line in the group's `mod.rs`
//! (`docs/how-to/operator.md`). The names below are short ways to what workloads use.

pub mod changes;
pub mod joins;
pub mod keyed;
pub mod rows;
pub mod windows;

pub use crate::operators::changes::changelog_aggregate::{
    ChangelogAggregate, IntegerAverage, Numbers, PartByKey, RetractableMaximum,
    RetractingAggregator,
};
pub use crate::operators::changes::deduplicate::{Deduplicate, Keep};
pub use crate::operators::changes::top_n::{Ranked, Ranking, TopN, Unranked};
pub use crate::operators::joins::co_group_window::{CoGroup, CoGroupWindow};
pub use crate::operators::joins::interval_join::IntervalJoin;
pub use crate::operators::joins::unbounded_join::UnboundedJoin;
pub use crate::operators::joins::window_join::WindowJoin;
pub use crate::operators::keyed::aggregate::{Aggregator, Count, RunningAggregate};
pub use crate::operators::keyed::combine::{Combine, Merging};
pub use crate::operators::keyed::count_distinct::{CountDistinct, Distinct};
pub use crate::operators::keyed::keyed_process::{KeyedFunction, KeyedProcess, TimerContext};
pub use crate::operators::rows::divide::{Divide, Divided};
pub use crate::operators::rows::filter::Filter;
pub use crate::operators::rows::filter_map::FilterMap;
pub use crate::operators::rows::flat_map::FlatMap;
pub use crate::operators::rows::in_parts::InParts;
pub use crate::operators::rows::input::Input;
pub use crate::operators::rows::map::Map;
pub use crate::operators::windows::late_firing_window::LateFiringWindow;
pub use crate::operators::windows::processing_time_window::ProcessingTimeWindow;
pub use crate::operators::windows::session_window::{SessionResult, SessionWindow};
pub use crate::operators::windows::sliding_window::SlidingWindow;
pub use crate::operators::windows::tumbling_window::{TumblingWindow, WindowResult};
