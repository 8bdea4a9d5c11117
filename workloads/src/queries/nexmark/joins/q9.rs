//! Query 9: the winning bid of every auction.

use std::cmp::Reverse;
use std::collections::HashMap;

use dataflow::exchange::sink::SinkSlot;
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

    fn expected(&self, _: &Knobs, events: &mut dyn Iterator<Item = TimedEvent<Event>>) -> Digest {
        let mut auctions = Vec::new();
        let mut bids: HashMap<u64, Vec<Bid>> = HashMap::new();
        for event in events {
            match event.value {
                Event::Auction(auction) => auctions.push(auction),
                Event::Bid(bid) => bids.entry(bid.auction).or_default().push(bid),
                Event::Person(_) => {}
            }
        }
        let mut digest = Digest::default();
        for auction in auctions {
            let all = bids.get(&auction.id).into_iter().flatten();
            let mut valid: Vec<&Bid> = all
                .filter(|bid| {
                    bid.date_time >= auction.date_time && bid.date_time <= auction.expires
                })
                .collect();
            valid.sort_by_key(|bid| {
                (Reverse(bid.price), bid.date_time, bid.bidder, bid.extra().to_string())
            });
            if let Some(best) = valid.first() {
                digest.insert(&row(best, &auction));
            }
        }
        digest
    }
}
