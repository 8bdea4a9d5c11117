//! Columns that several queries share.

use dataflow::Data;
use serde::{Deserialize, Serialize, Serializer};

use crate::nexmark::{Bid, Text};

/// A price in thousandths of a cent: Nexmark's `DECIMAL(23, 3)`. A number in JSON.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub(crate) struct Decimal(pub(crate) u64);

impl Decimal {
    /// 0.908 times a price in cents: Nexmark's dollars in euros.
    pub(crate) const fn in_euros(price: u64) -> Self {
        Self(price * 908)
    }
}

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            // Prices are below 2^53 thousandths, so this is exact to the digit.
            serializer.serialize_f64(self.0 as f64 / 1_000.0)
        } else {
            serializer.serialize_u64(self.0)
        }
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
