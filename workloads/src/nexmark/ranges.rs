//! The numbers of events from outside that something is computed from, and how large they may be.

use std::fmt::Display;
use std::ops::RangeInclusive;

use serde::de::{Deserialize, Deserializer, Error};

use crate::knobs::LARGEST_INPUT_BYTES;
use crate::spec::{EARLIEST, LATEST};

/// Highest price in cents, a hundred million dollars: a hundred times what is generated.
pub(super) const HIGHEST_PRICE: u64 = 10_000_000_000;

/// A bid as JSON has at least as many bytes. So sums over all prices of an input fit into 64 bits.
const SHORTEST_BID_BYTES: u64 = 64;
const _: () = assert!(LARGEST_INPUT_BYTES as u64 / SHORTEST_BID_BYTES <= u64::MAX / HIGHEST_PRICE);
/// A price of thousandths of a cent is exact as a floating-point number.
const _: () = assert!(HIGHEST_PRICE * 1_000 < 1 << 53);

const NANOS_PER_MILLI: i64 = 1_000_000;
/// Times whose nanoseconds windows and delays can be added to: see [`LATEST`].
const MILLIS: RangeInclusive<i64> = EARLIEST.0 / NANOS_PER_MILLI..=LATEST.0 / NANOS_PER_MILLI;

/// A number within a range, so that an error points at its end.
fn within<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    range: &RangeInclusive<T>,
    (field, what): (&str, &str),
) -> Result<T, D::Error>
where
    T: Deserialize<'de> + PartialOrd + Display,
{
    let value = T::deserialize(deserializer)?;
    if range.contains(&value) {
        return Ok(value);
    }
    let (least, most) = (range.start(), range.end());
    Err(D::Error::custom(format!(
        "`{field}` is out of range: {value}; it is {what}, from {least} to {most}"
    )))
}

fn millis<'de, D: Deserializer<'de>>(deserializer: D, field: &str) -> Result<i64, D::Error> {
    within(deserializer, &MILLIS, (field, "milliseconds since 1970"))
}

fn cents<'de, D: Deserializer<'de>>(deserializer: D, field: &str) -> Result<u64, D::Error> {
    within(deserializer, &(0..=HIGHEST_PRICE), (field, "cents"))
}

pub(super) fn date_time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    millis(deserializer, "dateTime")
}

pub(super) fn expires<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    millis(deserializer, "expires")
}

pub(super) fn price<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    cents(deserializer, "price")
}

pub(super) fn initial_bid<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    cents(deserializer, "initialBid")
}

pub(super) fn reserve<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    cents(deserializer, "reserve")
}
