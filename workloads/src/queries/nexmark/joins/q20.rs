//! Query 20: bids with all there is to know of their auction.

use std::collections::HashMap;

use dataflow::exchange::sink::SinkSlot;
use dataflow::operator::lateness::LateRows;
use dataflow::operators::Divided;
use dataflow::{Data, Digest, Plan, ResultKind};
use serde::{Deserialize, Serialize};

use crate::nexmark::{Auction, Bid, Event, Text};
use crate::queries::nexmark::query::{Events, Query};
use crate::queries::nexmark::streams::{AUCTIONS, bids_and_auctions};
use crate::spec::{Description, Knobs, TimedEvent};

pub(crate) struct Q20;

/// Every column of both; those of the auction that a bid has too begin with `auction`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    auction: u64,
    bidder: u64,
    price: u64,
    channel: Text,
    url: Text,
    date_time: i64,
    extra: Text,
    item_name: Text,
    description: Text,
    initial_bid: u64,
    reserve: u64,
    auction_date_time: i64,
    expires: i64,
    seller: u64,
    category: u32,
    auction_extra: Text,
}

impl Data for Row {}

const CATEGORY: u32 = 10;

fn row(bid: &Bid, auction: &Auction) -> Row {
    Row {
        auction: bid.auction,
        bidder: bid.bidder,
        price: bid.price,
        channel: bid.channel(),
        url: bid.url(),
        date_time: bid.date_time,
        extra: bid.extra(),
        item_name: auction.item_name(),
        description: auction.description(),
        initial_bid: auction.initial_bid,
        reserve: auction.reserve,
        auction_date_time: auction.date_time,
        expires: auction.expires,
        seller: auction.seller,
        category: auction.category,
        auction_extra: auction.extra(),
    }
}

impl Query for Q20 {
    fn name(&self) -> &'static str {
        "nexmark-q20"
    }
    fn description(&self) -> Description {
        Description {
            origin: "Nexmark query 20, expand bid with auction: ON auction = id WHERE category = 10",
            operators: "source -> divide -> key_by -> join -> sink",
            state: "all bids, and the auctions of one category",
            stresses: "a join that remembers every bid; wide rows",
            ties: "none are possible",
        }
    }
    fn result(&self) -> ResultKind {
        ResultKind::Append
    }

    fn plan(&self, _: &Knobs, events: Events, sink: SinkSlot) -> Plan {
        let bids = events.divide(AUCTIONS, |event| match bids_and_auctions(event) {
            Divided::Side(auction) if auction.category != CATEGORY => Divided::Neither,
            divided => divided,
        });
        let auctions = bids.side_output(AUCTIONS).key_by(|auction: &Auction| auction.id);
        let join = |bid: &Bid, auction: &Auction| Some(row(bid, auction));
        bids.key_by(|bid: &Bid| bid.auction).inner_join(auctions, join).sink(sink)
    }

    fn expected(
        &self,
        _: &Knobs,
        events: &mut dyn Iterator<Item = TimedEvent<Event>>,
        _: &mut LateRows,
    ) -> Digest {
        // An id may come twice, and a bid before its auction: a row per pair.
        let mut auctions: HashMap<u64, Vec<Auction>> = HashMap::new();
        let mut bids: HashMap<u64, Vec<Bid>> = HashMap::new();
        let mut digest = Digest::default();
        for event in events {
            match event.value {
                Event::Auction(auction) if auction.category == 10 => {
                    for bid in bids.get(&auction.id).into_iter().flatten() {
                        digest.insert(&row(bid, &auction));
                    }
                    auctions.entry(auction.id).or_default().push(auction);
                }
                Event::Bid(bid) => {
                    for auction in auctions.get(&bid.auction).into_iter().flatten() {
                        digest.insert(&row(&bid, auction));
                    }
                    bids.entry(bid.auction).or_default().push(bid);
                }
                Event::Auction(_) | Event::Person(_) => {}
            }
        }
        digest
    }
}
