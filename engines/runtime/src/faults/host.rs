//! The runtime, as faults see it.

use std::fmt;

use dataflow::job::runtime::{Home, Role, Task, Timer};
use dataflow::record::time::ProcessingTime;

/// What faults need of the runtime that they belong to.
pub(crate) trait Host: Send + Sync {
    fn now(&self) -> ProcessingTime;
    fn timer(&self) -> Box<dyn Timer>;
    /// Whether a slow task is one whose turns begin late.
    fn delays_turns(&self) -> bool;
    /// Starts a task that no fault strikes, beside whatever is running.
    fn start(&self, task: Task);
    /// Starts a task that faults can strike.
    fn spawn_as(&self, home: Home, role: Role, task: Task);
    fn trace(&self, line: fmt::Arguments<'_>);
}
