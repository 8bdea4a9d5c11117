//! Events from lines, the same way for an input that has an end and for one that has none.

use std::sync::Arc;

use crate::event_time::event_clock::EventClock;
use crate::knobs::input_limits;
use crate::schedule::load_shape::LoadShape;
use crate::spec::{EARLIEST, Events, Knobs, LATEST, TimedEvent, Workload};
use crate::text::{LineCutter, WrongLine, abridged};

/// The events of a workload.
pub(crate) type EventOf<W> = <<W as Workload>::Events as Events>::Event;

/// Makes events of the lines of an input that comes in pieces.
///
/// An event that does not say when it happened did so when the generated event of its number would,
/// in a load shape that is not random.
pub(crate) struct EventLines<W> {
    workload: Arc<W>,
    clock: EventClock,
    lines: LineCutter,
    /// Events so far.
    events: u64,
}

impl<W: Workload> EventLines<W> {
    /// Nothing has come so far.
    pub(crate) fn new(workload: Arc<W>, knobs: &Knobs) -> Self {
        let shape = LoadShape::without_seed(knobs);
        let clock = EventClock::shaped(knobs.number("event_rate"), shape);
        Self { workload, clock, lines: LineCutter::new(input_limits(knobs)), events: 0 }
    }

    /// The number of the line that comes next, or has begun.
    pub(crate) const fn line(&self) -> u64 {
        self.lines.line()
    }

    /// How many events have come.
    pub(crate) const fn events(&self) -> u64 {
        self.events
    }

    /// Takes a piece, and calls `each` with the event of every line that ends in it. An empty piece
    /// ends the input.
    ///
    /// # Errors
    /// When a line is no event, or the input is too long.
    pub(crate) fn take(
        &mut self,
        piece: &[u8],
        mut each: impl FnMut(TimedEvent<EventOf<W>>),
    ) -> Result<(), WrongLine> {
        let Self { workload, clock, lines, events } = self;
        lines.take(piece, |line| {
            if !workload.skips(line) {
                each(event(&**workload, clock, *events, line)?);
                *events += 1;
            }
            Ok(())
        })
    }
}

/// The event of a line.
fn event<W: Workload>(
    workload: &W,
    clock: &EventClock,
    number: u64,
    line: &str,
) -> Result<TimedEvent<EventOf<W>>, (u64, String)> {
    let parsed = workload.parse(line);
    let value = parsed.map_err(|(column, cause)| (column, abridged(&cause)))?;
    let event_time = workload.event_time(&value).unwrap_or_else(|| clock.event_time(number));
    if event_time < EARLIEST || LATEST < event_time {
        let cause = format!(
            "the event time {} ns is out of range: it is from {} to {}, 146 years before and after \
             1970",
            event_time.0, EARLIEST.0, LATEST.0
        );
        return Err((0, cause));
    }
    Ok(TimedEvent { value, event_time })
}
