//! How far a run had come when, on a clock that other processes share: what it shares with a run
//! beside it can be cut out then.

use std::time::{SystemTime, UNIX_EPOCH};

use dataflow::ProcessingTime;
use reports::schema::BatchRow;
use serde::{Deserialize, Serialize};

use super::cpu_times::CpuTimes;
use super::judge::COUNTED;
use super::probe::MachineTrace;

/// Length of a slice, in nanoseconds.
pub(crate) const SLICE_NANOS: u64 = 100_000_000;

/// How far a run had come at one instant.
#[derive(Copy, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Milestone {
    /// The instant, in nanoseconds since 1970 (UTC).
    pub(crate) at_nanos: u64,
    /// Events that had been read.
    pub(crate) read: f64,
    /// Processor time of the process since some instant, without that of the probe.
    pub(crate) cpu_nanos: f64,
    /// Time of the cores that the process has used or left idle since some instant: what nobody took.
    pub(crate) core_nanos: f64,
}

/// How far a run had come when.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Progress {
    /// In the order of time, about one for each slice.
    milestones: Vec<Milestone>,
    /// Where an engine tells of a batch only once it is over: when batches began and ended, and how
    /// many events had been read by then.
    batches: Vec<(u64, f64)>,
    /// Where the timed part began and ended, in nanoseconds since 1970.
    timed: (u64, u64),
}

impl Progress {
    /// Of a run whose clock shows `now.1` at `now.0`, with all of its batches if it made some; `None` if
    /// the system did not tell.
    pub(crate) fn of(
        trace: &MachineTrace,
        timed: (ProcessingTime, ProcessingTime),
        now: (SystemTime, ProcessingTime),
        batches: &[BatchRow],
    ) -> Option<Self> {
        let unix = u64::try_from(now.0.duration_since(UNIX_EPOCH).ok()?.as_nanos()).ok()?;
        let at = |instant: ProcessingTime| unix.saturating_sub(now.1.0.saturating_sub(instant.0));
        let (first, last) = (trace.samples.first()?.0, trace.samples.last()?.0);
        let of_probe = trace.probe_nanos as f64 / last.since(first).max(1) as f64;
        let tells = tells_idle(trace);
        let milestone = |((instant, times), read): (&(ProcessingTime, CpuTimes), &u64)| {
            let since = instant.since(first) as f64;
            let (own, idle) = (times.own_nanos as f64, times.idle_nanos as f64);
            let core_nanos = if tells { own + idle } else { since * trace.allowed as f64 };
            let cpu_nanos = own - of_probe * since;
            Milestone { at_nanos: at(*instant), read: *read as f64, cpu_nanos, core_nanos }
        };
        let milestones = trace.samples.iter().zip(&trace.read).map(milestone).collect();
        let batches =
            read_by_batches(batches).map(|(nanos, read)| (at(ProcessingTime(nanos)), read));
        let batches = batches.collect();
        Some(Self { milestones, batches, timed: (at(timed.0), at(timed.1)) })
    }

    /// Events that had been read at an instant by what batches tell; `None` without any.
    fn read_in_batches(&self, nanos: u64) -> Option<f64> {
        let (first, last) = (self.batches.first()?, self.batches.last()?);
        if nanos <= first.0 || nanos >= last.0 {
            return Some(if nanos <= first.0 { first.1 } else { last.1 });
        }
        let next = self.batches.partition_point(|it| it.0 < nanos);
        let (before, after) = (self.batches[next - 1], self.batches[next]);
        let share = (nanos - before.0) as f64 / (after.0 - before.0).max(1) as f64;
        Some(before.1 + share * (after.1 - before.1))
    }

    /// How far it had come at an instant, on a straight line between the looks beside it; `None`
    /// before the first and after the last.
    fn at(&self, nanos: u64) -> Option<Milestone> {
        let next = self.milestones.partition_point(|it| it.at_nanos < nanos);
        let after = self.milestones.get(next)?;
        if after.at_nanos == nanos {
            let read = self.read_in_batches(nanos).unwrap_or(after.read);
            return Some(Milestone { read, ..*after });
        }
        let before = self.milestones.get(next.checked_sub(1)?)?;
        let share = (nanos - before.at_nanos) as f64 / (after.at_nanos - before.at_nanos) as f64;
        let between = |from: f64, upto: f64| from + share * (upto - from);
        let read = self.read_in_batches(nanos);
        Some(Milestone {
            at_nanos: nanos,
            read: read.unwrap_or_else(|| between(before.read, after.read)),
            cpu_nanos: between(before.cpu_nanos, after.cpu_nanos),
            core_nanos: between(before.core_nanos, after.core_nanos),
        })
    }
}

/// When batches began and ended, and how many events had been read by then: within a batch they are
/// read from its beginning to its end.
fn read_by_batches(batches: &[BatchRow]) -> impl Iterator<Item = (u64, f64)> {
    let mut read = 0.0;
    batches.iter().flat_map(move |batch| {
        let (began, before) = (batch.trigger_ns + batch.delay_ns, read);
        read += batch.records as f64;
        [(began, before), (began + batch.total_ns, read)]
    })
}

/// Whether the system counts the time of its cores: some sandboxes print zeros.
fn tells_idle(trace: &MachineTrace) -> bool {
    let (Some(first), Some(last)) = (trace.samples.first(), trace.samples.last()) else {
        return false;
    };
    let counted = last.1.counted_nanos.saturating_sub(first.1.counted_nanos) as f64;
    counted >= COUNTED * trace.allowed as f64 * last.0.since(first.0) as f64
}

/// What a run did in a part of its time.
#[derive(Copy, Clone, Debug, Default, PartialEq)]
pub(crate) struct Stretch {
    /// Events that were read.
    pub(crate) read: f64,
    /// Processor time.
    pub(crate) cpu_nanos: f64,
    /// Time of the cores that nobody else took.
    pub(crate) core_nanos: f64,
}

/// What two runs did in the part in which the timed parts of both went on, slice by slice.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct SharedPart {
    /// Of each slice of [`SLICE_NANOS`], what the one did and what the other did.
    pub(crate) slices: Vec<[Stretch; 2]>,
}

impl SharedPart {
    /// Of two runs.
    pub(crate) fn of(a: &Progress, b: &Progress) -> Self {
        let (from, upto) = (a.timed.0.max(b.timed.0), a.timed.1.min(b.timed.1));
        let instants = (from..=upto).step_by(SLICE_NANOS as usize);
        let seen: Vec<[Milestone; 2]> =
            instants.filter_map(|at| Some([a.at(at)?, b.at(at)?])).collect();
        let slice = |pair: &[[Milestone; 2]]| {
            [0, 1].map(|side| Stretch {
                read: pair[1][side].read - pair[0][side].read,
                cpu_nanos: pair[1][side].cpu_nanos - pair[0][side].cpu_nanos,
                core_nanos: pair[1][side].core_nanos - pair[0][side].core_nanos,
            })
        };
        Self { slices: seen.windows(2).map(slice).collect() }
    }

    /// Its length, in nanoseconds.
    pub(crate) fn nanos(&self) -> u64 {
        self.slices.len() as u64 * SLICE_NANOS
    }

    /// What one side did in all of it.
    pub(crate) fn all(&self, side: usize) -> Stretch {
        let add = |sum: Stretch, slice: &[Stretch; 2]| Stretch {
            read: sum.read + slice[side].read,
            cpu_nanos: sum.cpu_nanos + slice[side].cpu_nanos,
            core_nanos: sum.core_nanos + slice[side].core_nanos,
        };
        self.slices.iter().fold(Stretch::default(), add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLI: u64 = 1_000_000;

    /// A run that reads as many events per millisecond from `from` to `upto`, looked at every 100 ms
    /// from `first` on.
    fn run(first: u64, (from, upto): (u64, u64), per_ms: f64) -> Progress {
        let milestones = (0..30).map(|n| {
            let ms = first + n * 100;
            let spent = ms.clamp(from, upto) - from;
            Milestone {
                at_nanos: ms * MILLI,
                read: spent as f64 * per_ms,
                cpu_nanos: spent as f64 * 5e5,
                core_nanos: ms as f64 * 1e6,
            }
        });
        let timed = (from * MILLI, upto * MILLI);
        Progress { milestones: milestones.collect(), batches: Vec::new(), timed }
    }

    #[test]
    fn only_what_both_ran_in_counts_whoever_was_looked_at_when() {
        let a = run(0, (200, 2_200), 30.0);
        let b = run(37, (337, 1_237), 10.0);
        let shared = SharedPart::of(&a, &b);
        assert_eq!(shared.slices.len(), 9, "from 337 to 1237 ms");
        let (of_a, of_b) = (shared.all(0), shared.all(1));
        assert!((of_a.read - 27_000.0).abs() < 1e-6, "{of_a:?}");
        assert!((of_b.read - 9_000.0).abs() < 1e-6, "{of_b:?}");
        assert!((of_b.cpu_nanos - 4.5e8).abs() < 1.0, "{of_b:?}");
        let swapped = SharedPart::of(&b, &a);
        assert_eq!((swapped.all(0), swapped.all(1)), (of_b, of_a));
    }

    #[test]
    fn runs_that_never_met_share_nothing() {
        let shared = SharedPart::of(&run(0, (0, 500), 1.0), &run(0, (600, 900), 1.0));
        assert_eq!((shared.nanos(), shared.all(0)), (0, Stretch::default()));
        assert_eq!(SharedPart::of(&Progress::default(), &Progress::default()).nanos(), 0);
    }

    #[test]
    fn the_instants_of_a_run_are_those_of_the_wall() {
        // Of each 100 ms the process has 40, and others 50.
        let look = |ms: u64, counts: u64| {
            let times = CpuTimes {
                own_nanos: ms * MILLI * 4 / 10,
                idle_nanos: ms * MILLI / 10,
                counted_nanos: counts * ms * MILLI,
                throttled_nanos: 0,
            };
            (ProcessingTime(ms * MILLI), times)
        };
        let trace = |counts: u64| MachineTrace {
            allowed: 1,
            samples: vec![look(0, counts), look(100, counts), look(200, counts)],
            read: vec![0, 4, 9],
            ..MachineTrace::default()
        };
        let timed = (ProcessingTime(50 * MILLI), ProcessingTime(150 * MILLI));
        let wall = UNIX_EPOCH + std::time::Duration::from_secs(1_000);
        let of =
            |trace| Progress::of(&trace, timed, (wall, ProcessingTime(300 * MILLI)), &[]).unwrap();
        let progress = of(trace(1));
        assert_eq!(progress.timed, (999_750 * MILLI, 999_850 * MILLI));
        assert_eq!(progress.at(999_850 * MILLI).unwrap().read, 6.5);
        assert_eq!(progress.at(999_699 * MILLI), None);
        let core = |progress: Progress| progress.at(999_850 * MILLI).unwrap().core_nanos;
        assert!((core(progress) - 75e6).abs() < 1.0, "used 60 ms, and left 15 idle");
        assert!((core(of(trace(0))) - 150e6).abs() < 1.0, "nobody tells what others had");
        let silent = MachineTrace::default();
        assert_eq!(Progress::of(&silent, timed, (wall, ProcessingTime(0)), &[]), None);
    }

    /// An engine that tells of a batch only once it is over reads all the while: what was cut off in the
    /// middle of a batch was missing, and all the processor time of it was not.
    #[test]
    fn a_batch_that_is_cut_in_its_middle_counts_for_its_part() {
        let a = run(0, (0, 500), 10.0);
        let mut b = run(0, (0, 1_000), 4.0);
        // Batches of 300 ms, of which 1,200 events are read each time; told in steps.
        b.batches =
            vec![(0, 0.0), (300 * MILLI, 1_200.0), (300 * MILLI, 1_200.0), (600 * MILLI, 2_400.0)];
        b.milestones
            .iter_mut()
            .for_each(|it| it.read = (it.at_nanos / (300 * MILLI)) as f64 * 1_200.0);
        let shared = SharedPart::of(&a, &b);
        assert_eq!(shared.slices.len(), 5);
        assert!((shared.all(1).read - 2_000.0).abs() < 1e-6, "{:?}", shared.all(1));
        let row = |trigger_ns, total_ns, records| BatchRow {
            trigger_ns,
            total_ns,
            records,
            delay_ns: 5,
            ..BatchRow::default()
        };
        let rows = [row(10, 20, 100), row(40, 10, 50)];
        let read: Vec<_> = read_by_batches(&rows).collect();
        assert_eq!(read, [(15, 0.0), (35, 100.0), (45, 100.0), (55, 150.0)]);
    }
}
