//! Query 18: the last bid of every bidder for every auction.

use std::collections::HashMap;

use dataflow::exchange::sink::SinkSlot;
use dataflow::operator::lateness::LateRows;
use dataflow::operators::Keep;
use dataflow::{Digest, Plan, ResultKind};

use crate::nexmark::{Bid, Event};
use crate::queries::nexmark::columns::FullBid;
use crate::queries::nexmark::query::{Events, Query, bids, digest_of};
use crate::spec::{Description, Knobs, TimedEvent};

pub(crate) struct Q18;

impl Query for Q18 {
    fn name(&self) -> &'static str {
        "nexmark-q18"
    }
    fn description(&self) -> Description {
        Description {
            origin: "Nexmark query 18, find last bid: ROW_NUMBER() OVER (PARTITION BY bidder, \
                     auction ORDER BY dateTime DESC) <= 1",
            operators: "source -> filter_map -> map -> key_by -> deduplicate -> sink",
            state: "a bid per bidder and auction",
            stresses: "state that grows with nearly every record",
            ties: "of bids of one time the one whose columns are larger, from the left",
        }
    }
    fn result(&self) -> ResultKind {
        ResultKind::Upsert
    }

    fn plan(&self, _: &Knobs, events: Events, sink: SinkSlot) -> Plan {
        events
            .filter_map(Event::bid)
            .map(|bid: Bid| FullBid::from(&bid))
            .key_by(|bid: &FullBid| (bid.bidder, bid.auction))
            .keep(Keep::Last)
            .sink_changes(sink)
    }

    fn expected(
        &self,
        _: &Knobs,
        events: &mut dyn Iterator<Item = TimedEvent<Event>>,
        _: &mut LateRows,
    ) -> Digest {
        let mut groups: HashMap<(u64, u64), Vec<FullBid>> = HashMap::new();
        for bid in bids(events) {
            groups.entry((bid.auction, bid.bidder)).or_default().push(FullBid::from(&bid));
        }
        digest_of(groups.into_values().filter_map(|bids| {
            // All of a group have the same auction and bidder; price comes next.
            bids.into_iter().max_by_key(|it| {
                let texts = (it.channel.to_string(), it.url.to_string());
                (it.date_time, it.price, texts, it.extra.to_string())
            })
        }))
    }
}
