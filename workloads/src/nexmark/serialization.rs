//! How events are written and read: as JSON, Nexmark's table with its field names; in a snapshot,
//! their fields in order.

use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::nexmark::event::{Auction, Bid, Event, Person};
use crate::nexmark::ranges;
use crate::nexmark::strings::{AuctionStrings, BidStrings, PersonStrings, Strings};
use crate::nexmark::text::Text;

/// A row of the table: `event_type` 0, 1 or 2, and the struct that it names.
#[derive(Serialize, Deserialize)]
struct EventJson {
    event_type: u8,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    person: Option<Person>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    auction: Option<Auction>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bid: Option<Bid>,
}

impl From<Event> for EventJson {
    fn from(event: Event) -> Self {
        let none = Self { event_type: 0, person: None, auction: None, bid: None };
        match event {
            Event::Person(person) => Self { person: Some(person), ..none },
            Event::Auction(auction) => Self { event_type: 1, auction: Some(auction), ..none },
            Event::Bid(bid) => Self { event_type: 2, bid: Some(bid), ..none },
        }
    }
}

impl TryFrom<EventJson> for Event {
    type Error = String;

    fn try_from(json: EventJson) -> Result<Self, String> {
        let missing = |name: &str| format!("event_type {} without `{name}`", json.event_type);
        match json.event_type {
            0 => json.person.map(Self::Person).ok_or_else(|| missing("person")),
            1 => json.auction.map(Self::Auction).ok_or_else(|| missing("auction")),
            2 => json.bid.map(Self::Bid).ok_or_else(|| missing("bid")),
            other => Err(format!("event_type {other}; it is 0, 1 or 2")),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PersonJson {
    id: u64,
    name: Text,
    email_address: Text,
    credit_card: Text,
    city: Text,
    state: Text,
    #[serde(deserialize_with = "ranges::date_time")]
    date_time: i64,
    extra: Text,
}

impl From<&Person> for PersonJson {
    fn from(person: &Person) -> Self {
        let PersonStrings { name, email, credit_card, city, state, extra } = person.strings.all();
        let (id, date_time, email_address) = (person.id, person.date_time, email);
        Self { id, name, email_address, credit_card, city, state, date_time, extra }
    }
}

impl From<PersonJson> for Person {
    fn from(json: PersonJson) -> Self {
        let PersonJson { id, name, email_address, credit_card, city, state, date_time, extra } =
            json;
        let strings = PersonStrings { name, email: email_address, credit_card, city, state, extra };
        Self { id, date_time, strings: Strings::Given(Arc::new(strings)) }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AuctionJson {
    id: u64,
    item_name: Text,
    description: Text,
    #[serde(deserialize_with = "ranges::initial_bid")]
    initial_bid: u64,
    #[serde(deserialize_with = "ranges::reserve")]
    reserve: u64,
    #[serde(deserialize_with = "ranges::date_time")]
    date_time: i64,
    #[serde(deserialize_with = "ranges::expires")]
    expires: i64,
    seller: u64,
    category: u32,
    extra: Text,
}

impl From<&Auction> for AuctionJson {
    fn from(auction: &Auction) -> Self {
        let AuctionStrings { item_name, description, extra } = auction.strings.all();
        let &Auction { id, seller, initial_bid, reserve, date_time, expires, category, .. } =
            auction;
        Self {
            id,
            item_name,
            description,
            initial_bid,
            reserve,
            date_time,
            expires,
            seller,
            category,
            extra,
        }
    }
}

impl From<AuctionJson> for Auction {
    fn from(json: AuctionJson) -> Self {
        let AuctionJson { id, seller, initial_bid, reserve, date_time, expires, category, .. } =
            json;
        let AuctionJson { item_name, description, extra, .. } = json;
        let strings = Strings::Given(Arc::new(AuctionStrings { item_name, description, extra }));
        Self { id, seller, initial_bid, reserve, date_time, expires, category, strings }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct BidJson {
    auction: u64,
    bidder: u64,
    #[serde(deserialize_with = "ranges::price")]
    price: u64,
    channel: Text,
    url: Text,
    #[serde(deserialize_with = "ranges::date_time")]
    date_time: i64,
    extra: Text,
}

impl From<&Bid> for BidJson {
    fn from(bid: &Bid) -> Self {
        let BidStrings { channel, url, extra } = bid.strings.all();
        let &Bid { auction, bidder, price, date_time, .. } = bid;
        Self { auction, bidder, price, channel, url, date_time, extra }
    }
}

impl From<BidJson> for Bid {
    fn from(json: BidJson) -> Self {
        let BidJson { auction, bidder, price, channel, url, date_time, extra } = json;
        let strings = Strings::Given(Arc::new(BidStrings { channel, url, extra }));
        Self { auction, bidder, price, date_time, strings }
    }
}

/// With Nexmark's field names for people, by its fields for a snapshot.
macro_rules! serialized {
    ($event:ident, $json:ident, ($($field:ident),*)) => {
        impl Serialize for $event {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    $json::from(self).serialize(serializer)
                } else {
                    ($(&self.$field,)*).serialize(serializer)
                }
            }
        }
        impl<'de> Deserialize<'de> for $event {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if deserializer.is_human_readable() {
                    return $json::deserialize(deserializer).map(Self::from);
                }
                let ($($field,)*) = Deserialize::deserialize(deserializer)?;
                Ok(Self { $($field),* })
            }
        }
    };
}
serialized!(Person, PersonJson, (id, date_time, strings));
serialized!(
    Auction,
    AuctionJson,
    (id, seller, initial_bid, reserve, date_time, expires, category, strings)
);
serialized!(Bid, BidJson, (auction, bidder, price, date_time, strings));

impl Serialize for Event {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            return EventJson::from(self.clone()).serialize(serializer);
        }
        let parts: (Option<&Person>, Option<&Auction>, Option<&Bid>) = match self {
            Self::Person(person) => (Some(person), None, None),
            Self::Auction(auction) => (None, Some(auction), None),
            Self::Bid(bid) => (None, None, Some(bid)),
        };
        parts.serialize(serializer)
    }
}
impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let json = EventJson::deserialize(deserializer)?;
            return Self::try_from(json).map_err(serde::de::Error::custom);
        }
        match Deserialize::deserialize(deserializer)? {
            (Some(person), None, None) => Ok(Self::Person(person)),
            (None, Some(auction), None) => Ok(Self::Auction(auction)),
            (None, None, Some(bid)) => Ok(Self::Bid(bid)),
            _ => Err(serde::de::Error::custom("an event is one of three")),
        }
    }
}
