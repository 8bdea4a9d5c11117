//! Hands events on: the cost of a job that does nothing.

use dataflow::exchange::sink::SinkSlot;
use dataflow::operator::lateness::LateRows;
use dataflow::operators::Input;
use dataflow::{Data, Digest, Plan, ResultKind, Stream};
use serde::{Deserialize, Serialize};

use crate::events::keyed_event::{KeyedEvent, KeyedEvents};
use crate::spec::{Description, Knobs, TimedEvent, Workload};

/// Every event becomes a row.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Forward;

/// A row of [`Forward`].
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ForwardedKey {
    /// Key of the event.
    pub key: u64,
}

impl Data for ForwardedKey {}

impl Workload for Forward {
    type Events = KeyedEvents;

    fn name(&self) -> &'static str {
        "forward"
    }
    fn description(&self) -> Description {
        Description {
            origin: "the identity query of StreamBench (Lu et al., UCC 2014)",
            operators: "source -> map -> sink",
            state: "none",
            stresses: "the engine itself: source, chain, sink, and nothing between them",
            ties: "none are possible",
        }
    }
    fn result(&self) -> ResultKind {
        ResultKind::Append
    }

    fn events(&self, knobs: &Knobs, seed: u64) -> KeyedEvents {
        KeyedEvents::new(knobs, seed)
    }

    fn plan(&self, _: &Knobs, events: Stream<Input<KeyedEvent>>, sink: SinkSlot) -> Plan {
        events.map(|event| ForwardedKey { key: event.key }).sink(sink)
    }

    fn expected(
        &self,
        _: &Knobs,
        events: &mut dyn Iterator<Item = TimedEvent<KeyedEvent>>,
        _: &mut LateRows,
    ) -> Digest {
        let mut digest = Digest::default();
        for event in events {
            digest.insert(&ForwardedKey { key: event.value.key });
        }
        digest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::golden::assert_pinned;
    use crate::testing::run_plan::run_lines;

    #[test]
    fn every_event_is_a_row() {
        let lines = [r#"{"key":3}"#, r#"{"key":1,"payload":"ab"}"#, r#"{"key":3}"#];
        let rows = run_lines(Forward, &[], &lines);
        assert_eq!(rows, [r#"{"key":1}"#, r#"{"key":3}"#, r#"{"key":3}"#]);
    }

    #[test]
    fn events_and_answer_are_pinned() {
        assert_pinned(Forward);
    }
}
