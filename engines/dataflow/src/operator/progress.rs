//! How far event time has come: watermarks, how they are made and how they are merged.

use crate::record::time::{EventTime, ProcessingTime};

/// Both clocks, as an operator sees them.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// No record with this event time or an earlier one is still to come.
    pub watermark: EventTime,
    /// The processing time of this step: the only way in which an operator meets the clock.
    pub processing_time: ProcessingTime,
}

impl Progress {
    /// Nothing promised yet.
    pub const START: Self =
        Self { watermark: EventTime::MIN, processing_time: ProcessingTime::ZERO };
}

/// Whether a step came to its end.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Step {
    /// Everything asked for is done.
    Done,
    /// The outbox was full: call again with the same arguments once there is room.
    More,
}

/// Watermarks for events that are at most `bound` late, as Flink's `BoundedOutOfOrderness`:
/// the largest event time seen, less the bound, less one nanosecond.
#[derive(Clone, Debug)]
pub struct BoundedOutOfOrderness {
    bound_nanos: i64,
    newest: EventTime,
}

impl BoundedOutOfOrderness {
    /// With the longest delay among events, in nanoseconds.
    pub const fn new(bound_nanos: i64) -> Self {
        Self { bound_nanos, newest: EventTime::MIN }
    }

    /// The largest event time seen so far.
    pub const fn newest(&self) -> EventTime {
        self.newest
    }

    /// Takes note of the largest event time of some records.
    pub fn observe(&mut self, newest: EventTime) {
        self.newest = self.newest.max(newest);
    }

    /// What can be promised now.
    pub fn watermark(&self) -> EventTime {
        EventTime(self.newest.0.saturating_sub(self.bound_nanos).saturating_sub(1))
    }
}

/// The watermark of several inputs: the smallest of theirs.
///
/// Counts the inputs that stand at the minimum, so that most updates cost no scan.
#[derive(Clone, Debug)]
pub struct WatermarkMerger {
    inputs: Vec<EventTime>,
    minimum: EventTime,
    at_minimum: usize,
}

impl WatermarkMerger {
    /// For `inputs` inputs, none of which has promised anything.
    pub fn new(inputs: usize) -> Self {
        let minimum = if inputs == 0 { EventTime::MAX } else { EventTime::MIN };
        Self { inputs: vec![EventTime::MIN; inputs], minimum, at_minimum: inputs }
    }

    /// An input has advanced; returns the merged watermark if that raised it.
    ///
    /// # Panics
    /// When an input goes back: a watermark is a promise.
    pub fn update(&mut self, input: usize, watermark: EventTime) -> Option<EventTime> {
        let before = std::mem::replace(&mut self.inputs[input], watermark);
        assert!(watermark >= before, "input {input} took back its watermark");
        if before > self.minimum || watermark == before {
            return None;
        }
        self.at_minimum -= 1;
        if self.at_minimum > 0 {
            return None;
        }
        self.minimum = self.inputs.iter().copied().min().unwrap_or(EventTime::MAX);
        self.at_minimum = self.inputs.iter().filter(|&&input| input == self.minimum).count();
        Some(self.minimum)
    }

    /// The merged watermark.
    pub const fn watermark(&self) -> EventTime {
        self.minimum
    }
}
