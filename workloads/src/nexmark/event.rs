//! Persons, auctions and bids.

use std::sync::Arc;

use dataflow::Data;

use crate::nexmark::strings::{AuctionStrings, BidStrings, PersonStrings, Strings, carried};
use crate::nexmark::text::Text;

/// The first ids of persons and auctions.
pub(crate) const FIRST_ID: u64 = 1_000;
/// The first category.
pub(crate) const FIRST_CATEGORY: u64 = 10;

/// Somebody who opens auctions or bids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// From 1,000.
    pub id: u64,
    /// When the person came, in milliseconds of event time.
    pub date_time: i64,
    pub(super) strings: Strings<PersonStrings>,
}

/// An item under auction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Auction {
    /// From 1,000.
    pub id: u64,
    /// The person who sells.
    pub seller: u64,
    /// In cents.
    pub initial_bid: u64,
    /// In cents.
    pub reserve: u64,
    /// When it opens, in milliseconds of event time.
    pub date_time: i64,
    /// When it closes, in milliseconds of event time.
    pub expires: i64,
    /// 10 to 14.
    pub category: u32,
    pub(super) strings: Strings<AuctionStrings>,
}

/// A bid for an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bid {
    /// The auction.
    pub auction: u64,
    /// The person who bids.
    pub bidder: u64,
    /// In cents.
    pub price: u64,
    /// When, in milliseconds of event time.
    pub date_time: i64,
    pub(super) strings: Strings<BidStrings>,
}

/// An event of the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// One of 50.
    Person(Person),
    /// Three of 50.
    Auction(Auction),
    /// All others.
    Bid(Bid),
}

impl Event {
    /// When it happened, in milliseconds of event time.
    pub const fn date_time(&self) -> i64 {
        match self {
            Self::Person(person) => person.date_time,
            Self::Auction(auction) => auction.date_time,
            Self::Bid(bid) => bid.date_time,
        }
    }

    /// The bid that it is.
    pub fn bid(self) -> Option<Bid> {
        if let Self::Bid(bid) = self { Some(bid) } else { None }
    }

    /// The same with its texts written out and carried along, as events from outside are.
    #[must_use]
    pub(super) fn carrying(mut self) -> Self {
        match &mut self {
            Self::Person(person) => {
                let PersonStrings { name, email, credit_card, city, state, extra } =
                    person.strings.all();
                person.strings = Strings::Given(Arc::new(PersonStrings {
                    name: carried(name),
                    email: carried(email),
                    credit_card: carried(credit_card),
                    city: carried(city),
                    state: carried(state),
                    extra: carried(extra),
                }));
            }
            Self::Auction(auction) => {
                let AuctionStrings { item_name, description, extra } = auction.strings.all();
                auction.strings = Strings::Given(Arc::new(AuctionStrings {
                    item_name: carried(item_name),
                    description: carried(description),
                    extra: carried(extra),
                }));
            }
            Self::Bid(bid) => {
                let BidStrings { channel, url, extra } = bid.strings.all();
                let (channel, url, extra) = (carried(channel), carried(url), carried(extra));
                bid.strings = Strings::Given(Arc::new(BidStrings { channel, url, extra }));
            }
        }
        self
    }
}

impl Person {
    /// First and last name.
    pub fn name(&self) -> Text {
        self.strings.name()
    }
    /// Mail address.
    pub fn email(&self) -> Text {
        self.strings.email()
    }
    /// Number of a credit card.
    pub fn credit_card(&self) -> Text {
        self.strings.credit_card()
    }
    /// City.
    pub fn city(&self) -> Text {
        self.strings.city()
    }
    /// State, two letters.
    pub fn state(&self) -> Text {
        self.strings.state()
    }
    /// What pads the event to its size.
    pub fn extra(&self) -> Text {
        self.strings.extra()
    }
}

impl Auction {
    /// What is sold.
    pub fn item_name(&self) -> Text {
        self.strings.item_name()
    }
    /// More of it.
    pub fn description(&self) -> Text {
        self.strings.description()
    }
    /// What pads the event to its size.
    pub fn extra(&self) -> Text {
        self.strings.extra()
    }
}

impl Bid {
    /// By which channel it came.
    pub fn channel(&self) -> Text {
        self.strings.channel()
    }
    /// From which page.
    pub fn url(&self) -> Text {
        self.strings.url()
    }
    /// What pads the event to its size.
    pub fn extra(&self) -> Text {
        self.strings.extra()
    }
}

/// Bytes of texts that an event carries.
fn carried_bytes<G>(strings: &Strings<G>, texts: impl Fn(&G) -> usize) -> usize {
    match strings {
        Strings::Drawn { .. } => 0,
        Strings::Given(given) => texts(given),
    }
}

fn sizes<const N: usize>(texts: [&Text; N]) -> usize {
    texts.into_iter().map(Data::size_bytes).sum()
}

impl Data for Person {
    fn size_bytes(&self) -> usize {
        let texts = |it: &PersonStrings| {
            sizes([&it.name, &it.email, &it.credit_card, &it.city, &it.state, &it.extra])
        };
        size_of::<Self>() + carried_bytes(&self.strings, texts)
    }
}
impl Data for Auction {
    fn size_bytes(&self) -> usize {
        let texts = |it: &AuctionStrings| sizes([&it.item_name, &it.description, &it.extra]);
        size_of::<Self>() + carried_bytes(&self.strings, texts)
    }
}
impl Data for Bid {
    #[inline]
    fn size_bytes(&self) -> usize {
        let texts = |it: &BidStrings| sizes([&it.channel, &it.url, &it.extra]);
        size_of::<Self>() + carried_bytes(&self.strings, texts)
    }
}
impl Data for Event {
    #[inline]
    fn size_bytes(&self) -> usize {
        let inner = match self {
            Self::Person(person) => person.size_bytes() - size_of::<Person>(),
            Self::Auction(auction) => auction.size_bytes() - size_of::<Auction>(),
            Self::Bid(bid) => bid.size_bytes() - size_of::<Bid>(),
        };
        size_of::<Self>() + inner
    }
}

#[cfg(test)]
mod tests {
    use crate::nexmark::*;

    #[test]
    fn events_are_small() {
        assert_eq!(size_of::<Bid>(), 48);
        assert!(size_of::<Event>() <= 80, "{}", size_of::<Event>());
    }
}
