//! Events from a finite input.

use std::io::BufRead;

use dataflow::{Data, EventTime};

use crate::event_time::event_clock::EventClock;
use crate::spec::{Events, TimedEvent};
use crate::text::{InputError, parse_line, without_mark};

/// Reads all lines of an input.
///
/// # Errors
/// When it cannot be read, or a line is not UTF-8 or cannot be parsed.
pub(crate) fn read_lines<E>(
    name: &str,
    input: &mut dyn BufRead,
    parse: impl Fn(&str) -> Result<E, (u64, String)>,
) -> Result<Vec<E>, InputError> {
    let wrong = |line, column, cause| InputError { input: name.to_owned(), line, column, cause };
    let mut events = Vec::new();
    let mut bytes = Vec::new();
    loop {
        let line = events.len() as u64 + 1;
        bytes.clear();
        let read = input.read_until(b'\n', &mut bytes);
        read.map_err(|error| wrong(line, 0, error.to_string()))?;
        if without_mark(line, &bytes).is_empty() {
            return Ok(events);
        }
        let event = parse_line(line, &bytes, &parse);
        events.push(event.map_err(|(column, cause)| wrong(line, column, cause))?);
    }
}

/// The events of a finite input.
pub(crate) struct LineEvents<E> {
    events: Vec<TimedEvent<E>>,
    /// The earliest time of every event and those behind it.
    none_before: Vec<EventTime>,
}

impl<E> LineEvents<E> {
    /// An event that does not say when it happened did so when the generated event of its number
    /// would.
    pub(crate) fn new(
        events: Vec<E>,
        clock: EventClock,
        says: impl Fn(&E) -> Option<EventTime>,
    ) -> Self {
        let timed = (0..).zip(events).map(|(number, value)| {
            let event_time = says(&value).unwrap_or_else(|| clock.event_time(number));
            TimedEvent { value, event_time }
        });
        let events: Vec<TimedEvent<E>> = timed.collect();
        let earliest = events.iter().rev().scan(EventTime::MAX, |earliest, event| {
            *earliest = event.event_time.min(*earliest);
            Some(*earliest)
        });
        let mut none_before: Vec<EventTime> = earliest.collect();
        none_before.reverse();
        Self { events, none_before }
    }
}

impl<E: Data + Sync> Events for LineEvents<E> {
    type Event = E;

    fn event(&self, number: u64) -> TimedEvent<E> {
        self.events[number as usize].clone()
    }

    fn none_before(&self, number: u64) -> EventTime {
        self.none_before.get(number as usize).copied().unwrap_or(EventTime::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(text: &[u8]) -> Result<Vec<u64>, InputError> {
        let parse = |line: &str| line.parse().map_err(|_| (1, format!("`{line}` is no number")));
        read_lines("numbers.txt", &mut &*text, parse)
    }

    #[test]
    fn every_line_is_an_event() {
        assert_eq!(numbers(b"3\n1\r\n2").unwrap(), [3, 1, 2]);
        assert_eq!(numbers(b"3\n").unwrap(), [3]);
        assert!(numbers(b"").unwrap().is_empty());
        assert_eq!(numbers("\u{feff}3\n1\n".as_bytes()).unwrap(), [3, 1]);
        assert!(numbers("\u{feff}".as_bytes()).unwrap().is_empty());
    }

    #[test]
    fn a_line_that_cannot_be_read_is_pointed_at() {
        let error = numbers(b"3\nx\n").unwrap_err().to_string();
        assert_eq!(error, "numbers.txt:2:1: `x` is no number");
        let error = numbers(b"3\n4\n12\xff\n").unwrap_err().to_string();
        assert_eq!(error, "numbers.txt:3:3: not UTF-8: byte 0xff");
    }
}
