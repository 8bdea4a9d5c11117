//! A stage is a chain of fused operators between two exchanges. This room says what one is, how
//! batches enter it, and how it is run.
//!
//! Operators of a stage are fused by type ([`Then`](crate::operator::Then)) and the stage is erased
//! once, as a [`Stage`]: there is a virtual call per batch and none per record. A workload nests the
//! types by [`Stream`](crate::Stream), and every exchange closes one stage and opens the next.
//!
//! An engine does not call a [`Stage`]. It holds a [`StageRunner`] per subtask, which calls the
//! stage, its outbox and its sink in the one order that is right.

mod fused;
mod head;
mod instance;
mod runner;
mod saved;
mod turn;
mod work;

pub use fused::{FusedStage, Side, SideTail};
pub use head::{End, Head, OneInput, TwoInputs};
pub use instance::{InputPort, Stage, StageError};
pub use runner::{PreCommit, StageRunner};
pub use saved::{Save, SavedState, Tally};
pub use turn::{Input, Marks, Turn};
pub use work::{CostKind, CostKinds, Work};
