//! Query 21: the number of a bid's channel.

use dataflow::exchange::sink::SinkSlot;
use dataflow::operator::lateness::LateRows;
use dataflow::{Data, Digest, Plan, ResultKind};
use serde::{Deserialize, Serialize};

use crate::nexmark::{Bid, Event, Text};
use crate::queries::nexmark::query::{Events, Query, bids};
use crate::spec::{Description, Knobs, TimedEvent};

pub(crate) struct Q21;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Row {
    auction: u64,
    bidder: u64,
    price: u64,
    channel: Text,
    channel_id: Text,
}

impl Data for Row {
    fn size_bytes(&self) -> usize {
        size_of::<Self>() + self.channel.size_bytes() + self.channel_id.size_bytes()
    }
}

/// Channels that have a number whatever the address says.
const KNOWN: [(&str, &str); 4] =
    [("apple", "0"), ("google", "1"), ("facebook", "2"), ("baidu", "3")];

/// What stands behind `channel_id=` in an address, at its beginning or behind an `&`.
fn id_of(url: &str) -> Option<&str> {
    let behind = |at: usize| {
        let is_parameter = at == 0 || url.as_bytes()[at - 1] == b'&';
        let value = &url[at + "channel_id=".len()..];
        is_parameter.then(|| value.split('&').next().unwrap_or_default())
    };
    url.match_indices("channel_id=").find_map(|(at, _)| behind(at))
}

fn row(bid: Bid) -> Option<Row> {
    let channel = bid.channel();
    let known = channel.read(|name| {
        KNOWN.iter().find(|(known, _)| name.eq_ignore_ascii_case(known)).map(|(_, id)| *id)
    });
    let channel_id = match known {
        Some(id) => Text::from(id.to_owned()),
        None => bid.url().read(|url| id_of(url).map(|id| Text::from(id.to_owned())))?,
    };
    let Bid { auction, bidder, price, .. } = bid;
    Some(Row { auction, bidder, price, channel, channel_id })
}

impl Query for Q21 {
    fn name(&self) -> &'static str {
        "nexmark-q21"
    }
    fn description(&self) -> Description {
        Description {
            origin: "Nexmark query 21, add channel id: CASE lower(channel), else \
                     REGEXP_EXTRACT(url, '(&|^)channel_id=([^&]*)', 2)",
            operators: "source -> filter_map -> filter_map -> sink",
            state: "none",
            stresses: "work on texts",
            ties: "none are possible",
        }
    }
    fn result(&self) -> ResultKind {
        ResultKind::Append
    }

    fn plan(&self, _: &Knobs, events: Events, sink: SinkSlot) -> Plan {
        events.filter_map(Event::bid).filter_map(row).sink(sink)
    }

    fn expected(
        &self,
        _: &Knobs,
        events: &mut dyn Iterator<Item = TimedEvent<Event>>,
        _: &mut LateRows,
    ) -> Digest {
        let mut digest = Digest::default();
        for bid in bids(events) {
            let (channel, url) = (bid.channel().to_string(), bid.url().to_string());
            let id = match channel.to_lowercase().as_str() {
                "apple" => "0".to_owned(),
                "google" => "1".to_owned(),
                "facebook" => "2".to_owned(),
                "baidu" => "3".to_owned(),
                _ => match url.split('&').find_map(|part| part.strip_prefix("channel_id=")) {
                    Some(id) => id.to_owned(),
                    None => continue,
                },
            };
            digest.insert(&Row {
                auction: bid.auction,
                bidder: bid.bidder,
                price: bid.price,
                channel: channel.into(),
                channel_id: id.into(),
            });
        }
        digest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_found_where_the_expression_finds_them() {
        assert_eq!(id_of("https://x/item.htm?query=1&channel_id=17&z=2"), Some("17"));
        assert_eq!(id_of("channel_id=&x"), Some(""));
        assert_eq!(id_of("https://x?channel_id=3"), None, "not behind an ampersand");
        assert_eq!(id_of("https://x?query=1"), None);
    }
}
