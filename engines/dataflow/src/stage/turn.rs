//! What a runner takes in, and what one turn of it comes to.

use crate::operator::progress::{Progress, WatermarkMerger};
use crate::record::batch::Batch;
use crate::record::time::ProcessingTime;
use crate::stage::instance::InputPort;
use crate::stage::work::Work;

/// One thing that a stage takes in. It owns its batch, because processing may stop half way and
/// wait for room.
#[derive(Debug)]
pub enum Input {
    /// Events that a source has just read. They enter by input 0.
    Read {
        /// The events.
        batch: Batch,
        /// The instant at which the offsets of this batch were cut, where an engine cuts batches.
        /// Until then its records waited for the cut, and from then on for their task.
        cut: Option<ProcessingTime>,
    },
    /// A buffer that another stage has sealed.
    Buffer {
        /// The input that it enters by.
        port: InputPort,
        /// The channel that it came by, as [`Marks::Merge`] counts them.
        channel: usize,
        /// The buffer.
        batch: Batch,
    },
    /// Time moves on. A watermark never goes back.
    Time(Progress),
    /// A unit of work has ended: what operators hold back goes on. Nothing happens in a stage
    /// without such operators ([`StageRunner::has_units`](crate::stage::StageRunner::has_units)).
    EndOfUnit,
}

/// What is done with the watermarks inside of buffers.
#[derive(Clone, Debug)]
pub enum Marks {
    /// Nothing: the engine brings watermarks by [`Input::Time`] alone.
    Ignore,
    /// They are merged over the channels, and time moves on when the merged watermark rises.
    Merge(WatermarkMerger),
}

/// How far a stage has come by one call of [`StageRunner::step`](crate::stage::StageRunner::step).
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Turn {
    /// What the turn took in and what it made from state: to be charged before the hand-over.
    pub work: Work,
    /// Whether the input is used up. If not, call again once there is room.
    pub done: bool,
    /// Whether there is nothing to charge and nothing to hand over: the engine need not wait.
    pub quiet: bool,
}
