//! `sample`: the events of a workload, to read or to write elsewhere.

use std::io;
use std::sync::Arc;

use dataflow::{EventTime, Guarantee, StopSignal};
use kafka::{ClientSettings, KafkaFailure, OutputAddress, OutputTopic, TopicWriter};
use workloads::registry::AnyEvents;

use crate::cli::SampleArgs;
use crate::error::{Error, Outcome, Result};
use crate::files::rows::RowTarget;
use crate::files::uri::OutputUri;
use crate::registry::{Registry, key_values};
use crate::terminal::out;

/// Bytes that are worth a write.
const CHUNK_BYTES: usize = 64 * 1024;

/// Runs `sample`.
///
/// # Errors
/// For an unknown workload or knob, and when events cannot be written.
pub(crate) fn sample(args: &SampleArgs, registry: &Registry, stop: &StopSignal) -> Result<Outcome> {
    let workload = registry.workload(&args.workload)?;
    let given = key_values(args.set.iter().map(String::as_str))?;
    let knobs = workload.resolve(&given, None).map_err(Error::input)?;
    let events = workload.generate(&knobs, args.seed);
    if let OutputUri::Kafka(address) = &args.output {
        let written = fill(&*events, args.events, topic(args, address)?, stop)?;
        if written < args.events && stop.is_requested() {
            out::note(&format!(
                "{written} of {} events were written to {}",
                args.events, args.output
            ));
            return Ok(Outcome::Interrupted);
        }
        return Ok(Outcome::Good);
    }
    if args.kafka_config.is_some() {
        return Err(Error::Input(
            "--kafka-config goes with --output kafka:HOST:PORT/TOPIC; leave it out".to_owned(),
        ));
    }
    if args.output == OutputUri::Print {
        out::line(events.sample(args.events).trim_end());
    } else if let Some(target) = RowTarget::open(&args.output)? {
        let written = write(&*events, args.events, target);
        written.map_err(|error| Error::run(format!("cannot write to {}: {error}", args.output)))?;
    }
    Ok(Outcome::Good)
}

/// The topic that events go to.
fn topic(args: &SampleArgs, address: &OutputAddress) -> Result<TopicWriter> {
    let path = args.kafka_config.as_deref();
    let client = path.map_or(Ok(ClientSettings::default()), ClientSettings::read)?;
    let topic = OutputTopic::open(address.clone(), client, Arc::new(out::note))?;
    Ok(TopicWriter::open(topic, Guarantee::AtLeastOnce)?)
}

/// Writes events to a topic, dealt out to its partitions in turn, as to the splits of a run, until it is
/// stopped. Returns how many are there.
fn fill(
    events: &dyn AnyEvents,
    count: u64,
    mut topic: TopicWriter,
    stop: &StopSignal,
) -> std::result::Result<u64, KafkaFailure> {
    let (mut number, mut sent) = (0_u64, Ok(()));
    events.each_line(count, &mut |time, line| {
        sent = topic.write_message(number as u32, message(number, time, line).as_bytes());
        number += 1;
        sent.is_ok() && !stop.is_requested()
    });
    sent?;
    topic.flush()?;
    Ok(number)
}

/// Writes events as lines.
fn write(events: &dyn AnyEvents, count: u64, mut target: RowTarget) -> io::Result<()> {
    let (mut lines, mut written) = (Vec::new(), Ok(()));
    events.each_line(count, &mut |_, line| {
        lines.extend_from_slice(line.as_bytes());
        if lines.len() >= CHUNK_BYTES {
            written = target.write(0, &lines);
            lines.clear();
        }
        written.is_ok()
    });
    written?;
    target.write(0, &lines)?;
    target.end()
}

/// An event as a message: an object says besides when it has happened, and which of the events that
/// were generated it is; a text is what it says.
fn message(number: u64, time: EventTime, line: &str) -> String {
    if let Ok(text) = serde_json::from_str(line) {
        return text;
    }
    let Some(fields) = line.trim_end().strip_prefix('{').and_then(|it| it.strip_suffix('}')) else {
        return line.to_owned();
    };
    let comma = if fields.is_empty() { "" } else { "," };
    let millis = time.0.div_euclid(1_000_000);
    format!("{{{fields}{comma}\"event_time_ms\":{millis},\"n\":{number}}}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_says_when_its_event_has_happened_and_which_it_is() {
        let at = EventTime(1_999_999);
        assert_eq!(message(7, at, "{\"key\":1}\n"), r#"{"key":1,"event_time_ms":1,"n":7}"#);
        assert_eq!(message(7, EventTime(-1), "{}"), r#"{"event_time_ms":-1,"n":7}"#);
        assert_eq!(message(7, at, "\"to be or \\\"not\\\"\"\n"), "to be or \"not\"");
    }
}
