//! Query 6: what the last ten auctions of a seller fetched.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, VecDeque};

use dataflow::exchange::sink::SinkSlot;
use dataflow::operators::{KeyedFunction, TimerContext};
use dataflow::{Collect, Data, Digest, EventTime, Plan, Record, ResultKind};
use serde::{Deserialize, Serialize};

use crate::nexmark::Event;
use crate::queries::nexmark::query::{Events, Query};
use crate::spec::{Description, Knobs, TimedEvent};

pub(crate) struct Q6;

#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Row {
    seller: u64,
    /// Whole cents.
    final_price: u64,
}

impl Data for Row {}

/// What of an event is looked at.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum AuctionOrBid {
    Auction { id: u64, seller: u64, opens: i64, expires: i64 },
    Bid { auction: u64, price: u64, time: i64 },
}

impl Data for AuctionOrBid {}

impl AuctionOrBid {
    fn of(event: Event) -> Option<Self> {
        match event {
            Event::Auction(it) => Some(Self::Auction {
                id: it.id,
                seller: it.seller,
                opens: it.date_time,
                expires: it.expires,
            }),
            Event::Bid(it) => {
                Some(Self::Bid { auction: it.auction, price: it.price, time: it.date_time })
            }
            Event::Person(_) => None,
        }
    }

    const fn auction(&self) -> u64 {
        match self {
            Self::Auction { id, .. } => *id,
            Self::Bid { auction, .. } => *auction,
        }
    }
}

/// An auction that has closed with a bid.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct ClosedAuction {
    expires: i64,
    auction: u64,
    seller: u64,
    price: u64,
}

impl Data for ClosedAuction {}

/// A bid's price and time; the dearest wins, of equal ones the first.
type Offer = (u64, Reverse<i64>);

/// An auction and its bids.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum AuctionState {
    /// Bids that came before their auction.
    Announced(Vec<Offer>),
    Open {
        seller: u64,
        opens: i64,
        expires: i64,
        best: Option<Offer>,
    },
    Closed,
}

impl Data for AuctionState {}

/// Finds the winning bid of every auction, when it closes.
#[derive(Copy, Clone, Debug)]
struct WinningBid;

const NANOS_PER_MILLI: i64 = 1_000_000;

impl KeyedFunction for WinningBid {
    type Key = u64;
    type In = AuctionOrBid;
    type State = AuctionState;
    type Out = ClosedAuction;

    fn fresh(&self) -> AuctionState {
        AuctionState::Announced(Vec::new())
    }

    fn process(
        &self,
        state: &mut AuctionState,
        record: Record<AuctionOrBid>,
        context: &mut TimerContext<'_, u64>,
        _: &mut impl Collect<ClosedAuction>,
    ) {
        match (&mut *state, record.value) {
            (
                AuctionState::Announced(offers),
                AuctionOrBid::Auction { seller, opens, expires, .. },
            ) => {
                let within = |offer: &&Offer| (opens..=expires).contains(&offer.1.0);
                let best = offers.iter().filter(within).max().copied();
                *state = AuctionState::Open { seller, opens, expires, best };
                context.at_event_time(EventTime(expires * NANOS_PER_MILLI));
            }
            (AuctionState::Announced(offers), AuctionOrBid::Bid { price, time, .. }) => {
                offers.push((price, Reverse(time)));
            }
            (
                AuctionState::Open { opens, expires, best, .. },
                AuctionOrBid::Bid { price, time, .. },
            ) if (*opens..=*expires).contains(&time) => {
                *best = (*best).max(Some((price, Reverse(time))));
            }
            _ => {}
        }
    }

    fn on_event_time(
        &self,
        state: &mut AuctionState,
        time: EventTime,
        context: &mut TimerContext<'_, u64>,
        out: &mut impl Collect<ClosedAuction>,
    ) {
        let closed = std::mem::replace(state, AuctionState::Closed);
        if let AuctionState::Open { seller, expires, best: Some((price, _)), .. } = closed {
            let value = ClosedAuction { expires, auction: *context.key, seller, price };
            out.push(Record { value, event_time: time, stamps: context.stamps });
        }
    }
}

/// Auctions that an average is taken over.
const LAST: usize = 10;

/// Auctions that wait for their turn, and those last averaged over.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Sold {
    waiting: BTreeMap<(i64, u64), u64>,
    last: VecDeque<u64>,
}

impl Data for Sold {}

/// Averages over a seller's last auctions, in the order in which they closed.
#[derive(Copy, Clone, Debug)]
struct LastTen;

impl KeyedFunction for LastTen {
    type Key = u64;
    type In = ClosedAuction;
    type State = Sold;
    type Out = Row;

    fn fresh(&self) -> Sold {
        Sold::default()
    }

    fn process(
        &self,
        state: &mut Sold,
        record: Record<ClosedAuction>,
        context: &mut TimerContext<'_, u64>,
        _: &mut impl Collect<Row>,
    ) {
        let ClosedAuction { expires, auction, price, .. } = record.value;
        state.waiting.insert((expires, auction), price);
        context.at_event_time(record.event_time);
    }

    fn on_event_time(
        &self,
        state: &mut Sold,
        time: EventTime,
        context: &mut TimerContext<'_, u64>,
        out: &mut impl Collect<Row>,
    ) {
        while let Some(first) = state.waiting.first_entry()
            && first.key().0 * NANOS_PER_MILLI <= time.0
        {
            state.last.push_back(first.remove());
            if state.last.len() > LAST {
                state.last.pop_front();
            }
            let final_price = state.last.iter().sum::<u64>() / state.last.len() as u64;
            let value = Row { seller: *context.key, final_price };
            out.push(Record { value, event_time: time, stamps: context.stamps });
        }
    }
}

impl Query for Q6 {
    fn name(&self) -> &'static str {
        "nexmark-q6"
    }
    fn description(&self) -> Description {
        Description {
            origin: "Nexmark query 6, average selling price: per seller over the last 10 closed \
                     auctions, as the original has it (Flink SQL's ROWS BETWEEN 10 PRECEDING AND \
                     CURRENT ROW would be 11)",
            operators: "source -> filter_map -> key_by -> process -> key_by -> process -> sink",
            state: "an entry per auction, its bids until it comes; ten prices per seller",
            stresses: "event-time timers, and results that must come in order of event time",
            ties: "auctions that close in the same millisecond count in the order of their ids",
        }
    }
    fn result(&self) -> ResultKind {
        ResultKind::Append
    }

    fn plan(&self, _: &Knobs, events: Events, sink: SinkSlot) -> Plan {
        events
            .filter_map(AuctionOrBid::of)
            .key_by(AuctionOrBid::auction)
            .process(WinningBid)
            .key_by(|closed: &ClosedAuction| closed.seller)
            .process(LastTen)
            .sink(sink)
    }

    fn expected(&self, _: &Knobs, events: &mut dyn Iterator<Item = TimedEvent<Event>>) -> Digest {
        let mut auctions = BTreeMap::new();
        let mut bids: HashMap<u64, Vec<(i64, u64)>> = HashMap::new();
        for event in events {
            match event.value {
                Event::Auction(auction) => drop(auctions.insert(auction.id, auction)),
                Event::Bid(bid) => {
                    bids.entry(bid.auction).or_default().push((bid.date_time, bid.price));
                }
                Event::Person(_) => {}
            }
        }
        let mut closed: Vec<(i64, u64, u64, u64)> = Vec::new();
        for auction in auctions.values() {
            let all = bids.get(&auction.id).into_iter().flatten();
            let valid = all.filter(|(t, _)| *t >= auction.date_time && *t <= auction.expires);
            if let Some(price) = valid.map(|(_, price)| *price).max() {
                closed.push((auction.expires, auction.id, auction.seller, price));
            }
        }
        closed.sort_unstable();
        let mut sold: HashMap<u64, Vec<u64>> = HashMap::new();
        let mut digest = Digest::default();
        for (_, _, seller, price) in closed {
            let prices = sold.entry(seller).or_default();
            prices.push(price);
            let last = &prices[prices.len().saturating_sub(10)..];
            let final_price = last.iter().sum::<u64>() / last.len() as u64;
            digest.insert(&Row { seller, final_price });
        }
        digest
    }
}
