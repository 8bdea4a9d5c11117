//! Query 17: bids of each auction and day.

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
use crate::queries::nexmark::ranks::{CountsByRank, count, rank};
use crate::queries::running::{RUNNING_KNOBS, running_aggregate};
use crate::spec::{Description, Knobs, TimedEvent};

pub(crate) struct Q17;

#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct BidColumns {
    auction: u64,
    day: i64,
    price: u64,
}

impl Data for BidColumns {}

/// Bids in all and by rank, lowest, highest and sum of prices.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Prices {
    bids: CountsByRank,
    min: u64,
    max: u64,
    sum: u64,
}

impl Data for Prices {}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Row {
    auction: u64,
    day: String,
    total_bids: u64,
    rank1_bids: u64,
    rank2_bids: u64,
    rank3_bids: u64,
    min_price: u64,
    max_price: u64,
    /// Whole cents.
    avg_price: u64,
    sum_price: u64,
}

impl Data for Row {
    fn size_bytes(&self) -> usize {
        size_of::<Self>() + self.day.len()
    }
}

#[derive(Copy, Clone, Debug)]
struct OfAuction;

impl Aggregator for OfAuction {
    type In = BidColumns;
    type Accumulator = Prices;
    type Result = Prices;

    fn fresh(&self) -> Prices {
        Prices { bids: [0; 4], min: u64::MAX, max: 0, sum: 0 }
    }
    fn add(&self, prices: &mut Prices, bid: &BidColumns) {
        count(&mut prices.bids, rank(bid.price));
        prices.min = prices.min.min(bid.price);
        prices.max = prices.max.max(bid.price);
        prices.sum += bid.price;
    }
    fn merge(&self, into: &mut Prices, from: &Prices) {
        into.bids.iter_mut().zip(from.bids).for_each(|(own, other)| *own += other);
        into.min = into.min.min(from.min);
        into.max = into.max.max(from.max);
        into.sum += from.sum;
    }
    fn result(&self, prices: &Prices) -> Prices {
        *prices
    }
}

fn row((auction, day): (u64, i64), prices: Prices) -> Row {
    let [total_bids, rank1_bids, rank2_bids, rank3_bids] = prices.bids;
    Row {
        auction,
        day: day_text(day),
        total_bids,
        rank1_bids,
        rank2_bids,
        rank3_bids,
        min_price: prices.min,
        max_price: prices.max,
        avg_price: prices.sum / total_bids.max(1),
        sum_price: prices.sum,
    }
}

impl Query for Q17 {
    fn name(&self) -> &'static str {
        "nexmark-q17"
    }
    fn description(&self) -> Description {
        Description {
            origin: "Nexmark query 17, auction statistics: per auction and day, counts by rank, \
                     min, max, avg and sum of prices",
            operators: "source -> filter_map -> key_by -> aggregate -> map -> sink",
            state: "eight figures per auction and day",
            stresses: "an aggregate of many keys, some hot, with a wide row",
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
            let Bid { auction, price, .. } = bid;
            BidColumns { auction, day: day(bid.date_time), price }
        };
        let bids = events.filter_map(move |event| event.bid().map(seen));
        let key_of = |seen: &BidColumns| (seen.auction, seen.day);
        running_aggregate(bids, knobs, key_of, OfAuction, |(key, prices)| row(key, prices), sink)
    }

    fn expected(
        &self,
        _: &Knobs,
        events: &mut dyn Iterator<Item = TimedEvent<Event>>,
        _: &mut LateRows,
    ) -> Digest {
        let mut groups: BTreeMap<(u64, i64), Vec<u64>> = BTreeMap::new();
        for bid in bids(events) {
            let key = (bid.auction, bid.date_time.div_euclid(86_400_000));
            groups.entry(key).or_default().push(bid.price);
        }
        let rows = groups.into_iter().map(|((auction, day), prices)| {
            let within = |low, high| {
                prices.iter().filter(|price| (low..high).contains(*price)).count() as u64
            };
            let (total_bids, sum_price) = (prices.len() as u64, prices.iter().sum::<u64>());
            Row {
                auction,
                day: day_text(day),
                total_bids,
                rank1_bids: within(0, 10_000),
                rank2_bids: within(10_000, 1_000_000),
                rank3_bids: within(1_000_000, u64::MAX),
                min_price: prices.iter().copied().min().unwrap_or_default(),
                max_price: prices.iter().copied().max().unwrap_or_default(),
                avg_price: sum_price / total_bids,
                sum_price,
            }
        });
        digest_of(rows)
    }
}
