//! Query 6: what the last ten auctions of a seller fetched.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, VecDeque};

use dataflow::exchange::sink::SinkSlot;
use dataflow::operator::lateness::{Fate, LateNote, LateRows};
use dataflow::operators::{KeyedFunction, TimerContext};
use dataflow::{Collect, Data, Digest, EventTime, Plan, Record, ResultKind};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::nexmark::Event;
use crate::queries::nexmark::query::{Events, Query, event_time};
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

/// The auctions of an id, of which there is mostly one, and its bids.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct AuctionState {
    open: SmallVec<[OpenAuction; 1]>,
    /// Bids that an auction which is still to come may want.
    offers: Vec<Offer>,
    /// When there are so many, those that none can want any more are thrown out.
    most_offers: usize,
}

#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct OpenAuction {
    seller: u64,
    opens: i64,
    expires: i64,
    best: Option<Offer>,
}

impl OpenAuction {
    fn offer(&mut self, offer: Offer) {
        if (self.opens..=self.expires).contains(&offer.1.0) {
            self.best = self.best.max(Some(offer));
        }
    }
}

impl AuctionState {
    /// Keeps a bid for auctions to come: those on time open behind the watermark.
    fn keep(&mut self, offer: Offer, watermark: EventTime) {
        if self.offers.len() >= self.most_offers {
            self.offers.retain(|offer| event_time(offer.1.0) > watermark);
            self.most_offers = (2 * self.offers.len()).max(8);
        }
        self.offers.push(offer);
    }
}

impl Data for AuctionState {}

/// Finds the winning bid of every auction, when it closes.
#[derive(Copy, Clone, Debug)]
struct WinningBid;

impl KeyedFunction for WinningBid {
    type Key = u64;
    type In = AuctionOrBid;
    type State = AuctionState;
    type Out = ClosedAuction;

    fn fresh(&self) -> AuctionState {
        AuctionState::default()
    }

    fn process(
        &self,
        state: &mut AuctionState,
        record: Record<AuctionOrBid>,
        context: &mut TimerContext<'_, u64>,
        out: &mut impl Collect<ClosedAuction>,
    ) {
        let watermark = context.progress.watermark;
        if record.event_time <= watermark {
            // What it would change may be closed.
            return out.late(LateNote::new(&record, (0, watermark), Fate::Refused));
        }
        match record.value {
            AuctionOrBid::Auction { seller, opens, expires, .. } => {
                let mut auction = OpenAuction { seller, opens, expires, best: None };
                state.offers.iter().for_each(|offer| auction.offer(*offer));
                state.open.push(auction);
                context.at_event_time(event_time(expires));
            }
            AuctionOrBid::Bid { price, time, .. } => {
                let offer = (price, Reverse(time));
                state.open.iter_mut().for_each(|auction| auction.offer(offer));
                state.keep(offer, watermark);
            }
        }
    }

    fn on_event_time(
        &self,
        state: &mut AuctionState,
        time: EventTime,
        context: &mut TimerContext<'_, u64>,
        out: &mut impl Collect<ClosedAuction>,
    ) {
        let auction = *context.key;
        state.open.retain(|open| {
            let is_open = event_time(open.expires) > time;
            if let OpenAuction { seller, expires, best: Some((price, _)), .. } = *open
                && !is_open
            {
                let value = ClosedAuction { expires, auction, seller, price };
                out.push(Record { value, event_time: time, stamps: context.stamps });
            }
            is_open
        });
    }
}

/// Stage and input of the function that meets auctions and bids.
const PROCESS: (usize, u8) = (1, 0);

/// Auctions that an average is taken over.
const LAST: usize = 10;

/// Auctions that wait for their turn, and those last averaged over.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Sold {
    /// By end, auction and price, and how many of each.
    waiting: BTreeMap<(i64, u64, u64), u64>,
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
        *state.waiting.entry((expires, auction, price)).or_default() += 1;
        context.at_event_time(record.event_time);
    }

    fn on_event_time(
        &self,
        state: &mut Sold,
        time: EventTime,
        context: &mut TimerContext<'_, u64>,
        out: &mut impl Collect<Row>,
    ) {
        while let Some(mut first) = state.waiting.first_entry()
            && event_time(first.key().0) <= time
        {
            state.last.push_back(first.key().2);
            *first.get_mut() -= 1;
            if *first.get() == 0 {
                first.remove();
            }
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
                     CURRENT ROW would be 11, and the published SQL does not run on Flink)",
            operators: "source -> filter_map -> key_by -> process -> key_by -> process -> sink",
            state: "an entry per auction, its bids of the last time; ten prices per seller",
            stresses: "event-time timers, and results that must come in order of event time",
            ties: "auctions that close in the same millisecond count in the order of their ids; each \
                   row of an id that comes twice is an auction",
        }
    }
    fn result(&self) -> ResultKind {
        ResultKind::Append
    }
    fn waits_for_watermarks(&self) -> bool {
        // An auction counts once it has expired.
        true
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

    fn expected(
        &self,
        _: &Knobs,
        events: &mut dyn Iterator<Item = TimedEvent<Event>>,
        late: &mut LateRows,
    ) -> Digest {
        let mut auctions = Vec::new();
        let mut bids: HashMap<u64, Vec<(i64, u64)>> = HashMap::new();
        for event in events {
            let is_refused = AuctionOrBid::of(event.value.clone())
                .is_some_and(|row| late.refuses(PROCESS, &row, event.event_time, event.event_time));
            match event.value {
                Event::Auction(auction) if !is_refused => auctions.push(auction),
                Event::Bid(bid) if !is_refused => {
                    bids.entry(bid.auction).or_default().push((bid.date_time, bid.price));
                }
                _ => {}
            }
        }
        let mut closed: Vec<(i64, u64, u64, u64)> = Vec::new();
        for auction in auctions {
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
