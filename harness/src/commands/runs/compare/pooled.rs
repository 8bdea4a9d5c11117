//! Percentiles over all runs of a variant, where its runs by themselves are too short.

use reports::schema::{LatencyKind, Metric, Percentile, PooledRow, RunResult};

use crate::analysis::statistics::pooled::{SliceCounts, pooled};
use crate::measure::latency::Recorder;

/// Percentiles that are looked for.
const PERCENTILES: [(Percentile, f64); 4] = [
    (Percentile::P50, 0.5),
    (Percentile::P90, 0.9),
    (Percentile::P99, 0.99),
    (Percentile::P999, 0.999),
];
/// Batches, flushes or checkpoints that the samples must come from.
const FEWEST_EMISSIONS: u64 = 10;

/// The latencies of a run from the planned time, second by second; none of a run that has every
/// percentile by itself.
pub(super) fn slices(run: &RunResult, latency: Option<&Recorder>) -> Vec<SliceCounts> {
    let has = |it: Percentile| Metric::of_latency(LatencyKind::FromPlanned, it).of(run).is_some();
    if PERCENTILES.iter().all(|(it, _)| has(*it)) {
        return Vec::new();
    }
    let counts = |interval: crate::measure::latency::Interval| {
        let recorded = interval.histogram.iter_recorded();
        recorded.map(|it| (it.value_iterated_to(), it.count_at_value())).collect()
    };
    latency.map_or(Vec::new(), |it| it.intervals().into_iter().map(counts).collect())
}

/// The percentiles that no valid run of a variant has, and all of them together have. `slices` are
/// those of the runs, in their order.
pub(super) fn rows(runs: &[RunResult], slices: &[Vec<SliceCounts>]) -> Vec<PooledRow> {
    let mut variants: Vec<(&RunResult, Vec<usize>)> = Vec::new();
    for (place, run) in runs.iter().enumerate().filter(|(_, run)| run.valid && !run.superseded) {
        let is_it = |known: &RunResult| {
            (&known.experiment, &known.variant) == (&run.experiment, &run.variant)
        };
        match variants.iter_mut().find(|(known, _)| is_it(known)) {
            Some((_, places)) => places.push(place),
            None => variants.push((run, vec![place])),
        }
    }
    variants.iter().flat_map(|(first, places)| of_variant(first, places, runs, slices)).collect()
}

fn of_variant(
    first: &RunResult,
    places: &[usize],
    runs: &[RunResult],
    slices: &[Vec<SliceCounts>],
) -> Vec<PooledRow> {
    let metric = |it: Percentile| Metric::of_latency(LatencyKind::FromPlanned, it);
    let is_missing = |it: &Percentile| places.iter().all(|at| metric(*it).of(&runs[*at]).is_none());
    let (percentiles, quantiles): (Vec<_>, Vec<_>) =
        PERCENTILES.into_iter().filter(|(it, _)| is_missing(it)).unzip();
    let emissions: u64 = places.iter().map(|at| runs[*at].emissions).sum();
    let own: Vec<&[SliceCounts]> = places.iter().map(|at| slices[*at].as_slice()).collect();
    if percentiles.is_empty() || emissions < FEWEST_EMISSIONS || own.iter().all(|it| it.is_empty())
    {
        return Vec::new();
    }
    let found = percentiles.into_iter().zip(pooled(&own, &quantiles));
    let row = |(percentile, pooled): (Percentile, Option<_>)| {
        pooled.map(|pooled: crate::analysis::statistics::pooled::Pooled| PooledRow {
            experiment: first.experiment.clone(),
            variant: first.variant.clone(),
            metric: metric(percentile).path.to_owned(),
            value_ns: pooled.value,
            interval_ns: pooled.interval,
            runs: places.len() as u32,
            samples: pooled.samples,
        })
    };
    found.filter_map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A run of 600 results, whose own percentiles end at the 90th.
    fn run(variant: &str, repeat: u32) -> RunResult {
        let mut run = RunResult {
            experiment: "short".to_owned(),
            variant: variant.to_owned(),
            repeat,
            valid: true,
            emissions: 4,
            ..RunResult::default()
        };
        let own = &mut run.latency_ns.from_planned;
        (own.count, own.p50, own.p90) = (600, Some(1), Some(2));
        run
    }

    #[test]
    fn what_single_runs_lack_comes_from_all_of_them_together() {
        let mut runs: Vec<RunResult> =
            (0..5).flat_map(|repeat| [run("a", repeat), run("b", repeat)]).collect();
        let slice = || (1..=300).map(|n| (n * 1_000, 1)).collect::<SliceCounts>();
        let slices: Vec<Vec<SliceCounts>> = runs.iter().map(|_| vec![slice(), slice()]).collect();
        let found = rows(&runs, &slices);
        let names: Vec<_> =
            found.iter().map(|it| (it.variant.as_str(), it.metric.as_str())).collect();
        let p99 = "latency_ns.from_planned.p99";
        assert_eq!(names, [("a", p99), ("b", p99)], "three lie beyond the next");
        assert_eq!((found[0].value_ns, found[0].runs, found[0].samples), (297_000, 5, 3_000));
        assert!(found[0].interval_ns.is_some());
        // Two runs of `a` are left: 4 emissions each.
        for run in runs.iter_mut().filter(|run| run.variant == "a" && run.repeat > 1) {
            run.valid = false;
        }
        assert_eq!(rows(&runs, &slices).iter().filter(|it| it.variant == "a").count(), 0);
        runs[0].latency_ns.from_planned.p99 = Some(3);
        assert!(rows(&runs, &slices).iter().all(|it| it.variant == "b"), "one has it by itself");
        assert_eq!(rows(&[run("c", 0)], &[slices_of_none()]), []);
    }

    fn slices_of_none() -> Vec<SliceCounts> {
        slices(&RunResult::default(), None)
    }
}
