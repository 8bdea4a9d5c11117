//! Latency by percentile: a curve per variant, both axes logarithmic.
//!
//! The place of a quantile q on the x axis is 1 / (1 - q), so each further nine takes as much
//! room as the one before it, and the tail, where models differ most, is not squeezed.

mod curve;

use crate::chart::kind::{ChartKind, Draw, Outcome};
use crate::draw::canvas::{Anchor, Canvas, Paint, render};
use crate::draw::drawing::Drawing;
use crate::draw::frame::{Area, Frame, Grid};
use crate::draw::header::{Header, circumstances};
use crate::draw::labels::{Wish, spread};
use crate::draw::scale::Scale;
use crate::draw::style::{AXIS, FIGURE, GREY, LABEL, MARGIN, Palette, Text, WIDTH};
use crate::draw::wrap::wrap;
use crate::error::ReportError;
use crate::schema::{LatencyKind, Measures, Metric, Percentile};
use crate::words::summary::{Experiment, Variant};
use crate::words::units::{duration, duration_tick, trimmed};
use curve::{Curves, curves};

/// Ticks wanted on the y axis.
const TICKS: usize = 5;
/// How far measured labels of the x axis may overlap: they are measured generously.
const TICK_LABEL_SLACK: f64 = 3.0;
const PLOT_HEIGHT: f64 = 300.0;
/// Left of the plot: tick labels.
const TICKS_WIDTH: f64 = 56.0;
/// Right of the plot: a leader, a swatch and the label.
const LEADER_WIDTH: f64 = 14.0;
const SWATCH_WIDTH: f64 = 14.0;
const LABEL_WIDTH: f64 = 190.0;
const LABEL_LINES: usize = 3;
const LABEL_GAP: f64 = 7.0;
/// Above the plot: the y axis' caption. Under it: tick labels and the x axis' caption.
const CAPTION_HEIGHT: f64 = 24.0;
const AXIS_HEIGHT: f64 = 50.0;
/// Room above and under the curves, as a factor.
const HEADROOM: f64 = 1.25;
/// Around a point, where a reader may point at it.
const TIP_RADIUS: f64 = 6.0;
const DETAIL: Text = Text { ink: GREY, ..FIGURE };

/// Latency from the planned time.
pub(crate) const FROM_PLANNED: ChartKind = ChartKind {
    tag: "latency-from-planned",
    draw: Draw::Experiment(|experiment, palette| {
        draw(experiment, LatencyKind::FromPlanned, palette)
    }),
};

/// Latency after a window's end.
pub(crate) const AFTER_WINDOW_END: ChartKind = ChartKind {
    tag: "latency-after-window-end",
    draw: Draw::Experiment(|experiment, palette| {
        draw(experiment, LatencyKind::AfterWindowEnd, palette)
    }),
};

/// Draws one of the latencies of an experiment; `None` for another kind of experiment or when no run
/// has enough values for a curve.
///
/// # Errors
/// [`ReportError::Draw`] when the drawing library refuses.
fn draw(experiment: &Experiment<'_>, kind: LatencyKind, palette: &Palette) -> Outcome {
    if experiment.measures != Measures::Latency {
        return Ok(None);
    }
    let drawn: Vec<Curves<'_>> =
        experiment.variants.iter().filter_map(|variant| curves(variant, kind)).collect();
    if drawn.is_empty() {
        return Ok(None);
    }
    let title = title(experiment, kind);
    let header = Header::new(&title, &circumstances(experiment));
    let top = header.height() + CAPTION_HEIGHT;
    let bottom = top + PLOT_HEIGHT;
    let left = MARGIN + TICKS_WIDTH;
    let right = WIDTH - MARGIN - LABEL_WIDTH - SWATCH_WIDTH - LEADER_WIDTH - 8.0;
    let points = || drawn.iter().flat_map(Curves::all_points);
    let farthest = points().map(|(x, _)| x).fold(2.0, f64::max);
    let lowest = points().map(|(_, y)| y).fold(f64::INFINITY, f64::min) / HEADROOM;
    let highest = points().map(|(_, y)| y).fold(0.0, f64::max) * HEADROOM;
    let area = Area { left, top, right, bottom };
    let frame = Frame {
        plot: area,
        x: Scale::logarithmic((1.0, farthest), area.sides()),
        y: Scale::logarithmic((lowest, highest), area.upwards()),
        grid: Grid::Level,
    };
    let plot = Plot { frame, farthest };
    let alt = alternative(experiment, kind, &title);
    let svg = render((WIDTH, bottom + AXIS_HEIGHT), &alt, |canvas| {
        header.draw(canvas)?;
        plot.draw_axes(canvas, kind)?;
        canvas.columns(&["variant", "run", "share", "latency_ns"]);
        for curves in &drawn {
            plot.draw_curves(canvas, curves, palette)?;
        }
        plot.draw_labels(canvas, &drawn, kind, palette)
    })?;
    Ok(Some(Drawing { title, caption: caption(experiment, kind, &drawn), svg }))
}

struct Plot {
    frame: Frame,
    /// Farthest value of the x axis.
    farthest: f64,
}

impl Plot {
    fn draw_axes(&self, canvas: &Canvas<'_>, kind: LatencyKind) -> Result<(), ReportError> {
        let frame = &self.frame;
        frame.draw_grid(canvas, &frame.y.ticks(TICKS), duration_tick)?;
        frame.draw_base(canvas)?;
        frame.draw_marks(canvas, quantile_ticks(self.farthest), (-TICK_LABEL_SLACK, 14.0))?;
        let caption = format!("Latency {}, logarithmic", kind.description());
        let at = (MARGIN, frame.plot.top - CAPTION_HEIGHT + 6.0);
        canvas.text(&caption, at, Anchor::Left, AXIS)?;
        frame.draw_caption(canvas, "Share of results with at most that latency", 34.0)
    }

    fn place(&self, points: &[(f64, f64)]) -> Vec<(f64, f64)> {
        points.iter().map(|(x, y)| (self.frame.x.place(*x), self.frame.y.place(*y))).collect()
    }

    fn draw_curves(
        &self,
        canvas: &Canvas<'_>,
        curves: &Curves<'_>,
        palette: &Palette,
    ) -> Result<(), ReportError> {
        let colour = palette.colour(curves.variant.name);
        for repeat in &curves.repeats {
            let faint = Paint::stroke(colour, 1.0).with_opacity(0.3);
            canvas.path(&self.place(repeat), faint)?;
        }
        for (x, nanos) in &curves.median {
            let share = (1.0 - 1.0 / x) * 100.0;
            let text = format!(
                "{}: {} at {}\u{a0}%",
                curves.variant.name,
                duration(*nanos),
                trimmed(share, 4)
            );
            canvas.tip((self.frame.x.place(*x), self.frame.y.place(*nanos)), TIP_RADIUS, &text);
            let share = trimmed(share / 100.0, 7);
            let which = if curves.are_valid { "median" } else { "median of invalid runs" };
            canvas.row(&[&curves.variant.name, &which, &share, &nanos.round()]);
        }
        let median = self.place(&curves.median);
        match curves.are_valid {
            true => canvas.path(&median, Paint::stroke(colour, 2.5))?,
            false => canvas.dashed(&median, Paint::stroke(colour, 2.5))?,
        }
        median.last().map_or(Ok(()), |end| canvas.circle(*end, 3.0, Paint::fill(colour)))
    }

    fn draw_labels(
        &self,
        canvas: &Canvas<'_>,
        drawn: &[Curves<'_>],
        kind: LatencyKind,
        palette: &Palette,
    ) -> Result<(), ReportError> {
        let Area { top, right, bottom, .. } = self.frame.plot;
        let labels: Vec<Label> = drawn.iter().map(|c| self.label(c, kind)).collect();
        let wishes: Vec<Wish> = labels.iter().map(Label::wish).collect();
        let middles = spread(&wishes, (top - CAPTION_HEIGHT, bottom + AXIS_HEIGHT));
        for ((label, middle), curves) in labels.iter().zip(middles).zip(drawn) {
            let colour = palette.colour(curves.variant.name);
            let swatch = right + LEADER_WIDTH;
            let head = middle - label.height() / 2.0;
            let first_line = head + LABEL.line / 2.0;
            let leader = [label.end, (right.max(label.end.0), label.end.1), (swatch, first_line)];
            canvas.path(&leader, Paint::stroke(colour, 1.0).with_opacity(0.6))?;
            let swatch_end = (swatch + SWATCH_WIDTH, first_line);
            canvas.path(&[(swatch, first_line), swatch_end], Paint::stroke(colour, 3.0))?;
            let x = swatch + SWATCH_WIDTH + 6.0;
            canvas.lines(&label.name, (x, head), Anchor::Left, LABEL)?;
            let under = head + label.name.len() as f64 * LABEL.line;
            canvas.lines(&label.detail, (x, under), Anchor::Left, DETAIL)?;
        }
        Ok(())
    }

    fn label(&self, curves: &Curves<'_>, kind: LatencyKind) -> Label {
        let detail: Vec<String> = [Percentile::P50, Percentile::P99]
            .into_iter()
            .filter_map(|p| {
                Some(format!("{} {}", p.label(), duration(median(curves.variant, kind, p)?)))
            })
            .collect();
        let end = curves.median.last().copied().unwrap_or((1.0, 1.0));
        let detail = if curves.are_valid { detail.join(" · ") } else { "invalid".to_owned() };
        Label {
            name: wrap(curves.variant.name, LABEL, LABEL_WIDTH, LABEL_LINES),
            detail: wrap(&detail, DETAIL, LABEL_WIDTH, 1),
            end: (self.frame.x.place(end.0), self.frame.y.place(end.1)),
        }
    }
}

struct Label {
    name: Vec<String>,
    detail: Vec<String>,
    end: (f64, f64),
}

impl Label {
    fn height(&self) -> f64 {
        self.name.len() as f64 * LABEL.line + self.detail.len() as f64 * DETAIL.line
    }

    /// Its first line beside the end of the curve.
    fn wish(&self) -> Wish {
        let middle = self.end.1 + (self.height() - LABEL.line) / 2.0;
        Wish { middle, height: self.height() + LABEL_GAP }
    }
}

/// Places 1 / (1 - q) up to `farthest` and their labels: 0 %, 50 %, 90 %, 99 %, 99.9 %, ...
fn quantile_ticks(farthest: f64) -> Vec<(f64, String)> {
    const NINES: usize = 12;
    let nines = (1..=NINES).map(|nines| {
        let label = match nines {
            1 => "90 %".into(),
            2 => "99 %".into(),
            _ => format!("99.{} %", "9".repeat(nines - 2)),
        };
        (10f64.powi(nines as i32), label)
    });
    let ticks = [(1.0, "0 %".to_string()), (2.0, "50 %".to_string())].into_iter().chain(nines);
    ticks.filter(|(x, _)| *x <= farthest * (1.0 + 1e-9)).collect()
}

fn median(variant: &Variant<'_>, kind: LatencyKind, percentile: Percentile) -> Option<f64> {
    let spread = variant.figure(Metric::of_latency(kind, percentile));
    spread.map(|spread| spread.median)
}

/// The median of every variant that has it, lowest first, at the highest of p99, p90 and p50 that
/// all drawn variants have.
fn finding<'a>(
    experiment: &'a Experiment<'_>,
    kind: LatencyKind,
) -> Option<(Percentile, Vec<(f64, &'a str)>)> {
    let any = |variant: &&Variant<'_>| {
        Percentile::ALL.into_iter().any(|p| median(variant, kind, p).is_some())
    };
    let variants: Vec<_> = experiment.variants.iter().filter(any).collect();
    for percentile in [Percentile::P99, Percentile::P90, Percentile::P50] {
        let at = |v: &&Variant<'a>| Some((median(v, kind, percentile)?, v.name));
        let mut medians: Vec<(f64, &str)> =
            variants.iter().copied().filter_map(|v| at(&v)).collect();
        if !medians.is_empty() && medians.len() == variants.len() {
            medians.sort_by(|a, b| a.0.total_cmp(&b.0));
            return Some((percentile, medians));
        }
    }
    None
}

/// `p99 latency: 0.910 ms with pipelined, 52.3 ms with microbatch`: the lowest and the highest.
fn title(experiment: &Experiment<'_>, kind: LatencyKind) -> String {
    let what = match kind {
        LatencyKind::FromPlanned => "latency".to_string(),
        kind => format!("latency {}", kind.description()),
    };
    let Some((percentile, medians)) = finding(experiment, kind) else {
        return format!("{}: {what} by percentile", experiment.name);
    };
    let (lowest, highest) = (medians[0], medians[medians.len() - 1]);
    let with = |(ns, name): (f64, &str)| format!("{} with {name}", duration(ns));
    let mut title = format!("{} {what}: {}", percentile.label(), with(lowest));
    if medians.len() > 1 {
        title.push_str(&format!(", {}", with(highest)));
    }
    title
}

fn alternative(experiment: &Experiment<'_>, kind: LatencyKind, title: &str) -> String {
    let medians = finding(experiment, kind).map_or(String::new(), |(percentile, medians)| {
        let medians: Vec<String> =
            medians.iter().map(|(ns, name)| format!("{name} {}", duration(*ns))).collect();
        format!(" Median {}: {}.", percentile.label(), medians.join("; "))
    });
    format!("Line chart of latency by percentile. {title}.{medians}")
}

fn caption(experiment: &Experiment<'_>, kind: LatencyKind, drawn: &[Curves<'_>]) -> String {
    let mut caption = format!(
        "Thick lines are medians over valid runs at each percentile, thin lines the runs; a curve \
         stops where fewer than {} values lie beyond it.",
        curve::VALUES_BEYOND
    );
    if drawn.iter().any(|curves| !curves.are_valid) {
        caption.push_str(" A dashed curve is of invalid runs only, and counts for nothing.");
    }
    let is_drawn = |name: &str| drawn.iter().any(|curves| curves.variant.name == name);
    let missing: Vec<&str> =
        experiment.variants.iter().map(|v| v.name).filter(|name| !is_drawn(name)).collect();
    if !missing.is_empty() {
        let why = "no run with enough values";
        caption.push_str(&format!(" Not drawn, {why}: {}.", missing.join("; ")));
    }
    if drawn.iter().any(|curves| curves.has_zero(kind)) {
        caption.push_str(" Latencies of 0 are drawn at the lowest one above 0, at most 1 µs.");
    }
    caption
}
