//! Query 10: bids with the day and minute under which a file sink would put them.

use dataflow::exchange::sink::SinkSlot;
use dataflow::operator::lateness::LateRows;
use dataflow::{Data, Digest, Plan, ResultKind};
use serde::{Deserialize, Serialize};

use crate::nexmark::{Bid, Event, Text};
use crate::queries::nexmark::calendar::{clock_text, day, day_text, minute};
use crate::queries::nexmark::query::{Events, Query, bids, digest_of};
use crate::spec::{Description, Knobs, TimedEvent};

pub(crate) struct Q10;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    auction: u64,
    bidder: u64,
    price: u64,
    date_time: i64,
    extra: Text,
    /// `yyyy-MM-dd`.
    dt: String,
    /// `HH:mm`.
    hm: String,
}

impl Data for Row {
    fn size_bytes(&self) -> usize {
        size_of::<Self>() + self.dt.len() + self.hm.len()
    }
}

fn row(bid: &Bid) -> Row {
    let &Bid { auction, bidder, price, date_time, .. } = bid;
    let (dt, hm) = (day_text(day(date_time)), clock_text(minute(date_time)));
    Row { auction, bidder, price, date_time, extra: bid.extra(), dt, hm }
}

impl Query for Q10 {
    fn name(&self) -> &'static str {
        "nexmark-q10"
    }
    fn description(&self) -> Description {
        Description {
            origin: "Nexmark query 10, log to a file system: bids with the partition they belong to",
            operators: "source -> filter_map -> map -> sink",
            state: "none",
            stresses: "formatting of dates; with --output file: and exactly-once, the file sink",
            ties: "none are possible",
        }
    }
    fn result(&self) -> ResultKind {
        ResultKind::Append
    }

    fn plan(&self, _: &Knobs, events: Events, sink: SinkSlot) -> Plan {
        events.filter_map(Event::bid).map(|bid| row(&bid)).sink(sink)
    }

    fn expected(
        &self,
        _: &Knobs,
        events: &mut dyn Iterator<Item = TimedEvent<Event>>,
        _: &mut LateRows,
    ) -> Digest {
        digest_of(bids(events).map(|bid| row(&bid)))
    }
}
