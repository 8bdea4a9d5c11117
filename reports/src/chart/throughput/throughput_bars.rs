//! Throughput: a bar per variant, from zero, and every run as a dot.

use plotters::style::RGBColor;

use crate::chart::kind::{ChartKind, Draw, Outcome};
use crate::draw::bar_plot::BarPlot;
use crate::draw::canvas::{Anchor, Canvas, Paint, render};
use crate::draw::drawing::Drawing;
use crate::draw::header::{Header, circumstances};
use crate::draw::scale::Scale;
use crate::draw::style::{FIGURE, GREY, LABEL, MARGIN, Palette, Text, WHITE, WIDTH, text_width};
use crate::draw::wrap::wrap;
use crate::error::ReportError;
use crate::schema::Measures;
use crate::words::summary::{Experiment, Spread, Variant, throughput};
use crate::words::units::{rate, rate_unit, ratio, significant, trimmed};
use crate::words::verdict::{headlines, winner};

/// Widest column of names.
const NAMES_WIDTH: f64 = 220.0;
/// Room at the right for the value beside the longest bar.
const VALUE_WIDTH: f64 = 160.0;
const NAME_LINES: usize = 3;
const BAR_HEIGHT: f64 = 26.0;
const ROW_GAP: f64 = 16.0;
const DOT_RADIUS: f64 = 3.2;
const FIGURE_GREY: Text = Text { ink: GREY, ..FIGURE };
const NOTHING_VALID: &str = "no valid run";

/// The kind of chart that this file draws.
pub(crate) const KIND: ChartKind = ChartKind { tag: "throughput", draw: Draw::Experiment(draw) };

/// Draws the throughput of an experiment; `None` for another kind of experiment or without a
/// single figure above zero.
///
/// # Errors
/// [`ReportError::Draw`] when the drawing library refuses.
fn draw(experiment: &Experiment<'_>, palette: &Palette) -> Outcome {
    let runs = experiment.variants.iter().flat_map(|variant| &variant.runs);
    let largest = runs.filter_map(|run| throughput(run)).fold(0.0, f64::max);
    if experiment.measures != Measures::Throughput || largest <= 0.0 {
        return Ok(None);
    }
    let title = title(experiment);
    let header = Header::new(&title, &circumstances(experiment));
    let rows: Vec<Row<'_>> = experiment.variants.iter().map(Row::new).collect();
    let names = rows.iter().flat_map(|row| &row.name).map(|line| text_width(line, LABEL));
    let left = MARGIN + names.fold(0.0, f64::max) + 12.0;
    let (divisor, unit) = rate_unit(largest);
    let plot = BarPlot {
        caption: &format!("Throughput, {unit}"),
        most: largest / divisor,
        tick: &|tick| trimmed(tick, 3),
        ticks: None,
        left,
        value_width: VALUE_WIDTH,
        height: rows.iter().map(Row::height).sum(),
    };
    let height = header.height() + plot.full_height();
    let svg = render((WIDTH, height), &alternative(experiment, &title), |canvas| {
        header.draw(canvas)?;
        canvas.columns(&["variant", "repeat", "throughput_per_s", "valid"]);
        plot.draw(canvas, header.height(), |scale| {
            let mut middle = header.height();
            for row in &rows {
                middle += row.height() / 2.0;
                let top = middle - row.name.len() as f64 * LABEL.line / 2.0;
                canvas.lines(&row.name, (left - 12.0, top), Anchor::Right, LABEL)?;
                let places =
                    Places { middle, scale, divisor, colour: palette.colour(row.variant.name) };
                places.draw(canvas, row.variant)?;
                middle += row.height() / 2.0;
            }
            Ok(())
        })
    })?;
    Ok(Some(Drawing {
        title,
        caption: "Bars are medians over valid runs; each dot is a run, in order from top to \
                  bottom; a hollow dot is an invalid run and counts for nothing; a hatched bar has no \
                  other runs."
            .into(),
        svg,
    }))
}

struct Row<'a> {
    variant: &'a Variant<'a>,
    name: Vec<String>,
}

impl<'a> Row<'a> {
    fn new(variant: &'a Variant<'a>) -> Row<'a> {
        Row { variant, name: wrap(variant.name, LABEL, NAMES_WIDTH, NAME_LINES) }
    }

    fn height(&self) -> f64 {
        (self.name.len() as f64 * LABEL.line).max(BAR_HEIGHT) + ROW_GAP
    }
}

/// Where a variant's bar is drawn.
struct Places<'a> {
    /// Middle of its row.
    middle: f64,
    scale: &'a Scale,
    /// From records per second to the unit of the scale.
    divisor: f64,
    colour: RGBColor,
}

impl Places<'_> {
    fn draw(&self, canvas: &Canvas<'_>, variant: &Variant<'_>) -> Result<(), ReportError> {
        let bar_end = self.draw_bar(canvas, variant)?;
        let end = self.draw_runs(canvas, variant)?.max(bar_end);
        self.draw_figures(canvas, variant.throughput(), end)
    }

    /// The median of the valid runs, or hatched that of the invalid ones; returns its end.
    fn draw_bar(&self, canvas: &Canvas<'_>, variant: &Variant<'_>) -> Result<f64, ReportError> {
        let (top, bottom) = (self.middle - BAR_HEIGHT / 2.0, self.middle + BAR_HEIGHT / 2.0);
        let zero = self.scale.place(0.0);
        let all = || Spread::of(variant.runs.iter().filter_map(|run| throughput(run)));
        let place = |spread: Spread| self.scale.place(spread.median / self.divisor);
        if let Some(end) = variant.throughput().map(place) {
            let bar = Paint::fill(self.colour).with_opacity(0.35);
            canvas.rectangle((zero, top), (end, bottom), bar)?;
            canvas.path(&[(end, top), (end, bottom)], Paint::stroke(self.colour, 2.0))?;
            Ok(end)
        } else if let Some(end) = all().map(place) {
            canvas.hatched((zero, top), (end, bottom), self.colour)?;
            Ok(end)
        } else {
            Ok(zero)
        }
    }

    /// Every run as a dot, from top to bottom; returns the end of the farthest.
    fn draw_runs(&self, canvas: &Canvas<'_>, variant: &Variant<'_>) -> Result<f64, ReportError> {
        let runs = variant.runs.iter().filter_map(|run| Some((run, throughput(run)?)));
        let runs: Vec<_> = runs.collect();
        let (top, mut end) = (self.middle - BAR_HEIGHT / 2.0, 0.0_f64);
        for (index, (run, value)) in runs.iter().enumerate() {
            let x = self.scale.place(value / self.divisor);
            let y = top + BAR_HEIGHT * (index as f64 + 1.0) / (runs.len() as f64 + 1.0);
            let (inside, edge, width) = match run.valid {
                true => (self.colour, WHITE, 0.75),
                false => (WHITE, self.colour, 1.5),
            };
            canvas.circle((x, y), DOT_RADIUS, Paint::fill(inside))?;
            canvas.circle((x, y), DOT_RADIUS, Paint::stroke(edge, width))?;
            let judged = if run.valid { "" } else { ", invalid" };
            let (name, repeat) = (&run.variant, run.repeat + 1);
            let text = format!("{name}, repeat {repeat}: {}{judged}", rate(*value));
            canvas.tip((x, y), DOT_RADIUS + 2.0, &text);
            canvas.row(&[name, &repeat, value, &run.valid]);
            end = end.max(x + DOT_RADIUS);
        }
        Ok(end)
    }

    /// The median and, if there is room, the range of the runs, right of `end`.
    fn draw_figures(
        &self,
        canvas: &Canvas<'_>,
        valid: Option<Spread>,
        end: f64,
    ) -> Result<(), ReportError> {
        let at = end + 8.0;
        let Some(spread) = valid else {
            return canvas.text(NOTHING_VALID, (at, self.middle), Anchor::Left, FIGURE_GREY);
        };
        let shown = |per_s: f64| significant(per_s / self.divisor);
        let label = shown(spread.median);
        canvas.text(&label, (at, self.middle), Anchor::Left, LABEL)?;
        let beside = at + text_width(&label, LABEL) + 8.0;
        let range = match spread.count {
            1 => "1 run".to_owned(),
            _ => format!("{} – {}", shown(spread.low), shown(spread.high)),
        };
        if beside + text_width(&range, FIGURE_GREY) <= WIDTH - MARGIN {
            canvas.text(&range, (beside, self.middle), Anchor::Left, FIGURE_GREY)?;
        }
        Ok(())
    }
}

/// `pipelined: 1.82x the throughput of microbatch`, when one variant is ahead of all others.
fn title(experiment: &Experiment<'_>) -> String {
    const NAMED: usize = 2;
    let headlines = headlines(experiment);
    let wins: Vec<_> = headlines.iter().filter_map(|comparison| winner(comparison)).collect();
    for variant in &experiment.variants {
        let beaten: Vec<_> = wins.iter().filter(|(winner, ..)| *winner == variant.name).collect();
        if beaten.len() + 1 == experiment.variants.len() && (1..=NAMED).contains(&beaten.len()) {
            let beaten: Vec<String> = beaten
                .iter()
                .map(|(_, loser, factor)| format!("{} the throughput of {loser}", ratio(*factor)))
                .collect();
            return format!("{}: {}", variant.name, beaten.join(" and "));
        }
    }
    match headlines.is_empty() || !wins.is_empty() {
        true => format!("Throughput by variant: {}", experiment.name),
        false => "Throughput: no difference shown".into(),
    }
}

fn alternative(experiment: &Experiment<'_>, title: &str) -> String {
    let medians: Vec<String> = experiment
        .variants
        .iter()
        .map(|variant| {
            let median = variant.throughput().map(|spread| rate(spread.median));
            format!("{} {}", variant.name, median.unwrap_or_else(|| NOTHING_VALID.into()))
        })
        .collect();
    format!("Bar chart. {title}. Median throughput: {}.", medians.join("; "))
}
