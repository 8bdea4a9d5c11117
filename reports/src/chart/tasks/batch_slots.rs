//! Tasks over slots: what ran where and when within a batch, of a usual one and of the longest.

use plotters::style::RGBColor;

use crate::chart::kind::{ChartKind, Draw, Outcome};
use crate::chart::median_run::median_run;
use crate::draw::canvas::{Anchor, Canvas, Paint, render};
use crate::draw::drawing::Drawing;
use crate::draw::frame::{Area, Frame, Grid};
use crate::draw::header::{Header, circumstances};
use crate::draw::legend::Legend;
use crate::draw::scale::Scale;
use crate::draw::style::{AXIS, FIGURE, GREY, LABEL, MARGIN, Text, WHITE, WIDTH};
use crate::draw::wrap::wrap;
use crate::error::ReportError;
use crate::schema::{BatchRow, RunResult, TaskRow};
use crate::words::summary::Experiment;
use crate::words::units::{count, duration, duration_tick, share};

const LANE_HEIGHT: f64 = 18.0;
const LANE_GAP: f64 = 3.0;
/// Slots drawn; of more, those that were busiest.
const LANES: usize = 16;
const NAME_HEIGHT: f64 = 22.0;
const DETAIL_HEIGHT: f64 = 19.0;
const AXIS_HEIGHT: f64 = 34.0;
const PANEL_GAP: f64 = 10.0;
const LANES_WIDTH: f64 = 62.0;
const TICKS: usize = 6;
const DETAIL: Text = Text { ink: GREY, ..FIGURE };
const STAGES: [(&str, RGBColor); 4] = [
    ("stage 1", RGBColor(0x00, 0x72, 0xb2)),
    ("stage 2", RGBColor(0x56, 0xb4, 0xe9)),
    ("stage 3", RGBColor(0x00, 0x9e, 0x73)),
    ("stage 4", RGBColor(0xe6, 0x9f, 0x00)),
];

/// The kind of chart that this file draws.
pub(crate) const KIND: ChartKind =
    ChartKind { tag: "batch-slots", draw: Draw::Experiment(|experiment, _| draw(experiment)) };

/// Draws two batches of each variant that has any with tasks; `None` without.
///
/// # Errors
/// [`ReportError::Draw`] when the drawing library refuses.
fn draw(experiment: &Experiment<'_>) -> Outcome {
    let runs = experiment.variants.iter().filter_map(|variant| median_run(variant));
    let panels: Vec<Panel<'_>> = runs.flat_map(Panel::of).collect();
    let Some(stages) = panels.iter().flat_map(|it| &it.batch.tasks).map(|it| it.stage).max() else {
        return Ok(None);
    };
    let title = title(&panels);
    let header = Header::new(&title, &circumstances(experiment));
    let left = MARGIN + LANES_WIDTH;
    let names = &STAGES[..(stages + 1).min(STAGES.len())];
    let legend = Legend::of_parts(left, names);
    let height = header.height() + legend.height() + panels.iter().map(Panel::height).sum::<f64>();
    let svg = render((WIDTH, height), &format!("Bars over time. {title}."), |canvas| {
        canvas.columns(&[
            "variant",
            "batch",
            "slot",
            "stage",
            "partition",
            "records",
            "from_ns",
            "duration_ns",
        ]);
        header.draw(canvas)?;
        legend.draw(canvas, header.height())?;
        let mut top = header.height() + legend.height();
        for panel in &panels {
            panel.draw(canvas, top)?;
            top += panel.height();
        }
        Ok(())
    })?;
    Ok(Some(Drawing {
        title,
        caption:
            "Of each variant the valid run with the median p99: the batch of median length and \
                  the longest among those from the middle of the run. A stage begins when the last \
                  task of the one before has ended; blank is a slot with nothing to do."
                .into(),
        svg,
    }))
}

/// One batch.
struct Panel<'a> {
    run: &'a RunResult,
    what: &'static str,
    batch: &'a BatchRow,
    slots: Vec<u32>,
}

impl<'a> Panel<'a> {
    fn of(run: &'a RunResult) -> Vec<Self> {
        let mut batches: Vec<&BatchRow> =
            run.batches.iter().filter(|it| !it.tasks.is_empty() && it.total_ns > 0).collect();
        batches.sort_by_key(|it| (it.total_ns, it.batch));
        let Some(&longest) = batches.last() else { return Vec::new() };
        let median = batches[(batches.len() - 1) / 2];
        let panel = |what, batch: &'a BatchRow| {
            let busy = |slot: u32| -> u64 {
                let own = batch.tasks.iter().filter(|task| task.slot == slot);
                own.map(|task| task.duration_ns).sum()
            };
            let mut slots: Vec<u32> = batch.tasks.iter().map(|task| task.slot).collect();
            slots.sort_unstable();
            slots.dedup();
            slots.sort_by_key(|slot| std::cmp::Reverse(busy(*slot)));
            slots.truncate(LANES);
            slots.sort_unstable();
            Self { run, what, batch, slots }
        };
        let mut panels = vec![panel("median", median)];
        if longest.batch != median.batch {
            panels.push(panel("longest", longest));
        }
        panels
    }

    fn plot_height(&self) -> f64 {
        self.slots.len() as f64 * (LANE_HEIGHT + LANE_GAP)
    }

    fn height(&self) -> f64 {
        NAME_HEIGHT + DETAIL_HEIGHT + self.plot_height() + AXIS_HEIGHT + PANEL_GAP
    }

    /// When its work began, in the time of its tasks.
    fn began(&self) -> u64 {
        self.batch.trigger_ns + self.batch.delay_ns
    }

    /// Share of its slots' time in which they ran tasks.
    fn utilisation(&self) -> f64 {
        let busy: u64 = self.batch.tasks.iter().map(|task| task.duration_ns).sum();
        let mut slots: Vec<u32> = self.batch.tasks.iter().map(|task| task.slot).collect();
        slots.sort_unstable();
        slots.dedup();
        busy as f64 / (self.batch.total_ns as f64 * slots.len() as f64)
    }

    fn draw(&self, canvas: &Canvas<'_>, top: f64) -> Result<(), ReportError> {
        let (left, right) = (MARGIN + LANES_WIDTH, WIDTH - MARGIN - 24.0);
        let name = wrap(&self.run.variant, LABEL, right - MARGIN, 1);
        canvas.lines(&name, (MARGIN, top), Anchor::Left, LABEL)?;
        let detail = format!(
            "the {} batch: number {}, {} records, {}; slots busy {}",
            self.what,
            self.batch.batch,
            count(self.batch.records),
            duration(self.batch.total_ns as f64),
            share(self.utilisation())
        );
        canvas.text(&detail, (MARGIN, top + NAME_HEIGHT + 4.0), Anchor::Left, DETAIL)?;
        let head = top + NAME_HEIGHT + DETAIL_HEIGHT;
        let bottom = head + self.plot_height();
        let plot = Area { left, top: head, right, bottom };
        let frame = Frame {
            plot,
            x: Scale::linear((0.0, self.batch.total_ns as f64), plot.sides()),
            y: Scale::linear((0.0, self.slots.len() as f64), (head, bottom)),
            grid: Grid::Upright,
        };
        frame.draw_grid(canvas, &frame.x.ticks(TICKS), duration_tick)?;
        for (lane, slot) in self.slots.iter().enumerate() {
            let y = frame.y.place(lane as f64);
            let at = (left - 8.0, y + LANE_HEIGHT / 2.0);
            canvas.text(&format!("slot {slot}"), at, Anchor::Right, AXIS)?;
            for task in self.batch.tasks.iter().filter(|task| task.slot == *slot) {
                self.draw_task(canvas, &frame.x, task, y)?;
            }
        }
        frame.draw_base(canvas)
    }

    fn draw_task(
        &self,
        canvas: &Canvas<'_>,
        scale: &Scale,
        task: &TaskRow,
        y: f64,
    ) -> Result<(), ReportError> {
        let from = task.started_ns.saturating_sub(self.began());
        canvas.row(&[
            &self.run.variant,
            &self.batch.batch,
            &task.slot,
            &(task.stage + 1),
            &task.partition,
            &task.records,
            &from,
            &task.duration_ns,
        ]);
        let (a, b) = (scale.place(from as f64), scale.place((from + task.duration_ns) as f64));
        let (_, colour) = STAGES[task.stage % STAGES.len()];
        let low = y + LANE_HEIGHT;
        canvas.rectangle((a, y), (b.max(a + 1.0), low), Paint::fill(colour))?;
        // Neighbours of one stage are told apart.
        canvas.path(&[(b, y), (b, low)], Paint::stroke(WHITE, 0.75))?;
        let text = format!(
            "stage {}, partition {}: {} records in {}",
            task.stage + 1,
            task.partition,
            count(task.records),
            duration(task.duration_ns as f64)
        );
        canvas.tip_over((a, y), (b.max(a + 1.0), low), &text);
        Ok(())
    }
}

fn title(panels: &[Panel<'_>]) -> String {
    let usual = panels.iter().filter(|panel| panel.what == "median");
    let each: Vec<String> = usual
        .map(|panel| format!("{} with {}", share(panel.utilisation()), panel.run.variant))
        .collect();
    format!("Share of a batch in which its slots have work: {}", each.join(", "))
}
