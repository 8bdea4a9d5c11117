//! What work costs under virtual time.

use std::fmt;

use dataflow::job::runtime::Work;

/// The time that each unit of [`Work`] takes on one core under virtual time, in nanoseconds.
///
/// The defaults are placeholders: of the right order on one machine of today, but measured on none.
/// A result of a virtual run is a statement about its costs, so every virtual run shows them.
///
/// ```
/// use dataflow::job::runtime::Work;
/// use runtime::Costs;
///
/// let costs = Costs { per_record_ns: 10, per_buffer_ns: 1_000, per_task_ns: 0 };
/// assert_eq!(costs.of(Work { records: 5, buffers: 1, tasks: 1 }), 1_050);
/// assert_eq!(costs.to_string(), "10 ns/record | 1000 ns/buffer | 0 ns/task");
/// ```
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Costs {
    /// Nanoseconds per record.
    pub per_record_ns: u64,
    /// Nanoseconds per buffer or block received, whatever it holds.
    pub per_buffer_ns: u64,
    /// Nanoseconds per task launched, whatever it does.
    pub per_task_ns: u64,
}

impl Costs {
    /// Everything is free: virtual time passes only where a task sleeps.
    pub const FREE: Self = Self { per_record_ns: 0, per_buffer_ns: 0, per_task_ns: 0 };

    /// The nanoseconds that `work` takes on one core, held at [`u64::MAX`].
    pub const fn of(&self, work: Work) -> u64 {
        let records = self.per_record_ns.saturating_mul(work.records);
        let buffers = self.per_buffer_ns.saturating_mul(work.buffers);
        let tasks = self.per_task_ns.saturating_mul(work.tasks);
        records.saturating_add(buffers).saturating_add(tasks)
    }
}

impl Default for Costs {
    /// 50 ns per record, 2,000 ns per buffer, 20,000 ns per task: placeholders.
    fn default() -> Self {
        Self { per_record_ns: 50, per_buffer_ns: 2_000, per_task_ns: 20_000 }
    }
}

impl fmt::Display for Costs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { per_record_ns, per_buffer_ns, per_task_ns } = self;
        write!(f, "{per_record_ns} ns/record | {per_buffer_ns} ns/buffer | {per_task_ns} ns/task")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_costs_add_up_by_unit() {
        let work = Work { records: 3, buffers: 2, tasks: 1 };
        assert_eq!(Costs::default().of(work), 3 * 50 + 2 * 2_000 + 20_000);
        assert_eq!(Costs::default().of(Work::default()), 0);
        assert_eq!(Costs::FREE.of(work), 0);
    }

    #[test]
    fn a_cost_beyond_the_clock_is_held_at_its_end() {
        let work = Work { records: u64::MAX, buffers: 1, tasks: 0 };
        assert_eq!(Costs::default().of(work), u64::MAX);
    }

    #[test]
    fn the_table_is_one_line() {
        assert_eq!(Costs::default().to_string(), "50 ns/record | 2000 ns/buffer | 20000 ns/task");
    }
}
