//! Query 16: bids, bidders and auctions of each channel and day, by rank.

use std::collections::BTreeMap;

use dataflow::exchange::sink::SinkSlot;
use dataflow::job::settings::Setting;
use dataflow::operator::lateness::LateRows;
use dataflow::operators::Aggregator;
use dataflow::{Data, Digest, Plan, ResultKind};
use serde::{Deserialize, Serialize};

use crate::nexmark::{Bid, Event, Text};
use crate::queries::nexmark::calendar::{clock_text, day, day_text, minute};
use crate::queries::nexmark::query::{Events, Query, bids, digest_of};
use crate::queries::nexmark::ranks::{RankCounts, Statistics};
use crate::queries::running::{RUNNING_KNOBS, running_aggregate};
use crate::spec::{Description, Knobs, TimedEvent};

pub(crate) struct Q16;

/// The columns of a bid that the query needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct BidColumns {
    channel: Text,
    date_time: i64,
    price: u64,
    bidder: u64,
    auction: u64,
}

impl Data for BidColumns {
    fn size_bytes(&self) -> usize {
        size_of::<Self>() - size_of::<Text>() + self.channel.size_bytes()
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Row {
    channel: Text,
    day: String,
    /// The latest `HH:mm`.
    minute: String,
    #[serde(flatten)]
    figures: RankCounts,
}

impl Data for Row {
    fn size_bytes(&self) -> usize {
        size_of::<Self>() + self.day.len() + self.minute.len()
    }
}

#[derive(Copy, Clone, Debug)]
struct OfChannel;

impl Aggregator for OfChannel {
    type In = BidColumns;
    type Accumulator = (i64, Statistics);
    type Result = (i64, RankCounts);

    fn fresh(&self) -> Self::Accumulator {
        (0, Statistics::default())
    }
    fn add(&self, (latest, statistics): &mut Self::Accumulator, bid: &BidColumns) {
        *latest = (*latest).max(minute(bid.date_time));
        statistics.add(bid.price, bid.bidder, bid.auction);
    }
    fn merge(&self, into: &mut Self::Accumulator, from: &Self::Accumulator) {
        into.0 = into.0.max(from.0);
        into.1.merge(&from.1);
    }
    fn result(&self, (latest, statistics): &Self::Accumulator) -> Self::Result {
        (*latest, statistics.result())
    }
}

impl Query for Q16 {
    fn name(&self) -> &'static str {
        "nexmark-q16"
    }
    fn description(&self) -> Description {
        Description {
            origin: "Nexmark query 16, channel statistics: query 15 per channel and day, with \
                     max(DATE_FORMAT(dateTime, 'HH:mm'))",
            operators: "source -> filter_map -> key_by -> aggregate -> map -> sink",
            state: "every bidder and auction of each channel and day",
            stresses: "keys that are texts, four of them hot; distinct counts",
            ties: "none are possible",
        }
    }
    fn knobs(&self) -> &'static [Setting] {
        RUNNING_KNOBS
    }
    fn result(&self) -> ResultKind {
        ResultKind::Upsert
    }

    fn plan(&self, knobs: &Knobs, events: Events, sink: SinkSlot) -> Plan {
        let seen = |bid: Bid| {
            let Bid { auction, bidder, price, date_time, .. } = bid;
            BidColumns { channel: bid.channel(), date_time, price, bidder, auction }
        };
        let bids = events.filter_map(move |event| event.bid().map(seen));
        let key_of = |seen: &BidColumns| (seen.channel.clone(), day(seen.date_time));
        let row = |((channel, day), (minute, figures))| Row {
            channel,
            day: day_text(day),
            minute: clock_text(minute),
            figures,
        };
        running_aggregate(bids, knobs, key_of, OfChannel, row, sink)
    }

    fn expected(
        &self,
        _: &Knobs,
        events: &mut dyn Iterator<Item = TimedEvent<Event>>,
        _: &mut LateRows,
    ) -> Digest {
        let mut groups: BTreeMap<(String, i64), Vec<Bid>> = BTreeMap::new();
        for bid in bids(events) {
            let key = (bid.channel().to_string(), bid.date_time.div_euclid(86_400_000));
            groups.entry(key).or_default().push(bid);
        }
        let rows = groups.into_iter().map(|((channel, day), bids)| {
            let minutes = bids.iter().map(|bid| {
                let of_day = bid.date_time.rem_euclid(86_400_000) / 1_000 / 60;
                format!("{:02}:{:02}", of_day / 60, of_day % 60)
            });
            Row {
                channel: channel.into(),
                day: day_text(day),
                minute: minutes.max().unwrap_or_default(),
                figures: RankCounts::of(&bids),
            }
        });
        digest_of(rows)
    }
}
