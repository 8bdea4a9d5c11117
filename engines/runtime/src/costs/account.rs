//! Books work on the modelled cores and the modelled driver, and counts what was booked.

use dataflow::job::runtime::{CostKind, CostKinds, Home, Work};
use dataflow::record::time::ProcessingTime;

use crate::costs::cores::{Beginning, Cores, Occupation};
use crate::costs::table::{CostTable, Place};

/// What was booked of a kind of work, from the start of a run on.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct Booked {
    /// Which.
    pub kind: CostKind,
    /// Who paid.
    pub place: Place,
    /// How much was done.
    pub count: u64,
    /// The price of one, in nanoseconds.
    pub price_nanos: f64,
    /// What of it our own work takes by itself, in nanoseconds: it is not waited for. 0 in virtual time.
    pub own_nanos: f64,
}

/// The cores and the driver of a run, what work costs on them, and what was done. A task that is killed
/// while it waits has booked its work all the same: the machine was at it.
pub(crate) struct Account {
    table: CostTable,
    /// What of a price has passed already when work is booked.
    own: CostTable,
    /// Nothing nearer than this is waited for, and who is late by less is not held up: in nanoseconds.
    granularity: u64,
    cores: Cores,
    driver: ProcessingTime,
    counts: [u64; CostKind::COUNT],
}

impl Account {
    /// For a clock that passes only where somebody waits. Panics without a node or without a core.
    pub(crate) fn virtual_time(table: CostTable, nodes: u32, cores_per_node: u32) -> Self {
        Self {
            table,
            own: CostTable::FREE,
            granularity: 0,
            cores: Cores::new(nodes, cores_per_node),
            driver: ProcessingTime::ZERO,
            counts: [0; CostKind::COUNT],
        }
    }

    /// For real time, in which our own work takes what `bare` says; its timers are good for
    /// `granularity` nanoseconds.
    pub(crate) fn real_time(
        (table, bare): (CostTable, CostTable),
        cores: u32,
        granularity: u64,
    ) -> Self {
        let own = table.lower(&bare);
        Self { own, granularity, ..Self::virtual_time(table, 1, cores) }
    }

    /// The kinds that have a price.
    pub(crate) fn kinds(&self) -> CostKinds {
        self.table.kinds()
    }

    /// What the timers are good for, in nanoseconds.
    pub(crate) const fn granularity(&self) -> u64 {
        self.granularity
    }

    /// Books work that was done by `now`: first what the driver pays for, then the rest on a core of
    /// `home`'s node. Returns when it is done; `None` if that is too near to be waited for.
    ///
    /// Who waits until then and wakes up late begins its next work late. As long as that is less than the
    /// granularity, the booking begins where the one before ended: rates are exact. What is not waited
    /// for leaves early by the granularity at most.
    pub(crate) fn book(
        &mut self,
        home: Home,
        now: ProcessingTime,
        work: &Work,
    ) -> Option<ProcessingTime> {
        for kind in CostKind::ALL {
            self.counts[kind as usize] += work.of(kind);
        }
        let of = |place| {
            let (whole, own) = (self.table.nanos(work, place), self.own.nanos(work, place));
            Occupation { own, rest: whole - own }
        };
        let (driver, core) = (of(Place::Driver), of(Place::Core));
        let not_before = ProcessingTime::ZERO;
        let mut at = Beginning { now, not_before, slack: self.granularity };
        if !driver.is_free() {
            self.driver = driver.after(self.driver, at);
            at.not_before = self.driver;
        }
        let mut done = at.not_before;
        // What costs nothing at all comes after what is under way, like any other turn.
        if !core.is_free() || driver.is_free() {
            done = self.cores.book(home, at, core);
        }
        // Whatever it costs, it comes to its end: a timer for the last instant never fires.
        let done = done.min(ProcessingTime(ProcessingTime::MAX.0 - 1));
        let is_worth_waiting = self.granularity == 0 || done > now.after(self.granularity);
        is_worth_waiting.then_some(done)
    }

    /// What was booked so far, of the kinds that have a price.
    pub(crate) fn booked(&self) -> Vec<Booked> {
        let kinds = self.kinds();
        let priced = CostKind::ALL.into_iter().filter(|kind| kinds.contains(*kind));
        let booked = |kind| Booked {
            kind,
            place: self.table.place(kind),
            count: self.counts[kind as usize],
            price_nanos: self.table.price(kind),
            own_nanos: self.own.price(kind),
        };
        priced.map(booked).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORD: f64 = 1_000.0;
    const G: u64 = 200_000;

    fn prices() -> CostTable {
        CostTable::FREE.with(CostKind::Record, RECORD, Place::Core).with(
            CostKind::Batch,
            5_000.0,
            Place::Driver,
        )
    }

    fn records(records: u64) -> Work {
        Work { records, ..Work::NONE }
    }

    #[test]
    fn the_driver_is_paid_first_and_one_at_a_time() {
        let mut account = Account::virtual_time(prices(), 1, 2);
        let work = Work { records: 1, batches: 1, ..Work::NONE };
        let at = ProcessingTime(100);
        let done = [0, 1, 2].map(|home| account.book(Home(home), at, &work).unwrap().0);
        assert_eq!(done, [6_100, 11_100, 16_100]);
        assert_eq!(account.book(Home(0), at, &records(1)).unwrap().0, 12_100, "of two cores");
        let counts: Vec<_> = account.booked().iter().map(|it| (it.kind, it.count)).collect();
        assert_eq!(counts, [(CostKind::Record, 4), (CostKind::Batch, 3)]);
    }

    /// A core that is never idle, whose timers are late and whose own work takes time: what is booked is
    /// what passes.
    #[test]
    fn what_is_late_is_refunded_and_own_work_is_part_of_the_price() {
        for (own, late) in [(0, 0), (10_000, 50_000), (20_000, 150_000), (60_000, 30_000)] {
            let bare = CostTable::FREE.with(CostKind::Record, own as f64 / 100.0, Place::Core);
            let mut account = Account::real_time((prices(), bare), 1, G);
            let mut now = 0;
            let turns = 10_000;
            for _ in 0..turns {
                now += own;
                if let Some(done) = account.book(Home(0), ProcessingTime(now), &records(100)) {
                    now = now.max(done.0) + late;
                }
            }
            let booked = turns * 100 * RECORD as u64;
            let ratio = booked as f64 / now as f64;
            assert!((0.999..=1.001).contains(&ratio), "own {own}, late {late}: {ratio}");
        }
    }

    #[test]
    fn what_is_nearer_than_the_timers_is_not_waited_for() {
        let mut account = Account::real_time((prices(), CostTable::FREE), 1, G);
        let at = ProcessingTime(10_000_000);
        let done = [0; 3].map(|_| account.book(Home(0), at, &records(150)));
        let end = |nanos| Some(at.after(nanos));
        assert_eq!(done, [None, end(300_000), end(450_000)]);
        // Who was idle has saved nothing up, and who was woken late is not held up.
        let later = at.after(450_000 + G + 1);
        assert_eq!(account.book(Home(0), later, &records(500)), Some(later.after(500_000)));
        let late = later.after(500_000 + G);
        let goes_on = Some(later.after(1_000_000));
        assert_eq!(account.book(Home(0), late, &records(500)), goes_on);
    }

    /// A task by itself stays on its core, though others are idle: what is late is all that is refunded.
    #[test]
    fn one_task_is_not_hastened_by_cores_that_it_does_not_use() {
        let mut account = Account::real_time((prices(), CostTable::FREE), 4, G);
        let mut now = ProcessingTime(1_000_000_000);
        let begin = now;
        for turn in 1..=1_000 {
            let done = account.book(Home(0), now, &records(1_000)).expect("worth waiting for");
            assert_eq!(done, begin.after(turn * 1_000_000));
            now = done.after(G / 2);
        }
    }

    #[test]
    fn a_product_that_is_cheaper_than_our_own_work_waits_for_nothing_more() {
        let bare = CostTable::FREE.with(CostKind::Record, 2.0 * RECORD, Place::Core);
        let account = Account::real_time((prices(), bare), 1, G);
        let record = account.booked()[0];
        assert_eq!((record.price_nanos, record.own_nanos), (RECORD, RECORD));
    }
}
