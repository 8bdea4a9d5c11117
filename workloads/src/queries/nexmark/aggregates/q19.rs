//! Query 19: the ten highest bids of every auction.

use std::cmp::Reverse;
use std::collections::HashMap;

use dataflow::exchange::sink::SinkSlot;
use dataflow::operator::lateness::LateRows;
use dataflow::{Data, Digest, Plan, ResultKind};
use serde::{Deserialize, Serialize};

use crate::nexmark::{Bid, Event};
use crate::queries::changes::change_rows;
use crate::queries::nexmark::columns::FullBid;
use crate::queries::nexmark::query::{Events, Query, bids};
use crate::spec::{Description, Knobs, TimedEvent};

pub(crate) struct Q19;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Row {
    #[serde(flatten)]
    bid: FullBid,
    rank_number: u32,
}

impl Data for Row {
    fn size_bytes(&self) -> usize {
        self.bid.size_bytes() + size_of::<u32>()
    }
}

const TOP: usize = 10;

impl Query for Q19 {
    fn name(&self) -> &'static str {
        "nexmark-q19"
    }
    fn description(&self) -> Description {
        Description {
            origin: "Nexmark query 19, auction top 10: ROW_NUMBER() OVER (PARTITION BY auction \
                     ORDER BY price DESC) AS rank_number <= 10",
            operators: "source -> filter_map -> map -> key_by -> top_n -> map -> sink",
            state: "ten bids per auction",
            stresses: "ranks: a bid that comes in moves all behind it",
            ties: "of bids of one price the one whose columns are smaller, from the left",
        }
    }
    fn result(&self) -> ResultKind {
        ResultKind::Retract
    }

    fn plan(&self, _: &Knobs, events: Events, sink: SinkSlot) -> Plan {
        events
            .filter_map(Event::bid)
            .map(|bid: Bid| FullBid::from(&bid))
            .key_by(|bid: &FullBid| bid.auction)
            .top_n_ranked(TOP, |bid| Reverse(bid.price))
            .map(|change| change_rows(change, |(rank_number, bid)| Row { bid, rank_number }))
            .sink_changes(sink)
    }

    fn expected(
        &self,
        _: &Knobs,
        events: &mut dyn Iterator<Item = TimedEvent<Event>>,
        _: &mut LateRows,
    ) -> Digest {
        let mut groups: HashMap<u64, Vec<FullBid>> = HashMap::new();
        for bid in bids(events) {
            groups.entry(bid.auction).or_default().push(FullBid::from(&bid));
        }
        let mut digest = Digest::default();
        for mut bids in groups.into_values() {
            bids.sort_by(|a, b| b.price.cmp(&a.price).then_with(|| a.cmp(b)));
            for (rank_number, bid) in (1..).zip(bids.into_iter().take(10)) {
                digest.insert(&Row { bid, rank_number });
            }
        }
        digest
    }
}
