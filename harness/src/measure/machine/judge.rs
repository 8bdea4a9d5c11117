//! Says of a trace whether a run was disturbed. The rules know no engine, and an engine's own load is
//! never held against it.

use dataflow::ProcessingTime;
use reports::schema::{MachineLoad, Measures};
use reports::words::units;

use super::cpu_times::CpuTimes;
use super::probe::{LateWake, MachineTrace};

/// A late wake is the process' own doing if it used this share of so many cores meanwhile: of one,
/// as a scheduler may put the probe behind a thread of this process while another core is free, but
/// not for longer than a few of its slices; of all, where it took longer.
const OWN_LOAD: f64 = 0.8;
/// A few slices of a scheduler, in nanoseconds: three of Linux' 2.8 ms.
const SLICES_NANOS: u64 = 10_000_000;
/// Stalls that cover a larger share of a run, and are this many, disturb it.
const STALLED_ALLOWED: f64 = 0.01;
const FEWEST_STALLS: u64 = 10;
/// A single stall that is longer than this, in nanoseconds, or than this share of the run, whichever
/// is more, disturbs it.
const LONG_STALL_NANOS: f64 = 50_000_000.0;
const LONG_STALL_SHARE: f64 = 0.02;
/// Others that take a larger share of the cores disturb a run.
pub(crate) const FOREIGN_ALLOWED: f64 = 0.10;
/// Idle times are told in steps of 10 ms a core, at both ends: less than this a core is no reason,
/// in nanoseconds.
const FOREIGN_FLOOR_NANOS: f64 = 25_000_000.0;
/// A system that counts less than this share of the time of its cores does not count: some sandboxes
/// print zeros. (Busy time that is sampled may be missed; idle time is not.)
pub(crate) const COUNTED: f64 = 0.3;

/// What went on between two instants, and whether it disturbs what was measured there: other programs
/// may have this share of the cores.
pub(crate) fn judge(
    trace: &MachineTrace,
    (from, upto): (ProcessingTime, ProcessingTime),
    measures: Measures,
    foreign_allowed: f64,
) -> MachineLoad {
    let watched = upto.since(from) as f64;
    let late = trace.late.iter().filter(|wake| wake.at > from && wake.at <= upto);
    let (own, stalls): (Vec<&LateWake>, Vec<&LateWake>) =
        late.partition(|wake| is_own_load(wake, trace.cores));
    let foreign = Foreign::between(trace, from, upto);
    let mut load = MachineLoad {
        watched_ns: upto.since(from),
        stalls: stalls.len() as u64,
        stalled_ns: stalls.iter().map(|wake| wake.late_nanos).sum(),
        longest_stall_ns: stalls.iter().map(|wake| wake.late_nanos).max().unwrap_or(0),
        own_stalls: own.len() as u64,
        foreign_share: foreign.as_ref().map(|it| it.share),
        disturbed_because: None,
    };
    let taken = foreign.filter(|it| it.share > foreign_allowed && it.is_certain);
    load.disturbed_because = match taken {
        Some(taken) => {
            Some(format!("other programs took {} of the cores", units::share(taken.share)))
        }
        None if measures == Measures::Latency => stalled(&load, watched),
        None => None,
    };
    load
}

fn stalled(load: &MachineLoad, watched: f64) -> Option<String> {
    let longest = load.longest_stall_ns as f64;
    if longest > (LONG_STALL_SHARE * watched).max(LONG_STALL_NANOS) {
        return Some(format!("the machine stood still for {}", units::duration(longest)));
    }
    let share = load.stalled_ns as f64 / watched.max(1.0);
    (load.stalls >= FEWEST_STALLS && share > STALLED_ALLOWED).then(|| {
        format!(
            "the machine stood still {} times, for {} of the time",
            units::count(load.stalls),
            units::share(share)
        )
    })
}

/// Whether a wake was late as this process had the cores, or the one that the probe was to run on.
fn is_own_load(wake: &LateWake, cores: usize) -> bool {
    let filled = if wake.late_nanos < SLICES_NANOS { 1 } else { cores };
    wake.own_nanos as f64 >= OWN_LOAD * filled as f64 * wake.since_nanos as f64
}

/// What others had of the cores that this process may use.
struct Foreign {
    /// Of the cores, from 0 to 1.
    share: f64,
    /// Whether it is more than rounding can make.
    is_certain: bool,
}

impl Foreign {
    /// Between the looks next to both instants; `None` without two of them.
    fn between(trace: &MachineTrace, from: ProcessingTime, upto: ProcessingTime) -> Option<Self> {
        let samples = &trace.samples;
        let first = samples.iter().rfind(|(at, _)| *at <= from).or(samples.first())?;
        let last = samples.iter().find(|(at, _)| *at >= upto).or(samples.last())?;
        let elapsed = last.0.since(first.0) as f64;
        let counted = last.1.counted_nanos.saturating_sub(first.1.counted_nanos) as f64;
        let counts = counted >= COUNTED * trace.allowed as f64 * elapsed;
        (elapsed > 0.0 && counts).then(|| Self::of(trace, elapsed, (first.1, last.1)))
    }

    fn of(trace: &MachineTrace, elapsed: f64, (first, last): (CpuTimes, CpuTimes)) -> Self {
        let since = |of: fn(&CpuTimes) -> u64| of(&last).saturating_sub(of(&first)) as f64;
        let (allowed, cores) = (trace.allowed as f64, trace.cores as f64);
        let busy = (allowed * elapsed - since(|it| it.idle_nanos)).max(0.0);
        let others = (busy - since(|it| it.own_nanos)).max(0.0);
        // Where a quota lets this process have fewer cores than there are, others may have the rest.
        let unused = (allowed - cores).max(0.0) * elapsed;
        let taken = (others - unused).max(0.0) + since(|it| it.throttled_nanos);
        Self {
            share: (taken / (cores * elapsed)).min(1.0),
            is_certain: taken > FOREIGN_FLOOR_NANOS * allowed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLI: u64 = 1_000_000;

    /// A second on two cores, of which this process and others had so many milliseconds.
    fn second(own_ms: u64, others_ms: u64) -> MachineTrace {
        let at = |ms: u64, idle_ms: u64, own_ms: u64| {
            let times = CpuTimes {
                idle_nanos: idle_ms * MILLI,
                counted_nanos: 2 * ms * MILLI,
                own_nanos: own_ms * MILLI,
                throttled_nanos: 0,
            };
            (ProcessingTime(ms * MILLI), times)
        };
        let idle = 2_000 - own_ms - others_ms;
        MachineTrace {
            cores: 2,
            allowed: 2,
            samples: vec![at(0, 500, 70), at(1_000, 500 + idle, 70 + own_ms)],
            ..MachineTrace::default()
        }
    }

    fn wake(at_ms: u64, late_ms: u64, own_ms: u64) -> LateWake {
        LateWake {
            at: ProcessingTime(at_ms * MILLI),
            late_nanos: late_ms * MILLI,
            since_nanos: (late_ms + 1) * MILLI,
            own_nanos: own_ms * MILLI,
        }
    }

    fn judged(trace: &MachineTrace, measures: Measures) -> MachineLoad {
        judge(trace, (ProcessingTime(0), ProcessingTime(1_000 * MILLI)), measures, FOREIGN_ALLOWED)
    }

    #[test]
    fn others_disturb_every_run_above_a_tenth_of_the_cores() {
        for measures in [Measures::Latency, Measures::Throughput] {
            let quiet = judged(&second(1_500, 200), measures);
            assert_eq!((quiet.foreign_share, quiet.disturbed_because), (Some(0.1), None));
            let busy = judged(&second(1_000, 680), measures);
            assert_eq!(
                busy.disturbed_because.as_deref(),
                Some("other programs took 34 % of the cores")
            );
        }
    }

    #[test]
    fn an_engine_that_fills_the_cores_disturbs_nobody() {
        let mut trace = second(2_000, 0);
        trace.late = (1..=200).map(|n| wake(n * 5, 4, 10)).collect();
        let load = judged(&trace, Measures::Latency);
        assert_eq!((load.stalls, load.own_stalls), (0, 200));
        assert_eq!(load.disturbed_because, None);
    }

    #[test]
    fn stalls_disturb_latencies_when_they_are_many_or_long() {
        let stalled = |wakes: Vec<LateWake>| {
            let trace = MachineTrace { late: wakes, ..second(200, 100) };
            assert_eq!(judged(&trace, Measures::Throughput).disturbed_because, None);
            judged(&trace, Measures::Latency).disturbed_because
        };
        let many = |count: u64, late: u64| (1..=count).map(|n| wake(n * 50, late, 0)).collect();
        assert_eq!(stalled(many(9, 5)), None, "few");
        assert_eq!(stalled(many(10, 1)), None, "a hundredth of the time");
        assert_eq!(
            stalled(many(10, 5)).as_deref(),
            Some("the machine stood still 10 times, for 5 % of the time")
        );
        assert_eq!(stalled(many(1, 50)), None);
        assert_eq!(stalled(many(1, 51)).as_deref(), Some("the machine stood still for 51.0 ms"));
        // Behind one of its own threads, for a few slices of the scheduler and no longer.
        assert_eq!(stalled((1..=12).map(|n| wake(n * 50, 9, 9)).collect()), None);
        assert!(stalled((1..=12).map(|n| wake(n * 50, 9, 7)).collect()).is_some());
        assert!(stalled((1..=12).map(|n| wake(n * 50, 10, 11)).collect()).is_some());
    }

    #[test]
    fn what_lies_outside_of_the_timed_part_does_not_count() {
        let trace = MachineTrace { late: vec![wake(400, 80, 0)], ..second(200, 100) };
        let part = |from: u64, upto: u64| {
            let part = (ProcessingTime(from * MILLI), ProcessingTime(upto * MILLI));
            judge(&trace, part, Measures::Latency, FOREIGN_ALLOWED).stalls
        };
        assert_eq!((part(400, 1_000), part(0, 399), part(399, 400)), (0, 0, 1));
    }

    #[test]
    fn a_quota_leaves_the_other_cores_to_others_and_holding_back_counts() {
        let mut trace = second(500, 1_000);
        trace.cores = 1;
        assert_eq!(judged(&trace, Measures::Latency).foreign_share, Some(0.0));
        trace.samples[1].1.throttled_nanos = 300 * MILLI;
        assert_eq!(judged(&trace, Measures::Latency).foreign_share, Some(0.3));
    }

    #[test]
    fn rounding_is_no_disturbance_and_a_silent_system_no_reason() {
        let mut short = second(0, 40);
        short.samples[1].0 = ProcessingTime(20 * MILLI);
        short.samples[1].1.idle_nanos = short.samples[0].1.idle_nanos;
        short.samples[1].1.counted_nanos = 40 * MILLI;
        let load = judge(
            &short,
            (ProcessingTime(0), ProcessingTime(20 * MILLI)),
            Measures::Latency,
            FOREIGN_ALLOWED,
        );
        assert_eq!((load.foreign_share, load.disturbed_because), (Some(1.0), None));
        let mut still = second(500, 0);
        still.samples[1].1 = CpuTimes { own_nanos: 570 * MILLI, ..still.samples[0].1 };
        assert_eq!(judged(&still, Measures::Latency).foreign_share, None, "nothing is counted");
        let silent = MachineTrace { samples: vec![], ..second(0, 0) };
        let load = judged(&silent, Measures::Latency);
        assert_eq!((load.foreign_share, load.disturbed_because), (None, None));
    }
}
