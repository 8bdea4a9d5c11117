//! Query 1: prices in another currency.

use dataflow::exchange::sink::SinkSlot;
use dataflow::operator::lateness::LateRows;
use dataflow::{Data, Digest, Plan, ResultKind};
use serde::{Deserialize, Serialize};

use crate::nexmark::{Bid, Event, Text};
use crate::queries::nexmark::columns::Decimal;
use crate::queries::nexmark::query::{Events, Query, bids};
use crate::spec::{Description, Knobs, TimedEvent};

pub(crate) struct Q1;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    auction: u64,
    bidder: u64,
    price: Decimal,
    date_time: i64,
    extra: Text,
}

impl Data for Row {}

impl Query for Q1 {
    fn name(&self) -> &'static str {
        "nexmark-q1"
    }
    fn description(&self) -> Description {
        Description {
            origin: "Nexmark query 1, currency conversion: 0.908 * price AS DECIMAL(23, 3)",
            operators: "source -> filter_map -> map -> sink",
            state: "none",
            stresses: "the engine itself",
            ties: "none are possible",
        }
    }
    fn result(&self) -> ResultKind {
        ResultKind::Append
    }

    fn plan(&self, _: &Knobs, events: Events, sink: SinkSlot) -> Plan {
        let row = |bid: Bid| {
            let Bid { auction, bidder, date_time, .. } = bid;
            let price = Decimal::in_euros(bid.price);
            Row { auction, bidder, price, date_time, extra: bid.extra() }
        };
        events.filter_map(Event::bid).map(row).sink(sink)
    }

    fn expected(
        &self,
        _: &Knobs,
        events: &mut dyn Iterator<Item = TimedEvent<Event>>,
        _: &mut LateRows,
    ) -> Digest {
        let mut digest = Digest::default();
        for bid in bids(events) {
            digest.insert(&Row {
                auction: bid.auction,
                bidder: bid.bidder,
                // Thousandths of 0.908 times the price.
                price: Decimal(bid.price * 1_000 - bid.price * 92),
                date_time: bid.date_time,
                extra: bid.extra(),
            });
        }
        digest
    }
}
