//! The operators, one per file.

mod aggregate;
mod changelog_aggregate;
mod co_group_window;
mod count_distinct;
mod deduplicate;
mod divide;
mod due_times;
mod filter;
mod filter_map;
mod flat_map;
mod hops;
mod in_parts;
mod input;
mod interval_join;
mod keyed_process;
mod late_firing_window;
mod map;
mod panes;
mod processing_time_window;
mod session_window;
mod sessions;
mod sliding_window;
mod top_n;
mod tumbling_window;
mod unbounded_join;
mod window_join;

pub use aggregate::{Aggregator, Count, RunningAggregate};
pub use changelog_aggregate::{
    ChangelogAggregate, IntegerAverage, Numbers, PartByKey, RetractableMaximum,
    RetractingAggregator,
};
pub use co_group_window::{CoGroup, CoGroupWindow};
pub use count_distinct::{CountDistinct, Distinct};
pub use deduplicate::{Deduplicate, Keep};
pub use divide::{Divide, Divided};
pub use filter::Filter;
pub use filter_map::FilterMap;
pub use flat_map::FlatMap;
pub use in_parts::InParts;
pub use input::Input;
pub use interval_join::IntervalJoin;
pub use keyed_process::{KeyedFunction, KeyedProcess, TimerContext};
pub use late_firing_window::LateFiringWindow;
pub use map::Map;
pub use processing_time_window::ProcessingTimeWindow;
pub use session_window::{SessionResult, SessionWindow};
pub use sliding_window::SlidingWindow;
pub use top_n::{Ranked, Ranking, TopN, Unranked};
pub use tumbling_window::{TumblingWindow, WindowResult};
pub use unbounded_join::UnboundedJoin;
pub use window_join::WindowJoin;
