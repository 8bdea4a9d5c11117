//! What a setting does: figures over the values of one axis, with the closed form where there is
//! one.

use serde_json::Value;

use super::sweep_points::{Places, at, axis_caption, metrics, spread, variants, winner};
use crate::chart::kind::{ChartKind, Draw, Outcome};
use crate::draw::canvas::render;
use crate::draw::drawing::Drawing;
use crate::draw::header::{Header, sweep_circumstances};
use crate::draw::line_plot::{Axis, Line, LinePlot, Stroke};
use crate::draw::style::{INK, Palette, WIDTH};
use crate::formulas::flow_control::{flusher_wait, micro_batch};
use crate::schema::{BatchRow, Better, Measures, Metric, RunResult, Sweep, SweepAxis, Unit};
use crate::words::summary::{Experiment, Spread};
use crate::words::units;
use crate::words::units::{capital, duration_tick, ratio, setting, significant};

const PLOT_HEIGHT: f64 = 190.0;
const GAP: f64 = 14.0;
const HEADROOM: f64 = 1.2;
/// Figures that differ by this factor stand on a logarithmic axis.
const WIDE: f64 = 12.0;

/// Latency over the planned rate.
pub(crate) const RATE_LATENCY: ChartKind = ChartKind {
    tag: "rate-latency-curve",
    draw: Draw::Sweep(|sweep, all, palette| draw(Curve::RateLatency, sweep, all, palette)),
};
/// Latency over the interval of micro-batches.
pub(crate) const BATCH_INTERVAL: ChartKind = ChartKind {
    tag: "latency-by-batch-interval",
    draw: Draw::Sweep(|sweep, all, palette| draw(Curve::BatchInterval, sweep, all, palette)),
};
/// Latency over the time-out of buffers.
pub(crate) const BUFFER_TIMEOUT: ChartKind = ChartKind {
    tag: "latency-by-buffer-timeout",
    draw: Draw::Sweep(|sweep, all, palette| draw(Curve::BufferTimeout, sweep, all, palette)),
};
/// Any figure over any other axis.
pub(crate) const OTHER: ChartKind = ChartKind {
    tag: "sweep",
    draw: Draw::Sweep(|sweep, all, palette| draw(Curve::Other, sweep, all, palette)),
};

/// Two plots over a sweep's only axis; `None` for another kind of sweep or without a figure.
///
/// # Errors
/// [`ReportError::Draw`] when the drawing library refuses.
fn draw(curve: Curve, sweep: &Sweep, experiments: &[Experiment<'_>], palette: &Palette) -> Outcome {
    let ([axis], Some(first)) = (sweep.axes.as_slice(), experiments.first()) else {
        return Ok(None);
    };
    if Curve::of(axis, first.measures) != curve {
        return Ok(None);
    }
    let places = Places::of(&axis.values);
    let [above, below] = metrics(first.measures);
    let drawn = [above, below]
        .into_iter()
        .filter_map(|metric| Some((metric, plot(sweep, experiments, palette, &places, metric)?)));
    let (metrics, plots): (Vec<&Metric>, Vec<LinePlot>) = drawn.unzip();
    // The title is of what is drawn: a percentile may be missing where there is a mean.
    let Some(shown) = metrics.last() else { return Ok(None) };
    let title = title(sweep, experiments, shown);
    let header = Header::new(&title, &sweep_circumstances(sweep, experiments));
    let heights: f64 = plots.iter().map(|plot| plot.full_height() + GAP).sum();
    let svg =
        render((WIDTH, header.height() + heights), &format!("Line charts. {title}."), |canvas| {
            header.draw(canvas)?;
            let mut top = header.height();
            for plot in &plots {
                plot.draw(canvas, top)?;
                top += plot.full_height() + GAP;
            }
            Ok(())
        })?;
    let mut caption = "Points are medians over valid runs, upright strokes their range.".to_owned();
    if places.ordinal {
        caption.push_str(" Values stand side by side, whatever their distance.");
    }
    match axis.name.as_str() {
        INTERVAL => caption.push_str(
            " Dashed: T/2 + S with the interval T and the median duration S of a batch, which is \
             what the mean comes to when events arrive evenly and every batch is done before the \
             next is due; 1.5 S where batches follow one another at once.",
        ),
        TIMEOUT => caption.push_str(
            " Dashed: the mean wait for the buffer, a/2 - a²/(6d), with a the smaller and d the \
             larger of the time-out and the time that a buffer takes to fill: what the mean comes \
             to when nothing else takes time.",
        ),
        _ => {}
    }
    let missing = missing(sweep, experiments);
    if !missing.is_empty() {
        caption.push_str(&format!(" Without a valid run: {}.", missing.join("; ")));
    }
    Ok(Some(Drawing { title, caption, svg }))
}

/// The settings for which there are closed forms.
const INTERVAL: &str = "batch_interval_ms";
const TIMEOUT: &str = "buffer_timeout_ms";

/// Which curve a sweep over one axis is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Curve {
    RateLatency,
    BatchInterval,
    BufferTimeout,
    Other,
}

impl Curve {
    fn of(axis: &SweepAxis, measures: Measures) -> Self {
        match axis.name.as_str() {
            _ if measures != Measures::Latency => Self::Other,
            "rate" => Self::RateLatency,
            INTERVAL => Self::BatchInterval,
            TIMEOUT => Self::BufferTimeout,
            _ => Self::Other,
        }
    }
}

fn plot(
    sweep: &Sweep,
    experiments: &[Experiment<'_>],
    palette: &Palette,
    places: &Places,
    metric: &Metric,
) -> Option<LinePlot> {
    let lines = lines(sweep, experiments, palette, places, metric);
    let values = || {
        lines.iter().flat_map(|line| {
            let ranges = line.ranges.iter().flat_map(|it| [it.1, it.2]);
            ranges.chain(line.points.iter().map(|it| it.1))
        })
    };
    let (least, most) = (values().fold(f64::INFINITY, f64::min), values().fold(0.0, f64::max));
    if lines.is_empty() || most <= 0.0 {
        return None;
    }
    let logarithmic = least > 0.0 && most / least > WIDE;
    let low = if logarithmic { least / HEADROOM } else { 0.0 };
    let is_rate = metric.unit == Unit::RecordsPerSecond;
    let caption = metric.name.to_owned();
    let unit = if logarithmic { ", logarithmic" } else { "" };
    Some(LinePlot {
        x: places_axis(sweep, places),
        y: Axis {
            caption: if is_rate { format!("{caption}, M records/s{unit}") } else { caption + unit },
            values: (low, most * HEADROOM),
            logarithmic,
            tick: if is_rate {
                Box::new(|value| significant(value / 1e6))
            } else {
                Box::new(duration_tick)
            },
            ticks: None,
        },
        lines,
        height: PLOT_HEIGHT,
    })
}

/// A line with ranges for each variant, and what a formula says of it where there is one.
fn lines(
    sweep: &Sweep,
    experiments: &[Experiment<'_>],
    palette: &Palette,
    places: &Places,
    metric: &Metric,
) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for name in variants(experiments) {
        let figures: Vec<(f64, Spread)> = (0..sweep.points.len())
            .filter_map(|point| {
                let figure = spread(at(sweep, point, experiments)?, name, metric)?;
                Some((places.values[point], figure))
            })
            .collect();
        let Some(last) = figures.last() else { continue };
        let detail = format!("{} at the end", units::figure(metric.unit, last.1.median));
        let points = figures.iter().map(|(x, figure)| (*x, figure.median)).collect();
        let ranges = figures.iter().map(|(x, figure)| (*x, figure.low, figure.high)).collect();
        let line = Line::new(name, detail, palette.colour(name), points);
        lines.push(Line { stroke: Stroke::Marked, ranges, ..line });
        if *metric == Metric::MEAN_LATENCY {
            lines.extend(closed_form(sweep, experiments, name, places));
        }
    }
    lines
}

/// The axis of the values that were swept over.
fn places_axis(sweep: &Sweep, places: &Places) -> Axis {
    let (first, last) = places
        .values
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), it| (a.min(*it), b.max(*it)));
    // Ordinal values stand a little inside, so that their labels do.
    let inset = if places.ordinal { 0.2 } else { 0.0 };
    let labels: Vec<(f64, String)> =
        places.values.iter().copied().zip(places.labels.iter().cloned()).collect();
    Axis {
        caption: axis_caption(&sweep.axes[0].name),
        values: (first - inset, last + inset),
        logarithmic: places.logarithmic,
        tick: Box::new(move |at| {
            let known = labels.iter().find(|(value, _)| *value == at);
            known.map_or_else(String::new, |(_, label)| label.clone())
        }),
        ticks: Some(places.values.clone()),
    }
}

/// What a formula says of a variant's mean latency at every value of the axis; `None` where there
/// is no formula.
fn closed_form(
    sweep: &Sweep,
    experiments: &[Experiment<'_>],
    variant: &str,
    places: &Places,
) -> Option<Line> {
    let (name, detail, of): (_, _, fn(&RunResult, f64) -> Option<f64>) =
        match sweep.axes[0].name.as_str() {
            INTERVAL => ("T/2 + S", "T: interval; S: a batch", batch_form),
            TIMEOUT => ("a/2 - a²/(6d)", "time-out and time to fill", buffer_form),
            _ => return None,
        };
    let points: Vec<(f64, f64)> = (0..sweep.points.len())
        .filter_map(|point| {
            let setting = sweep.points[point].at.first().and_then(Value::as_f64)? * 1e6;
            let variant = at(sweep, point, experiments)?.variant(variant)?;
            let figure = variant.spread(|run| of(run, setting))?.median;
            Some((places.values[point], figure))
        })
        .collect();
    let line = Line::new(name, detail.to_owned(), INK, points);
    (line.points.len() > 1).then_some(Line { stroke: Stroke::Dashed, ..line })
}

/// With the median duration of its batches.
fn batch_form(run: &RunResult, interval: f64) -> Option<f64> {
    let duration = |batch: &BatchRow| (batch.delay_ns + batch.total_ns) as f64;
    let batch = Spread::of(run.batches.iter().map(duration))?.median;
    Some(micro_batch::mean_latency(interval, batch))
}

/// With the bytes that went over its first exchange. Nothing is flushed by time below 0, and by
/// itself at 0.
fn buffer_form(run: &RunResult, timeout: f64) -> Option<f64> {
    let exchange = run.exchanges.first()?;
    let seconds = run.events as f64 / run.rate?;
    let bytes = run.settings.get("buffer_bytes")?.as_f64()?;
    let (senders, receivers) = (f64::from(run.parallelism), exchange.records.len() as f64);
    let per_s = exchange.bytes as f64 / seconds;
    let is_known = run.engine == "pipelined" && timeout > 0.0 && per_s > 0.0;
    is_known.then(|| {
        let fill = flusher_wait::fill_nanos(bytes, senders, receivers, per_s);
        flusher_wait::mean_wait(fill, timeout)
    })
}

/// Points and variants without a valid run.
fn missing(sweep: &Sweep, experiments: &[Experiment<'_>]) -> Vec<String> {
    let mut missing = Vec::new();
    for point in 0..sweep.points.len() {
        let Some(experiment) = at(sweep, point, experiments) else { continue };
        for variant in experiment.variants.iter().filter(|it| it.valid().next().is_none()) {
            missing.push(format!("{} at {}", variant.name, setting(&sweep.points[point].at[0])));
        }
    }
    missing
}

/// Who is ahead where, by how much; of a single variant, the figure at both ends.
fn title(sweep: &Sweep, experiments: &[Experiment<'_>], metric: &Metric) -> String {
    let axis = &sweep.axes[0].name;
    let mut stretches: Vec<(&str, usize, usize, f64, f64)> = Vec::new();
    for point in 0..sweep.points.len() {
        let Some((name, factor)) = at(sweep, point, experiments)
            .and_then(|experiment| winner(experiment, metric))
            .filter(|(_, factor)| *factor > 1.0)
        else {
            continue;
        };
        match stretches.last_mut() {
            Some(last) if last.0 == name => {
                *last = (name, last.1, point, last.3.min(factor), last.4.max(factor));
            }
            _ => stretches.push((name, point, point, factor, factor)),
        }
    }
    let value = |point: usize| setting(&sweep.points[point].at[0]);
    if let [alone] = variants(experiments).as_slice() {
        let figures = (0..sweep.points.len()).filter_map(|point| {
            let spread = spread(at(sweep, point, experiments)?, alone, metric)?;
            Some(format!(
                "{} at {axis}={}",
                units::figure(metric.unit, spread.median),
                value(point)
            ))
        });
        let figures: Vec<String> = figures.collect();
        if let [first, .., last] = figures.as_slice() {
            return format!("{} of {alone}: {first}, {last}", metric.name);
        }
    }
    let better = if metric.better == Better::More { "higher" } else { "lower" };
    match stretches.as_slice() {
        [] => format!("{} over {axis}: no difference", metric.name),
        [(name, _, _, least, most)] => format!(
            "{name} has the {better} {} at every {axis}, by {} to {}",
            metric.name,
            ratio(*least),
            ratio(*most)
        ),
        several => {
            let each: Vec<String> = several
                .iter()
                .map(|(name, from, upto, _, most)| {
                    let span = match from == upto {
                        true => format!("at {}", value(*from)),
                        false => format!("from {} to {}", value(*from), value(*upto)),
                    };
                    format!("{name} {span} (up to {})", ratio(*most))
                })
                .collect();
            format!("{} {} by {axis}: {}", capital(better), metric.name, each.join(", "))
        }
    }
}
