//! Transfers of money between accounts.

use dataflow::{Data, EventTime};
use serde::{Deserialize, Serialize};

use crate::event_time::disorder::Disorder;
use crate::event_time::event_clock::EventClock;
use crate::events::key_distribution::KeyDistribution;
use crate::random::{Draws, below};
use crate::spec::{Events, Knobs, TimedEvent};

/// A transfer; as JSON, `{"from":1,"to":2,"cents":500}`.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transfer {
    /// The account that it is taken from.
    pub from: u64,
    /// The account that it goes to; it may be the same.
    pub to: u64,
    /// How much. So small that sums over all of an input fit into 64 bits.
    pub cents: u32,
}

impl Data for Transfer {}

/// Most cents of a generated transfer.
const MOST_CENTS: u64 = 10_000;

/// Transfers between accounts that are drawn alike.
#[derive(Clone, Debug)]
pub struct TransferEvents {
    accounts: KeyDistribution,
    from: Draws,
    to: Draws,
    cents: Draws,
    clock: EventClock,
    disorder: Disorder,
}

impl TransferEvents {
    /// By the knobs of [`EventClock`], [`KeyDistribution`] and [`Disorder`].
    pub fn new(knobs: &Knobs, seed: u64) -> Self {
        let draws = |name| Draws::new(seed, name);
        Self {
            accounts: KeyDistribution::of(knobs),
            from: draws("keys"),
            to: draws("receivers"),
            cents: draws("cents"),
            clock: EventClock::of(knobs, seed),
            disorder: Disorder::new(knobs, seed),
        }
    }
}

impl Events for TransferEvents {
    type Event = Transfer;

    #[inline]
    fn event(&self, number: u64) -> TimedEvent<Transfer> {
        let account = |draws: Draws| self.accounts.key(number, 0, draws.at(number));
        let cents = 1 + below(self.cents.at(number), MOST_CENTS) as u32;
        let value = Transfer { from: account(self.from), to: account(self.to), cents };
        let event_time = self.clock.event_time(number).0 - self.disorder.nanos(number);
        TimedEvent { value, event_time: EventTime(event_time) }
    }

    fn none_before(&self, number: u64) -> EventTime {
        EventTime(self.clock.event_time(number).0 - self.disorder.longest_nanos())
    }
}
