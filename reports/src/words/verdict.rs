//! Comparisons as plain sentences.

use crate::schema::{Comparison, LatencyKind, Measures, Percentile, Verdict};
use crate::words::summary::{Experiment, Spread, Variant};
use crate::words::units::{NO_FIGURE, duration, rate, ratio, significant};

/// Pairs from which an interval is Student's t and no longer the range.
const PAIRS_FOR_AN_INTERVAL: u32 = 5;

/// The metric that decides a throughput experiment.
const THROUGHPUT: &str = "throughput_per_s";

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
pub fn headlines<'a>(experiment: &Experiment<'a>) -> Vec<&'a Comparison> {
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
    let place = match measures {
        Measures::Throughput => (comparison.metric == THROUGHPUT).then_some(0)?,
        Measures::Latency => {
            let (kind, percentile) = latency_metric(&comparison.metric)?;
            let place = HEADLINE_PERCENTILES.iter().position(|p| *p == percentile)?;
            (kind == LatencyKind::FromPlanned).then_some(place)?
        }
    };
    Some(place + if comparison.ratio.is_none() { HEADLINE_PERCENTILES.len() } else { 0 })
}

/// The latency and percentile that a metric such as `latency_ns.from_planned.p99` names.
pub fn latency_metric(metric: &str) -> Option<(LatencyKind, Percentile)> {
    let (kind, percentile) = metric.strip_prefix("latency_ns.")?.split_once('.')?;
    let kinds = [LatencyKind::FromPlanned, LatencyKind::FromIngestion, LatencyKind::AfterWindowEnd];
    let kind = kinds.into_iter().find(|k| k.field() == kind)?;
    let percentile = Percentile::ALL.into_iter().find(|p| p.field() == percentile)?;
    Some((kind, percentile))
}

/// A metric's name for people: `throughput`, `p99 latency`; an unknown one as it is.
///
/// ```
/// use reports::words::verdict::metric_name;
/// assert_eq!(metric_name("latency_ns.from_planned.p999"), "p99.9 latency");
/// let name = metric_name("latency_ns.after_window_end.p50");
/// assert_eq!(name, "p50 latency after the window's end");
/// ```
pub fn metric_name(metric: &str) -> String {
    match (metric, latency_metric(metric)) {
        (THROUGHPUT, _) => "throughput".into(),
        ("cpu_ns_per_record", _) => "processor time per record".into(),
        ("peak_memory_bytes", _) => "peak memory".into(),
        (_, Some((LatencyKind::FromPlanned, p))) => format!("{} latency", p.label()),
        (_, Some((kind, p))) => format!("{} latency {}", p.label(), kind.description()),
        (other, None) => other.into(),
    }
}

/// Winner, loser, and how many times better; `None` without a verdict for either.
///
/// A ratio above 1 is better for throughput and worse for everything else; the factor returned
/// is the larger of the ratio and its inverse.
pub fn winner(comparison: &Comparison) -> Option<(&str, &str, f64)> {
    let (a, b) = (comparison.a.as_str(), comparison.b.as_str());
    let factor = comparison.ratio.filter(|ratio| ratio.is_finite() && *ratio > 0.0)?;
    let factor = factor.max(factor.recip());
    match comparison.verdict {
        Verdict::A => Some((a, b, factor)),
        Verdict::B => Some((b, a, factor)),
        Verdict::Tie | Verdict::None => None,
    }
}

/// `4.20 M records/s` or `52.3 ms`: the median of the comparison's metric over valid runs.
fn median(variant: Option<&Variant<'_>>, metric: &str) -> Option<String> {
    let variant = variant?;
    let figure = |spread: Option<Spread>| spread.map(|s| s.median);
    match latency_metric(metric) {
        Some((kind, percentile)) => {
            figure(variant.spread(|run| percentile.of(kind.of(&run.latency_ns)))).map(duration)
        }
        None if metric == THROUGHPUT => figure(variant.throughput()).map(rate),
        None => None,
    }
}

fn sentence(experiment: &Experiment<'_>, comparison: &Comparison) -> Sentence {
    let Comparison { a, b, metric, .. } = comparison;
    let name = metric_name(metric);
    let why = Some(comparison.why.trim().to_string()).filter(|why| !why.is_empty());
    if let Some((winner, loser, factor)) = winner(comparison) {
        let of = |variant| median(experiment.variant(variant), metric);
        let of = |variant| of(variant).unwrap_or_else(|| NO_FIGURE.into());
        let noun = if metric == THROUGHPUT { String::new() } else { format!("{name} ") };
        let text = format!(
            "{winner} is ahead: {noun}{}, against {} with {loser} (a factor of {}; {}).",
            of(winner),
            of(loser),
            significant(factor),
            evidence(comparison, comparison.ratio.is_some_and(|ratio| ratio < 1.0)),
        );
        return Sentence { text, why };
    }
    match comparison.verdict {
        Verdict::Tie => {
            let ratio = comparison.ratio.map_or(NO_FIGURE.into(), ratio);
            let evidence = evidence(comparison, false);
            let text = format!(
                "No difference shown between {a} and {b} in {name} (ratio {ratio}; {evidence})."
            );
            Sentence { text, why }
        }
        _ => {
            let because = why.unwrap_or_else(|| "no valid pair of runs is left".into());
            let text = format!("No verdict on {a} against {b} in {name}: {because}");
            Sentence { text, why: None }
        }
    }
}

/// `95 % interval 1.76 to 1.88, 5 pairs`; inverted when the ratio was.
fn evidence(comparison: &Comparison, inverted: bool) -> String {
    let pairs = match comparison.repeats {
        1 => "1 pair of runs".into(),
        pairs => format!("{pairs} pairs of runs"),
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
pub fn interval_name(pairs: u32) -> &'static str {
    match pairs {
        PAIRS_FOR_AN_INTERVAL.. => "95 % interval",
        _ => "range",
    }
}

fn uncompared(experiment: &Experiment<'_>) -> Sentence {
    let metric = match experiment.measures {
        Measures::Throughput => THROUGHPUT.to_string(),
        Measures::Latency => {
            let kind = LatencyKind::FromPlanned;
            let all = |p: &&Percentile| {
                experiment
                    .variants
                    .iter()
                    .all(|v| v.spread(|r| p.of(kind.of(&r.latency_ns))).is_some())
            };
            let percentile = HEADLINE_PERCENTILES.iter().find(all).unwrap_or(&Percentile::Max);
            format!("latency_ns.{}.{}", kind.field(), percentile.field())
        }
    };
    let medians: Vec<String> = experiment
        .variants
        .iter()
        .map(|variant| {
            let median = median(Some(variant), &metric);
            match median {
                Some(median) => format!("{median} with {}", variant.name),
                None => format!("no valid run of {}", variant.name),
            }
        })
        .collect();
    let text = format!("Not compared. Median {}: {}.", metric_name(&metric), medians.join("; "));
    Sentence { text, why: None }
}
