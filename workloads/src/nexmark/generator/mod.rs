//! Generates persons, auctions and bids by the rules of the original generator.

use dataflow::EventTime;
use rand::Rng as _;
use rand_xoshiro::SplitMix64;

use crate::event_time::disorder::Disorder;
use crate::event_time::event_clock::EventClock;
use crate::nexmark::event::{Auction, Bid, Event, FIRST_CATEGORY, FIRST_ID, Person};
use crate::nexmark::strings::{Sizes, Strings};
use crate::random::{Draws, below};
use crate::spec::{Events, Knobs, LATEST, TimedEvent};

/// Auctions, or persons, after which there is a new hot one.
const HOT_EVERY: u64 = 100;
/// An event may name an id this far ahead of the newest one.
const ID_LEAD: u64 = 10;
const CATEGORIES: u64 = 5;
/// The factor that makes events change places within their group; a prime.
const OUT_OF_ORDER: u64 = 953;
const NANOS_PER_MILLI: i64 = 1_000_000;

/// The stream of persons, auctions and bids.
#[derive(Clone, Debug)]
pub struct NexmarkEvents {
    draws: Draws,
    clock: EventClock,
    disorder: Option<Disorder>,
    /// Persons, auctions and all events of a round.
    persons: u64,
    auctions: u64,
    round: u64,
    hot_auction_ratio: u64,
    hot_bidder_ratio: u64,
    hot_seller_ratio: u64,
    active_people: u64,
    in_flight_auctions: u64,
    group: u64,
    sizes: Sizes,
    carries: bool,
}

impl NexmarkEvents {
    /// By [`KNOBS`](crate::nexmark::KNOBS) and the knobs of [`EventClock`] and [`Disorder`].
    pub fn new(knobs: &Knobs, seed: u64) -> Self {
        let (persons, auctions) =
            (knobs.integer("person_proportion"), knobs.integer("auction_proportion"));
        let size = |name: &str| knobs.integer(name) as u16;
        Self {
            draws: Draws::new(seed, "nexmark"),
            clock: EventClock::of(knobs, seed),
            disorder: Some(Disorder::new(knobs, seed)).filter(|disorder| !disorder.is_none()),
            persons,
            auctions,
            round: persons + auctions + knobs.integer("bid_proportion"),
            hot_auction_ratio: knobs.integer("hot_auction_ratio"),
            hot_bidder_ratio: knobs.integer("hot_bidder_ratio"),
            hot_seller_ratio: knobs.integer("hot_seller_ratio"),
            active_people: knobs.integer("active_people"),
            in_flight_auctions: knobs.integer("in_flight_auctions"),
            group: knobs.integer("out_of_order_group"),
            sizes: Sizes {
                person: size("person_bytes"),
                auction: size("auction_bytes"),
                bid: size("bid_bytes"),
            },
            carries: knobs.name("strings") == "carried",
        }
    }

    /// The number that an event has once its group has changed places.
    fn adjusted(&self, number: u64) -> u64 {
        if self.group == 1 {
            return number;
        }
        let within = (u128::from(number) * u128::from(OUT_OF_ORDER)) % u128::from(self.group);
        number / self.group * self.group + within as u64
    }

    /// When an event happens that no disorder touches, in whole milliseconds.
    fn millis(&self, adjusted: u64) -> i64 {
        self.clock.event_time(adjusted).0 / NANOS_PER_MILLI
    }

    /// The newest person when event `e` happens, counted from 0.
    fn last_person(&self, e: u64) -> u64 {
        e / self.round * self.persons + (e % self.round).min(self.persons - 1)
    }

    /// The newest auction, counted from 0; also 0 before the first one.
    fn last_auction(&self, e: u64) -> u64 {
        let (round, within) = (e / self.round, e % self.round);
        if within < self.persons {
            return (round * self.auctions).saturating_sub(1);
        }
        round * self.auctions + (within - self.persons).min(self.auctions - 1)
    }

    /// One of the active persons, or one who is about to come.
    fn any_person(&self, e: u64, draws: &mut SplitMix64) -> u64 {
        let persons = self.last_person(e) + 1;
        let active = persons.min(self.active_people);
        persons - active + below(draws.next_u64(), active + ID_LEAD)
    }

    /// One of the auctions in flight, or one that is about to open.
    fn any_auction(&self, e: u64, draws: &mut SplitMix64) -> u64 {
        let last = self.last_auction(e);
        let first = last.saturating_sub(self.in_flight_auctions);
        first + below(draws.next_u64(), last - first + 1 + ID_LEAD)
    }

    fn person(&self, e: u64, date_time: i64, draws: &mut SplitMix64) -> Person {
        let strings = Strings::Drawn { size: self.sizes.person, draw: draws.next_u64() };
        Person { id: FIRST_ID + self.last_person(e), date_time, strings }
    }

    fn auction(&self, e: u64, date_time: i64, draws: &mut SplitMix64) -> Auction {
        let strings = Strings::Drawn { size: self.sizes.auction, draw: draws.next_u64() };
        let seller = if is_hot(self.hot_seller_ratio, draws) {
            self.last_person(e) / HOT_EVERY * HOT_EVERY
        } else {
            self.any_person(e, draws)
        };
        let category = FIRST_CATEGORY + below(draws.next_u64(), CATEGORIES);
        let initial_bid = price(draws);
        let reserve = initial_bid + price(draws);
        // On average an auction lasts as long as it takes to open all those in flight.
        let ahead = self.in_flight_auctions * self.round / self.auctions;
        let horizon = self.millis(e + ahead) - self.millis(e);
        let lasts = 1 + below(draws.next_u64(), (horizon as u64 * 2).max(1));
        Auction {
            id: FIRST_ID + self.last_auction(e),
            seller: FIRST_ID + seller,
            initial_bid,
            reserve,
            date_time,
            // Held where event times end: a load shape may have a gap of any length.
            expires: (date_time + lasts as i64).min(LATEST.0 / NANOS_PER_MILLI),
            category: category as u32,
            strings,
        }
    }

    #[inline]
    fn bid(&self, e: u64, date_time: i64, draws: &mut SplitMix64) -> Bid {
        let auction = if is_hot(self.hot_auction_ratio, draws) {
            self.last_auction(e) / HOT_EVERY * HOT_EVERY
        } else {
            self.any_auction(e, draws)
        };
        let bidder = if is_hot(self.hot_bidder_ratio, draws) {
            self.last_person(e) / HOT_EVERY * HOT_EVERY + 1
        } else {
            self.any_person(e, draws)
        };
        let price = price(draws);
        let strings = Strings::Drawn { size: self.sizes.bid, draw: draws.next_u64() };
        let (auction, bidder) = (FIRST_ID + auction, FIRST_ID + bidder);
        Bid { auction, bidder, price, date_time, strings }
    }
}

/// All but one of `ratio` draws.
#[inline]
fn is_hot(ratio: u64, draws: &mut SplitMix64) -> bool {
    below(draws.next_u64(), ratio) > 0
}

/// Cents, log-uniform from a dollar to a million: 10 to the power of 0 to 6.
#[inline]
fn price(draws: &mut SplitMix64) -> u64 {
    const HIGHEST: f64 = 6.0 * std::f64::consts::LN_10;
    let uniform = (draws.next_u64() >> 11) as f64 * 2.0_f64.powi(-53);
    // Not the standard library's, whose last digit depends on the machine.
    (libm::exp(uniform * HIGHEST) * 100.0).round() as u64
}

impl Events for NexmarkEvents {
    type Event = Event;

    #[inline]
    fn event(&self, number: u64) -> TimedEvent<Event> {
        let e = self.adjusted(number);
        let mut draws = self.draws.generator(e);
        let delay = self.disorder.as_ref().map_or(0, |it| it.nanos(number) / NANOS_PER_MILLI);
        let date_time = self.millis(e) - delay;
        let within = e % self.round;
        let event = if within >= self.persons + self.auctions {
            Event::Bid(self.bid(e, date_time, &mut draws))
        } else if within < self.persons {
            Event::Person(self.person(e, date_time, &mut draws))
        } else {
            Event::Auction(self.auction(e, date_time, &mut draws))
        };
        let value = if self.carries { event.carrying() } else { event };
        TimedEvent { value, event_time: EventTime(date_time * NANOS_PER_MILLI) }
    }

    fn none_before(&self, number: u64) -> EventTime {
        let first = number / self.group * self.group;
        let delay = self.disorder.as_ref().map_or(0, |it| it.longest_nanos() / NANOS_PER_MILLI);
        EventTime((self.millis(first) - delay) * NANOS_PER_MILLI)
    }
}

#[cfg(test)]
mod tests;
