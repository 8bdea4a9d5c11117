//! Query 4: what the auctions of a category fetch on average.

use std::collections::{BTreeMap, HashMap};

use dataflow::exchange::sink::SinkSlot;
use dataflow::operator::lateness::LateRows;
use dataflow::operators::{Aggregator, IntegerAverage};
use dataflow::{Change, Data, Digest, Plan, ResultKind};
use serde::{Deserialize, Serialize};

use crate::nexmark::{Auction, Bid, Event};
use crate::queries::changes::change_rows;
use crate::queries::nexmark::query::{Events, Query, digest_of};
use crate::queries::nexmark::streams::{AUCTIONS, bids_and_auctions};
use crate::spec::{Description, Knobs, TimedEvent};

pub(crate) struct Q4;

#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Row {
    category: u32,
    /// Whole cents.
    #[serde(rename = "final")]
    average: i64,
}

impl Data for Row {}

/// A bid while its auction was open.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Offer {
    auction: u64,
    category: u32,
    price: u64,
}

impl Data for Offer {}

/// An auction, and its category.
type Sold = (u64, u32);
/// The category of an auction, and its highest bid so far.
type Highest = (u32, u64);

#[derive(Copy, Clone, Debug)]
struct HighestOffer;

impl Aggregator for HighestOffer {
    type In = Offer;
    type Accumulator = Highest;
    type Result = Highest;

    fn fresh(&self) -> Highest {
        (0, 0)
    }
    fn add(&self, highest: &mut Highest, offer: &Offer) {
        *highest = (offer.category, highest.1.max(offer.price));
    }
    fn merge(&self, into: &mut Highest, from: &Highest) {
        *into = (from.0, into.1.max(from.1));
    }
    fn result(&self, highest: &Highest) -> Highest {
        *highest
    }
}

impl Query for Q4 {
    fn name(&self) -> &'static str {
        "nexmark-q4"
    }
    fn description(&self) -> Description {
        Description {
            origin: "Nexmark query 4, average price for a category: AVG over categories of \
                     MAX(B.price) per auction, WHERE B.dateTime BETWEEN A.dateTime AND A.expires",
            operators: "source -> divide -> key_by -> join -> key_by -> aggregate -> filter -> map \
                        -> key_by -> aggregate changes -> map -> sink",
            state: "all auctions and bids; a price per auction; a sum per category",
            stresses: "an aggregate over rows that change",
            ties: "none are possible",
        }
    }
    fn result(&self) -> ResultKind {
        ResultKind::Upsert
    }

    fn plan(&self, _: &Knobs, events: Events, sink: SinkSlot) -> Plan {
        let bids = events.divide(AUCTIONS, bids_and_auctions);
        let auctions = bids.side_output(AUCTIONS).key_by(|auction: &Auction| auction.id);
        let offer = |bid: &Bid, auction: &Auction| {
            let is_open = (auction.date_time..=auction.expires).contains(&bid.date_time);
            let (category, price) = (auction.category, bid.price);
            is_open.then_some(Offer { auction: auction.id, category, price })
        };
        bids.key_by(|bid: &Bid| bid.auction)
            .inner_join(auctions, offer)
            .key_by(|offer: &Offer| -> Sold { (offer.auction, offer.category) })
            .aggregate(HighestOffer)
            // A lower bid changes nothing.
            .filter(|change| !matches!(change, Change::Update { before, after } if before == after))
            .map(|change| change_rows(change, |(_, highest)| highest))
            .key_changes_by(|&(category, _): &Highest| category)
            .aggregate(IntegerAverage::new(|&(_, price): &Highest| price as i64))
            .map(|change| change_rows(change, |(category, average)| Row { category, average }))
            .sink_changes(sink)
    }

    fn expected(
        &self,
        _: &Knobs,
        events: &mut dyn Iterator<Item = TimedEvent<Event>>,
        _: &mut LateRows,
    ) -> Digest {
        let mut auctions = Vec::new();
        let mut bids: HashMap<u64, Vec<(i64, u64)>> = HashMap::new();
        for event in events {
            match event.value {
                Event::Auction(auction) => auctions.push(auction),
                Event::Bid(bid) => {
                    bids.entry(bid.auction).or_default().push((bid.date_time, bid.price));
                }
                Event::Person(_) => {}
            }
        }
        // By id and category, as an id may come twice.
        let mut highest: BTreeMap<(u64, u32), u64> = BTreeMap::new();
        for auction in auctions {
            let all = bids.get(&auction.id).into_iter().flatten();
            let valid = all.filter(|(t, _)| *t >= auction.date_time && *t <= auction.expires);
            if let Some(price) = valid.map(|(_, price)| *price).max() {
                let highest = highest.entry((auction.id, auction.category)).or_default();
                *highest = price.max(*highest);
            }
        }
        let mut finals: BTreeMap<u32, Vec<u64>> = BTreeMap::new();
        for ((_, category), price) in highest {
            finals.entry(category).or_default().push(price);
        }
        digest_of(finals.into_iter().map(|(category, prices)| Row {
            category,
            average: (prices.iter().sum::<u64>() / prices.len() as u64) as i64,
        }))
    }
}
