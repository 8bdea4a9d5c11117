//! The vocabulary that both stream-processing models share.
//!
//! A workload's author meets [`Stream`], the [`operators`] and [`Operator`]; an engine meets
//! [`Plan`], [`Stage`](stage::Stage), [`Batch`], [`Outbox`] and [`Runtime`](runtime::Runtime).
//! Nothing here knows an engine, a clock or a thread.

pub mod batch;
pub mod change;
pub mod data;
pub mod digest;
pub mod engine;
pub mod exchange;
pub mod key_group;
pub mod key_tap;
pub mod link;
pub mod observer;
pub mod operator;
pub mod operators;
pub mod outbox;
pub mod placement;
pub mod plan;
pub mod progress;
pub mod record;
pub mod rescale;
pub mod runtime;
pub mod settings;
pub mod sink;
pub mod snapshot;
pub mod source;
pub mod stage;
pub mod state;
pub mod storage;
pub mod stream;
pub mod time;
pub mod times;
pub mod trail;
pub mod verify;

pub use batch::Batch;
pub use change::{Change, ResultKind};
pub use data::{Data, Key};
pub use digest::Digest;
pub use engine::{Completion, Control, Engine, EngineError, Guarantee, Job, Start, StopSignal};
pub use operator::{Collect, Failure, FanOut, Operator, SidePort, TwoInputOperator};
pub use outbox::Outbox;
pub use plan::Plan;
pub use progress::{Progress, Step};
pub use record::{Record, StampUnit, Stamps};
pub use stream::{KeyedStream, Stream};
pub use time::{EventTime, ProcessingTime};
