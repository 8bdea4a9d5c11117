//! Divides the events into the streams that a query joins.

use dataflow::SidePort;
use dataflow::operators::Divided;

use crate::nexmark::{Auction, Bid, Event, Person};

/// Auctions, beside another stream.
pub(crate) const AUCTIONS: SidePort<Auction> = SidePort::new(0);
/// Persons, beside another stream.
pub(crate) const PERSONS: SidePort<Person> = SidePort::new(1);

/// Bids go on, auctions aside.
pub(crate) fn bids_and_auctions(event: Event) -> Divided<Bid, Auction> {
    match event {
        Event::Bid(bid) => Divided::Main(bid),
        Event::Auction(auction) => Divided::Side(auction),
        Event::Person(_) => Divided::Neither,
    }
}

/// Persons go on, auctions aside.
pub(crate) fn persons_and_auctions(event: Event) -> Divided<Person, Auction> {
    match event {
        Event::Person(person) => Divided::Main(person),
        Event::Auction(auction) => Divided::Side(auction),
        Event::Bid(_) => Divided::Neither,
    }
}

/// All but persons go on.
pub(crate) fn persons_aside(event: Event) -> Divided<Event, Person> {
    match event {
        Event::Person(person) => Divided::Side(person),
        other => Divided::Main(other),
    }
}
