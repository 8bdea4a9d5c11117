//! Texts that are made when somebody reads them.

use std::cell::RefCell;
use std::cmp::Ordering;
use std::fmt::{self, Write as _};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use dataflow::record::hash::{java_string_hash, spark_bytes};
use dataflow::{Data, Key};
use rand::Rng as _;
use rand::SeedableRng as _;
use rand_xoshiro::SplitMix64;
use serde::de::Deserializer;
use serde::{Deserialize, Serialize, Serializer};
use xxhash_rust::xxh3::xxh3_64;

use crate::random::below;

/// A text of an event. One that was generated is held as what it was drawn from, 8 bytes, and
/// written out by whoever reads it; one that was read from an input is shared.
///
/// Texts are compared, hashed and serialized by their letters. Only a snapshot keeps a drawn text
/// as what it was drawn from.
#[derive(Clone)]
pub struct Text(Source);

#[derive(Clone, Serialize, Deserialize)]
enum Source {
    Drawn(Drawn),
    Given(Arc<String>),
}

/// What a text is drawn from.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Drawn {
    kind: Kind,
    size: u16,
    draw: u64,
}

/// What a text is like.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Kind {
    /// Words of 3 to `size - 1` letters and spaces.
    Words,
    /// Exactly `size` letters.
    Padding,
    /// First and last name.
    Name,
    /// `7 letters@5 letters.com`.
    Email,
    /// Four groups of four digits.
    CreditCard,
    City,
    State,
    /// The channel with the number `draw`.
    Channel,
    /// Its address.
    Url,
}

const FIRST_NAMES: [&str; 11] = [
    "Peter", "Paul", "Luke", "John", "Saul", "Vicky", "Kate", "Julie", "Sarah", "Deiter", "Walter",
];
const LAST_NAMES: [&str; 9] =
    ["Shultz", "Abrams", "Spencer", "White", "Bartels", "Walton", "Smith", "Jones", "Noris"];
const CITIES: [&str; 10] = [
    "Phoenix",
    "Los Angeles",
    "San Francisco",
    "Boise",
    "Portland",
    "Bend",
    "Redmond",
    "Seattle",
    "Kent",
    "Cheyenne",
];
const STATES: [&str; 6] = ["AZ", "CA", "ID", "OR", "WA", "WY"];
const HOT_CHANNELS: [&str; 4] = ["Google", "Facebook", "Baidu", "Apple"];
/// Channels besides the hot ones.
const CHANNELS: u64 = 10_000;
/// Numbers of hot channels begin here.
const HOT: u64 = CHANNELS;
/// One letter in this many is a space.
const SPACE: u64 = 13;

impl Text {
    fn drawn(kind: Kind, size: u16, draw: u64) -> Self {
        Self(Source::Drawn(Drawn { kind, size, draw }))
    }

    pub(super) fn words(most: u16, draw: u64) -> Self {
        Self::drawn(Kind::Words, most, draw)
    }
    pub(super) fn padding(size: u64, draw: u64) -> Self {
        Self::drawn(Kind::Padding, u16::try_from(size).unwrap_or(u16::MAX), draw)
    }
    pub(super) fn name(draw: u64) -> Self {
        Self::drawn(Kind::Name, 0, draw)
    }
    pub(super) fn email(draw: u64) -> Self {
        Self::drawn(Kind::Email, 0, draw)
    }
    pub(super) fn credit_card(draw: u64) -> Self {
        Self::drawn(Kind::CreditCard, 0, draw)
    }
    pub(super) fn city(draw: u64) -> Self {
        Self::drawn(Kind::City, 0, below(draw, CITIES.len() as u64))
    }
    pub(super) fn state(draw: u64) -> Self {
        Self::drawn(Kind::State, 0, below(draw, STATES.len() as u64))
    }
    /// The channel with this number; see [`channel_number`].
    pub(super) fn channel(number: u64) -> Self {
        Self::drawn(Kind::Channel, 0, number)
    }
    /// Its address.
    pub(super) fn url(number: u64) -> Self {
        Self::drawn(Kind::Url, 0, number)
    }

    /// Appends the letters.
    pub fn write(&self, to: &mut String) {
        match &self.0 {
            Source::Given(text) => to.push_str(text),
            Source::Drawn(drawn) => drawn.write(to),
        }
    }

    /// Calls `reader` with the letters; nothing is allocated once the buffer has grown.
    pub fn read<R>(&self, reader: impl FnOnce(&str) -> R) -> R {
        thread_local! {
            static BUFFER: RefCell<String> = const { RefCell::new(String::new()) };
        }
        match &self.0 {
            Source::Given(text) => reader(text),
            Source::Drawn(drawn) => match drawn.constant() {
                Some(text) => reader(text),
                None => BUFFER.with(|buffer| match buffer.try_borrow_mut() {
                    Ok(mut buffer) => {
                        buffer.clear();
                        drawn.write(&mut buffer);
                        reader(&buffer)
                    }
                    // A reader that reads another text.
                    Err(_) => reader(&self.to_string()),
                }),
            },
        }
    }

    /// Length in bytes.
    pub fn len(&self) -> usize {
        match &self.0 {
            Source::Given(text) => text.len(),
            Source::Drawn(Drawn { kind: Kind::Padding, size, .. }) => usize::from(*size),
            Source::Drawn(_) => self.read(str::len),
        }
    }

    /// Whether there are no letters.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The number of a channel out of a draw: one of the four hot ones half of the time.
pub(super) fn channel_number(draw: u64) -> u64 {
    // The lowest bit has no part in what `below` makes of the draw.
    let is_hot = draw & 1 == 0;
    if is_hot { HOT + below(draw, HOT_CHANNELS.len() as u64) } else { below(draw, CHANNELS) }
}

impl Drawn {
    /// Texts that there are only few of.
    fn constant(&self) -> Option<&'static str> {
        let place = self.draw as usize;
        match self.kind {
            Kind::City => Some(CITIES[place]),
            Kind::State => Some(STATES[place]),
            Kind::Channel => HOT_CHANNELS.get(place.wrapping_sub(HOT as usize)).copied(),
            _ => None,
        }
    }

    fn write(&self, to: &mut String) {
        if let Some(text) = self.constant() {
            return to.push_str(text);
        }
        let mut draws = SplitMix64::seed_from_u64(self.draw);
        match self.kind {
            Kind::Words => words(&mut draws, u64::from(self.size), ' ', to),
            Kind::Padding => letters(&mut draws, usize::from(self.size), to),
            Kind::Name => {
                let draw = draws.next_u64();
                to.push_str(FIRST_NAMES[below(draw, FIRST_NAMES.len() as u64) as usize]);
                to.push(' ');
                let draw = draws.next_u64();
                to.push_str(LAST_NAMES[below(draw, LAST_NAMES.len() as u64) as usize]);
            }
            Kind::Email => {
                words(&mut draws, 7, '_', to);
                to.push('@');
                words(&mut draws, 5, '_', to);
                to.push_str(".com");
            }
            Kind::CreditCard => {
                for group in 0..4 {
                    let digits = below(draws.next_u64(), 10_000);
                    let gap = if group == 0 { "" } else { " " };
                    let _ = write!(to, "{gap}{digits:04}");
                }
            }
            Kind::Channel => {
                let _ = write!(to, "channel-{}", self.draw);
            }
            Kind::Url => self.write_url(&mut draws, to),
            Kind::City | Kind::State => {}
        }
    }

    fn write_url(&self, draws: &mut SplitMix64, to: &mut String) {
        to.push_str("https://www.nexmark.com/");
        for _ in 0..3 {
            words(draws, 5, '_', to);
            to.push('/');
        }
        to.push_str("item.htm?query=1");
        // Nine of ten ordinary channels are named in the query.
        if self.draw < HOT && below(draws.next_u64(), 10) > 0 {
            let reversed = (self.draw as u32).reverse_bits() as i32;
            let _ = write!(to, "&channel_id={}", reversed.unsigned_abs());
        }
    }
}

/// Letters drawn four at a time from 64 bits.
fn letters(draws: &mut SplitMix64, count: usize, to: &mut String) {
    const BLOCK: usize = 64;
    let letter = |bits: u64| b'a' + (((bits & 0xffff) * 26) >> 16) as u8;
    let mut rest = count;
    while rest > 0 {
        // By the block, as a letter at a time is encoded and checked for room each by itself.
        let mut block = [0; BLOCK];
        let filled = rest.min(BLOCK);
        for four in block[..filled.next_multiple_of(4)].chunks_exact_mut(4) {
            let draw = draws.next_u64();
            (0..4).zip(four).for_each(|(place, byte)| *byte = letter(draw >> (16 * place)));
        }
        to.push_str(str::from_utf8(&block[..filled]).unwrap_or_default());
        rest -= filled;
    }
}

/// 3 to `most - 1` letters, some of them `gap`; spaces at the ends are cut off, as in the original.
fn words(draws: &mut SplitMix64, most: u64, gap: char, to: &mut String) {
    let start = to.len();
    let count = 3 + below(draws.next_u64(), most - 3);
    for _ in 0..count {
        let draw = draws.next_u64();
        let is_gap = below(draw, SPACE) == 0;
        let letter = char::from(b'a' + below(draw.rotate_right(32), 26) as u8);
        // A gap at an end would be cut off.
        let trimmed = gap == ' ' && to.len() == start;
        if !is_gap {
            to.push(letter);
        } else if !trimmed {
            to.push(gap);
        }
    }
    if gap == ' ' {
        to.truncate(start + to[start..].trim_end().len());
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self(Source::Given(Arc::new(text)))
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Source::Given(text) => f.write_str(text),
            Source::Drawn(drawn) => {
                let mut text = String::new();
                drawn.write(&mut text);
                f.write_str(&text)
            }
        }
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.read(|text| fmt::Debug::fmt(text, f))
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Source::Drawn(own), Source::Drawn(others)) if own == others => true,
            _ => self.cmp(other) == Ordering::Equal,
        }
    }
}
impl Eq for Text {}

impl PartialOrd for Text {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Text {
    fn cmp(&self, other: &Self) -> Ordering {
        let other = other.to_string();
        self.read(|own| own.cmp(other.as_str()))
    }
}
impl Hash for Text {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.read(|text| text.hash(state));
    }
}

impl Data for Text {
    fn size_bytes(&self) -> usize {
        match &self.0 {
            Source::Given(text) => size_of::<Self>() + text.len(),
            Source::Drawn(_) => size_of::<Self>(),
        }
    }
}

impl Key for Text {
    fn number(&self) -> u64 {
        self.read(|text| xxh3_64(text.as_bytes()))
    }
    fn java_hash(&self) -> i32 {
        self.read(java_string_hash)
    }
    fn spark_hash(&self, seed: i32) -> i32 {
        self.read(|text| spark_bytes(text.as_bytes(), seed))
    }
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            self.read(|text| serializer.serialize_str(text))
        } else {
            self.0.serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            String::deserialize(deserializer).map(Self::from)
        } else {
            Source::deserialize(deserializer).map(Self)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_two_words() {
        assert_eq!(size_of::<Text>(), 16);
    }

    #[test]
    fn texts_are_what_they_are_called() {
        for draw in 0..200 {
            let words = Text::words(20, draw).to_string();
            assert!(words.len() < 20 && words.trim() == words, "{words}");
            assert_eq!(Text::padding(37, draw).to_string().len(), 37);
            let card = Text::credit_card(draw).to_string();
            assert_eq!(card.split(' ').map(str::len).collect::<Vec<_>>(), [4; 4], "{card}");
            let email = Text::email(draw).to_string();
            assert!(email.ends_with(".com") && email.contains('@'), "{email}");
        }
        assert_eq!(Text::channel(HOT + 3).to_string(), "Apple");
        assert_eq!(Text::channel(17).to_string(), "channel-17");
        let with_id = (0..1_000).filter(|&it| Text::url(it).to_string().contains("channel_id="));
        assert!((870..930).contains(&with_id.count()));
        // The reversed bits of 1 are the smallest integer, whose absolute value is 2^31.
        let url = (1..100).map(|it| (it, Text::url(it).to_string()));
        for (number, url) in url.filter(|(_, url)| url.contains("channel_id=")) {
            let id: u32 = url.rsplit_once('=').unwrap().1.parse().unwrap();
            assert_eq!(id, ((number as u32).reverse_bits() as i32).unsigned_abs());
        }
        assert!(Text::url(HOT).to_string().ends_with("query=1"));
    }

    #[test]
    fn a_drawn_text_equals_a_given_one_of_the_same_letters() {
        let drawn = Text::words(20, 5);
        let given = Text::from(drawn.to_string());
        assert_eq!(drawn, given);
        assert_eq!(drawn.number(), given.number());
        assert_eq!(drawn.cmp(&given), Ordering::Equal);
        let json = serde_json::to_string(&drawn).unwrap();
        assert_eq!(serde_json::from_str::<Text>(&json).unwrap(), drawn);
        let bytes = postcard::to_allocvec(&drawn).unwrap();
        assert_eq!(postcard::from_bytes::<Text>(&bytes).unwrap(), drawn);
        let digest = |text: &Text| dataflow::record::digest::hash_of(text);
        assert_eq!(digest(&drawn), digest(&given));
    }
}
