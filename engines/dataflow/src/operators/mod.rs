//! The operators, one per file.

mod aggregate;
mod divide;
mod filter;
mod filter_map;
mod flat_map;
mod input;
mod keyed_process;
mod map;
mod panes;
mod tumbling_window;
mod unbounded_join;

pub use aggregate::{Aggregator, Count, RunningAggregate};
pub use divide::{Divide, Divided};
pub use filter::Filter;
pub use filter_map::FilterMap;
pub use flat_map::FlatMap;
pub use input::Input;
pub use keyed_process::{KeyedFunction, KeyedProcess, TimerContext};
pub use map::Map;
pub use tumbling_window::{TumblingWindow, WindowResult};
pub use unbounded_join::UnboundedJoin;
