//! The vocabulary that both stream-processing models share.
//!
//! A workload's author meets [`Stream`], the [`operators`] and [`Operator`]; an engine meets
//! [`Plan`], [`Stage`](stage::Stage), [`Batch`], [`Outbox`] and [`Runtime`](runtime::Runtime).
//! Nothing here knows an engine, a clock or a thread.
//!
//! The rooms, lowest first; each knows only those before it:
//!
//! - [`future`]: the one shape of futures that cross a trait;
//! - [`record`]: values and keys, times and stamps, batches, digests, traces of latencies;
//! - [`placement`]: from a key to its partition, and which state goes where;
//! - [`operator`]: what an operator is, its time, its state and its snapshots;
//! - [`exchange`]: where records leave a stage: outbox, exchange and sink;
//! - [`stage`]: a chain of operators, and the runner that every engine drives;
//! - [`job`]: plan, source, settings and storage, and the traits of engines and runtimes;
//! - [`operators`]: the operators, one per file;
//! - [`stream`]: how a workload puts a job together;
//! - [`key_probe`]: the keys at an exchange, without running the job;
//! - [`verify`]: runs an operator in every way in which an engine may run it.

pub mod exchange;
mod future;
pub mod job;
pub mod key_probe;
pub mod operator;
pub mod operators;
pub mod placement;
pub mod record;
pub mod stage;
pub mod stream;
pub mod verify;

pub use crate::exchange::outbox::Outbox;
pub use crate::future::BoxFuture;
pub use crate::job::engine::{
    Completion, Control, Engine, EngineError, Guarantee, Job, Start, StopSignal,
};
pub use crate::job::plan::Plan;
pub use crate::operator::progress::{Progress, Step};
pub use crate::record::batch::Batch;
pub use crate::record::change::{Change, ResultKind};
pub use crate::record::data::{Data, Key};
pub use crate::record::digest::Digest;
pub use crate::record::time::{EventTime, ProcessingTime};
pub use operator::{Collect, Failure, FanOut, Operator, SidePort, TwoInputOperator};
pub use record::{Record, StampUnit, Stamps};
pub use stream::{KeyedStream, Stream};
