//! Columns that several queries share.

use dataflow::Data;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::nexmark::{Bid, Text};

/// A price in thousandths of a cent: Nexmark's `DECIMAL(23, 3)`. A number in JSON.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Decimal(pub(crate) u64);

impl Decimal {
    /// 0.908 times a price in cents: Nexmark's dollars in euros.
    pub(crate) const fn in_euros(price: u64) -> Self {
        Self(price * 908)
    }
}

/// Thousandths below this number keep their last digit as numbers of JSON.
const EXACT: u64 = 1 << 51;

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            // Prices are below `EXACT`.
            serializer.serialize_f64(self.0 as f64 / 1_000.0)
        } else {
            serializer.serialize_u64(self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if !deserializer.is_human_readable() {
            return u64::deserialize(deserializer).map(Self);
        }
        let number = f64::deserialize(deserializer)?;
        let thousandths = (number * 1_000.0).round();
        if !(0.0..EXACT as f64).contains(&thousandths) || thousandths / 1_000.0 != number {
            return Err(D::Error::custom(format!("{number} is no price of up to three decimals")));
        }
        Ok(Self(thousandths as u64))
    }
}

/// The columns of a bid that most queries pass on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BidRow {
    pub(crate) auction: u64,
    pub(crate) bidder: u64,
    pub(crate) price: u64,
    pub(crate) date_time: i64,
    pub(crate) extra: Text,
}

impl Data for BidRow {
    fn size_bytes(&self) -> usize {
        size_of::<Self>() - size_of::<Text>() + self.extra.size_bytes()
    }
}

impl From<&Bid> for BidRow {
    fn from(bid: &Bid) -> Self {
        let &Bid { auction, bidder, price, date_time, .. } = bid;
        Self { auction, bidder, price, date_time, extra: bid.extra() }
    }
}

/// All columns of a bid.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FullBid {
    pub(crate) auction: u64,
    pub(crate) bidder: u64,
    pub(crate) price: u64,
    pub(crate) channel: Text,
    pub(crate) url: Text,
    pub(crate) date_time: i64,
    pub(crate) extra: Text,
}

impl Data for FullBid {
    fn size_bytes(&self) -> usize {
        let texts = [&self.channel, &self.url, &self.extra];
        size_of::<Self>() - 3 * size_of::<Text>()
            + texts.into_iter().map(Data::size_bytes).sum::<usize>()
    }
}

impl From<&Bid> for FullBid {
    fn from(bid: &Bid) -> Self {
        let &Bid { auction, bidder, price, date_time, .. } = bid;
        let (channel, url, extra) = (bid.channel(), bid.url(), bid.extra());
        Self { auction, bidder, price, channel, url, date_time, extra }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_price_is_a_number_of_json_to_the_digit(thousandths in 0..EXACT) {
            let json = serde_json::to_string(&Decimal(thousandths)).unwrap();
            prop_assert_eq!(serde_json::from_str::<Decimal>(&json).unwrap(), Decimal(thousandths));
            let bytes = postcard::to_allocvec(&Decimal(thousandths)).unwrap();
            prop_assert_eq!(postcard::from_bytes::<Decimal>(&bytes).unwrap(), Decimal(thousandths));
        }
    }

    #[test]
    fn what_is_no_price_is_refused() {
        assert_eq!(serde_json::from_str::<Decimal>("7").unwrap(), Decimal(7_000));
        for wrong in ["-0.001", "0.0001", "1e30", "\"1\"", "null"] {
            assert!(serde_json::from_str::<Decimal>(wrong).is_err(), "{wrong}");
        }
    }
}
