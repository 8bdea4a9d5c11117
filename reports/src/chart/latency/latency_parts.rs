//! Where a latency goes: its parts as stacked bars, of all records and of the slowest hundredth.

use plotters::style::RGBColor;

use crate::chart::kind::{ChartKind, Draw, Outcome};
use crate::chart::median_run::median_run;
use crate::draw::bar_plot::{BarPlot, draw_stack};
use crate::draw::canvas::{Anchor, Canvas, render};
use crate::draw::drawing::Drawing;
use crate::draw::header::{Header, circumstances};
use crate::draw::legend::Legend;
use crate::draw::scale::Scale;
use crate::draw::style::{AXIS, FIGURE, GREY, LABEL, MARGIN, Text, WIDTH, text_width};
use crate::draw::wrap::wrap;
use crate::error::ReportError;
use crate::schema::{PartsOfMean, RunResult};
use crate::words::summary::Experiment;
use crate::words::units::{count, duration, duration_tick, share};

const NAMES_WIDTH: f64 = 600.0;
const NAME_LINES: usize = 2;
const VALUE_WIDTH: f64 = 84.0;
const BAR_HEIGHT: f64 = 22.0;
/// Between the two bars of a variant, and between variants.
const BAR_GAP: f64 = 5.0;
const ROW_GAP: f64 = 16.0;
const DETAIL: Text = Text { ink: GREY, ..FIGURE };
/// A part as the legend names it, and its colour.
const PARTS: [(&str, RGBColor); 8] = [
    ("on the way to the source", RGBColor(0xf0, 0xe4, 0x42)),
    ("waiting at the source", RGBColor(0xcc, 0x79, 0xa7)),
    ("for the buffer or the batch", RGBColor(0xe6, 0x9f, 0x00)),
    ("for the next stage", RGBColor(0x56, 0xb4, 0xe9)),
    ("processing", RGBColor(0x00, 0x72, 0xb2)),
    ("cost of the implementation", RGBColor(0xd5, 0x5e, 0x00)),
    ("in state", RGBColor(0xb8, 0xbf, 0xc6)),
    ("for the commit", RGBColor(0x00, 0x9e, 0x73)),
];

/// The kind of chart that this file draws.
pub(crate) const KIND: ChartKind =
    ChartKind { tag: "latency-parts", draw: Draw::Experiment(|experiment, _| draw(experiment)) };

/// Draws the parts of each variant's median run; `None` when no run has any.
///
/// # Errors
/// [`ReportError::Draw`] when the drawing library refuses.
fn draw(experiment: &Experiment<'_>) -> Outcome {
    let runs = experiment.variants.iter().filter_map(|variant| median_run(variant));
    let has_parts = |run: &&RunResult| {
        let total = run.latency_parts.mean.total_ns;
        run.latency_parts.samples > 0 && total.is_finite() && total > 0.0
    };
    let rows: Vec<Row<'_>> = runs.filter(has_parts).map(Row::of).collect();
    let Some(longest) = rows.iter().map(Row::longest).max_by(f64::total_cmp) else {
        return Ok(None);
    };
    let left = MARGIN + text_width(SLOWEST, AXIS) + 12.0;
    let title = title(&rows);
    let header = Header::new(&title, &circumstances(experiment));
    let legend = Legend::of_parts(left, &PARTS);
    let plot = BarPlot {
        caption: "Mean latency",
        most: longest,
        tick: &duration_tick,
        ticks: None,
        left,
        value_width: VALUE_WIDTH,
        height: rows.iter().map(Row::height).sum(),
    };
    let top = header.height() + legend.height();
    let height = top + plot.full_height();
    let svg = render((WIDTH, height), &alternative(&rows, &title), |canvas| {
        canvas.columns(&["variant", "records", "part", "mean_ns"]);
        header.draw(canvas)?;
        legend.draw(canvas, header.height())?;
        plot.draw(canvas, top, |scale| {
            let mut y = top;
            for row in &rows {
                row.draw(canvas, scale, (left, y))?;
                y += row.height();
            }
            Ok(())
        })
    })?;
    let run = rows[0].run;
    let mut caption = format!(
        "Of each variant the valid run with the median p99. Above: the mean latency from the planned \
         time over {} samples (one record in {}), below: that of the slowest hundredth of them. The \
         parts of a bar are its length.",
        count(run.latency_parts.samples),
        run.latency_parts.one_in,
    );
    let lost: u64 = rows.iter().map(|row| row.run.latency_parts.without_trail).sum();
    if lost > 0 {
        caption.push_str(&format!(
            " {} samples are missing: it was not known any more where they had been.",
            count(lost)
        ));
    }
    Ok(Some(Drawing { title, caption, svg }))
}

const ALL: &str = "all";
const SLOWEST: &str = "slowest 1 %";

/// The bars of one variant.
struct Row<'a> {
    run: &'a RunResult,
    name: Vec<String>,
    bars: Vec<(&'static str, PartsOfMean)>,
}

impl<'a> Row<'a> {
    fn of(run: &'a RunResult) -> Self {
        let parts = &run.latency_parts;
        let mut bars = vec![(ALL, parts.mean)];
        if parts.slowest.total_ns > 0.0 {
            bars.push((SLOWEST, parts.slowest));
        }
        Self { run, name: wrap(&run.variant, LABEL, NAMES_WIDTH, NAME_LINES), bars }
    }

    fn longest(&self) -> f64 {
        self.bars.iter().map(|bar| bar.1.total_ns).fold(0.0, f64::max)
    }

    fn height(&self) -> f64 {
        let bars = self.bars.len() as f64 * (BAR_HEIGHT + BAR_GAP);
        self.name.len() as f64 * LABEL.line + bars + ROW_GAP
    }

    /// The largest part of the mean: its place, and its share.
    fn largest(&self) -> (usize, f64) {
        let mean = &self.run.latency_parts.mean;
        let parts = mean.parts();
        let largest = (0..parts.len()).max_by(|a, b| parts[*a].total_cmp(&parts[*b])).unwrap_or(0);
        (largest, parts[largest] / mean.total_ns)
    }

    fn draw(
        &self,
        canvas: &Canvas<'_>,
        scale: &Scale,
        (left, top): (f64, f64),
    ) -> Result<(), ReportError> {
        canvas.lines(&self.name, (left, top), Anchor::Left, LABEL)?;
        let mut y = top + self.name.len() as f64 * LABEL.line + 2.0;
        for (name, parts) in &self.bars {
            let (middle, low) = (y + BAR_HEIGHT / 2.0, y + BAR_HEIGHT);
            canvas.text(name, (left - 12.0, middle), Anchor::Right, AXIS)?;
            for (nanos, (part, _)) in parts.parts().into_iter().zip(PARTS) {
                canvas.row(&[&self.run.variant, name, &part, &nanos]);
            }
            let drawn =
                parts.parts().into_iter().zip(PARTS).map(|(nanos, (_, colour))| (nanos, colour));
            draw_stack(canvas, scale, (y, low), drawn, |place, from, upto| {
                let (nanos, part) = (parts.parts()[place], PARTS[place].0);
                let of_all = share(nanos / parts.total_ns);
                let text = format!("{name}: {part} {}, {of_all}", duration(nanos));
                canvas.tip_over((from, y), (upto, low), &text);
            })?;
            let end = scale.place(parts.total_ns) + 8.0;
            canvas.text(&duration(parts.total_ns), (end, middle), Anchor::Left, DETAIL)?;
            y += BAR_HEIGHT + BAR_GAP;
        }
        Ok(())
    }
}

/// What most of the time goes into, variant by variant.
fn title(rows: &[Row<'_>]) -> String {
    let what = |place: usize, run: &RunResult| match place {
        0 => "on the way to the source",
        1 => "waiting at the source",
        2 if run.engine == "microbatch" => "waiting for the batch",
        2 => "waiting for the buffer",
        3 => "waiting for the next stage",
        4 => "processing",
        5 => "at the cost of the implementation",
        6 => "waiting in state",
        _ => "waiting for the commit",
    };
    let each: Vec<String> = rows
        .iter()
        .map(|row| {
            let (place, of_all) = row.largest();
            format!("{} {} with {}", share(of_all), what(place, row.run), row.run.variant)
        })
        .collect();
    format!("Where latency goes: {}", each.join(", "))
}

fn alternative(rows: &[Row<'_>], title: &str) -> String {
    let each: Vec<String> = rows
        .iter()
        .map(|row| {
            let parts = row.run.latency_parts.mean.parts();
            let parts: Vec<String> = parts
                .iter()
                .zip(PARTS)
                .filter(|(nanos, _)| **nanos > 0.0)
                .map(|(nanos, (name, _))| format!("{name} {}", duration(*nanos)))
                .collect();
            format!("{}: {}", row.run.variant, parts.join(", "))
        })
        .collect();
    format!("Stacked bars. {title}. {}.", each.join("; "))
}
