//! Batch anatomy: where the time of each micro-batch goes.

use plotters::style::RGBColor;

use crate::chart::kind::{ChartKind, Draw, Outcome};
use crate::chart::median_run::median_run;
use crate::draw::canvas::{Anchor, Canvas, Paint, render};
use crate::draw::drawing::Drawing;
use crate::draw::frame::{Area, Frame, Grid};
use crate::draw::header::{Header, circumstances};
use crate::draw::scale::Scale;
use crate::draw::style::{AXIS, FIGURE, GREY, LABEL, MARGIN, Text, WIDTH, text_width};
use crate::draw::wrap::wrap;
use crate::error::ReportError;
use crate::schema::{BatchRow, RunResult};
use crate::words::summary::Experiment;
use crate::words::units::{duration, duration_tick, significant};

/// Batches drawn: from the middle of the run, where it has warmed up.
const DRAWN: usize = 48;
const PANEL_HEIGHT: f64 = 130.0;
const NAME_HEIGHT: f64 = 26.0;
const LEGEND_HEIGHT: f64 = 26.0;
const TICKS_WIDTH: f64 = 62.0;
const PANEL_GAP: f64 = 34.0;
const TICKS: usize = 4;
const DETAIL: Text = Text { ink: GREY, ..FIGURE };
/// Late start, stages, and what is left: logs, cut and commit.
const DELAY: RGBColor = RGBColor(0xcc, 0x79, 0xa7);
const STAGES: [RGBColor; 4] = [
    RGBColor(0x00, 0x72, 0xb2),
    RGBColor(0x56, 0xb4, 0xe9),
    RGBColor(0x00, 0x9e, 0x73),
    RGBColor(0xe6, 0x9f, 0x00),
];
const REST: RGBColor = RGBColor(0xb8, 0xbf, 0xc6);

/// The kind of chart that this file draws.
pub(crate) const KIND: ChartKind =
    ChartKind { tag: "batch-anatomy", draw: Draw::Experiment(|experiment, _| draw(experiment)) };

/// Draws the batches of each variant that has any; `None` without.
///
/// # Errors
/// [`ReportError::Draw`] when the drawing library refuses.
fn draw(experiment: &Experiment<'_>) -> Outcome {
    let runs = experiment.variants.iter().filter_map(|variant| median_run(variant));
    let panels: Vec<&RunResult> = runs.filter(|run| run.batches.len() > 1).collect();
    if panels.is_empty() {
        return Ok(None);
    }
    let title = title(&panels);
    let header = Header::new(&title, &circumstances(experiment));
    let each = NAME_HEIGHT + PANEL_HEIGHT + PANEL_GAP;
    let height = header.height() + LEGEND_HEIGHT + each * panels.len() as f64;
    let svg = render((WIDTH, height), &format!("Stacked bars. {title}."), |canvas| {
        header.draw(canvas)?;
        let stages = panels.iter().flat_map(|run| &run.batches).map(|it| it.stages_ns.len()).max();
        canvas.columns(&["variant", "batch", "records", "late_ns", "stages_ns", "total_ns"]);
        draw_legend(canvas, header.height(), stages.unwrap_or(0))?;
        for (index, run) in panels.iter().enumerate() {
            let top = header.height() + LEGEND_HEIGHT + each * index as f64;
            draw_panel(canvas, run, top)?;
        }
        Ok(())
    })?;
    Ok(Some(Drawing {
        title,
        caption: format!(
            "Of each variant the valid run with the median p99; {DRAWN} batches from its middle, each \
             a column. A late start is the time from the trigger to the beginning of work; the rest \
             of a batch is what is neither: cutting offsets, logs, state and commit."
        ),
        svg,
    }))
}

/// Batches from the middle of a run.
fn middle(run: &RunResult) -> &[BatchRow] {
    let from = run.batches.len().saturating_sub(DRAWN) / 2;
    &run.batches[from..run.batches.len().min(from + DRAWN)]
}

/// Late start, stages and rest of a batch, in nanoseconds, with their colours.
fn parts(batch: &BatchRow) -> Vec<(f64, RGBColor)> {
    let staged: u64 = batch.stages_ns.iter().sum();
    let stages = batch.stages_ns.iter().zip(STAGES.iter().cycle());
    std::iter::once((batch.delay_ns as f64, DELAY))
        .chain(stages.map(|(nanos, colour)| (*nanos as f64, *colour)))
        .chain([(batch.total_ns.saturating_sub(staged) as f64, REST)])
        .collect()
}

fn draw_legend(canvas: &Canvas<'_>, top: f64, stages: usize) -> Result<(), ReportError> {
    let names = std::iter::once(("late start".to_owned(), DELAY))
        .chain((0..stages).map(|n| (format!("stage {}", n + 1), STAGES[n % STAGES.len()])))
        .chain([("rest".to_owned(), REST)]);
    let mut x = MARGIN + TICKS_WIDTH;
    for (name, colour) in names {
        canvas.rectangle((x, top + 2.0), (x + 12.0, top + 14.0), Paint::fill(colour))?;
        canvas.text(&name, (x + 17.0, top + 8.0), Anchor::Left, AXIS)?;
        x += 17.0 + text_width(&name, AXIS) + 16.0;
    }
    Ok(())
}

fn draw_panel(canvas: &Canvas<'_>, run: &RunResult, top: f64) -> Result<(), ReportError> {
    let batches = middle(run);
    let longest = batches.iter().map(|it| it.delay_ns + it.total_ns).max().unwrap_or(1);
    let head = top + NAME_HEIGHT;
    let (left, right) = (MARGIN + TICKS_WIDTH, WIDTH - MARGIN);
    let plot = Area { left, top: head, right, bottom: head + PANEL_HEIGHT };
    let frame = Frame {
        plot,
        x: Scale::linear((0.0, DRAWN as f64), plot.sides()),
        y: Scale::linear((0.0, longest as f64 * 1.05), plot.upwards()),
        grid: Grid::Level,
    };
    let name = wrap(&run.variant, LABEL, 380.0, 1);
    canvas.lines(&name, (MARGIN, top), Anchor::Left, LABEL)?;
    let all = run.batches.len();
    let mean = run.batches.iter().map(|it| it.records as f64).sum::<f64>() / all as f64;
    let mean = significant(mean);
    let detail = format!("Time in a batch; {all} batches, {mean} records each on average");
    canvas.text(&detail, (right, top + LABEL.line / 2.0), Anchor::Right, DETAIL)?;
    frame.draw_grid(canvas, &frame.y.ticks(TICKS), duration_tick)?;
    for (place, batch) in batches.iter().enumerate() {
        draw_batch(canvas, &frame, place, batch)?;
        let stages: Vec<String> = batch.stages_ns.iter().map(u64::to_string).collect();
        let BatchRow { batch, records, delay_ns, total_ns, .. } = batch;
        canvas.row(&[&run.variant, batch, records, delay_ns, &stages.join(" "), total_ns]);
    }
    frame.draw_base(canvas)?;
    let first = batches.first().map_or(0, |it| it.batch);
    let caption = format!("Batches {first} to {}", first + batches.len().max(1) as u64 - 1);
    frame.draw_caption(canvas, &caption, 14.0)
}

/// A column of the parts of a batch, in the order in which they come.
fn draw_batch(
    canvas: &Canvas<'_>,
    frame: &Frame,
    place: usize,
    batch: &BatchRow,
) -> Result<(), ReportError> {
    let [left, right] = [place, place + 1].map(|edge| frame.x.place(edge as f64));
    let mut so_far = 0.0;
    for (nanos, colour) in parts(batch) {
        let (a, b) = (frame.y.place(so_far), frame.y.place(so_far + nanos));
        if a > b {
            canvas.rectangle((left + 1.0, b), (right - 1.0, a), Paint::fill(colour))?;
        }
        so_far += nanos;
    }
    let stages = batch.stages_ns.iter().map(|nanos| duration(*nanos as f64));
    let text = format!(
        "batch {}: {} records, {} late, {} in all; stages {}",
        batch.batch,
        batch.records,
        duration(batch.delay_ns as f64),
        duration(batch.total_ns as f64),
        stages.collect::<Vec<String>>().join(", ")
    );
    canvas.tip_over((left, frame.y.place(so_far)), (right, frame.plot.bottom), &text);
    Ok(())
}

fn title(panels: &[&RunResult]) -> String {
    let each: Vec<String> = panels
        .iter()
        .map(|run| {
            let mut totals: Vec<u64> = run.batches.iter().map(|it| it.total_ns).collect();
            totals.sort_unstable();
            format!("{} with {}", duration(totals[totals.len() / 2] as f64), run.variant)
        })
        .collect();
    format!("A batch takes {}", each.join(", "))
}
