//! Latency histogram: which latencies there are, and how many results have them.

use std::collections::BTreeMap;

use crate::chart::kind::{ChartKind, Draw, Outcome};
use crate::draw::canvas::render;
use crate::draw::drawing::Drawing;
use crate::draw::header::{Header, circumstances};
use crate::draw::line_plot::{Axis, Line, LinePlot, Stroke};
use crate::draw::style::{Palette, WIDTH};
use crate::schema::Measures;
use crate::schema::latency::buckets::{LOWEST_NANOS, bounds};
use crate::words::summary::{Experiment, Variant};
use crate::words::units::{duration, duration_tick, trimmed};

const PLOT_HEIGHT: f64 = 240.0;
/// Latencies below the first bucket's end are drawn in a bucket as wide as the others.
const LOWEST: f64 = LOWEST_NANOS as f64 / 1.25;

/// The kind of chart that this file draws.
pub(crate) const KIND: ChartKind =
    ChartKind { tag: "latency-histogram", draw: Draw::Experiment(draw) };

/// Shares of an experiment's results by latency; `None` for another kind of experiment or without
/// latencies over time.
///
/// # Errors
/// [`ReportError::Draw`] when the drawing library refuses.
fn draw(experiment: &Experiment<'_>, palette: &Palette) -> Outcome {
    if experiment.measures != Measures::Latency {
        return Ok(None);
    }
    let shares: Vec<(&Variant<'_>, Vec<(u8, f64)>)> = experiment
        .variants
        .iter()
        .map(|variant| (variant, shares(variant)))
        .filter(|(_, shares)| !shares.is_empty())
        .collect();
    let buckets = || shares.iter().flat_map(|(_, shares)| shares.iter().map(|it| it.0));
    let (Some(first), Some(last)) = (buckets().min(), buckets().max()) else { return Ok(None) };
    let highest = shares.iter().flat_map(|(_, it)| it.iter().map(|it| it.1)).fold(0.0, f64::max);
    let title = title(&shares);
    let header = Header::new(&title, &circumstances(experiment));
    let plot = LinePlot {
        x: Axis {
            caption: "Latency from the planned time, logarithmic".into(),
            values: (low(first), high(last)),
            logarithmic: true,
            tick: Box::new(duration_tick),
            ticks: None,
        },
        y: Axis::linear(
            "Share of results within a quarter of a doubling, %",
            (0.0, highest * 105.0),
            |share| trimmed(share, 2),
        ),
        lines: shares.iter().map(|(variant, shares)| line(variant, shares, palette)).collect(),
        height: PLOT_HEIGHT,
    };
    let alt = format!("Histogram of latency. {title}.");
    let svg = render((WIDTH, header.height() + plot.full_height()), &alt, |canvas| {
        header.draw(canvas)?;
        plot.draw(canvas, header.height())
    })?;
    Ok(Some(Drawing {
        title,
        caption: "All valid runs of a variant together; steps are as wide as latency grows by a \
                  quarter of a doubling (19 %), so areas on the logarithmic axis are comparable."
            .into(),
        svg,
    }))
}

fn low(bucket: u8) -> f64 {
    (bounds(bucket).0 as f64).max(LOWEST)
}

fn high(bucket: u8) -> f64 {
    bounds(bucket).1 as f64
}

/// Share of the results of a variant's valid runs in each bucket that has any, rising.
fn shares(variant: &Variant<'_>) -> Vec<(u8, f64)> {
    let mut counts: BTreeMap<u8, u64> = BTreeMap::new();
    for (bucket, count) in
        variant.valid().flat_map(|run| &run.series).flat_map(|row| &row.latency_buckets)
    {
        *counts.entry(*bucket).or_default() += count;
    }
    let all: u64 = counts.values().sum();
    counts.into_iter().map(|(bucket, count)| (bucket, count as f64 / all as f64)).collect()
}

/// The bucket with the largest share.
fn mode(shares: &[(u8, f64)]) -> (u8, f64) {
    shares.iter().copied().fold((0, 0.0), |best, it| if it.1 > best.1 { it } else { best })
}

fn line(variant: &Variant<'_>, shares: &[(u8, f64)], palette: &Palette) -> Line {
    let mut points = Vec::new();
    let (first, last) = (shares[0].0, shares[shares.len() - 1].0);
    let known: BTreeMap<u8, f64> = shares.iter().copied().collect();
    points.push((low(first), 0.0));
    for bucket in first..=last {
        points.push((low(bucket), known.get(&bucket).map_or(0.0, |share| share * 100.0)));
    }
    points.push((high(last), 0.0));
    let detail =
        format!("most often {}", duration((low(mode(shares).0) * high(mode(shares).0)).sqrt()));
    let colour = palette.colour(variant.name);
    Line { stroke: Stroke::Steps, ..Line::new(variant.name, detail, colour, points) }
}

fn title(shares: &[(&Variant<'_>, Vec<(u8, f64)>)]) -> String {
    let spans: Vec<String> = shares
        .iter()
        .map(|(variant, shares)| {
            let (first, last) = (shares[0].0, shares[shares.len() - 1].0);
            format!("{} {} to {}", variant.name, duration(low(first)), duration(high(last)))
        })
        .collect();
    format!("Latencies reach from: {}", spans.join("; "))
}
