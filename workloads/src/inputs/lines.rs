//! Events from a finite input.

use std::io::{BufRead, ErrorKind};
use std::sync::Arc;

use dataflow::{Data, EventTime};

use crate::inputs::event_lines::{EventLines, EventOf};
use crate::schedule::load_shape::LoadShape;
use crate::spec::{Events, Knobs, TimedEvent, Workload};
use crate::text::InputError;

/// The events of a finite input.
pub(crate) struct LineEvents<E> {
    events: Vec<TimedEvent<E>>,
    /// The earliest time of every event and those behind it.
    none_before: Vec<EventTime>,
}

/// Reads all events of an input.
///
/// # Errors
/// When it cannot be read, a line is no event, or knobs ask for what cannot be had of it.
pub(crate) fn read_lines<W: Workload>(
    workload: Arc<W>,
    knobs: &Knobs,
    name: &str,
    input: &mut dyn BufRead,
) -> Result<LineEvents<EventOf<W>>, InputError> {
    let wrong = |line, column, cause| InputError { input: name.to_owned(), line, column, cause };
    if knobs.integer("straggler_delay_ms") > 0 && LoadShape::is_random(knobs) {
        let cause = "straggler_delay_ms needs a load_shape that is not random when events are read \
                     from a file, whose event times do not follow one";
        return Err(wrong(0, 0, cause.to_owned()));
    }
    let (mut lines, mut events) = (EventLines::new(workload, knobs), Vec::new());
    loop {
        let piece = match input.fill_buf() {
            Ok(piece) => piece,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(wrong(lines.line(), 0, error.to_string())),
        };
        let bytes = piece.len();
        let taken = lines.take(piece, |event| events.push(event));
        taken.map_err(|it| wrong(it.line, it.column, it.cause))?;
        if bytes == 0 {
            return Ok(LineEvents::new(events));
        }
        input.consume(bytes);
    }
}

impl<E> LineEvents<E> {
    fn new(events: Vec<TimedEvent<E>>) -> Self {
        let earliest = events.iter().rev().scan(EventTime::MAX, |earliest, event| {
            *earliest = event.event_time.min(*earliest);
            Some(*earliest)
        });
        let mut none_before: Vec<EventTime> = earliest.collect();
        none_before.reverse();
        Self { events, none_before }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> u64 {
        self.events.len() as u64
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
    use crate::queries::KeyedCount;
    use crate::queries::uppercase::Uppercase;
    use crate::registry::register;
    use crate::testing::knobs::common;

    fn read(workload: impl Workload, text: &[u8]) -> Result<Vec<String>, InputError> {
        let lines = register(workload).lines(&common(&[]), "in.txt", &mut &*text)?;
        Ok(lines.sample(u64::MAX).lines().map(str::to_owned).collect())
    }

    #[test]
    fn every_line_is_an_event() {
        for text in ["to be\nor\r\n\nnot", "\u{feff}to be\nor\n\nnot\n"] {
            let lines = read(Uppercase, text.as_bytes()).unwrap();
            assert_eq!(lines, [r#""to be""#, r#""or""#, r#""""#, r#""not""#]);
        }
        for text in ["", "\u{feff}"] {
            assert!(read(Uppercase, text.as_bytes()).unwrap().is_empty());
        }
    }

    #[test]
    fn blank_lines_of_json_are_skipped_and_counted() {
        let keys = [r#"{"key":1}"#, r#"{"key":2}"#];
        let blank = b"\n{\"key\":1}\n\r\n \t\n{\"key\":2}\n\n";
        assert_eq!(read(KeyedCount, blank).unwrap(), keys);
        let error = read(KeyedCount, b"\n{\"key\":1}\n\n{}\n").unwrap_err().to_string();
        assert_eq!(error, "in.txt:4:2: missing field `key`");
    }

    #[test]
    fn a_line_that_cannot_be_read_is_pointed_at() {
        let error = read(KeyedCount, b"{\"key\":1}\nx\n").unwrap_err().to_string();
        assert_eq!(error, "in.txt:2:1: expected value");
        let error = read(Uppercase, b"3\n4\n12\xff\n").unwrap_err().to_string();
        assert_eq!(error, "in.txt:3:3: not UTF-8: byte 0xff");
    }

    #[test]
    fn a_long_value_is_not_repeated_whole() {
        let line = format!(r#"{{"key":"{}"}}"#, "x".repeat(100_000));
        let error = read(KeyedCount, line.as_bytes()).unwrap_err().to_string();
        assert!(error.len() < 200 && error.ends_with("x\", expected u64"), "{error}");
    }

    #[test]
    fn nesting_without_an_end_is_no_danger() {
        let nested = format!(r#"{{"key":1,"more":{}1{}}}"#, "[".repeat(90_000), "]".repeat(90_000));
        // Passed over, or refused; both take no stack.
        let read = read(KeyedCount, nested.as_bytes());
        assert!(read.map_or_else(|error| error.line == 1, |lines| lines.len() == 1));
    }
}
