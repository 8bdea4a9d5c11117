//! Query 8: persons who open an auction in the window in which they came.

use std::collections::{BTreeMap, BTreeSet};

use dataflow::exchange::sink::SinkSlot;
use dataflow::job::settings::{Setting, SettingError};
use dataflow::operator::lateness::LateRows;
use dataflow::operators::{CoGroup, Divided};
use dataflow::{Data, Digest, EventTime, Plan, ResultKind, SidePort};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::knobs::{self, LONGEST_MS};
use crate::nexmark::{Event, Person, Text, bound_nanos};
use crate::queries::nexmark::query::{Events, Query};
use crate::spec::{Description, Knobs, TimedEvent, WindowPace, last_instant_of_window};

pub(crate) struct Q8;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Row {
    id: u64,
    name: Text,
    /// Start of the window, milliseconds.
    starttime: i64,
}

impl Data for Row {}

/// A person of the window, and whether they have opened an auction in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Newcomer {
    /// Distinct, as persons are. More than one if an id is not one person's.
    names: SmallVec<[Text; 1]>,
    sells: bool,
}

impl Data for Newcomer {}

/// Persons beside sellers.
#[derive(Copy, Clone, Debug)]
struct NewSellers {
    size_nanos: i64,
}

/// Stage and input of the window that meets the persons.
const PERSONS: (usize, u8) = (1, 0);
/// Stage and input of the window that meets the sellers.
const SELLERS_INPUT: (usize, u8) = (1, 1);

/// Sellers, beside persons.
const SELLERS: SidePort<u64> = SidePort::new(0);
const NANOS_PER_MILLI: i64 = 1_000_000;

impl CoGroup for NewSellers {
    type Key = u64;
    type Left = Person;
    type Right = u64;
    type Accumulator = Newcomer;
    type Out = Row;

    fn left_key(&self, person: &Person) -> u64 {
        person.id
    }
    fn right_key(&self, seller: &u64) -> u64 {
        *seller
    }
    fn fresh(&self) -> Newcomer {
        Newcomer::default()
    }
    fn add_left(&self, newcomer: &mut Newcomer, person: Person) {
        let name = person.name();
        if !newcomer.names.contains(&name) {
            newcomer.names.push(name);
        }
    }
    fn add_right(&self, newcomer: &mut Newcomer, _: u64) {
        newcomer.sells = true;
    }
    fn results(
        &self,
        id: &u64,
        window_end: EventTime,
        newcomer: Newcomer,
    ) -> impl IntoIterator<Item = Row> {
        let starttime = (window_end.0 - self.size_nanos) / NANOS_PER_MILLI;
        let names = if newcomer.sells { newcomer.names } else { SmallVec::new() };
        names.into_iter().map(move |name| Row { id: *id, name, starttime })
    }
}

const KNOBS: &[Setting] =
    &[Setting::integer("window_ms", (1, LONGEST_MS), 10_000, "size of a window, milliseconds")];

impl Query for Q8 {
    fn name(&self) -> &'static str {
        "nexmark-q8"
    }
    fn description(&self) -> Description {
        Description {
            origin: "Nexmark query 8, monitor new users: distinct persons JOIN distinct sellers of \
                     the same TUMBLE(10 s)",
            operators: "source -> divide -> key_by -> co-group window -> sink",
            state: "a name and a mark per person and seller of the open window",
            stresses: "a join of windows, most of whose rows find no partner",
            ties: "none are possible",
        }
    }
    fn knobs(&self) -> &'static [Setting] {
        KNOBS
    }
    fn result(&self) -> ResultKind {
        ResultKind::Append
    }
    fn has_windows(&self) -> bool {
        true
    }
    fn window_pace(&self, knobs: &Knobs) -> Option<WindowPace> {
        WindowPace::by("window_ms", knobs)
    }

    fn check(&self, knobs: &Knobs) -> Result<(), SettingError> {
        knobs::check_open_windows(knobs, "window_ms", bound_nanos(knobs))
    }

    fn plan(&self, knobs: &Knobs, events: Events, sink: SinkSlot) -> Plan {
        let size_nanos = knobs::nanos(knobs, "window_ms");
        let persons = events.divide(SELLERS, |event| match event {
            Event::Person(person) => Divided::Main(person),
            Event::Auction(auction) => Divided::Side(auction.seller),
            Event::Bid(_) => Divided::Neither,
        });
        let sellers = persons.side_output(SELLERS).key_by(|seller: &u64| *seller);
        persons
            .key_by(|person: &Person| person.id)
            .co_group_window(sellers, size_nanos, NewSellers { size_nanos })
            .sink(sink)
    }

    fn expected(
        &self,
        knobs: &Knobs,
        events: &mut dyn Iterator<Item = TimedEvent<Event>>,
        late: &mut LateRows,
    ) -> Digest {
        let size = knobs.integer("window_ms") as i64;
        // Names by window and id.
        let mut persons: BTreeMap<(i64, u64), BTreeSet<String>> = BTreeMap::new();
        let mut sellers = BTreeSet::new();
        for event in events {
            let time = event.event_time;
            let closes = last_instant_of_window(time, size * 1_000_000);
            match event.value {
                Event::Person(person) if !late.refuses(PERSONS, &person, time, closes) => {
                    let window = person.date_time.div_euclid(size);
                    let names = persons.entry((window, person.id)).or_default();
                    names.insert(person.name().to_string());
                }
                Event::Auction(auction)
                    if !late.refuses(SELLERS_INPUT, &auction.seller, time, closes) =>
                {
                    sellers.insert((auction.date_time.div_euclid(size), auction.seller));
                }
                _ => {}
            }
        }
        let mut digest = Digest::default();
        for (window, id) in sellers {
            for name in persons.remove(&(window, id)).into_iter().flatten() {
                digest.insert(&Row { id, name: name.into(), starttime: window * size });
            }
        }
        digest
    }
}
