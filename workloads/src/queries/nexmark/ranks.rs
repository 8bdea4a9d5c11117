//! What queries 15 to 17 compute of bids by rank of their price.

use std::collections::HashMap;

use dataflow::Data;
use foldhash::fast::FixedState;
use serde::{Deserialize, Serialize};

use crate::nexmark::Bid;

/// All bids, then those of each rank.
pub(crate) type CountsByRank = [u64; 4];

/// Rank of a price in cents: 1 below 10,000, 2 below 1,000,000, else 3.
pub(crate) const fn rank(price: u64) -> usize {
    match price {
        0..10_000 => 1,
        10_000..1_000_000 => 2,
        _ => 3,
    }
}

/// Counts one, in all and of its rank.
pub(crate) fn count(counts: &mut CountsByRank, rank: usize) {
    counts[0] += 1;
    counts[rank] += 1;
}

/// Different values, in all and of each rank, counted exactly.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct DistinctByRank {
    /// The ranks in which a value was seen, a bit each; bit 0 in all.
    seen: HashMap<u64, u8, FixedState>,
    counts: CountsByRank,
}

impl DistinctByRank {
    fn add(&mut self, value: u64, rank: usize) {
        self.mark(value, 0);
        self.mark(value, rank);
    }

    fn merge(&mut self, from: &Self) {
        for (&value, bits) in &from.seen {
            (0..4)
                .filter(|place| bits & (1 << place) != 0)
                .for_each(|place| self.mark(value, place));
        }
    }

    fn mark(&mut self, value: u64, place: usize) {
        let bits = self.seen.entry(value).or_default();
        if *bits & (1 << place) == 0 {
            *bits |= 1 << place;
            self.counts[place] += 1;
        }
    }
}

/// Bids, bidders and auctions.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Statistics {
    bids: CountsByRank,
    bidders: DistinctByRank,
    auctions: DistinctByRank,
}

impl Data for Statistics {
    fn size_bytes(&self) -> usize {
        let values = self.bidders.seen.len() + self.auctions.seen.len();
        size_of::<Self>() + values * size_of::<(u64, u8)>()
    }
}

/// The counts of all three, as columns.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RankCounts {
    pub(crate) total_bids: u64,
    pub(crate) rank1_bids: u64,
    pub(crate) rank2_bids: u64,
    pub(crate) rank3_bids: u64,
    pub(crate) total_bidders: u64,
    pub(crate) rank1_bidders: u64,
    pub(crate) rank2_bidders: u64,
    pub(crate) rank3_bidders: u64,
    pub(crate) total_auctions: u64,
    pub(crate) rank1_auctions: u64,
    pub(crate) rank2_auctions: u64,
    pub(crate) rank3_auctions: u64,
}

impl Data for RankCounts {}

impl RankCounts {
    pub(crate) const fn new(
        bids: CountsByRank,
        bidders: CountsByRank,
        auctions: CountsByRank,
    ) -> Self {
        let [total_bids, rank1_bids, rank2_bids, rank3_bids] = bids;
        let [total_bidders, rank1_bidders, rank2_bidders, rank3_bidders] = bidders;
        let [total_auctions, rank1_auctions, rank2_auctions, rank3_auctions] = auctions;
        Self {
            total_bids,
            rank1_bids,
            rank2_bids,
            rank3_bids,
            total_bidders,
            rank1_bidders,
            rank2_bidders,
            rank3_bidders,
            total_auctions,
            rank1_auctions,
            rank2_auctions,
            rank3_auctions,
        }
    }

    /// The same computed from all bids at once.
    pub(crate) fn of(bids: &[Bid]) -> Self {
        let ranked = |value: fn(&Bid) -> u64| {
            let distinct = |of: &dyn Fn(&Bid) -> bool| {
                let mut values: Vec<u64> = bids.iter().filter(|bid| of(bid)).map(value).collect();
                values.sort_unstable();
                values.dedup();
                values.len() as u64
            };
            [
                distinct(&|_| true),
                distinct(&|bid| bid.price < 10_000),
                distinct(&|bid| (10_000..1_000_000).contains(&bid.price)),
                distinct(&|bid| bid.price >= 1_000_000),
            ]
        };
        let below = |price| bids.iter().filter(|bid| bid.price < price).count() as u64;
        let (first, second, all) = (below(10_000), below(1_000_000), bids.len() as u64);
        let counts = [all, first, second - first, all - second];
        Self::new(counts, ranked(|bid| bid.bidder), ranked(|bid| bid.auction))
    }
}

impl Statistics {
    /// Adds a bid of this price, bidder and auction.
    pub(crate) fn add(&mut self, price: u64, bidder: u64, auction: u64) {
        let rank = rank(price);
        count(&mut self.bids, rank);
        self.bidders.add(bidder, rank);
        self.auctions.add(auction, rank);
    }

    pub(crate) fn merge(&mut self, from: &Self) {
        self.bids.iter_mut().zip(from.bids).for_each(|(own, other)| *own += other);
        self.bidders.merge(&from.bidders);
        self.auctions.merge(&from.auctions);
    }

    pub(crate) const fn result(&self) -> RankCounts {
        RankCounts::new(self.bids, self.bidders.counts, self.auctions.counts)
    }
}
