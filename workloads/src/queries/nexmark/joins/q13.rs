//! Query 13: bids beside a bounded table.

use std::sync::Arc;

use dataflow::exchange::sink::SinkSlot;
use dataflow::job::settings::Setting;
use dataflow::operator::lateness::LateRows;
use dataflow::{Data, Digest, Plan, ResultKind};
use foldhash::fast::FixedState;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

use crate::nexmark::{Bid, Event, Text};
use crate::queries::nexmark::query::{Events, Query, bids};
use crate::spec::{Description, Knobs, TimedEvent};

pub(crate) struct Q13;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    auction: u64,
    bidder: u64,
    price: u64,
    date_time: i64,
    value: Text,
}

impl Data for Row {
    fn size_bytes(&self) -> usize {
        size_of::<Self>() + self.value.size_bytes()
    }
}

/// By what bids find their row of the table.
const MODULUS: u64 = 10_000;

/// The side input: keys and values `0,0`, `1,1`, ... as in the original's file.
fn table(rows: u64) -> HashMap<u64, Text, FixedState> {
    (0..rows).map(|key| (key, Text::from(key.to_string()))).collect()
}

impl Query for Q13 {
    fn name(&self) -> &'static str {
        "nexmark-q13"
    }
    fn description(&self) -> Description {
        Description {
            origin: "Nexmark query 13, bounded side input join: ON auction % 10000 = key; the \
                     published SQL looks each row up at its processing time, in a file that does \
                     not change",
            operators: "source -> filter_map -> filter_map (lookup) -> sink",
            state: "the side input, loaded before the first record",
            stresses: "a lookup per record without an exchange",
            ties: "none are possible",
        }
    }
    fn knobs(&self) -> &'static [Setting] {
        const KNOBS: &[Setting] = &[Setting::integer(
            "side_input_rows",
            (0, 10_000_000),
            10_000,
            "rows of the side input, with keys from 0",
        )
        .mirroring("side-input.row-count")];
        KNOBS
    }
    fn result(&self) -> ResultKind {
        ResultKind::Append
    }

    fn plan(&self, knobs: &Knobs, events: Events, sink: SinkSlot) -> Plan {
        let table = Arc::new(table(knobs.integer("side_input_rows")));
        let row = move |bid: Bid| {
            let Bid { auction, bidder, price, date_time, .. } = bid;
            let value = table.get(&(auction % MODULUS))?.clone();
            Some(Row { auction, bidder, price, date_time, value })
        };
        events.filter_map(Event::bid).filter_map(row).sink(sink)
    }

    fn expected(
        &self,
        knobs: &Knobs,
        events: &mut dyn Iterator<Item = TimedEvent<Event>>,
        _: &mut LateRows,
    ) -> Digest {
        let rows = knobs.integer("side_input_rows");
        let mut digest = Digest::default();
        for bid in bids(events) {
            let key = bid.auction % MODULUS;
            if key < rows {
                digest.insert(&Row {
                    auction: bid.auction,
                    bidder: bid.bidder,
                    price: bid.price,
                    date_time: bid.date_time,
                    value: key.to_string().into(),
                });
            }
        }
        digest
    }
}
