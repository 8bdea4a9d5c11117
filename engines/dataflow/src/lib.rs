//! The vocabulary that all stream-processing engines share.
//!
//! A workload's author meets [`Stream`], the [`operators`] and [`Operator`]. An engine meets
//! [`Plan`], [`StageRunner`](stage::StageRunner), [`Batch`] and [`Runtime`](job::runtime::Runtime):
//! [`stage`] has its loop, [`job::engine`] what it owes. Nothing here knows an engine, a clock or a
//! thread.
//!
//! The modules, from the lowest up; each uses only those before it:
//! - `future`: a boxed future
//! - [`record`]: a value with its times, buffers of records, digests, traces of latencies
//! - [`placement`]: from a key to its partition
//! - [`operator`]: the operator traits, progress of time, keyed state, snapshots
//! - [`exchange`]: where records leave a stage, and the sink
//! - [`stage`]: a chain of operators, and the runner that every engine uses
//! - [`job`]: plan, source, settings, storage, runtime, engine
//! - [`operators`]: the operators, one a file
//! - [`stream`]: how a workload puts a job together
//! - [`verify`]: runs an operator in every way in which an engine may run it
//! - [`key_probe`]: listens to the keys that leave a source

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
