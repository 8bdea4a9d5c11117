//! Query 22: directories of an address.

use dataflow::exchange::sink::SinkSlot;
use dataflow::operator::lateness::LateRows;
use dataflow::{Data, Digest, Plan, ResultKind};
use serde::{Deserialize, Serialize};

use crate::nexmark::{Bid, Event, Text};
use crate::queries::nexmark::query::{Events, Query, bids};
use crate::spec::{Description, Knobs, TimedEvent};

pub(crate) struct Q22;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Row {
    auction: u64,
    bidder: u64,
    price: u64,
    channel: Text,
    /// `null` where the address has fewer parts.
    dir1: Option<Text>,
    dir2: Option<Text>,
    dir3: Option<Text>,
}

impl Data for Row {
    fn size_bytes(&self) -> usize {
        let Self { channel, dir1, dir2, dir3, .. } = self;
        let parts = [dir1, dir2, dir3].into_iter().flatten().map(Data::size_bytes).sum::<usize>();
        size_of::<Self>() + channel.size_bytes() + parts
    }
}

fn row(bid: Bid) -> Row {
    let [dir1, dir2, dir3] = bid.url().read(|url| {
        let mut parts = url.split('/').skip(3).map(|part| Text::from(part.to_owned()));
        [parts.next(), parts.next(), parts.next()]
    });
    let channel = bid.channel();
    let Bid { auction, bidder, price, .. } = bid;
    Row { auction, bidder, price, channel, dir1, dir2, dir3 }
}

impl Query for Q22 {
    fn name(&self) -> &'static str {
        "nexmark-q22"
    }
    fn description(&self) -> Description {
        Description {
            origin: "Nexmark query 22, get URL directories: SPLIT_INDEX(url, '/', 3), 4 and 5",
            operators: "source -> filter_map -> map -> sink",
            state: "none",
            stresses: "work on texts, and an allocation for each that is cut out",
            ties: "none are possible",
        }
    }
    fn result(&self) -> ResultKind {
        ResultKind::Append
    }

    fn plan(&self, _: &Knobs, events: Events, sink: SinkSlot) -> Plan {
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
            let url = bid.url().to_string();
            let parts: Vec<&str> = url.split('/').collect();
            let part = |at: usize| parts.get(at).map(|part| Text::from((*part).to_owned()));
            digest.insert(&Row {
                auction: bid.auction,
                bidder: bid.bidder,
                price: bid.price,
                channel: bid.channel(),
                dir1: part(3),
                dir2: part(4),
                dir3: part(5),
            });
        }
        digest
    }
}
