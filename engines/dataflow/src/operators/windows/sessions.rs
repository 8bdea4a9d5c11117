//! The sessions of one key: intervals of event time that do not touch.

use serde::{Deserialize, Serialize};

use crate::operators::Aggregator;
use crate::record::Stamps;
use crate::record::data::Data;
use crate::record::time::EventTime;

/// One session, from `start` to `end`, both included.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Session<A> {
    /// Its first record.
    pub(crate) start: EventTime,
    /// Its last record and the gap.
    pub(crate) end: EventTime,
    /// What is in it.
    pub(crate) accumulator: A,
    /// The newest stamps of what is in it.
    pub(crate) stamps: Stamps,
}

impl<A> Session<A> {
    /// A session with nothing in it yet.
    pub(crate) fn new(start: EventTime, end: EventTime, accumulator: A) -> Self {
        Self { start, end, accumulator, stamps: Stamps::default() }
    }

    fn meets(&self, start: EventTime, end: EventTime) -> bool {
        self.start <= end && start <= self.end
    }

    fn cover(&mut self, start: EventTime, end: EventTime) {
        self.start = self.start.min(start);
        self.end = self.end.max(end);
    }
}

/// The open sessions of one key, of which most keys have one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sessions<A> {
    /// The one that ends last.
    last: Session<A>,
    /// The others, by their end.
    others: Vec<Session<A>>,
}

impl<A: Data> Data for Sessions<A> {}

impl<A> Sessions<A> {
    /// One session alone.
    pub(crate) const fn of(session: Session<A>) -> Self {
        Self { last: session, others: Vec::new() }
    }

    /// Whether any session overlaps or touches an interval.
    pub(crate) fn meet(&self, start: EventTime, end: EventTime) -> bool {
        self.last.meets(start, end) || self.others.iter().any(|it| it.meets(start, end))
    }

    /// The key's only session, made to cover an interval that it meets.
    #[inline]
    pub(crate) fn only(&mut self, start: EventTime, end: EventTime) -> Option<&mut Session<A>> {
        if !self.others.is_empty() || !self.last.meets(start, end) {
            return None;
        }
        self.last.cover(start, end);
        Some(&mut self.last)
    }

    /// The session that covers an interval: a new one, or all together that meet it.
    #[cold]
    pub(crate) fn make_room(
        &mut self,
        start: EventTime,
        end: EventTime,
        aggregator: &impl Aggregator<Accumulator = A>,
    ) -> &mut Session<A> {
        let mut covering = Session::new(start, end, aggregator.fresh());
        // Those that an interval meets are neighbours.
        let from = self.others.partition_point(|it| it.end < start);
        let upto = self.others.partition_point(|it| it.start <= end);
        for session in self.others.drain(from..upto) {
            covering.cover(session.start, session.end);
            aggregator.merge(&mut covering.accumulator, &session.accumulator);
            covering.stamps = covering.stamps.newest(session.stamps);
        }
        if self.last.meets(start, end) {
            covering.cover(self.last.start, self.last.end);
            aggregator.merge(&mut covering.accumulator, &self.last.accumulator);
            covering.stamps = covering.stamps.newest(self.last.stamps);
            self.last = covering;
            return &mut self.last;
        }
        if covering.end > self.last.end {
            self.others.push(std::mem::replace(&mut self.last, covering));
            return &mut self.last;
        }
        self.others.insert(from, covering);
        &mut self.others[from]
    }

    /// The end of the session that ends first.
    pub(crate) fn first_end(&self) -> EventTime {
        self.others.first().unwrap_or(&self.last).end
    }

    /// The session that ends first, and the others, if there are any.
    pub(crate) fn split_first(mut self) -> (Session<A>, Option<Self>) {
        if self.others.is_empty() {
            (self.last, None)
        } else {
            let first = self.others.remove(0);
            (first, Some(self))
        }
    }

    /// The ends of all.
    pub(crate) fn ends(&self) -> impl Iterator<Item = EventTime> {
        self.others.iter().chain([&self.last]).map(|session| session.end)
    }
}
