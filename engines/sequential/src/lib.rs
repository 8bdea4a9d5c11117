//! One thread, no exchange between threads: the yardstick for speed, and itself under test.
//!
//! Every stage has one instance, whatever the parallelism asked for; a chunk of events runs
//! through all stages before the next is read. All of it is in `engine`.

mod engine;

pub use engine::{SETTINGS, Sequential};
