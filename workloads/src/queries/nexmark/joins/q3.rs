//! Query 3: who sells in some states.

use std::collections::HashMap;

use dataflow::exchange::sink::SinkSlot;
use dataflow::operator::lateness::LateRows;
use dataflow::operators::Divided;
use dataflow::{Data, Digest, Plan, ResultKind};
use serde::{Deserialize, Serialize};

use crate::nexmark::{Auction, Event, Person, Text};
use crate::queries::nexmark::query::{Events, Query};
use crate::queries::nexmark::streams::{AUCTIONS, persons_and_auctions};
use crate::spec::{Description, Knobs, TimedEvent};

pub(crate) struct Q3;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Row {
    name: Text,
    city: Text,
    state: Text,
    id: u64,
}

impl Data for Row {}

const CATEGORY: u32 = 10;

fn is_local(person: &Person) -> bool {
    person.state().read(|state| matches!(state, "OR" | "ID" | "CA"))
}

impl Query for Q3 {
    fn name(&self) -> &'static str {
        "nexmark-q3"
    }
    fn description(&self) -> Description {
        Description {
            origin: "Nexmark query 3, local item suggestion: FROM auction A JOIN person P ON \
                     A.seller = P.id WHERE A.category = 10 AND P.state IN ('OR', 'ID', 'CA')",
            operators: "source -> divide -> filter -> key_by -> join -> sink",
            state: "all auctions and persons let through",
            stresses: "an incremental join whose state grows",
            ties: "none are possible",
        }
    }
    fn result(&self) -> ResultKind {
        ResultKind::Append
    }

    fn plan(&self, _: &Knobs, events: Events, sink: SinkSlot) -> Plan {
        let persons = events.divide(AUCTIONS, |event| {
            let divided = persons_and_auctions(event);
            match &divided {
                Divided::Main(person) if !is_local(person) => Divided::Neither,
                Divided::Side(auction) if auction.category != CATEGORY => Divided::Neither,
                _ => divided,
            }
        });
        let auctions = persons.side_output(AUCTIONS).key_by(|auction: &Auction| auction.seller);
        let row = |person: &Person, auction: &Auction| {
            let (name, city, state) = (person.name(), person.city(), person.state());
            Some(Row { name, city, state, id: auction.id })
        };
        persons.key_by(|person: &Person| person.id).inner_join(auctions, row).sink(sink)
    }

    fn expected(
        &self,
        _: &Knobs,
        events: &mut dyn Iterator<Item = TimedEvent<Event>>,
        _: &mut LateRows,
    ) -> Digest {
        let mut persons: HashMap<u64, Vec<Person>> = HashMap::new();
        let mut sold: HashMap<u64, Vec<u64>> = HashMap::new();
        for event in events {
            match event.value {
                Event::Person(person) => persons.entry(person.id).or_default().push(person),
                Event::Auction(auction) if auction.category == 10 => {
                    sold.entry(auction.seller).or_default().push(auction.id);
                }
                _ => {}
            }
        }
        let mut digest = Digest::default();
        for (seller, ids) in sold {
            // A row per pair, also where an id comes twice.
            for person in persons.get(&seller).into_iter().flatten() {
                let state = person.state().to_string();
                if !["OR", "ID", "CA"].contains(&state.as_str()) {
                    continue;
                }
                for id in &ids {
                    let (name, city, state) = (person.name(), person.city(), person.state());
                    digest.insert(&Row { name, city, state, id: *id });
                }
            }
        }
        digest
    }
}
