//! Counts events per key and window of event time.

use std::collections::HashMap;

use dataflow::exchange::sink::SinkSlot;
use dataflow::job::settings::{Setting, SettingError};
use dataflow::operator::lateness::LateRows;
use dataflow::operators::{Aggregator, Count, InParts, Input};
use dataflow::{Data, Digest, Plan, ResultKind, Stream};
use foldhash::fast::FixedState;
use serde::{Deserialize, Serialize};

use crate::events::keyed_event::{KeyedEvent, KeyedEvents};
use crate::knobs::{self, MAX_KEYS};
use crate::spec::{Description, Knobs, TimedEvent, WindowPace, Workload, last_instant_of_window};

/// A count per key and tumbling window.
#[derive(Copy, Clone, Debug)]
pub(crate) struct WindowedCount;

/// The knob for the parts of a key.
const SPLIT_KEYS: &str = "split_keys";

/// Stage and input of the window that meets the events.
const WINDOW: (usize, u8) = (1, 0);

/// Adds up counts of parts.
#[derive(Copy, Clone, Debug)]
struct Total;

impl Aggregator for Total {
    type In = (u64, u64);
    type Accumulator = u64;
    type Result = u64;

    fn fresh(&self) -> u64 {
        0
    }
    #[inline(always)]
    fn add(&self, sum: &mut u64, (_, count): &(u64, u64)) {
        *sum += count;
    }
    fn merge(&self, into: &mut u64, from: &u64) {
        *into += from;
    }
    fn result(&self, sum: &u64) -> u64 {
        *sum
    }
}

/// A row of [`WindowedCount`].
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WindowCount {
    /// The key.
    pub key: u64,
    /// End of the window, exclusive, in nanoseconds of event time.
    pub window_end_ns: i64,
    /// The key's events in the window.
    pub count: u64,
}

impl Data for WindowCount {}

impl Workload for WindowedCount {
    type Events = KeyedEvents;

    fn name(&self) -> &'static str {
        "windowed-count"
    }
    fn description(&self) -> Description {
        Description {
            origin: "the Yahoo streaming benchmark's aggregation, without its join",
            operators: "source -> key_by -> window -> count -> map -> sink; with split_keys two such \
                        stages, the first per part of a key",
            state: "a counter per key in every open window",
            stresses: "watermarks, and the burst of results when a window closes",
            ties: "none are possible",
        }
    }
    fn knobs(&self) -> &'static [Setting] {
        const KNOBS: &[Setting] = &[
            Setting::integer("keys", (1, MAX_KEYS), 1_000, "number of distinct keys"),
            Setting::integer(
                SPLIT_KEYS,
                (1, 1_024),
                1,
                "parts in which the records of every key are counted before a second stage adds \
                 them up: with hot keys no partition has more than a part of one; 1 for one stage",
            ),
        ];
        KNOBS
    }
    fn result(&self) -> ResultKind {
        ResultKind::Append
    }
    fn has_windows(&self) -> bool {
        true
    }
    fn window_pace(&self, knobs: &Knobs) -> Option<WindowPace> {
        WindowPace::by("window_ms", knobs)
    }

    fn check(&self, knobs: &Knobs) -> Result<(), SettingError> {
        knobs::check_open_windows(knobs, "window_ms", self.bound_nanos(knobs))
    }

    fn events(&self, knobs: &Knobs, seed: u64) -> KeyedEvents {
        KeyedEvents::new(knobs, seed)
    }

    fn plan(&self, knobs: &Knobs, events: Stream<Input<KeyedEvent>>, sink: SinkSlot) -> Plan {
        let size_nanos = knobs::nanos(knobs, "window_ms");
        let parts = knobs.integer(SPLIT_KEYS) as u32;
        if parts > 1 {
            return events
                .then(InParts::new(parts))
                .key_by(|(part, event)| (event.key, *part))
                .window(size_nanos)
                .aggregate(Count::default())
                .map(|closed| (closed.key.0, closed.result))
                .key_by(|(key, _)| *key)
                .window(size_nanos)
                .aggregate(Total)
                .map(|closed| WindowCount {
                    key: closed.key,
                    window_end_ns: closed.window_end.0,
                    count: closed.result,
                })
                .sink(sink);
        }
        events
            .key_by(|event| event.key)
            .window(size_nanos)
            .aggregate(Count::default())
            .map(|closed| WindowCount {
                key: closed.key,
                window_end_ns: closed.window_end.0,
                count: closed.result,
            })
            .sink(sink)
    }

    fn expected(
        &self,
        knobs: &Knobs,
        events: &mut dyn Iterator<Item = TimedEvent<KeyedEvent>>,
        late: &mut LateRows,
    ) -> Digest {
        let size_ns = knobs::nanos(knobs, "window_ms");
        let parts = knobs.integer(SPLIT_KEYS) as u32;
        let mut is_refused = |event: &TimedEvent<KeyedEvent>| {
            let (value, time) = (&event.value, event.event_time);
            let closes = last_instant_of_window(time, size_ns);
            match parts {
                1 => late.refuses(WINDOW, value, time, closes),
                // Which part of its key it was given to is the operator's to choose.
                _ => (0..parts).any(|part| late.refuses(WINDOW, &(part, value), time, closes)),
            }
        };
        let mut digest = Digest::default();
        // Events come in event-time order, so only one window is open.
        let mut open = i64::MIN;
        let mut counts: HashMap<u64, u64, FixedState> = HashMap::default();
        let mut close = |window: i64, counts: &mut HashMap<u64, u64, FixedState>| {
            for (key, count) in counts.drain() {
                digest.insert(&WindowCount { key, window_end_ns: (window + 1) * size_ns, count });
            }
        };
        for event in events {
            if is_refused(&event) {
                continue;
            }
            let window = event.event_time.0.div_euclid(size_ns);
            if window != open {
                assert!(window > open, "events come in event-time order");
                close(open, &mut counts);
                open = window;
            }
            *counts.entry(event.value.key).or_default() += 1;
        }
        close(open, &mut counts);
        digest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::golden::assert_pinned;
    use crate::testing::run_plan::run_lines;

    #[test]
    fn counts_in_parts_add_up() {
        let keys: Vec<String> = (0..200).map(|n| format!(r#"{{"key":{}}}"#, n % 3)).collect();
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let rows = |split| {
            let knobs = [("event_rate", "1"), ("window_ms", "20000"), ("split_keys", split)];
            run_lines(WindowedCount, &knobs, &keys)
        };
        assert_eq!(rows("8"), rows("1"));
    }

    #[test]
    fn every_window_counts_its_own() {
        // A second apart: two in the first window of two seconds, two in the next, one in the last.
        let keys = [7, 7, 7, 5, 7].map(|key| format!(r#"{{"key":{key}}}"#));
        let keys = keys.each_ref().map(String::as_str);
        let rows = run_lines(WindowedCount, &[("event_rate", "1"), ("window_ms", "2000")], &keys);
        let expected = [
            r#"{"key":5,"window_end_ns":4000000000,"count":1}"#,
            r#"{"key":7,"window_end_ns":2000000000,"count":2}"#,
            r#"{"key":7,"window_end_ns":4000000000,"count":1}"#,
            r#"{"key":7,"window_end_ns":6000000000,"count":1}"#,
        ];
        assert_eq!(rows, expected);
    }

    #[test]
    fn events_and_answer_are_pinned() {
        assert_pinned(WindowedCount);
    }
}
