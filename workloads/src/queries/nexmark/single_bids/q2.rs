//! Query 2: bids for some auctions.

use dataflow::exchange::sink::SinkSlot;
use dataflow::operator::lateness::LateRows;
use dataflow::{Data, Digest, Plan, ResultKind};
use serde::{Deserialize, Serialize};

use crate::nexmark::{Bid, Event};
use crate::queries::nexmark::query::{Events, Query, bids, digest_of};
use crate::spec::{Description, Knobs, TimedEvent};

pub(crate) struct Q2;

#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Row {
    auction: u64,
    price: u64,
}

impl Data for Row {}

impl Query for Q2 {
    fn name(&self) -> &'static str {
        "nexmark-q2"
    }
    fn description(&self) -> Description {
        Description {
            origin: "Nexmark query 2, selection: WHERE auction % 123 = 0",
            operators: "source -> filter_map -> sink",
            state: "none",
            stresses: "reading; next to nothing is let through",
            ties: "none are possible",
        }
    }
    fn result(&self) -> ResultKind {
        ResultKind::Append
    }

    fn plan(&self, _: &Knobs, events: Events, sink: SinkSlot) -> Plan {
        let row = |bid: Bid| {
            let Bid { auction, price, .. } = bid;
            auction.is_multiple_of(123).then_some(Row { auction, price })
        };
        events.filter_map(Event::bid).filter_map(row).sink(sink)
    }

    fn expected(
        &self,
        _: &Knobs,
        events: &mut dyn Iterator<Item = TimedEvent<Event>>,
        _: &mut LateRows,
    ) -> Digest {
        let some = bids(events).filter(|bid| bid.auction % 123 == 0);
        digest_of(some.map(|bid| Row { auction: bid.auction, price: bid.price }))
    }
}
