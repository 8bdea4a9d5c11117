//! The modelled cores, and who computes on them until when.

use dataflow::job::runtime::Home;
use dataflow::record::time::ProcessingTime;

/// What occupies a core or the driver, in nanoseconds.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) struct Occupation {
    /// What has passed already, if the work was done in real time.
    pub(crate) own: u64,
    /// What is still to pass.
    pub(crate) rest: u64,
}

impl Occupation {
    pub(crate) const fn is_free(self) -> bool {
        self.own == 0 && self.rest == 0
    }

    /// When it ends on what is free from `free` on and is begun at `at`. Who begins within `slack`
    /// nanoseconds was woken late, and goes on where the work before ended; who comes later was idle.
    pub(crate) fn after(self, free: ProcessingTime, at: Beginning) -> ProcessingTime {
        let goes_on = free.after(self.own);
        let begins = if at.now > goes_on.after(at.slack) { at.now } else { goes_on };
        begins.max(at.not_before).after(self.rest)
    }
}

/// When work is begun.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) struct Beginning {
    pub(crate) now: ProcessingTime,
    /// Something else has to end first.
    pub(crate) not_before: ProcessingTime,
    /// By how much who waits may be woken late, in nanoseconds.
    pub(crate) slack: u64,
}

/// For each core of each node, the instant from which on it is free.
///
/// First come, first served on `c` cores needs no waiting queue: whoever asks is booked at once on
/// the core that is free first, even if that lies in the future, and sleeps until its end.
pub(crate) struct Cores {
    nodes: Vec<Box<[ProcessingTime]>>,
}

impl Cores {
    /// All free from the start. Panics without a node or without a core.
    pub(crate) fn new(nodes: u32, cores_per_node: u32) -> Self {
        assert!(nodes > 0, "virtual time needs at least one node");
        assert!(cores_per_node > 0, "a node needs at least one core");
        let free = vec![ProcessingTime::ZERO; cores_per_node as usize].into_boxed_slice();
        Self { nodes: vec![free; nodes as usize] }
    }

    /// Books work on a core of `home`'s node: of those on which what of it has passed found room, the
    /// one that was busy last, so that who was woken late finds its own; else the one that is free first. Returns when the work
    /// will be done.
    pub(crate) fn book(&mut self, home: Home, at: Beginning, work: Occupation) -> ProcessingTime {
        let node = home.0 as usize % self.nodes.len();
        let cores = &mut self.nodes[node];
        let is_idle = |core: &usize| cores[*core].after(work.own) <= at.now;
        let idle = (0..cores.len()).filter(is_idle).max_by_key(|it| cores[*it]);
        let first = || (0..cores.len()).min_by_key(|core| cores[*core]);
        let Some(core) = idle.or_else(first) else { return at.now };
        cores[core] = work.after(cores[core], at);
        cores[core]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// It was booked on the core that had just become free, and had to wait for its own work again.
    #[test]
    fn work_that_has_passed_is_booked_where_there_was_room_for_it() {
        let mut cores = Cores::new(1, 2);
        let at = |nanos| Beginning { slack: 100, ..now(nanos) };
        assert_eq!(cores.book(Home(0), at(9_900), Occupation { own: 50, rest: 0 }).0, 9_900);
        let long = Occupation { own: 10_000, rest: 5 };
        assert_eq!(cores.book(Home(0), at(10_000), long).0, 10_005);
    }

    const fn now(nanos: u64) -> Beginning {
        Beginning { now: ProcessingTime(nanos), not_before: ProcessingTime::ZERO, slack: 0 }
    }

    const fn work(rest: u64) -> Occupation {
        Occupation { own: 0, rest }
    }

    #[test]
    fn work_queues_on_one_core_and_spreads_over_two() {
        let mut one = Cores::new(1, 1);
        let mut two = Cores::new(1, 2);
        let at = now(100);
        assert_eq!(one.book(Home(0), at, work(10)), ProcessingTime(110));
        assert_eq!(one.book(Home(0), at, work(10)), ProcessingTime(120));
        assert_eq!(two.book(Home(0), at, work(10)), ProcessingTime(110));
        assert_eq!(two.book(Home(0), at, work(30)), ProcessingTime(130));
        assert_eq!(two.book(Home(0), at, work(10)), ProcessingTime(120));
    }

    #[test]
    fn an_idle_core_does_not_save_up_time() {
        let mut cores = Cores::new(1, 1);
        assert_eq!(cores.book(Home(0), now(0), work(5)), ProcessingTime(5));
        assert_eq!(cores.book(Home(0), now(50), work(5)), ProcessingTime(55));
    }

    #[test]
    fn homes_beyond_the_last_node_wrap_around() {
        let mut cores = Cores::new(2, 1);
        assert_eq!(cores.book(Home(1), now(0), work(7)), ProcessingTime(7));
        assert_eq!(cores.book(Home(2), now(0), work(7)), ProcessingTime(7));
        assert_eq!(cores.book(Home(3), now(0), work(7)), ProcessingTime(14));
    }
}
