//! The texts of an event: all made of one draw, or given by an input.

use std::sync::Arc;

use rand::Rng as _;
use rand::SeedableRng as _;
use rand_xoshiro::SplitMix64;
use serde::{Deserialize, Serialize};

use super::text::{Text, channel_number};
use crate::random::below;

/// Lengths that texts are padded to, on average, with the numbers of an event counted in.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) struct Sizes {
    pub(super) person: u16,
    pub(super) auction: u16,
    pub(super) bid: u16,
}

/// Where the texts of an event come from. 16 bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Strings<G> {
    /// One draw, and the size that the event is padded to.
    Drawn {
        size: u16,
        draw: u64,
    },
    Given(Arc<G>),
}

/// A person's texts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PersonStrings {
    pub(super) name: Text,
    pub(super) email: Text,
    pub(super) credit_card: Text,
    pub(super) city: Text,
    pub(super) state: Text,
    pub(super) extra: Text,
}

/// An auction's texts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct AuctionStrings {
    pub(super) item_name: Text,
    pub(super) description: Text,
    pub(super) extra: Text,
}

/// A bid's texts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct BidStrings {
    pub(super) channel: Text,
    pub(super) url: Text,
    pub(super) extra: Text,
}

/// Draw number `index` of an event.
fn nth(draw: u64, index: u64) -> u64 {
    SplitMix64::seed_from_u64(draw ^ index.wrapping_mul(0xd6e8_feb8_6659_fd93)).next_u64()
}

/// What brings an event to its size: 80 to 120 % of what is missing.
fn extra(size: u16, own: usize, draw: u64) -> Text {
    let missing = u64::from(size).saturating_sub(own as u64);
    let delta = (missing as f64 * 0.2).round() as u64;
    let more = if delta == 0 { 0 } else { below(nth(draw, 1), 2 * delta) };
    Text::padding(missing - delta + more, draw)
}

macro_rules! text {
    ($strings:expr, $field:ident, $draw:ident => $drawn:expr) => {
        match $strings {
            Strings::Given(given) => given.$field.clone(),
            Strings::Drawn { draw, .. } => {
                let $draw = *draw;
                $drawn
            }
        }
    };
}

impl Strings<PersonStrings> {
    pub(super) fn name(&self) -> Text {
        text!(self, name, draw => Text::name(nth(draw, 0)))
    }
    pub(super) fn email(&self) -> Text {
        text!(self, email, draw => Text::email(nth(draw, 1)))
    }
    pub(super) fn credit_card(&self) -> Text {
        text!(self, credit_card, draw => Text::credit_card(nth(draw, 2)))
    }
    pub(super) fn city(&self) -> Text {
        text!(self, city, draw => Text::city(nth(draw, 3)))
    }
    pub(super) fn state(&self) -> Text {
        text!(self, state, draw => Text::state(nth(draw, 4)))
    }
    pub(super) fn extra(&self) -> Text {
        match self {
            Self::Given(given) => given.extra.clone(),
            Self::Drawn { size, draw } => {
                let texts =
                    [self.name(), self.email(), self.credit_card(), self.city(), self.state()];
                let own = 8 + texts.iter().map(Text::len).sum::<usize>();
                extra(*size, own, nth(*draw, 5))
            }
        }
    }
    pub(super) fn all(&self) -> PersonStrings {
        PersonStrings {
            name: self.name(),
            email: self.email(),
            credit_card: self.credit_card(),
            city: self.city(),
            state: self.state(),
            extra: self.extra(),
        }
    }
}

impl Strings<AuctionStrings> {
    pub(super) fn item_name(&self) -> Text {
        text!(self, item_name, draw => Text::words(20, nth(draw, 0)))
    }
    pub(super) fn description(&self) -> Text {
        text!(self, description, draw => Text::words(100, nth(draw, 1)))
    }
    pub(super) fn extra(&self) -> Text {
        match self {
            Self::Given(given) => given.extra.clone(),
            Self::Drawn { size, draw } => {
                let own = 6 * 8 + self.item_name().len() + self.description().len();
                extra(*size, own, nth(*draw, 2))
            }
        }
    }
    pub(super) fn all(&self) -> AuctionStrings {
        let (item_name, description) = (self.item_name(), self.description());
        AuctionStrings { item_name, description, extra: self.extra() }
    }
}

impl Strings<BidStrings> {
    pub(super) fn channel(&self) -> Text {
        text!(self, channel, draw => Text::channel(channel_number(nth(draw, 0))))
    }
    pub(super) fn url(&self) -> Text {
        text!(self, url, draw => Text::url(channel_number(nth(draw, 0))))
    }
    pub(super) fn extra(&self) -> Text {
        match self {
            Self::Given(given) => given.extra.clone(),
            Self::Drawn { size, draw } => extra(*size, 4 * 8, nth(*draw, 1)),
        }
    }
    pub(super) fn all(&self) -> BidStrings {
        BidStrings { channel: self.channel(), url: self.url(), extra: self.extra() }
    }
}

/// Makes an event carry its texts.
pub(super) fn carried(text: Text) -> Text {
    Text::from(text.to_string())
}
