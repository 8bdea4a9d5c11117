//! Query 11: bids per session of a bidder.

use std::collections::HashMap;

use dataflow::exchange::sink::SinkSlot;
use dataflow::job::settings::{Setting, SettingError};
use dataflow::operators::Count;
use dataflow::{Data, Digest, Plan, ResultKind};
use serde::{Deserialize, Serialize};

use crate::knobs::{self, LONGEST_MS};
use crate::nexmark::{Event, bound_nanos};
use crate::queries::nexmark::query::{Events, Query, bids};
use crate::spec::{Description, Knobs, TimedEvent};

pub(crate) struct Q11;

#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    bidder: u64,
    #[serde(rename = "bid_count")]
    bid_count: u64,
    /// Milliseconds.
    starttime: i64,
    /// The last bid's time and the gap.
    endtime: i64,
}

impl Data for Row {}

const KNOBS: &[Setting] = &[Setting::integer(
    "window_ms",
    (1, LONGEST_MS),
    10_000,
    "gap after which a session ends, milliseconds",
)];

impl Query for Q11 {
    fn name(&self) -> &'static str {
        "nexmark-q11"
    }
    fn description(&self) -> Description {
        Description {
            origin: "Nexmark query 11, user sessions: SESSION(10 s), count per bidder",
            operators: "source -> filter_map -> key_by -> session window -> map -> sink",
            state: "an interval and a counter per open session",
            stresses: "sessions that merge, and timers that move on with every bid",
            ties: "none are possible",
        }
    }
    fn knobs(&self) -> &'static [Setting] {
        KNOBS
    }
    fn result(&self) -> ResultKind {
        ResultKind::Append
    }
    fn has_windows(&self) -> bool {
        true
    }

    fn check(&self, knobs: &Knobs) -> Result<(), SettingError> {
        knobs::check_open_windows(knobs, "window_ms", bound_nanos(knobs))
    }

    fn plan(&self, knobs: &Knobs, events: Events, sink: SinkSlot) -> Plan {
        events
            .filter_map(|event| event.bid().map(|bid| bid.bidder))
            .key_by(|bidder: &u64| *bidder)
            .session_window(knobs::nanos(knobs, "window_ms"))
            .aggregate(Count::default())
            .map(|session| Row {
                bidder: session.key,
                bid_count: session.result,
                starttime: session.start.0 / 1_000_000,
                endtime: session.end.0 / 1_000_000,
            })
            .sink(sink)
    }

    fn expected(
        &self,
        knobs: &Knobs,
        events: &mut dyn Iterator<Item = TimedEvent<Event>>,
    ) -> Digest {
        let gap = knobs.integer("window_ms") as i64;
        let mut open: HashMap<u64, Row> = HashMap::new();
        let mut digest = Digest::default();
        for bid in bids(events) {
            let (bidder, time) = (bid.bidder, bid.date_time);
            let fresh = Row { bidder, bid_count: 0, starttime: time, endtime: time + gap };
            let session = open.entry(bidder).or_insert(fresh);
            // A bid at the very end of a session does not belong to it.
            if time >= session.endtime {
                digest.insert(session);
                *session = fresh;
            }
            session.bid_count += 1;
            session.endtime = time + gap;
        }
        open.values().for_each(|session| digest.insert(session));
        digest
    }
}
