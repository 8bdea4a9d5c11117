//! Throughput: a bar per variant, from zero, and every run as a dot.

use crate::chart::kind::{ChartKind, Draw, Drawn};
use crate::draw::canvas::{Anchor, Canvas, Paint, render};
use crate::draw::drawing::Drawing;
use crate::draw::header::{Header, circumstances};
use crate::draw::scale::Scale;
use crate::draw::style::{
    AXIS, BASE, FIGURE, GREY, GRID, LABEL, MARGIN, Palette, Text, WHITE, WIDTH, text_width,
};
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
/// Ticks wanted on the axis.
const TICKS: usize = 5;
const NAME_LINES: usize = 3;
const BAR_HEIGHT: f64 = 26.0;
const ROW_GAP: f64 = 16.0;
const DOT_RADIUS: f64 = 3.2;
/// Under the bars: tick labels and the axis caption.
const AXIS_HEIGHT: f64 = 48.0;
const FIGURE_GREY: Text = Text { ink: GREY, ..FIGURE };
const NOTHING_VALID: &str = "no valid run";

/// The kind of chart that this file draws.
pub(crate) const KIND: ChartKind = ChartKind { tag: "throughput", draw: Draw::Experiment(draw) };

/// Draws the throughput of an experiment; `None` for another kind of experiment or without a
/// single figure above zero.
///
/// # Errors
/// [`ReportError::Draw`] when the drawing library refuses.
fn draw(experiment: &Experiment<'_>, palette: &Palette) -> Drawn {
    let runs = experiment.variants.iter().flat_map(|variant| &variant.runs);
    let largest = runs.filter_map(|run| throughput(run)).fold(0.0, f64::max);
    if experiment.measures != Measures::Throughput || largest <= 0.0 {
        return Ok(None);
    }
    let title = title(experiment);
    let header = Header::new(&title, &circumstances(experiment));
    let rows: Vec<Row<'_>> = experiment.variants.iter().map(Row::new).collect();
    let height = header.height() + rows.iter().map(Row::height).sum::<f64>() + AXIS_HEIGHT;
    let names = rows.iter().flat_map(|row| &row.name).map(|line| text_width(line, LABEL));
    let left = MARGIN + names.fold(0.0, f64::max) + 12.0;
    let (divisor, unit) = rate_unit(largest);
    let scale = Scale::linear((0.0, largest / divisor), (left, WIDTH - MARGIN - VALUE_WIDTH));

    let svg = render((WIDTH, height), &alternative(experiment, &title), |canvas| {
        header.draw(canvas)?;
        let (top, bottom) = (header.height(), height - AXIS_HEIGHT);
        draw_axis(canvas, &scale, (top, bottom), unit)?;
        canvas.columns(&["variant", "repeat", "throughput_per_s", "valid"]);
        let mut middle = top;
        for row in &rows {
            middle += row.height() / 2.0;
            canvas.lines(
                &row.name,
                (left - 12.0, middle - row.name.len() as f64 * LABEL.line / 2.0),
                Anchor::Right,
                LABEL,
            )?;
            draw_row(canvas, row.variant, middle, &scale, divisor, palette)?;
            middle += row.height() / 2.0;
        }
        canvas.path(&[(left, top), (left, bottom)], Paint::stroke(BASE, 1.0))
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

fn draw_axis(
    canvas: &Canvas<'_>,
    scale: &Scale,
    (top, bottom): (f64, f64),
    unit: &str,
) -> Result<(), ReportError> {
    for tick in scale.ticks(TICKS) {
        let x = scale.place(tick);
        canvas.path(&[(x, top), (x, bottom)], Paint::stroke(GRID, 1.0))?;
        canvas.text(&trimmed(tick, 3), (x, bottom + 12.0), Anchor::Centre, AXIS)?;
    }
    let caption = format!("Throughput, {unit}");
    canvas.text(&caption, (scale.place(0.0), bottom + 31.0), Anchor::Left, AXIS)
}

fn draw_row(
    canvas: &Canvas<'_>,
    variant: &Variant<'_>,
    middle: f64,
    scale: &Scale,
    divisor: f64,
    palette: &Palette,
) -> Result<(), ReportError> {
    let colour = palette.colour(variant.name);
    let (top, bottom) = (middle - BAR_HEIGHT / 2.0, middle + BAR_HEIGHT / 2.0);
    let median = variant.throughput().map(|spread| spread.median / divisor);
    let mut end = scale.place(0.0);
    if let Some(median) = median {
        end = scale.place(median);
        let bar = Paint::fill(colour).with_opacity(0.35);
        canvas.rectangle((scale.place(0.0), top), (end, bottom), bar)?;
        canvas.path(&[(end, top), (end, bottom)], Paint::stroke(colour, 2.0))?;
    } else if let Some(refused) = Spread::of(variant.runs.iter().filter_map(|run| throughput(run)))
    {
        end = scale.place(refused.median / divisor);
        canvas.hatched((scale.place(0.0), top), (end, bottom), colour)?;
    }
    let runs: Vec<_> = variant.runs.iter().filter(|run| throughput(run).is_some()).collect();
    for (index, run) in runs.iter().enumerate() {
        let Some(value) = throughput(run) else { continue };
        let x = scale.place(value / divisor);
        let y = top + BAR_HEIGHT * (index as f64 + 1.0) / (runs.len() as f64 + 1.0);
        let (inside, edge) = if run.valid { (colour, WHITE) } else { (WHITE, colour) };
        canvas.circle((x, y), DOT_RADIUS, Paint::fill(inside))?;
        canvas.circle(
            (x, y),
            DOT_RADIUS,
            Paint::stroke(edge, if run.valid { 0.75 } else { 1.5 }),
        )?;
        let judged = if run.valid { "" } else { ", invalid" };
        let text = format!("{}, repeat {}: {}{judged}", run.variant, run.repeat + 1, rate(value));
        canvas.tip((x, y), DOT_RADIUS + 2.0, &text);
        canvas.row(&[&run.variant, &(run.repeat + 1), &value, &run.valid]);
        end = end.max(x + DOT_RADIUS);
    }
    let (label, style) = match median {
        Some(median) => (significant(median), LABEL),
        None => (NOTHING_VALID.into(), FIGURE_GREY),
    };
    canvas.text(&label, (end + 8.0, middle), Anchor::Left, style)?;
    if let (Some(spread), Some(_)) = (variant.throughput(), median) {
        let beside = end + 8.0 + text_width(&label, LABEL) + 8.0;
        let range = match spread.count {
            1 => "1 run".into(),
            _ => format!(
                "{} – {}",
                significant(spread.low / divisor),
                significant(spread.high / divisor)
            ),
        };
        if beside + text_width(&range, FIGURE_GREY) <= WIDTH - MARGIN {
            canvas.text(&range, (beside, middle), Anchor::Left, FIGURE_GREY)?;
        }
    }
    Ok(())
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
