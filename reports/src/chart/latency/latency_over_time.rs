//! Latency over time: a heat map per variant, so that a stall or a saw-tooth is seen as such.

use plotters::style::RGBColor;

use crate::chart::kind::{ChartKind, Draw, Outcome};
use crate::chart::median_run::median_run;
use crate::draw::canvas::{Anchor, Canvas, Paint, render};
use crate::draw::drawing::Drawing;
use crate::draw::frame::{Area, Frame, Grid};
use crate::draw::header::{Header, circumstances};
use crate::draw::scale::Scale;
use crate::draw::style::{AXIS, LABEL, MARGIN, WIDTH, text_width};
use crate::draw::wrap::wrap;
use crate::error::ReportError;
use crate::schema::latency::buckets::{LOWEST_NANOS, bounds};
use crate::schema::{Measures, RunResult, SERIES_BIN_NS};
use crate::words::summary::Experiment;
use crate::words::units::{duration, duration_tick, share, trimmed};

const PANEL_HEIGHT: f64 = 120.0;
/// Beside it stands the axis' caption.
const NAME_WIDTH: f64 = 480.0;
const NAME_HEIGHT: f64 = 24.0;
const TICKS_WIDTH: f64 = 62.0;
const PANEL_GAP: f64 = 16.0;
/// Above the panels: what the shades mean, in [`SHADES`] cells.
const LEGEND_HEIGHT: f64 = 30.0;
const LEGEND_WIDTH: f64 = 100.0;
const SHADES: usize = 40;
const AXIS_HEIGHT: f64 = 46.0;
const TICKS: usize = 4;
const TIME_TICKS: usize = 8;
/// Columns of a heat map at the most; longer runs have several bins to a column.
const COLUMNS: u64 = 150;
/// One hue, ever darker.
const LIGHT: RGBColor = RGBColor(0xde, 0xe7, 0xf1);
const DARK: RGBColor = RGBColor(0x08, 0x30, 0x6b);

/// The kind of chart that this file draws.
pub(crate) const KIND: ChartKind = ChartKind {
    tag: "latency-over-time",
    draw: Draw::Experiment(|experiment, _| draw(experiment)),
};

/// Draws a heat map for each variant that has latencies over time; `None` without any.
///
/// # Errors
/// [`ReportError::Draw`] when the drawing library refuses.
fn draw(experiment: &Experiment<'_>) -> Outcome {
    if experiment.measures != Measures::Latency {
        return Ok(None);
    }
    let runs = experiment.variants.iter().filter_map(|variant| median_run(variant));
    let panels: Vec<Panel<'_>> = runs.filter_map(Panel::of).collect();
    if panels.is_empty() {
        return Ok(None);
    }
    let axes = Axes {
        buckets: (
            panels.iter().map(|it| it.buckets.0).fold(u8::MAX, u8::min),
            panels.iter().map(|it| it.buckets.1).fold(0, u8::max),
        ),
        most: panels.iter().map(Panel::most).fold(0.0, f64::max),
        seconds: panels.iter().map(Panel::seconds).fold(0.0, f64::max),
    };
    let title = title(&panels);
    let header = Header::new(&title, &circumstances(experiment));
    let each = NAME_HEIGHT + PANEL_HEIGHT + PANEL_GAP;
    let plots = header.height() + LEGEND_HEIGHT;
    let height = plots + each * panels.len() as f64 + AXIS_HEIGHT;
    let svg = render((WIDTH, height), &format!("Heat maps. {title}."), |canvas| {
        header.draw(canvas)?;
        canvas.columns(&["variant", "from_s", "to_s", "latency_from_ns", "latency_to_ns", "share"]);
        draw_legend(canvas, header.height(), axes.most)?;
        for (index, panel) in panels.iter().enumerate() {
            panel.draw(canvas, plots + each * index as f64, &axes)?;
        }
        draw_time(canvas, height - AXIS_HEIGHT - PANEL_GAP, axes.seconds)
    })?;
    Ok(Some(Drawing {
        title,
        caption:
            "Of each variant the valid run with the median p99. Columns are time, rows latency \
                  from the planned time; the darker, the larger the share of the column's results."
                .into(),
        svg,
    }))
}

/// What all panels share, so that they can be compared.
struct Axes {
    /// Lowest and highest bucket of latency.
    buckets: (u8, u8),
    /// Largest share of a column's results in one row.
    most: f64,
    /// End of the last column.
    seconds: f64,
}

/// Lower bound of a bucket in nanoseconds; the first is drawn as wide as the others.
fn low(bucket: u8) -> f64 {
    (bounds(bucket).0 as f64).max(LOWEST_NANOS as f64 / 1.25)
}

fn high(bucket: u8) -> f64 {
    bounds(bucket).1 as f64
}

/// The time, under the last panel.
fn draw_time(canvas: &Canvas<'_>, bottom: f64, seconds: f64) -> Result<(), ReportError> {
    let left = MARGIN + TICKS_WIDTH;
    let scale = Scale::linear((0.0, seconds), (left, WIDTH - MARGIN));
    for tick in scale.ticks(TIME_TICKS) {
        let at = (scale.place(tick), bottom + 12.0);
        canvas.text(&trimmed(tick, 2), at, Anchor::Centre, AXIS)?;
    }
    canvas.text("Time since the first result, s", (left, bottom + 32.0), Anchor::Left, AXIS)
}

struct Panel<'a> {
    run: &'a RunResult,
    /// Bins of the series to a column.
    bins: u64,
    /// First bin.
    first: u64,
    /// By column: (bucket, share of the column's results).
    columns: Vec<Vec<(u8, f64)>>,
    /// Lowest and highest bucket.
    buckets: (u8, u8),
}

impl<'a> Panel<'a> {
    fn of(run: &'a RunResult) -> Option<Self> {
        let timed = || run.series.iter().filter(|row| !row.latency_buckets.is_empty());
        let (first, last) =
            (timed().next()?.at_ns / SERIES_BIN_NS, timed().next_back()?.at_ns / SERIES_BIN_NS);
        let bins = (last - first) / COLUMNS + 1;
        let mut columns = vec![Vec::<(u8, f64)>::new(); ((last - first) / bins + 1) as usize];
        for row in timed() {
            let column = &mut columns[((row.at_ns / SERIES_BIN_NS - first) / bins) as usize];
            for &(bucket, count) in &row.latency_buckets {
                match column.iter_mut().find(|it| it.0 == bucket) {
                    Some(known) => known.1 += count as f64,
                    None => column.push((bucket, count as f64)),
                }
            }
        }
        for column in &mut columns {
            let all: f64 = column.iter().map(|it| it.1).sum();
            column.iter_mut().for_each(|it| it.1 /= all);
        }
        let buckets = || columns.iter().flatten().map(|it| it.0);
        let buckets = (buckets().min()?, buckets().max()?);
        Some(Self { run, bins, first, columns, buckets })
    }

    /// Largest share of a column's results in one row.
    fn most(&self) -> f64 {
        self.columns.iter().flatten().map(|it| it.1).fold(0.0, f64::max)
    }

    /// End of the last column, in seconds since the first.
    fn seconds(&self) -> f64 {
        self.columns.len() as f64 * self.bins as f64 * SERIES_BIN_NS as f64 / 1e9
    }

    fn draw(&self, canvas: &Canvas<'_>, top: f64, axes: &Axes) -> Result<(), ReportError> {
        let (left, right) = (MARGIN + TICKS_WIDTH, WIDTH - MARGIN);
        let head = top + NAME_HEIGHT;
        let plot = Area { left, top: head, right, bottom: head + PANEL_HEIGHT };
        let (lowest, highest) = axes.buckets;
        let frame = Frame {
            plot,
            x: Scale::linear((0.0, axes.seconds), plot.sides()),
            y: Scale::logarithmic((low(lowest), high(highest)), plot.upwards()),
            grid: Grid::Level,
        };
        let name = wrap(&self.run.variant, LABEL, NAME_WIDTH, 1);
        canvas.lines(&name, (MARGIN, top), Anchor::Left, LABEL)?;
        let caption = "Latency from the planned time, logarithmic";
        canvas.text(caption, (right, top + LABEL.line / 2.0), Anchor::Right, AXIS)?;
        frame.draw_grid(canvas, &frame.y.ticks(TICKS), duration_tick)?;
        for (index, column) in self.columns.iter().enumerate() {
            self.draw_column(canvas, &frame, (index, column), axes.most)?;
        }
        frame.draw_base(canvas)
    }

    /// A column's cells, with their figures.
    fn draw_column(
        &self,
        canvas: &Canvas<'_>,
        frame: &Frame,
        (index, column): (usize, &[(u8, f64)]),
        most: f64,
    ) -> Result<(), ReportError> {
        let width = self.bins as f64 * SERIES_BIN_NS as f64 / 1e9;
        let since = [index as f64 * width, (index + 1) as f64 * width];
        let [from, upto] = since.map(|seconds| frame.x.place(seconds));
        for &(bucket, part) in column {
            let (bottom, top) = (frame.y.place(low(bucket)), frame.y.place(high(bucket)));
            // The root, so that rare results are seen.
            let shade = shade((part / most).sqrt());
            canvas.rectangle((from, bottom), (upto, top), Paint::fill(shade))?;
            let (low, high) = bounds(bucket);
            let times = since.map(|seconds| trimmed(seconds, 3));
            let part = format!("{part:.4}");
            canvas.row(&[&self.run.variant, &times[0], &times[1], &low, &high, &part]);
        }
        if let Some((low, high)) = reach(column) {
            let [since, upto_s] = since.map(|seconds| trimmed(seconds, 2));
            let (low, high) = (duration(low), duration(high));
            let tip = format!("{}, {since} to {upto_s} s: {low} to {high}", self.run.variant);
            canvas.tip_over((from, frame.plot.top), (upto, frame.plot.bottom), &tip);
        }
        Ok(())
    }

    /// When a latency was largest, in seconds since the first column, and how large.
    fn worst(&self) -> (f64, f64) {
        let rows = self.run.series.iter();
        let worst = rows.max_by_key(|row| row.latency_ns_max);
        worst.map_or((0.0, 0.0), |row| {
            let since = row.at_ns.saturating_sub(self.first * SERIES_BIN_NS);
            (since as f64 / 1e9, row.latency_ns_max as f64)
        })
    }
}

/// What the shades mean.
fn draw_legend(canvas: &Canvas<'_>, top: f64, most: f64) -> Result<(), ReportError> {
    let middle = top + 8.0;
    let words = "Share of a column's results:  0";
    let left = MARGIN + text_width(words, AXIS) + 6.0;
    canvas.text(words, (left - 6.0, middle), Anchor::Right, AXIS)?;
    let step = LEGEND_WIDTH / SHADES as f64;
    for cell in 0..SHADES {
        let x = left + cell as f64 * step;
        let fill = Paint::fill(shade(((cell as f64 + 0.5) / SHADES as f64).sqrt()));
        canvas.rectangle((x, middle - 6.0), (x + step + 0.3, middle + 6.0), fill)?;
    }
    let at = (left + LEGEND_WIDTH + 6.0, middle);
    canvas.text(&share(most), at, Anchor::Left, AXIS)
}

/// Lowest and highest latency of a column.
fn reach(column: &[(u8, f64)]) -> Option<(f64, f64)> {
    let buckets = || column.iter().map(|it| it.0);
    Some((bounds(buckets().min()?).0 as f64, bounds(buckets().max()?).1 as f64))
}

fn shade(share: f64) -> RGBColor {
    let mix = |a: u8, b: u8| (f64::from(a) + (f64::from(b) - f64::from(a)) * share) as u8;
    RGBColor(mix(LIGHT.0, DARK.0), mix(LIGHT.1, DARK.1), mix(LIGHT.2, DARK.2))
}

fn title(panels: &[Panel<'_>]) -> String {
    let worst: Vec<String> = panels
        .iter()
        .map(|panel| {
            let (at, latency) = panel.worst();
            format!("{} {} at {} s", panel.run.variant, duration(latency), trimmed(at, 1))
        })
        .collect();
    format!("Largest latencies: {}", worst.join("; "))
}
