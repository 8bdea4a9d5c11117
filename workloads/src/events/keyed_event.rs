//! Events of a key and a payload.

use dataflow::{Data, EventTime};
use serde::ser::SerializeStruct;
use serde::{Deserialize, Serialize, Serializer};

use crate::event_time::disorder::Disorder;
use crate::event_time::event_clock::EventClock;
use crate::events::key_distribution::KeyDistribution;
use crate::events::payload::{Payload, PayloadPool};
use crate::events::payload_lengths::PayloadLengths;
use crate::random::Draws;
use crate::spec::{Events, Knobs, TimedEvent};

/// An event of a key: 16 bytes, and what its payload points to. As JSON, `{"key":7}` or
/// `{"key":7,"payload":"text"}`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct KeyedEvent {
    /// By which events are brought together.
    pub key: u64,
    /// What is carried along.
    #[serde(default)]
    pub payload: Payload,
}

impl Data for KeyedEvent {
    #[inline]
    fn size_bytes(&self) -> usize {
        size_of::<Self>() + self.payload.len()
    }
}

impl Serialize for KeyedEvent {
    /// Leaves an empty payload out where fields have names; snapshots know them by their place.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let with_payload = !serializer.is_human_readable() || !self.payload.is_empty();
        let fields = if with_payload { 2 } else { 1 };
        let mut event = serializer.serialize_struct("KeyedEvent", fields)?;
        event.serialize_field("key", &self.key)?;
        if with_payload {
            event.serialize_field("payload", &self.payload)?;
        }
        event.end()
    }
}

/// Keyed events by the common knobs.
#[derive(Clone, Debug)]
pub struct KeyedEvents {
    keys: KeyDistribution,
    draws: Draws,
    clock: EventClock,
    /// `None` when events come in order and carry nothing: one branch for both.
    extras: Option<Extras>,
}

#[derive(Clone, Debug)]
struct Extras {
    payloads: PayloadPool,
    disorder: Disorder,
}

impl KeyedEvents {
    /// By the knobs of [`EventClock`], [`KeyDistribution`], `PayloadLengths` and [`Disorder`].
    pub fn new(knobs: &Knobs, seed: u64) -> Self {
        let lengths = PayloadLengths::of(knobs);
        let disorder = Disorder::new(knobs, seed);
        let extras = Extras { payloads: PayloadPool::new(&lengths, seed), disorder };
        Self {
            keys: KeyDistribution::of(knobs),
            draws: Draws::new(seed, "keys"),
            clock: EventClock::of(knobs, seed),
            extras: Some(extras).filter(|_| !lengths.is_empty() || !disorder.is_none()),
        }
    }
}

impl Events for KeyedEvents {
    type Event = KeyedEvent;

    // Returned through memory, an event costs three times as much.
    #[inline(always)]
    fn event(&self, number: u64) -> TimedEvent<KeyedEvent> {
        let draw = self.draws.at(number);
        let key = self.keys.key(number, 0, draw);
        let event_time = self.clock.event_time(number);
        let Some(extras) = &self.extras else {
            return TimedEvent {
                value: KeyedEvent { key, payload: Payload::default() },
                event_time,
            };
        };
        let payload = extras.payloads.pick(draw);
        let event_time = EventTime(event_time.0 - extras.disorder.nanos(number));
        TimedEvent { value: KeyedEvent { key, payload }, event_time }
    }

    fn none_before(&self, number: u64) -> EventTime {
        let delay = self.extras.as_ref().map_or(0, |extras| extras.disorder.longest_nanos());
        EventTime(self.clock.event_time(number).0 - delay)
    }
}

#[cfg(test)]
mod tests {
    use dataflow::Record;
    use proptest::prelude::*;

    use super::*;
    use crate::testing::knobs::common;

    #[test]
    fn an_event_is_sixteen_bytes_and_its_record_thirty_two() {
        assert_eq!(size_of::<KeyedEvent>(), 16);
        assert_eq!(size_of::<Record<KeyedEvent>>(), 32);
    }

    #[test]
    fn a_buffer_counts_the_payload() {
        let event =
            |bytes| KeyedEvents::new(&common(&[("payload_bytes", bytes)]), 1).event(0).value;
        assert_eq!(event("0").size_bytes(), 16);
        assert_eq!(event("100").size_bytes(), 116);
    }

    #[test]
    fn json_leaves_out_what_is_not_there_and_snapshots_do_not() {
        let plain = KeyedEvent { key: 7, payload: Payload::default() };
        let full = KeyedEvent { key: 7, payload: "abc".to_owned().into() };
        assert_eq!(serde_json::to_string(&plain).unwrap(), r#"{"key":7}"#);
        assert_eq!(serde_json::to_string(&full).unwrap(), r#"{"key":7,"payload":"abc"}"#);
        for event in [plain, full] {
            let json = serde_json::to_string(&event).unwrap();
            assert_eq!(serde_json::from_str::<KeyedEvent>(&json).unwrap(), event);
            let bytes = postcard::to_allocvec(&(event.clone(), 9_u8)).unwrap();
            assert_eq!(postcard::from_bytes::<(KeyedEvent, u8)>(&bytes).unwrap(), (event, 9));
        }
    }

    #[test]
    fn event_times_are_in_order_unless_asked_otherwise() {
        let events = KeyedEvents::new(&common(&[("event_rate", "1000")]), 1);
        for number in 0..1_000 {
            assert_eq!(events.event(number).event_time.0, number as i64 * 1_000_000);
        }
    }

    proptest! {
        #[test]
        fn disorder_stays_within_its_bound_unless_events_are_late(
            seed: u64,
            disorder_ms in 0_u32..50,
            late_fraction in prop_oneof![Just(0.0), 0.0..=1.0],
        ) {
            let knobs = common(&[
                ("event_rate", "10000"),
                ("disorder_ms", disorder_ms.to_string().as_str()),
                ("late_fraction", late_fraction.to_string().as_str()),
                ("window_ms", "10"),
            ]);
            let events = KeyedEvents::new(&knobs, seed);
            let bound = i64::from(disorder_ms) * 1_000_000;
            let mut newest = i64::MIN;
            for number in 0..2_000 {
                let in_order = number as i64 * 100_000;
                let time = events.event(number).event_time.0;
                prop_assert!(time <= in_order);
                prop_assert!(time >= events.none_before(number).0);
                if late_fraction == 0.0 {
                    prop_assert!(time >= in_order - bound);
                    prop_assert!(time >= newest.saturating_sub(bound), "behind its watermark");
                }
                newest = newest.max(time);
            }
        }
    }
}
