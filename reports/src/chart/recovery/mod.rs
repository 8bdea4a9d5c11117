//! A failure and the way back: for every engine the records emitted per second and the largest
//! latency over time, a line for each guarantee.

mod curve;

use crate::chart::kind::{ChartKind, Draw, Outcome};
use crate::draw::canvas::{Anchor, Canvas, Paint, render};
use crate::draw::drawing::Drawing;
use crate::draw::frame::{Area, Frame, Grid};
use crate::draw::header::Header;
use crate::draw::scale::Scale;
use crate::draw::style::{
    AXIS, FIGURE, GREY, INK, LABEL, MARGIN, Palette, Text, WHITE, WIDTH, text_width,
};
use crate::draw::wrap::wrap;
use crate::error::ReportError;
use crate::schema::recovery::{RecoverOutput, RecoverResult, RecoverRun};
use crate::words::recovery::finding;
use crate::words::units;
use crate::words::units::{
    NO_FIGURE, count, duration, duration_tick, planned_rate, rate_unit, trimmed,
};

/// Panels of one chart, at most; the rest is named in the caption.
const MAX_PANELS: usize = 6;
const COLUMN_GAP: f64 = 24.0;
const PANEL_GAP: f64 = 18.0;
/// Left of a plot: tick labels.
const TICKS_WIDTH: f64 = 50.0;
/// Above a plot: the y axis' caption.
const CAPTION_HEIGHT: f64 = 24.0;
const PLOT_HEIGHT: f64 = 130.0;
/// Between the two plots of a panel.
const PLOT_GAP: f64 = 14.0;
/// Under a panel: tick labels and the x axis' caption.
const AXIS_HEIGHT: f64 = 42.0;
const LEGEND_LINE: f64 = 17.0;
const SWATCH_WIDTH: f64 = 16.0;
/// Room above and under the lines, as a factor.
const HEADROOM: f64 = 1.2;
/// Ticks wanted on each axis.
const TICKS: usize = 4;
/// Marks of failures closer than this many pixels are one.
const ONE_MARK: f64 = 4.0;
/// Around a point, where a reader may point at it, and points of a line that have that.
const TIP_RADIUS: f64 = 4.0;
const MOST_TIPS: usize = 400;
const DETAIL: Text = Text { ink: GREY, ..FIGURE };
/// In the order of their colours.
const GUARANTEES: [&str; 3] = ["none", "at-least-once", "exactly-once"];
/// Settings that decide how long the way back is.
const SETTINGS: [&str; 3] = ["checkpoint_interval_ms", "restart_delay_ms", "batch_interval_ms"];

/// The kind of chart that this file draws.
pub(crate) const KIND: ChartKind = ChartKind { tag: "recovery", draw: Draw::Recovery(draw) };

/// Draws the runs of all engines; `None` when nothing was emitted in any.
///
/// # Errors
/// [`ReportError::Draw`] when the drawing library refuses.
fn draw(result: &RecoverResult) -> Outcome {
    let mut panels = panels(&result.runs);
    let left_out = panels.len().saturating_sub(MAX_PANELS);
    panels.truncate(MAX_PANELS);
    if panels.iter().flatten().all(|run| run.run.series.is_empty()) {
        return Ok(None);
    }
    let title = finding(result);
    let header = Header::new(&title, &subtitle(result));
    let columns = panels.len().min(2);
    let all = WIDTH - 2.0 * MARGIN;
    let width = (all - COLUMN_GAP * (columns as f64 - 1.0)) / columns as f64;
    let lines = panels.iter().map(Vec::len).max().unwrap_or(1) as f64;
    let panel_height = LABEL.line
        + lines * LEGEND_LINE
        + 2.0 * (CAPTION_HEIGHT + PLOT_HEIGHT)
        + PLOT_GAP
        + AXIS_HEIGHT;
    let rows = panels.len().div_ceil(columns) as f64;
    let height = header.height() + rows * (panel_height + PANEL_GAP) - PANEL_GAP;
    let settings = result.runs.iter().map(|run| &run.run.settings);
    let axes = Axes::of(&panels, curve::bins_of_a_mean(settings));
    let svg = render((WIDTH, height), &alternative(&panels, &title), |canvas| {
        header.draw(canvas)?;
        canvas.columns(&["variant", "guarantee", "figure", "at_s", "value"]);
        for (index, runs) in panels.iter().enumerate() {
            let left = MARGIN + (index % columns) as f64 * (width + COLUMN_GAP);
            let top = header.height() + (index / columns) as f64 * (panel_height + PANEL_GAP);
            let panel = Panel { runs, axes: &axes, palette: &Palette::of_names(GUARANTEES) };
            panel.draw(canvas, (left, top), width, lines)?;
        }
        Ok(())
    })?;
    let left_out = match left_out {
        0 => String::new(),
        more => format!(" {more} more engines are not drawn."),
    };
    Ok(Some(Drawing {
        title,
        caption: format!(
            "Records emitted per second, as the mean of the past {} s, and the largest latency \
             from the planned time in each 0.1 s. Under exactly-once a record is emitted at its \
             commit. A line ends in a dot where the failure ended the run.{left_out}",
            trimmed(curve::seconds(axes.mean), 1)
        ),
        svg,
    }))
}

/// Runs by engine, in the order in which engines first ran.
fn panels(runs: &[RecoverRun]) -> Vec<Vec<&RecoverRun>> {
    let mut panels: Vec<Vec<&RecoverRun>> = Vec::new();
    for run in runs {
        match panels.iter_mut().find(|panel| panel[0].run.variant == run.run.variant) {
            Some(panel) => panel.push(run),
            None => panels.push(vec![run]),
        }
    }
    panels
}

/// What all panels share, so that they can be compared.
struct Axes {
    /// Bins of a mean.
    mean: usize,
    /// End of the x axis, in seconds.
    end: f64,
    /// Highest rate, in records per second.
    rate: f64,
    /// Lowest and highest latency, in nanoseconds.
    latency: (f64, f64),
}

impl Axes {
    fn of(panels: &[Vec<&RecoverRun>], mean: usize) -> Self {
        let runs = || panels.iter().flatten();
        let rates = || runs().flat_map(|run| rate(run, mean));
        let latencies = || runs().flat_map(|run| curve::latency(&run.run.series, mean)).flatten();
        let ends = rates().chain(latencies()).map(|(x, _)| x);
        let lowest = latencies().map(|(_, y)| y).fold(f64::INFINITY, f64::min);
        let highest = latencies().map(|(_, y)| y).fold(0.0, f64::max);
        let (lowest, highest) = if highest > 0.0 { (lowest, highest) } else { (1e6, 1e9) };
        Self {
            mean,
            end: ends.fold(curve::seconds(1), f64::max),
            rate: rates().map(|(_, y)| y).fold(1.0, f64::max),
            latency: (lowest / HEADROOM, highest * HEADROOM),
        }
    }
}

struct Panel<'a> {
    runs: &'a [&'a RecoverRun],
    axes: &'a Axes,
    palette: &'a Palette,
}

impl Panel<'_> {
    fn draw(
        &self,
        canvas: &Canvas<'_>,
        (left, top): (f64, f64),
        width: f64,
        lines: f64,
    ) -> Result<(), ReportError> {
        let name = wrap(&self.runs[0].run.variant, LABEL, width, 1);
        canvas.lines(&name, (left, top), Anchor::Left, LABEL)?;
        self.draw_legend(canvas, (left, top + LABEL.line), width)?;
        let (right, left) = (left + width - 4.0, left + TICKS_WIDTH);
        let top = top + LABEL.line + lines * LEGEND_LINE + CAPTION_HEIGHT;
        let middle = top + PLOT_HEIGHT + PLOT_GAP + CAPTION_HEIGHT;
        let above = Area { left, top, right, bottom: top + PLOT_HEIGHT };
        let below = Area { left, top: middle, right, bottom: middle + PLOT_HEIGHT };
        let rates = Scale::linear((0.0, self.axes.rate * HEADROOM), above.upwards());
        let latencies = Scale::logarithmic(self.axes.latency, below.upwards());
        let frame = |plot: Area, y| {
            let x = Scale::linear((0.0, self.axes.end), plot.sides());
            Frame { plot, x, y, grid: Grid::Level }
        };
        let frames = [frame(above, rates), frame(below, latencies)];
        self.draw_rates(canvas, &frames[0])?;
        self.draw_latencies(canvas, &frames[1])?;
        let ticks = frames[1].x.ticks(TICKS + 2);
        let marks = ticks.into_iter().map(|tick| (tick, trimmed(tick, 2)));
        frames[1].draw_marks(canvas, marks, (f64::NEG_INFINITY, 13.0))?;
        frames[1].draw_caption(canvas, "Seconds since the start", 30.0)?;
        self.draw_failures(canvas, &frames)
    }

    /// A line for each guarantee: what became of its rows.
    fn draw_legend(
        &self,
        canvas: &Canvas<'_>,
        (left, top): (f64, f64),
        width: f64,
    ) -> Result<(), ReportError> {
        let names = self.runs.iter().map(|run| text_width(&run.guarantee, FIGURE));
        let name_width = names.fold(0.0, f64::max);
        for (line, run) in self.runs.iter().enumerate() {
            let y = top + (line as f64 + 0.5) * LEGEND_LINE;
            let swatch = [(left, y), (left + SWATCH_WIDTH, y)];
            canvas.path(&swatch, Paint::stroke(self.palette.colour(&run.guarantee), 3.0))?;
            let x = left + SWATCH_WIDTH + 6.0;
            canvas.text(&run.guarantee, (x, y), Anchor::Left, FIGURE)?;
            let x = x + name_width + 6.0;
            let detail = wrap(&detail(run), DETAIL, left + width - x, 1);
            canvas.text(detail.first().map_or("", |it| it), (x, y), Anchor::Left, DETAIL)?;
        }
        Ok(())
    }

    fn draw_rates(&self, canvas: &Canvas<'_>, frame: &Frame) -> Result<(), ReportError> {
        let (divisor, unit) = rate_unit(self.axes.rate);
        let caption = format!(
            "Emitted, {unit}, mean of the past {} s",
            trimmed(curve::seconds(self.axes.mean), 1)
        );
        draw_grid(canvas, frame, &caption, |tick| trimmed(tick / divisor, 2))?;
        for run in self.runs {
            let points = rate(run, self.axes.mean);
            for (at, rate) in &points {
                canvas.row(&[&run.run.variant, &run.guarantee, &"emitted_per_s", at, rate]);
            }
            self.draw_tips(canvas, run, &points, frame, units::rate);
            let points = placed(frame, &points);
            let colour = self.palette.colour(&run.guarantee);
            canvas.path(&points, Paint::stroke(colour, width(run)))?;
            self.draw_end(canvas, run, &points)?;
        }
        Ok(())
    }

    fn draw_latencies(&self, canvas: &Canvas<'_>, frame: &Frame) -> Result<(), ReportError> {
        let caption = "Largest latency in each 0.1 s, logarithmic";
        draw_grid(canvas, frame, caption, duration_tick)?;
        for run in self.runs {
            let colour = self.palette.colour(&run.guarantee);
            let parts = curve::latency(&run.run.series, self.axes.mean);
            for part in &parts {
                for &(at, nanos) in part {
                    canvas.row(&[&run.run.variant, &run.guarantee, &"latency_max_ns", &at, &nanos]);
                }
                self.draw_tips(canvas, run, part, frame, duration);
                let points = placed(frame, part);
                match points.as_slice() {
                    [one] => canvas.circle(*one, width(run) / 2.0, Paint::fill(colour))?,
                    _ => canvas.path(&points, Paint::stroke(colour, width(run)))?,
                }
                if std::ptr::eq(part, &parts[parts.len() - 1]) {
                    self.draw_end(canvas, run, &points)?;
                }
            }
        }
        Ok(())
    }

    /// What a reader sees who points at a point, where points are far enough apart for it.
    fn draw_tips(
        &self,
        canvas: &Canvas<'_>,
        run: &RecoverRun,
        points: &[(f64, f64)],
        frame: &Frame,
        shown: fn(f64) -> String,
    ) {
        for (at, value) in points.iter().filter(|_| points.len() <= MOST_TIPS) {
            let (shown, seconds) = (shown(*value), trimmed(*at, 2));
            let tip = format!("{}: {shown} at {seconds} s", run.guarantee);
            canvas.tip((frame.x.place(*at), frame.y.place(*value)), TIP_RADIUS, &tip);
        }
    }

    /// A dot where the failure ended the run.
    fn draw_end(
        &self,
        canvas: &Canvas<'_>,
        run: &RecoverRun,
        points: &[(f64, f64)],
    ) -> Result<(), ReportError> {
        match points.last() {
            Some(end) if run.output == RecoverOutput::EndedByTheFailure => {
                canvas.circle(*end, 4.0, Paint::fill(self.palette.colour(&run.guarantee)))
            }
            _ => Ok(()),
        }
    }

    /// A line through both plots at every failure, with a name at the first.
    fn draw_failures(&self, canvas: &Canvas<'_>, frames: &[Frame; 2]) -> Result<(), ReportError> {
        let (x, right) = (&frames[0].x, frames[0].plot.right);
        let failures = self.runs.iter().flat_map(|run| &run.run.recovery.failures);
        let mut marks: Vec<f64> =
            failures.map(|failure| x.place(failure.at_ns as f64 / 1e9)).collect();
        marks.sort_by(f64::total_cmp);
        marks.dedup_by(|next, kept| *next - *kept < ONE_MARK);
        for mark in &marks {
            for Area { top, bottom, .. } in frames.map(|frame| frame.plot) {
                let line = Paint::stroke(INK, 1.0).with_opacity(0.6);
                canvas.path(&[(*mark, top), (*mark, bottom)], line)?;
            }
        }
        let Some(first) = marks.first() else { return Ok(()) };
        let name = "failure";
        let fits = first + 6.0 + text_width(name, FIGURE) <= right;
        let (at, anchor) =
            if fits { (first + 6.0, Anchor::Left) } else { (first - 6.0, Anchor::Right) };
        let width = if fits { text_width(name, FIGURE) } else { -text_width(name, FIGURE) };
        let top = frames[0].plot.top;
        canvas.rectangle((at, top), (at + width, top + FIGURE.line), Paint::fill(WHITE))?;
        canvas.text(name, (at, top + FIGURE.line / 2.0), anchor, FIGURE)
    }
}

/// Grid, labels and base line of a plot, under the caption of its values.
fn draw_grid(
    canvas: &Canvas<'_>,
    frame: &Frame,
    caption: &str,
    label: impl Fn(f64) -> String,
) -> Result<(), ReportError> {
    let at = (frame.plot.left - TICKS_WIDTH, frame.plot.top - CAPTION_HEIGHT / 2.0);
    canvas.text(caption, at, Anchor::Left, AXIS)?;
    frame.draw_grid(canvas, &frame.y.ticks(TICKS), label)?;
    frame.draw_base(canvas)
}

fn placed(frame: &Frame, points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    points.iter().map(|at| (frame.x.place(at.0), frame.y.place(at.1))).collect()
}

/// What a run emitted per second, up to the failure that ended it.
fn rate(run: &RecoverRun, mean: usize) -> Vec<(f64, f64)> {
    let last = run.run.recovery.failures.last();
    let ended = last.filter(|_| run.output == RecoverOutput::EndedByTheFailure);
    curve::rate(&run.run.series, ended.map(|failure| failure.at_ns), mean)
}

/// Width of a run's lines: the ones drawn later are narrower, and cover no other that runs the same
/// way.
fn width(run: &RecoverRun) -> f64 {
    const WIDTHS: [f64; GUARANTEES.len()] = [4.5, 3.0, 1.5];
    let place = GUARANTEES.iter().position(|guarantee| *guarantee == run.guarantee);
    WIDTHS[place.unwrap_or(GUARANTEES.len() - 1)]
}

/// What became of a run's rows.
fn detail(run: &RecoverRun) -> String {
    let rows = |rows: Option<u64>| rows.map_or(NO_FIGURE.to_owned(), count);
    match run.output {
        RecoverOutput::EndedByTheFailure => {
            format!("ended by the failure, {} lost", rows(run.lost))
        }
        RecoverOutput::Interrupted => "interrupted".to_owned(),
        _ => format!("{} lost, {} duplicated", rows(run.lost), rows(run.duplicated)),
    }
}

/// Workload, rate, parallelism, fault and the settings that decide.
fn subtitle(result: &RecoverResult) -> String {
    let Some(RecoverRun { run, .. }) = result.runs.first() else { return result.fault.clone() };
    let mut parts = vec![
        run.workload.clone(),
        planned_rate(run.rate),
        format!("parallelism {}", run.parallelism),
    ];
    parts.extend(result.fault.split(", ").map(str::to_owned));
    for name in SETTINGS {
        let found = result.runs.iter().find_map(|run| run.run.settings.get(name));
        let value = found.and_then(serde_json::Value::as_f64);
        parts.extend(value.map(|value| format!("{name}={}", trimmed(value, 3))));
    }
    if run.clock != "wall" {
        parts.push(format!("{} time", run.clock));
    }
    // Lines break between parts, not inside them.
    let parts: Vec<String> = parts.iter().map(|part| part.replace(' ', "\u{a0}")).collect();
    parts.join(" · ")
}

fn alternative(panels: &[Vec<&RecoverRun>], title: &str) -> String {
    let each = panels.iter().flatten();
    let each = each.map(|run| format!("{}, {}: {}", run.run.variant, run.guarantee, detail(run)));
    let each: Vec<String> = each.collect();
    format!("Records emitted and latency over time. {title}. {}.", each.join("; "))
}
