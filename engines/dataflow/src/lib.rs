//! The vocabulary that both stream-processing models share.
//!
//! A workload's author meets [`Stream`], the [`operators`] and [`Operator`]; an engine meets
//! [`Plan`], [`Stage`](stage::Stage), [`Batch`], [`Outbox`] and [`Runtime`](runtime::Runtime).
//! Nothing here knows an engine, a clock or a thread.

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
