//! Whether duets of a variant may be believed: what it does beside a copy of itself must be what it
//! does alone, and the two copies must do the same. Cores share caches, memory and power, and a
//! workload that is bound by these is slowed by whatever runs beside it.

use reports::schema::{ContentionRow, MachineLoad, Measures, Metric, RunResult};
use reports::words::units;
use serde::{Deserialize, Serialize};

use crate::analysis::statistics::{Ratio, log_ratios, without_core_effect};

/// A variant may differ by this share from what it does alone.
const ALLOWED: f64 = 0.05;
/// The two sides may differ by this share even where their interval does not contain 1.
const SIDES_ALLOWED: f64 = 0.02;
/// How sure that interval is: what is found here is kept, so chance must seldom decide it.
const SIDES_CONFIDENCE: f64 = 0.99;
/// Rounds in which nothing else went on that there must be.
pub(super) const ROUNDS: usize = 5;

/// A variant alone, and the two copies of it in a duet.
#[derive(Copy, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Round {
    pub(super) alone: f64,
    pub(super) sides: [f64; 2],
    /// Whether the first side had the core that it has not in every other round.
    pub(super) swapped: bool,
}

/// What is asked: the first metric that a duet of such runs is compared by and that hangs on what the
/// processor does.
pub(super) const fn metric(measures: Measures) -> &'static Metric {
    match measures {
        Measures::Throughput => &Metric::THROUGHPUT,
        Measures::Latency => &Metric::COST,
    }
}

/// The figures of a round; `None` unless all its runs are valid and nothing else went on.
pub(super) fn round(alone: &RunResult, sides: &[RunResult; 2]) -> Option<Round> {
    let metric = metric(alone.measures);
    let is_quiet = |run: &RunResult| {
        // Where the system does not count, nobody knows what else went on.
        let is_known = |it: &MachineLoad| it.foreign_share.is_some();
        let load = run.machine.as_ref().filter(|it| is_known(it));
        run.valid && load.is_some_and(|it| it.disturbed_because.is_none())
    };
    let figure = |run: &RunResult| metric.of(run).filter(|it| *it > 0.0 && is_quiet(run));
    let [a, b] = sides;
    let core = |run: &RunResult| run.duet.as_ref().map(|duet| duet.core);
    let swapped = core(a) > core(b);
    Some(Round { alone: figure(alone)?, sides: [figure(a)?, figure(b)?], swapped })
}

/// What the rounds of a variant say. The names are the caller's; why runs of rounds that are missing
/// were invalid, if not for what else went on.
pub(super) fn judge(
    measures: Measures,
    rounds: &[Round],
    invalid_because: Option<&str>,
) -> ContentionRow {
    let metric = metric(measures);
    let of = |pair: fn(&Round) -> (f64, f64)| {
        let log = |round: &Round| (log_ratios(&[pair(round)]).first().copied(), round.swapped);
        let logs = rounds.iter().map(log).filter_map(|(log, swapped)| Some((log?, swapped)));
        let logs = without_core_effect(&logs.collect::<Vec<_>>(), SIDES_CONFIDENCE);
        Ratio::of_logs(&logs, SIDES_CONFIDENCE)
    };
    let beside_itself = of(|it| ((it.sides[0] * it.sides[1]).sqrt(), it.alone));
    let between_sides = of(|it| (it.sides[0], it.sides[1]));
    let no_verdict_because = match (&beside_itself, &between_sides) {
        (Some(beside), Some(between)) if rounds.len() >= ROUNDS => why_not(metric, beside, between),
        _ => Some(match invalid_because {
            Some(because) => format!(
                "it is not known how much a run disturbs one beside it, as the runs that were to tell \
                 are invalid: {}",
                because.trim_end_matches('.')
            ),
            None => format!(
                "it is not known yet how much a run disturbs one beside it: make the same comparison \
                 once while nothing else runs ({} of {ROUNDS} rounds were undisturbed so far)",
                rounds.len()
            ),
        }),
    };
    ContentionRow {
        metric: metric.path.to_owned(),
        beside_itself: beside_itself.map(|it| it.mean),
        between_sides: between_sides.map(|it| it.mean),
        rounds: rounds.len() as u32,
        no_verdict_because,
        ..ContentionRow::default()
    }
}

fn why_not(metric: &Metric, beside: &Ratio, between: &Ratio) -> Option<String> {
    let name = metric.name;
    if beside.mean.ln().abs() > ALLOWED.ln_1p() {
        return Some(format!(
            "it is sensitive to contention: beside a copy of itself its {name} is {} times what it is \
             alone, and {} are allowed",
            units::significant(beside.mean),
            units::share(ALLOWED)
        ));
    }
    let is_apart = between.mean.ln().abs() > SIDES_ALLOWED.ln_1p() && !between.contains_one();
    is_apart.then(|| {
        format!(
            "the two sides of a duet differ by themselves: of two copies one has {} times the {name} of \
             the other",
            units::significant(between.mean)
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rounds(sides: impl Fn(usize) -> [f64; 2]) -> Vec<Round> {
        (0..ROUNDS)
            .map(|n| Round { alone: 100.0 + n as f64, sides: sides(n), swapped: n % 2 == 1 })
            .collect()
    }

    fn judged(sides: impl Fn(usize) -> [f64; 2]) -> ContentionRow {
        judge(Measures::Throughput, &rounds(sides), None)
    }

    #[test]
    fn within_five_percent_of_what_it_does_alone_duets_are_believed() {
        let good = judged(|n| [97.0 + n as f64, 98.0 + n as f64]);
        assert_eq!((good.rounds, good.no_verdict_because), (5, None));
        assert!((0.97..0.98).contains(&good.beside_itself.unwrap()));
        let slowed = judged(|n| [90.0 + n as f64, 91.0 + n as f64]).no_verdict_because.unwrap();
        assert!(slowed.contains("its throughput is 0.907 times what it is alone"), "{slowed}");
        let cost =
            judge(Measures::Latency, &rounds(|n| [110.0 + n as f64, 111.0 + n as f64]), None);
        assert!(cost.no_verdict_because.unwrap().contains("its processor time per record is 1.10"));
    }

    #[test]
    fn sides_that_differ_by_themselves_are_not_believed() {
        let apart = judged(|n| [103.0 + n as f64, 99.0 + n as f64]).no_verdict_because.unwrap();
        assert!(apart.contains("one has 1.04 times the throughput of the other"), "{apart}");
        let noise = judged(|n| if n % 3 == 0 { [105.0, 99.0] } else { [101.0, 101.0] });
        assert_eq!(noise.no_verdict_because, None, "by chance");
        let cores = judged(|n| if n % 2 == 0 { [103.0, 97.0] } else { [97.0, 103.0] });
        assert_eq!(cores.no_verdict_because, None, "that is the cores");
    }

    #[test]
    fn nothing_is_known_before_there_were_quiet_rounds() {
        let few = judge(Measures::Throughput, &rounds(|_| [100.0; 2])[1..], None);
        assert!(
            few.no_verdict_because.unwrap().contains("(4 of 5 rounds were undisturbed so far)")
        );
        let short = judge(Measures::Latency, &[], Some("It was too short."));
        assert_eq!(short.beside_itself, None);
        assert!(short.no_verdict_because.unwrap().ends_with("are invalid: It was too short"));
        let run = |throughput_per_s: f64, because: Option<&str>| RunResult {
            valid: true,
            throughput_per_s,
            machine: Some(MachineLoad {
                foreign_share: Some(0.01),
                disturbed_because: because.map(str::to_owned),
                ..MachineLoad::default()
            }),
            ..RunResult::default()
        };
        let quiet = [run(3.0, None), run(4.0, None)];
        assert_eq!(
            round(&run(2.0, None), &quiet),
            Some(Round { alone: 2.0, sides: [3.0, 4.0], swapped: false })
        );
        assert_eq!(round(&run(2.0, Some("others")), &quiet), None);
        assert_eq!(round(&run(2.0, None), &[run(3.0, None), run(4.0, Some("others"))]), None);
        let blind = RunResult { machine: None, ..run(2.0, None) };
        assert_eq!(round(&blind, &quiet), None, "nobody knows what else went on");
        let uncounted = RunResult { machine: Some(MachineLoad::default()), ..run(2.0, None) };
        assert_eq!(round(&uncounted, &quiet), None, "a system that counts nothing tells nothing");
    }
}
