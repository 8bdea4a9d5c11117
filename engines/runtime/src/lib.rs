//! Where time, tasks and randomness come from: the wall clock and virtual time.
//!
//! Engines hold an `Arc<dyn Runtime>` ([`dataflow::runtime::Runtime`]) and never learn which of the
//! two it is:
//!
//! - [`WallClock`] measures: tokio's worker threads run the tasks, real time passes by itself, and
//!   a timer thread of its own wakes sleepers to within about a tenth of a millisecond.
//! - [`VirtualTime`] predicts: one thread runs the tasks, work takes what a table of [`Costs`] says
//!   on the modelled cores of modelled nodes, and the clock jumps from one timer to the next. The
//!   same program with the same seed makes the same run, byte for byte.
//!
//! Both keep their timers in the same queue, drop what is left running when
//! [`block_on`](dataflow::runtime::Runtime::block_on) returns, and raise a panic of any task from
//! it.
//!
//! **Invariant:** this crate knows neither engine. It depends on the vocabulary alone, and it is
//! the only crate below the harness that reads the machine's clock or starts threads.
#![forbid(unsafe_code)]

mod cores;
mod costs;
mod executor;
mod live_tasks;
mod lock;
mod memory_storage;
mod monotonic;
mod queued_timer;
mod random;
mod timer_queue;
mod timer_thread;
mod virtual_time;
mod wall_clock;

pub use costs::Costs;
pub use memory_storage::MemoryStorage;
pub use virtual_time::{VirtualOptions, VirtualTime};
pub use wall_clock::{WallClock, WallOptions};
