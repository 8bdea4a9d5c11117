//! What a message says: its event, and when that has happened.

use std::sync::Arc;

use dataflow::EventTime;
use dataflow::job::message_log::{MessageForm, MessageFormat, MessageHead, MessageTime};

use crate::inputs::event_lines::EventOf;
use crate::inputs::time_field::time_field;
use crate::spec::{EARLIEST, LATEST, TimedEvent, Workload, parse_json};
use crate::text::abridged;

/// Makes events of messages.
pub(crate) struct MessageDecoder<W> {
    workload: Arc<W>,
    format: MessageFormat,
    time: Option<MessageTime>,
}

/// The field that says when an event has happened, unless another is named.
const DEFAULT_FIELD: &str = "event_time_ms";

/// Column of a message, from 1, and what is wrong there.
type Wrong = (u64, String);

impl<W: Workload> MessageDecoder<W> {
    /// Of messages of this form.
    ///
    /// # Errors
    /// When the workload cannot have that form.
    pub(crate) fn new(workload: Arc<W>, form: &MessageForm) -> Result<Self, String> {
        let known = formats(&*workload);
        let format = form.format.unwrap_or(known[0]);
        if !known.contains(&format) {
            let names: Vec<&str> = known.iter().map(|it| it.name()).collect();
            return Err(format!(
                "format={} is not for {}, which can have format={}",
                format.name(),
                workload.name(),
                names.join(" or format=")
            ));
        }
        let name = workload.name();
        match &form.time {
            Some(MessageTime::Field(field)) if format != MessageFormat::Ndjson => {
                let format = format.name();
                Err(format!(
                    "time=field:{field} needs JSON, and messages of {name} are format={format} unless \
                     told otherwise"
                ))
            }
            Some(_) if workload.tells_time() => Err(format!(
                "the events of {name} say themselves when they have happened; leave time= out"
            )),
            time => {
                let time = time.clone();
                Ok(Self { workload, format, time })
            }
        }
    }

    /// The event of a message.
    ///
    /// # Errors
    /// When it is none, or does not say when it has happened.
    pub(crate) fn event(
        &self,
        head: MessageHead,
        payload: &[u8],
    ) -> Result<TimedEvent<EventOf<W>>, Wrong> {
        let text = std::str::from_utf8(payload).map_err(|error| {
            let place = error.valid_up_to();
            (place as u64 + 1, format!("not UTF-8: byte {:#04x}", payload[place]))
        })?;
        let value = self.value(text).map_err(|(column, cause)| (column, abridged(&cause)))?;
        let event_time = self.event_time(&value, head, text)?;
        if event_time < EARLIEST || LATEST < event_time {
            let nanos = event_time.0;
            return Err((
                1,
                format!("the event time {nanos} ns is out of range: within 146 years of 1970"),
            ));
        }
        Ok(TimedEvent { value, event_time })
    }

    fn value(&self, text: &str) -> Result<EventOf<W>, Wrong> {
        match self.format {
            MessageFormat::Text => self.workload.parse(one_line(text)?),
            MessageFormat::Raw => self.workload.parse(text),
            MessageFormat::Ndjson if self.workload.reads_text() => parse_json(text),
            MessageFormat::Ndjson => self.workload.parse(text),
        }
    }

    /// It has happened when what was named says so; or else when it says so itself, when its field
    /// `event_time_ms` says so, or at the message's time stamp.
    fn event_time(
        &self,
        value: &EventOf<W>,
        head: MessageHead,
        text: &str,
    ) -> Result<EventTime, Wrong> {
        let by_stamp = || head.timestamp_ms?.checked_mul(1_000_000).map(EventTime);
        match &self.time {
            Some(MessageTime::Timestamp) => by_stamp()
                .ok_or_else(|| (1, "the message has no time stamp, and time=timestamp".to_owned())),
            Some(MessageTime::Field(name)) => time_field(text, name)?.ok_or_else(|| {
                (text.len() as u64, format!("missing field `{name}`, and time=field:{name}"))
            }),
            None => {
                let own = self.workload.event_time(value);
                let own = own.map_or_else(|| self.by_default_field(text), |own| Ok(Some(own)))?;
                own.or_else(by_stamp).ok_or_else(|| {
                    let cause = "neither the event nor its message says when it has happened, \
                                 within 292 years of 1970; add a field event_time_ms";
                    (1, cause.to_owned())
                })
            }
        }
    }

    /// By the field that needs no name, where a message is an object of JSON.
    fn by_default_field(&self, text: &str) -> Result<Option<EventTime>, Wrong> {
        if self.format == MessageFormat::Ndjson && text.trim_ascii_start().starts_with('{') {
            return time_field(text, DEFAULT_FIELD);
        }
        Ok(None)
    }
}

/// What a message of a workload may be; the first unless it is told.
fn formats<W: Workload>(workload: &W) -> &'static [MessageFormat] {
    match workload.reads_text() {
        true => &[MessageFormat::Text, MessageFormat::Raw, MessageFormat::Ndjson],
        false => &[MessageFormat::Ndjson],
    }
}

/// The one line of a message, without its end.
fn one_line(text: &str) -> Result<&str, Wrong> {
    let line = text.strip_suffix('\n').unwrap_or(text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    line.find('\n').map_or(Ok(line), |place| {
        let cause = "a line ends here, and the message goes on; format=raw takes it as it is";
        Err((place as u64 + 1, cause.to_owned()))
    })
}

#[cfg(test)]
mod tests {
    use dataflow::ProcessingTime;
    use dataflow::job::message_log::MessageChunk;

    use super::*;
    use crate::queries::KeyedCount;
    use crate::queries::nexmark::{Nexmark, single_bids};
    use crate::queries::uppercase::Uppercase;

    /// The event of a message with the time stamp 7.
    fn decode<W: Workload>(
        workload: W,
        form: &MessageForm,
        payload: &[u8],
    ) -> Result<TimedEvent<EventOf<W>>, Wrong> {
        let mut chunk = MessageChunk::default();
        chunk.push(0, Some(7), ProcessingTime::ZERO, payload);
        let (head, payload) = chunk.get(0).unwrap();
        MessageDecoder::new(Arc::new(workload), form).unwrap().event(head, payload)
    }

    fn format(format: MessageFormat) -> MessageForm {
        MessageForm { format: Some(format), time: None }
    }

    fn text(form: &MessageForm, payload: &[u8]) -> Result<String, Wrong> {
        decode(Uppercase, form, payload).map(|event| event.value)
    }

    #[test]
    fn a_text_is_one_line_or_whatever_it_is_or_a_string_of_json() {
        let (line, raw) = (MessageForm::default(), format(MessageFormat::Raw));
        for payload in ["to be", "to be\n", "to be\r\n"] {
            for form in [&line, &format(MessageFormat::Text)] {
                assert_eq!(text(form, payload.as_bytes()).unwrap(), "to be");
            }
            assert_eq!(text(&raw, payload.as_bytes()).unwrap(), payload);
        }
        assert_eq!(text(&line, b"").unwrap(), "");
        let (column, cause) = text(&line, b"to\nbe").unwrap_err();
        assert!(column == 3 && cause.contains("format=raw"), "{cause}");
        assert_eq!(text(&raw, b"to\nbe\n").unwrap(), "to\nbe\n");
        let json = format(MessageFormat::Ndjson);
        assert_eq!(text(&json, br#""to\nbe""#).unwrap(), "to\nbe");
        assert_eq!(text(&json, b"to be").unwrap_err().0, 2);
    }

    #[test]
    fn what_is_no_text_is_pointed_at_in_every_format() {
        for known in MessageFormat::ALL {
            let wrong = text(&format(known), b"ab\xffc").unwrap_err();
            assert_eq!(wrong, (3, "not UTF-8: byte 0xff".to_owned()));
        }
    }

    #[test]
    fn a_format_that_a_workload_cannot_have_is_refused_with_those_that_it_can() {
        for wrong in [MessageFormat::Text, MessageFormat::Raw] {
            let refused = MessageDecoder::new(Arc::new(KeyedCount), &format(wrong)).err().unwrap();
            let name = wrong.name();
            let whole =
                format!("format={name} is not for keyed-count, which can have format=ndjson");
            assert_eq!(refused, whole);
        }
    }

    #[test]
    fn a_row_has_happened_when_its_field_or_its_message_says() {
        for form in [MessageForm::default(), format(MessageFormat::Ndjson)] {
            let time = |payload: &str| {
                decode(KeyedCount, &form, payload.as_bytes()).unwrap().event_time.0 / 1_000_000
            };
            assert_eq!(time(r#"{"key":1,"event_time_ms":-3}"#), -3);
            assert_eq!(time(r#"{"key":1}"#), 7);
        }
        // A text has no fields.
        let event = decode(Uppercase, &MessageForm::default(), br#"{"event_time_ms":3}"#).unwrap();
        assert_eq!(event.event_time.0, 7_000_000);
        let wrong = br#"{"key":1,"event_time_ms":"soon"}"#;
        let (column, cause) = decode(KeyedCount, &MessageForm::default(), wrong).unwrap_err();
        assert!(column == 31 && cause.contains("whole milliseconds"), "{column}: {cause}");
    }

    fn time(time: MessageTime) -> MessageForm {
        MessageForm { format: None, time: Some(time) }
    }

    #[test]
    fn a_time_that_is_named_is_used_and_nothing_else() {
        let both = br#"{"key":1,"event_time_ms":-3,"at":"1970-01-01T00:00:01Z"}"#;
        for (named, nanos) in
            [(MessageTime::Timestamp, 7_000_000), (MessageTime::Field("at".into()), 1_000_000_000)]
        {
            let event = decode(KeyedCount, &time(named), both).unwrap();
            assert_eq!(event.event_time.0, nanos);
        }
        let missing = time(MessageTime::Field("when".into()));
        let (column, cause) = decode(KeyedCount, &missing, both).unwrap_err();
        assert_eq!(
            (column, cause.as_str()),
            (both.len() as u64, "missing field `when`, and time=field:when")
        );
        let event = decode(Uppercase, &time(MessageTime::Timestamp), b"a").unwrap();
        assert_eq!(event.event_time.0, 7_000_000);
    }

    #[test]
    fn a_time_that_cannot_be_is_refused() {
        let field = time(MessageTime::Field("at".into()));
        let refused = MessageDecoder::new(Arc::new(Uppercase), &field).err().unwrap();
        assert!(refused.contains("time=field:at needs JSON"), "{refused}");
        let q0 = || Arc::new(Nexmark::new(single_bids::q0::Q0));
        for form in [field, time(MessageTime::Timestamp)] {
            let refused = MessageDecoder::new(q0(), &form).err().unwrap();
            assert!(refused.contains("leave time= out"), "{refused}");
        }
    }
}
