//! The operators, one per file.

mod aggregate;
mod filter;
mod flat_map;
mod input;
mod keyed_process;
mod map;
mod tumbling_window;

pub use aggregate::{Aggregator, Count, RunningAggregate};
pub use filter::Filter;
pub use flat_map::FlatMap;
pub use input::Input;
pub use keyed_process::{KeyedFunction, KeyedProcess, TimerContext};
pub use map::Map;
pub use tumbling_window::{TumblingWindow, WindowResult};
