//! Where time, tasks and randomness come from: the wall clock and virtual time.
//!
//! Engines hold an `Arc<dyn Runtime>` ([`dataflow::job::runtime::Runtime`]) and never learn which
//! of the two it is:
//!
//! - [`WallClock`] measures: tokio's worker threads run the tasks, real time passes by itself, and
//!   a timer thread of its own wakes sleepers to within about a tenth of a millisecond.
//! - [`VirtualTime`] predicts: one thread runs the tasks, work takes what a table of [`CostTable`] says
//!   on the modelled cores of modelled nodes, and the clock jumps from one timer to the next. The
//!   same program with the same seed makes the same run, byte for byte.
//!
//! Both keep their timers in the same queue, drop what is left running when
//! [`block_on`](dataflow::job::runtime::Runtime::block_on) returns, and raise a panic of any task
//! from it.
//!
//! Both keep files in a [`Storage`](dataflow::job::storage::Storage) that they are given: memory
//! ([`MemoryStorage`]), a folder ([`DirectoryStorage`]) or a model of a disk that fails by seed and
//! forgets in a crash what was not made durable ([`FaultyStorage`]).
//!
//! And both play faults ([`Faults`]): they drop tasks, slow them down, lose or delay control
//! messages, at instants, at storage operations or when told to.
//!
//! The rooms, each of which knows only those before it: `lock`, `random`, `costs` (what work costs, and
//! who pays), `timers` (their queue), `faults` (plans them and strikes), `storage` (where files are kept), and the two clocks, `wall`
//! and `virtual_time`.
//!
//! **Invariant:** this crate knows neither engine; it depends on `dataflow` alone. It is the only
//! crate below the harness that reads the machine's clock, and besides the reading of live inputs
//! the only one that starts threads.
#![forbid(unsafe_code)]

mod costs;
mod faults;
mod lock;
mod random;
mod storage;
mod timers;
mod virtual_time;
mod wall;

pub use crate::costs::account::Booked;
pub use crate::costs::table::{CostTable, HIGHEST_PRICE_NANOS, Place};
pub use crate::faults::fault::{Fate, Fault, Message, Operation, Strike, Trigger, Victim, When};
pub use crate::storage::directory::DirectoryStorage;
pub use crate::storage::faulty::FaultyStorage;
pub use crate::storage::memory::MemoryStorage;
pub use crate::storage::storage_faults::{StorageCounts, StorageFaults};
pub use crate::wall::{Prices, WallClock, WallOptions};
pub use faults::Faults;
pub use virtual_time::{VirtualOptions, VirtualTime};
