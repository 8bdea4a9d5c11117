//! Comparisons as plain sentences.

use super::summary::{Experiment, Variant};
use super::units::{self, NO_FIGURE, figure, ratio, significant};
use crate::schema::{Comparison, LatencyKind, Measures, Metric, Percentile, RunResult, Verdict};

/// Pairs from which an interval is Student's t and no longer the range.
const PAIRS_FOR_AN_INTERVAL: u32 = 5;

/// The percentiles that may stand in a headline, the preferred one first.
const HEADLINE_PERCENTILES: [Percentile; 5] =
    [Percentile::P99, Percentile::P90, Percentile::P50, Percentile::P999, Percentile::Max];

/// What an experiment says about two variants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sentence {
    /// The verdict with its figures.
    pub text: String,
    /// The settings that decide it; `None` where `text` says it already.
    pub why: Option<String>,
}

/// One sentence for each pair of variants; without comparisons, one with the medians.
pub fn sentences(experiment: &Experiment<'_>) -> Vec<Sentence> {
    let headlines = headlines(experiment);
    match headlines.is_empty() {
        true => vec![uncompared(experiment)],
        false => headlines.iter().map(|c| sentence(experiment, c)).collect(),
    }
}

/// For each pair of variants the comparison that stands for the experiment: its throughput, or
/// the latency from the planned time at the preferred percentile that has a ratio.
pub(crate) fn headlines<'a>(experiment: &Experiment<'a>) -> Vec<&'a Comparison> {
    let mut chosen: Vec<&'a Comparison> = Vec::new();
    for comparison in &experiment.comparisons {
        let Some(rank) = rank(experiment.measures, comparison) else { continue };
        let pair = (&comparison.a, &comparison.b);
        match chosen.iter_mut().find(|c| (&c.a, &c.b) == pair) {
            None => chosen.push(comparison),
            Some(kept) if self::rank(experiment.measures, kept).is_some_and(|r| rank < r) => {
                *kept = comparison;
            }
            Some(_) => {}
        }
    }
    chosen
}

/// Lower is preferred; no ratio comes last; `None`: never a headline.
fn rank(measures: Measures, comparison: &Comparison) -> Option<usize> {
    let metric = Metric::named(&comparison.metric)?;
    let place = match measures {
        Measures::Throughput => (*metric == Metric::THROUGHPUT).then_some(0)?,
        Measures::Latency => {
            let (kind, percentile) = metric.latency()?;
            let place = HEADLINE_PERCENTILES.iter().position(|p| *p == percentile)?;
            (kind == LatencyKind::FromPlanned).then_some(place)?
        }
    };
    Some(place + if comparison.ratio.is_none() { HEADLINE_PERCENTILES.len() } else { 0 })
}

/// A metric's name for people: `throughput`, `p99 latency`; an unknown one as it is.
///
/// ```
/// use reports::words::verdict::metric_name;
/// assert_eq!(metric_name("latency_ns.from_planned.p999"), "p99.9 latency");
/// let name = metric_name("latency_ns.after_window_end.p50");
/// assert_eq!(name, "p50 latency after the window's end");
/// ```
pub fn metric_name(path: &str) -> String {
    Metric::named(path).map_or(path, |metric| metric.name).to_owned()
}

/// Winner, loser, and how many times better; `None` without a verdict for either.
///
/// A ratio above 1 is better for throughput and worse for everything else; the factor returned
/// is the larger of the ratio and its inverse.
pub(crate) fn winner(comparison: &Comparison) -> Option<(&str, &str, f64)> {
    let (a, b) = (comparison.a.as_str(), comparison.b.as_str());
    let factor = comparison.ratio.filter(|ratio| ratio.is_finite() && *ratio > 0.0)?;
    let factor = factor.max(factor.recip());
    match comparison.verdict {
        Verdict::A => Some((a, b, factor)),
        Verdict::B => Some((b, a, factor)),
        Verdict::Tie | Verdict::None => None,
    }
}

/// `4.20 M records/s` or `52.3 ms`: the median of a metric over valid runs.
fn median(variant: &Variant<'_>, metric: &Metric) -> Option<String> {
    variant.figure(metric).map(|spread| figure(metric.unit, spread.median))
}

fn sentence(experiment: &Experiment<'_>, comparison: &Comparison) -> Sentence {
    let Comparison { a, b, metric, .. } = comparison;
    let name = metric_name(metric);
    let why = Some(comparison.why.trim().to_string()).filter(|why| !why.is_empty());
    let late = comparison.late.map_or(String::new(), |(of_a, of_b)| {
        let (of_a, of_b) = (units::count(of_a), units::count(of_b));
        format!("; different rows were late: {of_a} of {a} and {of_b} of {b}")
    });
    if let Some((winner, loser, factor)) = winner(comparison) {
        let means =
            Metric::named(metric).and_then(|it| Some((it, paired_means(experiment, a, b, it)?)));
        let of = |variant: &str| {
            means.map_or(NO_FIGURE.into(), |(metric, (of_a, of_b))| {
                figure(metric.unit, if variant == a { of_a } else { of_b })
            })
        };
        let is_throughput = metric == Metric::THROUGHPUT.path;
        let noun = if is_throughput { String::new() } else { format!("{name} ") };
        let text = format!(
            "{winner} is ahead: {noun}{}, against {} with {loser} (a factor of {}; {}){late}{}.",
            of(winner),
            of(loser),
            significant(factor),
            evidence(comparison, comparison.ratio.is_some_and(|ratio| ratio < 1.0)),
            priced(experiment, a, b),
        );
        return Sentence { text, why };
    }
    match comparison.verdict {
        Verdict::Tie => {
            let ratio = comparison.ratio.map_or(NO_FIGURE.into(), ratio);
            let evidence = evidence(comparison, false);
            let text = format!(
                "No difference shown between {a} and {b} in {name} (ratio {ratio}; {evidence}){late}{}.",
                priced(experiment, a, b),
            );
            Sentence { text, why }
        }
        _ => {
            let because = why.unwrap_or_else(|| "no valid pair of runs is left".into());
            let text = format!(
                "No verdict on {a} against {b} in {name}{}: {because}",
                priced(experiment, a, b)
            );
            Sentence { text, why: None }
        }
    }
}

/// Whose prices the work of two variants had, and whether they were simulated; nothing where both are
/// our own engines in real time, or real systems.
fn priced(experiment: &Experiment<'_>, a: &str, b: &str) -> String {
    let profile = |name: &str| {
        let run = experiment.variant(name)?.runs[0];
        let costs = run.costs.as_ref()?;
        let is_modelled = !costs.kinds.is_empty();
        is_modelled.then(|| (run.clock != "wall", costs.profile.as_str()))
    };
    let named = |name: &str, profile: &str| format!("{name} priced as {profile}");
    match (profile(a), profile(b)) {
        (None, None) => String::new(),
        (Some((simulated, of_a)), Some((_, of_b))) => {
            let simulated = if simulated { "simulated, " } else { "" };
            match of_a == of_b {
                true => format!("; {simulated}priced as {of_a}"),
                false => format!("; {simulated}{}, {}", named(a, of_a), named(b, of_b)),
            }
        }
        (Some((_, of_a)), None) => format!("; {}", named(a, of_a)),
        (None, Some((_, of_b))) => format!("; {}", named(b, of_b)),
    }
}

/// The geometric means of a metric of two variants over the pairs of valid runs: their ratio is the
/// one that a comparison gives, where that of medians is another.
fn paired_means(
    experiment: &Experiment<'_>,
    a: &str,
    b: &str,
    metric: &Metric,
) -> Option<(f64, f64)> {
    let (of_a, of_b) = (experiment.variant(a)?, experiment.variant(b)?);
    // A variant has duets with others, too.
    let is_beside =
        |run: &RunResult, other: &str| run.duet.as_ref().is_none_or(|duet| duet.beside == other);
    let value = |run: &RunResult| metric.of(run).filter(|value| *value > 0.0);
    let own = of_a.valid().filter(|run| !run.superseded && is_beside(run, b));
    let mut pairs: [Vec<(f64, f64)>; 2] = [Vec::new(), Vec::new()];
    for run in own {
        let mut others = of_b.valid().filter(|other| !other.superseded && is_beside(other, a));
        let Some(other) = others.find(|other| other.repeat == run.repeat) else { continue };
        let (Some(of_a), Some(of_b)) = (value(run), value(other)) else { continue };
        let core = |run: &RunResult| run.duet.as_ref().map(|duet| duet.core);
        pairs[usize::from(core(run) > core(other))].push((of_a.ln(), of_b.ln()));
    }
    // Of duets each order of the cores counts alike, as in their ratio.
    let fewest = pairs.iter().map(Vec::len).min().unwrap_or(0);
    let groups = match fewest {
        0 | 1 => vec![pairs.concat()],
        _ => pairs.to_vec(),
    };
    if groups.iter().any(Vec::is_empty) {
        return None;
    }
    let mean = |of: fn(&(f64, f64)) -> f64| {
        let of_group =
            |group: &Vec<(f64, f64)>| group.iter().map(of).sum::<f64>() / group.len() as f64;
        (groups.iter().map(of_group).sum::<f64>() / groups.len() as f64).exp()
    };
    Some((mean(|pair| pair.0), mean(|pair| pair.1)))
}

/// `95 % interval 1.76 to 1.88, 5 pairs`; inverted when the ratio was.
fn evidence(comparison: &Comparison, inverted: bool) -> String {
    let pairs = match comparison.repeats {
        1 => "1 pair of runs".into(),
        pairs => format!("means of {pairs} pairs of runs"),
    };
    match comparison.interval {
        Some((low, high)) => {
            let (low, high) = if inverted { (high.recip(), low.recip()) } else { (low, high) };
            let kind = interval_name(comparison.repeats);
            format!("{kind} {} to {}, {pairs}", significant(low), significant(high))
        }
        None => pairs,
    }
}

/// What an interval over that many pairs is.
pub(crate) fn interval_name(pairs: u32) -> &'static str {
    match pairs {
        PAIRS_FOR_AN_INTERVAL.. => "95 % interval",
        _ => "range",
    }
}

fn uncompared(experiment: &Experiment<'_>) -> Sentence {
    let metric = match experiment.measures {
        Measures::Throughput => &Metric::THROUGHPUT,
        Measures::Latency => {
            let of = |percentile| Metric::of_latency(LatencyKind::FromPlanned, percentile);
            let all = |p: &&Percentile| {
                experiment.variants.iter().all(|variant| variant.figure(of(**p)).is_some())
            };
            of(*HEADLINE_PERCENTILES.iter().find(all).unwrap_or(&Percentile::Max))
        }
    };
    let medians: Vec<String> = experiment
        .variants
        .iter()
        .map(|variant| match median(variant, metric) {
            Some(median) => format!("{median} with {}", variant.name),
            None => format!("no valid run of {}", variant.name),
        })
        .collect();
    let text = format!("Not compared. Median {}: {}.", metric.name, medians.join("; "));
    Sentence { text, why: None }
}
