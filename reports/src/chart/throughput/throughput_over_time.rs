//! Throughput over time, and what waited meanwhile.

use crate::chart::kind::{ChartKind, Draw, Outcome};
use crate::chart::median_run::median_run;
use crate::draw::canvas::render;
use crate::draw::drawing::Drawing;
use crate::draw::header::{Header, circumstances};
use crate::draw::line_plot::{Axis, Line, LinePlot};
use crate::draw::style::{Palette, WIDTH};
use crate::schema::{Measures, RunResult, SERIES_BIN_NS};
use crate::words::summary::Experiment;
use crate::words::units::{count, rate_unit, significant, trimmed};

const PLOT_HEIGHT: f64 = 150.0;
const GAP: f64 = 10.0;
/// Points of a line at the most.
const POINTS: u64 = 150;

/// The kind of chart that this file draws.
pub(crate) const KIND: ChartKind =
    ChartKind { tag: "throughput-over-time", draw: Draw::Experiment(draw) };

/// Results per second and the backlog over time, of each variant's median run; `None` without a
/// series.
///
/// # Errors
/// [`ReportError::Draw`] when the drawing library refuses.
fn draw(experiment: &Experiment<'_>, palette: &Palette) -> Outcome {
    if experiment.measures != Measures::Latency {
        return Ok(None);
    }
    let runs = experiment.variants.iter().filter_map(|variant| median_run(variant));
    let series: Vec<Series<'_>> = runs.filter_map(Series::of).collect();
    if series.is_empty() {
        return Ok(None);
    }
    let (results, backlog) = (results(&series, palette), backlog(&series, palette));
    let title = title(&series);
    let header = Header::new(&title, &circumstances(experiment));
    let height = header.height() + results.full_height() + GAP + backlog.full_height();
    let svg = render((WIDTH, height), &format!("Line charts over time. {title}."), |canvas| {
        header.draw(canvas)?;
        results.draw(canvas, header.height())?;
        backlog.draw(canvas, header.height() + results.full_height() + GAP)
    })?;
    Ok(Some(Drawing {
        title,
        caption:
            "Of each variant the valid run with the median p99. A backlog is the most that was \
                  planned and unread at one time within a bin."
                .into(),
        svg,
    }))
}

/// Results per second of each run.
fn results(series: &[Series<'_>], palette: &Palette) -> LinePlot {
    let fastest = series.iter().flat_map(|it| &it.rates).map(|it| it.1).fold(0.0, f64::max);
    let (divisor, unit) = rate_unit(fastest);
    let lines = series.iter().map(|it| {
        let points = it.rates.iter().map(|(at, rate)| (*at, rate / divisor)).collect();
        it.line(points, format!("mean {} {unit}", significant(it.mean() / divisor)), palette)
    });
    let highest = fastest / divisor * 1.05;
    LinePlot {
        x: time(series),
        y: Axis::linear(format!("Results emitted, {unit}"), (0.0, highest), |it| trimmed(it, 2)),
        lines: lines.collect(),
        height: PLOT_HEIGHT,
    }
}

/// Events of each run that were planned and not read.
fn backlog(series: &[Series<'_>], palette: &Palette) -> LinePlot {
    let longest = series.iter().map(Series::most).fold(0.0, f64::max);
    let lines = series.iter().map(|it| {
        it.line(it.unread.clone(), format!("at most {}", count(it.most() as u64)), palette)
    });
    let highest = (longest * 1.05).max(1.0);
    let events = |events: f64| count(events.round() as u64);
    LinePlot {
        x: time(series),
        y: Axis::linear("Events planned and not read", (0.0, highest), events),
        lines: lines.collect(),
        height: PLOT_HEIGHT,
    }
}

fn time(series: &[Series<'_>]) -> Axis {
    let seconds = series.iter().flat_map(|it| it.rates.last()).map(|it| it.0).fold(0.0, f64::max);
    Axis::linear("Time since the first result, s", (0.0, seconds), |at| trimmed(at, 2))
}

struct Series<'a> {
    run: &'a RunResult,
    /// (seconds, results per second).
    rates: Vec<(f64, f64)>,
    /// (seconds, events).
    unread: Vec<(f64, f64)>,
}

impl<'a> Series<'a> {
    fn of(run: &'a RunResult) -> Option<Self> {
        let bin = |at_ns: u64| at_ns / SERIES_BIN_NS;
        let first = bin(run.series.first()?.at_ns);
        let last = bin(run.series.last()?.at_ns);
        let bins = (last - first) / POINTS + 1;
        let mut records = vec![(0, 0); ((last - first) / bins + 1) as usize];
        for row in &run.series {
            let place = &mut records[((bin(row.at_ns) - first) / bins) as usize];
            *place = (place.0 + row.records, row.unread.max(place.1));
        }
        let width = bins as f64 * SERIES_BIN_NS as f64 / 1e9;
        let at = |place: usize| place as f64 * width;
        let rates =
            records.iter().enumerate().map(|(n, it)| (at(n), it.0 as f64 / width)).collect();
        let unread = records.iter().enumerate().map(|(n, it)| (at(n), it.1 as f64)).collect();
        Some(Self { run, rates, unread })
    }

    fn line(&self, points: Vec<(f64, f64)>, detail: String, palette: &Palette) -> Line {
        Line::new(&self.run.variant, detail, palette.colour(&self.run.variant), points)
    }

    fn mean(&self) -> f64 {
        self.rates.iter().map(|it| it.1).sum::<f64>() / self.rates.len() as f64
    }

    fn most(&self) -> f64 {
        self.unread.iter().map(|it| it.1).fold(0.0, f64::max)
    }
}

fn title(series: &[Series<'_>]) -> String {
    let most: Vec<String> = series
        .iter()
        .map(|it| format!("{} with {}", count(it.most() as u64), it.run.variant))
        .collect();
    format!("Longest backlog in events: {}", most.join("; "))
}
