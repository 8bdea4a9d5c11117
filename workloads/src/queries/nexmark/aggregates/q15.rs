//! Query 15: bids, bidders and auctions of each day, by rank.

use std::collections::BTreeMap;

use dataflow::exchange::sink::SinkSlot;
use dataflow::job::settings::Setting;
use dataflow::operator::lateness::LateRows;
use dataflow::operators::Aggregator;
use dataflow::{Data, Digest, Plan, ResultKind};
use serde::{Deserialize, Serialize};

use crate::nexmark::{Bid, Event};
use crate::queries::nexmark::calendar::{day, day_text};
use crate::queries::nexmark::query::{Events, Query, bids, digest_of};
use crate::queries::nexmark::ranks::{RankCounts, Statistics};
use crate::queries::running::{RUNNING_KNOBS, running_aggregate};
use crate::spec::{Description, Knobs, TimedEvent};

pub(crate) struct Q15;

/// The columns of a bid that the query needs.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct BidColumns {
    day: i64,
    price: u64,
    bidder: u64,
    auction: u64,
}

impl Data for BidColumns {}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Row {
    day: String,
    #[serde(flatten)]
    figures: RankCounts,
}

impl Data for Row {
    fn size_bytes(&self) -> usize {
        size_of::<Self>() + self.day.len()
    }
}

#[derive(Copy, Clone, Debug)]
struct OfDay;

impl Aggregator for OfDay {
    type In = BidColumns;
    type Accumulator = Statistics;
    type Result = RankCounts;

    fn fresh(&self) -> Statistics {
        Statistics::default()
    }
    fn add(&self, statistics: &mut Statistics, bid: &BidColumns) {
        statistics.add(bid.price, bid.bidder, bid.auction);
    }
    fn merge(&self, into: &mut Statistics, from: &Statistics) {
        into.merge(from);
    }
    fn result(&self, statistics: &Statistics) -> RankCounts {
        statistics.result()
    }
}

impl Query for Q15 {
    fn name(&self) -> &'static str {
        "nexmark-q15"
    }
    fn description(&self) -> Description {
        Description {
            origin: "Nexmark query 15, bidding statistics: per day, count(*) and \
                     count(DISTINCT ..) of bidders and auctions with three filters",
            operators: "source -> filter_map -> key_by -> aggregate -> map -> sink",
            state: "every bidder and auction of each day",
            stresses: "one hot key, distinct counts, and a wide row that changes with every bid",
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
            let Bid { auction, bidder, price, .. } = bid;
            BidColumns { day: day(bid.date_time), price, bidder, auction }
        };
        let bids = events.filter_map(move |event| event.bid().map(seen));
        let row = |(day, figures)| Row { day: day_text(day), figures };
        running_aggregate(bids, knobs, |seen| seen.day, OfDay, row, sink)
    }

    fn expected(
        &self,
        _: &Knobs,
        events: &mut dyn Iterator<Item = TimedEvent<Event>>,
        _: &mut LateRows,
    ) -> Digest {
        let mut days: BTreeMap<i64, Vec<Bid>> = BTreeMap::new();
        for bid in bids(events) {
            days.entry(bid.date_time.div_euclid(86_400_000)).or_default().push(bid);
        }
        let rows = days.into_iter().map(|(day, bids)| {
            let figures = RankCounts::of(&bids);
            Row { day: day_text(day), figures }
        });
        digest_of(rows)
    }
}
