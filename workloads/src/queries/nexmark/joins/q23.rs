//! Query 23: bids with their bidder, and with what the bidder sells.

use std::collections::HashMap;

use dataflow::exchange::sink::SinkSlot;
use dataflow::operator::lateness::LateRows;
use dataflow::{Data, Digest, Plan, ResultKind};
use serde::{Deserialize, Serialize};

use crate::nexmark::{Auction, Bid, Event, Person, Text};
use crate::queries::nexmark::query::{Events, Query};
use crate::queries::nexmark::streams::{AUCTIONS, PERSONS, bids_and_auctions, persons_aside};
use crate::spec::{Description, Knobs, TimedEvent};

pub(crate) struct Q23;

/// A bid with its bidder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct NamedBid {
    auction: u64,
    bidder: u64,
    price: u64,
    date_time: i64,
    name: Text,
    city: Text,
}

impl Data for NamedBid {}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    auction: u64,
    bidder: u64,
    price: u64,
    date_time: i64,
    name: Text,
    city: Text,
    /// An auction that the bidder has opened.
    sells: u64,
    item_name: Text,
    category: u32,
}

impl Data for Row {}

impl Query for Q23 {
    fn name(&self) -> &'static str {
        "nexmark-q23"
    }
    fn description(&self) -> Description {
        Description {
            origin: "Nexmark query 23, a join of three: bid B JOIN person P ON P.id = B.bidder JOIN \
                     auction A ON A.seller = B.bidder; of the published columns these nine",
            operators: "source -> divide -> divide -> key_by -> join -> key_by -> join -> sink",
            state: "all bids, twice, all persons and all auctions",
            stresses: "two joins behind one another, and results for old rows",
            ties: "none are possible",
        }
    }
    fn result(&self) -> ResultKind {
        ResultKind::Append
    }

    fn plan(&self, _: &Knobs, events: Events, sink: SinkSlot) -> Plan {
        let bids = events.divide(PERSONS, persons_aside).divide(AUCTIONS, bids_and_auctions);
        let persons = bids.side_output(PERSONS).key_by(|person: &Person| person.id);
        let auctions = bids.side_output(AUCTIONS).key_by(|auction: &Auction| auction.seller);
        let named = |bid: &Bid, person: &Person| {
            let &Bid { auction, bidder, price, date_time, .. } = bid;
            let (name, city) = (person.name(), person.city());
            Some(NamedBid { auction, bidder, price, date_time, name, city })
        };
        let row = |bid: &NamedBid, sold: &Auction| {
            let NamedBid { auction, bidder, price, date_time, name, city } = bid.clone();
            let (item_name, sells, category) = (sold.item_name(), sold.id, sold.category);
            Some(Row { auction, bidder, price, date_time, name, city, sells, item_name, category })
        };
        bids.key_by(|bid: &Bid| bid.bidder)
            .inner_join(persons, named)
            .key_by(|bid: &NamedBid| bid.bidder)
            .inner_join(auctions, row)
            .sink(sink)
    }

    fn expected(
        &self,
        _: &Knobs,
        events: &mut dyn Iterator<Item = TimedEvent<Event>>,
        _: &mut LateRows,
    ) -> Digest {
        let mut persons: HashMap<u64, Vec<Person>> = HashMap::new();
        let mut sold: HashMap<u64, Vec<Auction>> = HashMap::new();
        let mut bids = Vec::new();
        for event in events {
            match event.value {
                Event::Person(person) => persons.entry(person.id).or_default().push(person),
                Event::Auction(auction) => sold.entry(auction.seller).or_default().push(auction),
                Event::Bid(bid) => bids.push(bid),
            }
        }
        let mut digest = Digest::default();
        for bid in bids {
            let all =
                |person| sold.get(&bid.bidder).into_iter().flatten().map(move |it| (person, it));
            for (person, sold) in persons.get(&bid.bidder).into_iter().flatten().flat_map(all) {
                digest.insert(&Row {
                    auction: bid.auction,
                    bidder: bid.bidder,
                    price: bid.price,
                    date_time: bid.date_time,
                    name: person.name(),
                    city: person.city(),
                    sells: sold.id,
                    item_name: sold.item_name(),
                    category: sold.category,
                });
            }
        }
        digest
    }
}
