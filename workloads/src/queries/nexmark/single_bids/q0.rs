//! Query 0: bids as they are: the cost that every query shares.

use dataflow::exchange::sink::SinkSlot;
use dataflow::operator::lateness::LateRows;
use dataflow::{Digest, Plan, ResultKind};

use crate::nexmark::Event;
use crate::queries::nexmark::columns::BidRow;
use crate::queries::nexmark::query::{Events, Query, bids, digest_of};
use crate::spec::{Description, Knobs, TimedEvent};

pub(crate) struct Q0;

impl Query for Q0 {
    fn name(&self) -> &'static str {
        "nexmark-q0"
    }
    fn description(&self) -> Description {
        Description {
            origin: "Nexmark query 0, pass through: SELECT auction, bidder, price, dateTime, extra FROM bid",
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
        events.filter_map(Event::bid).map(|bid| BidRow::from(&bid)).sink(sink)
    }

    fn expected(
        &self,
        _: &Knobs,
        events: &mut dyn Iterator<Item = TimedEvent<Event>>,
        _: &mut LateRows,
    ) -> Digest {
        digest_of(bids(events).map(|bid| BidRow::from(&bid)))
    }
}
