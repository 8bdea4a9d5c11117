//! Query 11: bids per session of a bidder.

use std::collections::BTreeMap;

use dataflow::exchange::sink::SinkSlot;
use dataflow::job::settings::{Setting, SettingError};
use dataflow::operator::lateness::{Fate, Late, LateRows};
use dataflow::operators::Count;
use dataflow::{Data, Digest, EventTime, Plan, ResultKind};
use serde::{Deserialize, Serialize};

use crate::knobs::{self, LONGEST_MS};
use crate::nexmark::{Event, bound_nanos};
use crate::queries::nexmark::query::{Events, Query, bids, event_time};
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

/// Stage and input of the window that meets the bids.
const WINDOW: (usize, u8) = (1, 0);

/// When the bids of a bidder happened, in milliseconds.
#[derive(Default)]
struct BidTimes {
    on_time: Vec<i64>,
    /// Those accepted behind a watermark, with it.
    accepted: Vec<(EventTime, i64)>,
}

/// Start, end and number of records.
type Session = (i64, i64, u64);

/// Makes one of all sessions that overlap or touch.
fn merged(mut sessions: Vec<Session>) -> Vec<Session> {
    sessions.sort_unstable();
    let mut merged: Vec<Session> = Vec::new();
    for (start, end, count) in sessions {
        match merged.last_mut() {
            Some(open) if start <= open.1 => {
                open.1 = open.1.max(end);
                open.2 += count;
            }
            _ => merged.push((start, end, count)),
        }
    }
    merged
}

/// The sessions of one bidder, times in milliseconds. One that was accepted at a watermark joins no
/// session that had closed by then. A session that ends at a watermark or before it holds nothing
/// that was on time and came later, so that all of those can be taken in first.
fn sessions(gap: i64, BidTimes { on_time, mut accepted }: BidTimes) -> Vec<Session> {
    let alone = |time: i64| (time, time + gap, 1);
    let mut open = merged(on_time.iter().map(|time| alone(*time)).collect());
    let mut closed = Vec::new();
    accepted.sort_unstable();
    for at_once in accepted.chunk_by(|a, b| a.0 == b.0) {
        let watermark = at_once[0].0;
        closed.extend(open.extract_if(.., |session| event_time(session.1) <= watermark));
        open.extend(at_once.iter().map(|(_, time)| alone(*time)));
        open = merged(open);
    }
    closed.extend(open);
    closed
}

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
        late: &mut LateRows,
    ) -> Digest {
        let gap = knobs.integer("window_ms") as i64;
        let mut bidders: BTreeMap<u64, BidTimes> = BTreeMap::new();
        for bid in bids(events) {
            let times = bidders.entry(bid.bidder).or_default();
            match late.take(WINDOW, &bid.bidder, event_time(bid.date_time)) {
                None => times.on_time.push(bid.date_time),
                Some(Late { fate: Fate::Accepted, watermark }) => {
                    times.accepted.push((watermark, bid.date_time));
                }
                Some(Late { fate, watermark }) => {
                    let closes = event_time(bid.date_time + gap);
                    late.expect(fate == Fate::Refused && watermark >= closes);
                }
            }
        }
        let mut digest = Digest::default();
        for (bidder, times) in bidders {
            for (starttime, endtime, bid_count) in sessions(gap, times) {
                digest.insert(&Row { bidder, bid_count, starttime, endtime });
            }
        }
        digest
    }
}
