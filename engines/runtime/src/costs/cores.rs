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

    /// When it ends on what is free from `free` on, if what is still to pass begins at `earliest` or
    /// later.
    pub(crate) fn after(self, free: ProcessingTime, earliest: ProcessingTime) -> ProcessingTime {
        free.after(self.own).max(earliest).after(self.rest)
    }
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

    /// Books work, not before `earliest`, on the core of `home`'s node that is free first (the first of
    /// several). Returns when the work will be done.
    pub(crate) fn book(
        &mut self,
        home: Home,
        earliest: ProcessingTime,
        work: Occupation,
    ) -> ProcessingTime {
        let node = home.0 as usize % self.nodes.len();
        let Some(free_at) = self.nodes[node].iter_mut().min() else { return earliest };
        *free_at = work.after(*free_at, earliest);
        *free_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn work(rest: u64) -> Occupation {
        Occupation { own: 0, rest }
    }

    #[test]
    fn work_queues_on_one_core_and_spreads_over_two() {
        let mut one = Cores::new(1, 1);
        let mut two = Cores::new(1, 2);
        let at = ProcessingTime(100);
        assert_eq!(one.book(Home(0), at, work(10)), ProcessingTime(110));
        assert_eq!(one.book(Home(0), at, work(10)), ProcessingTime(120));
        assert_eq!(two.book(Home(0), at, work(10)), ProcessingTime(110));
        assert_eq!(two.book(Home(0), at, work(30)), ProcessingTime(130));
        assert_eq!(two.book(Home(0), at, work(10)), ProcessingTime(120));
    }

    #[test]
    fn an_idle_core_does_not_save_up_time() {
        let mut cores = Cores::new(1, 1);
        assert_eq!(cores.book(Home(0), ProcessingTime(0), work(5)), ProcessingTime(5));
        assert_eq!(cores.book(Home(0), ProcessingTime(50), work(5)), ProcessingTime(55));
    }

    #[test]
    fn homes_beyond_the_last_node_wrap_around() {
        let mut cores = Cores::new(2, 1);
        assert_eq!(cores.book(Home(1), ProcessingTime(0), work(7)), ProcessingTime(7));
        assert_eq!(cores.book(Home(2), ProcessingTime(0), work(7)), ProcessingTime(7));
        assert_eq!(cores.book(Home(3), ProcessingTime(0), work(7)), ProcessingTime(14));
    }
}
