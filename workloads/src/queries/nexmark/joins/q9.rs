//! Query 9: the winning bid of every auction.

use std::cmp::{Ordering, Reverse};
use std::collections::HashMap;

use dataflow::exchange::sink::SinkSlot;
use dataflow::operator::lateness::LateRows;
use dataflow::{Data, Digest, Plan, ResultKind};
use serde::{Deserialize, Serialize};

use crate::nexmark::{Auction, Bid, Event, Text};
use crate::queries::nexmark::query::{Events, Query};
use crate::queries::nexmark::streams::{AUCTIONS, bids_and_auctions};
use crate::spec::{Description, Knobs, TimedEvent};

pub(crate) struct Q9;

/// Every column of both; those of the bid that an auction has too begin with `bid`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    id: u64,
    item_name: Text,
    description: Text,
    initial_bid: u64,
    reserve: u64,
    date_time: i64,
    expires: i64,
    seller: u64,
    category: u32,
    extra: Text,
    auction: u64,
    bidder: u64,
    price: u64,
    bid_date_time: i64,
    bid_extra: Text,
}

impl Data for Row {}

fn row(bid: &Bid, auction: &Auction) -> Row {
    Row {
        id: auction.id,
        item_name: auction.item_name(),
        description: auction.description(),
        initial_bid: auction.initial_bid,
        reserve: auction.reserve,
        date_time: auction.date_time,
        expires: auction.expires,
        seller: auction.seller,
        category: auction.category,
        extra: auction.extra(),
        auction: bid.auction,
        bidder: bid.bidder,
        price: bid.price,
        bid_date_time: bid.date_time,
        bid_extra: bid.extra(),
    }
}

/// Whether the first of two bids, with their auctions, wins.
fn is_better(first: (&Bid, &Auction), second: (&Bid, &Auction)) -> bool {
    let order = |(bid, _): (&Bid, &Auction)| (Reverse(bid.price), bid.date_time);
    let texts = |(bid, auction): (&Bid, &Auction)| {
        let numbers = (auction.initial_bid, auction.reserve, auction.date_time, auction.expires);
        (
            (auction.item_name().to_string(), auction.description().to_string(), numbers),
            (auction.seller, auction.category, auction.extra().to_string()),
            (bid.bidder, bid.extra().to_string()),
        )
    };
    match order(first).cmp(&order(second)) {
        Ordering::Equal => texts(first) < texts(second),
        order => order == Ordering::Less,
    }
}

impl Query for Q9 {
    fn name(&self) -> &'static str {
        "nexmark-q9"
    }
    fn description(&self) -> Description {
        Description {
            origin: "Nexmark query 9, winning bids: ROW_NUMBER() OVER (PARTITION BY A.id ORDER BY \
                     B.price DESC, B.dateTime ASC) <= 1, WHERE B.dateTime BETWEEN A.dateTime AND \
                     A.expires",
            operators: "source -> divide -> key_by -> join -> key_by -> top_n -> sink",
            state: "all auctions and bids; the best bid per auction",
            stresses: "a join that remembers every bid, and wide rows that replace one another",
            ties: "of bids of one price and time the one whose columns are smaller, from the left",
        }
    }
    fn result(&self) -> ResultKind {
        ResultKind::Upsert
    }

    fn plan(&self, _: &Knobs, events: Events, sink: SinkSlot) -> Plan {
        let bids = events.divide(AUCTIONS, bids_and_auctions);
        let auctions = bids.side_output(AUCTIONS).key_by(|auction: &Auction| auction.id);
        let valid = |bid: &Bid, auction: &Auction| {
            let is_open = (auction.date_time..=auction.expires).contains(&bid.date_time);
            is_open.then(|| row(bid, auction))
        };
        bids.key_by(|bid: &Bid| bid.auction)
            .inner_join(auctions, valid)
            .key_by(|row: &Row| row.id)
            .top_n(1, |row| (Reverse(row.price), row.bid_date_time))
            .sink_changes(sink)
    }

    fn expected(
        &self,
        _: &Knobs,
        events: &mut dyn Iterator<Item = TimedEvent<Event>>,
        _: &mut LateRows,
    ) -> Digest {
        let mut auctions = Vec::new();
        let mut bids: HashMap<u64, Vec<Bid>> = HashMap::new();
        for event in events {
            match event.value {
                Event::Auction(auction) => auctions.push(auction),
                Event::Bid(bid) => bids.entry(bid.auction).or_default().push(bid),
                Event::Person(_) => {}
            }
        }
        // By id, as an id may come twice.
        let mut best: HashMap<u64, (&Bid, &Auction)> = HashMap::new();
        for auction in &auctions {
            let all = bids.get(&auction.id).into_iter().flatten();
            for bid in all.filter(|bid| {
                bid.date_time >= auction.date_time && bid.date_time <= auction.expires
            }) {
                let best = best.entry(auction.id).or_insert((bid, auction));
                if is_better((bid, auction), *best) {
                    *best = (bid, auction);
                }
            }
        }
        let mut digest = Digest::default();
        best.into_values().for_each(|(bid, auction)| digest.insert(&row(bid, auction)));
        digest
    }
}
