//! Counts events per key.

use std::collections::HashMap;

use dataflow::exchange::sink::SinkSlot;
use dataflow::job::settings::Setting;
use dataflow::operator::lateness::LateRows;
use dataflow::operators::{Count, Input};
use dataflow::{Data, Digest, Plan, ResultKind, Stream};
use foldhash::fast::FixedState;
use serde::{Deserialize, Serialize};

use crate::events::keyed_event::{KeyedEvent, KeyedEvents};
use crate::queries::running::{RUNNING_KNOBS, running_aggregate};
use crate::spec::{Description, Knobs, TimedEvent, Workload};

/// A running count per key.
#[derive(Copy, Clone, Debug)]
pub struct KeyedCount;

/// A row of [`KeyedCount`].
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeyCount {
    /// The key.
    pub key: u64,
    /// Its events so far.
    pub count: u64,
}

impl Data for KeyCount {}

impl Workload for KeyedCount {
    type Events = KeyedEvents;

    fn name(&self) -> &'static str {
        "keyed-count"
    }
    fn description(&self) -> Description {
        Description {
            origin: "SELECT key, count(*) GROUP BY key, as a stream of changes",
            operators: "source -> key_by -> count -> map -> sink",
            state: "a counter per key",
            stresses: "the exchange by key, the state table, skew of keys",
            ties: "none are possible",
        }
    }
    fn knobs(&self) -> &'static [Setting] {
        RUNNING_KNOBS
    }
    fn result(&self) -> ResultKind {
        ResultKind::Upsert
    }

    fn events(&self, knobs: &Knobs, seed: u64) -> KeyedEvents {
        KeyedEvents::new(knobs, seed)
    }

    fn plan(&self, knobs: &Knobs, events: Stream<Input<KeyedEvent>>, sink: SinkSlot) -> Plan {
        let row = |(key, count)| KeyCount { key, count };
        running_aggregate(events, knobs, |event| event.key, Count::default(), row, sink)
    }

    fn expected(
        &self,
        _: &Knobs,
        events: &mut dyn Iterator<Item = TimedEvent<KeyedEvent>>,
        _: &mut LateRows,
    ) -> Digest {
        let mut counts: HashMap<u64, u64, FixedState> = HashMap::default();
        for event in events {
            *counts.entry(event.value.key).or_default() += 1;
        }
        let mut digest = Digest::default();
        for (key, count) in counts {
            digest.insert(&KeyCount { key, count });
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
    fn every_event_counts_its_key_one_up() {
        let rows = run_lines(KeyedCount, &[], &[r#"{"key":3}"#, r#"{"key":1}"#, r#"{"key":3}"#]);
        let expected = [
            r#"{"op":"+I","key":1,"count":1}"#,
            r#"{"op":"+I","key":3,"count":1}"#,
            r#"{"op":"+U","key":3,"count":2}"#,
            r#"{"op":"-U","key":3,"count":1}"#,
        ];
        assert_eq!(rows, expected);
    }

    #[test]
    fn events_and_answer_are_pinned() {
        assert_pinned(KeyedCount);
    }
}
