//! What a runner takes in, and what one turn of it comes to.

use std::ops::AddAssign;

use crate::operator::progress::{Progress, WatermarkMerger};
use crate::record::batch::Batch;
use crate::record::time::ProcessingTime;
use crate::stage::instance::InputPort;

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

/// Work that a task has just done, in countable units. Virtual time turns it into nanoseconds by
/// its cost table; on the wall clock it has already taken its time.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// Records read from a source, taken from a buffer or block, or made from state by a timer.
    pub records: u64,
    /// Buffers or blocks received.
    pub buffers: u64,
    /// Tasks launched (micro-batch).
    pub tasks: u64,
}

impl AddAssign for Work {
    fn add_assign(&mut self, other: Self) {
        self.records += other.records;
        self.buffers += other.buffers;
        self.tasks += other.tasks;
    }
}
