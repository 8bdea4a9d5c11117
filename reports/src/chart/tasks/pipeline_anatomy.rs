//! Pipeline anatomy: what share of its time each long-lived subtask worked, waited for input, and
//! waited for room behind it.

use plotters::style::RGBColor;

use crate::chart::kind::{ChartKind, Draw, Outcome};
use crate::chart::median_run::median_run;
use crate::draw::bar_plot::{BarPlot, draw_stack};
use crate::draw::canvas::{Anchor, Canvas, render};
use crate::draw::drawing::Drawing;
use crate::draw::header::{Header, circumstances};
use crate::draw::legend::Legend;
use crate::draw::scale::Scale;
use crate::draw::style::{AXIS, FIGURE, GREY, LABEL, MARGIN, Text, WIDTH};
use crate::draw::wrap::wrap;
use crate::error::ReportError;
use crate::schema::{ActivityRow, RunResult};
use crate::words::summary::Experiment;
use crate::words::units::{duration, share};

const NAMES_WIDTH: f64 = 190.0;
const VALUE_WIDTH: f64 = 84.0;
const BAR_HEIGHT: f64 = 14.0;
const BAR_GAP: f64 = 4.0;
const NAME_HEIGHT: f64 = 24.0;
const PANEL_GAP: f64 = 14.0;
/// Subtasks drawn of a variant: the busiest, if there are more.
const DRAWN: usize = 16;
const DETAIL: Text = Text { ink: GREY, ..FIGURE };
const PARTS: [(&str, RGBColor); 3] = [
    ("busy", RGBColor(0x00, 0x72, 0xb2)),
    ("back-pressured", RGBColor(0xd5, 0x5e, 0x00)),
    ("idle", RGBColor(0xe3, 0xe6, 0xe8)),
];

/// The kind of chart that this file draws.
pub(crate) const KIND: ChartKind =
    ChartKind { tag: "pipeline-anatomy", draw: Draw::Experiment(|experiment, _| draw(experiment)) };

/// Draws the subtasks of each variant that has long-lived ones; `None` without.
///
/// # Errors
/// [`ReportError::Draw`] when the drawing library refuses.
fn draw(experiment: &Experiment<'_>) -> Outcome {
    let runs = experiment.variants.iter().filter_map(|variant| median_run(variant));
    let panels: Vec<Panel<'_>> = runs.filter_map(Panel::of).collect();
    if panels.is_empty() {
        return Ok(None);
    }
    let title = title(&panels);
    let header = Header::new(&title, &circumstances(experiment));
    let left = MARGIN + NAMES_WIDTH;
    let legend = Legend::of_parts(left, &PARTS);
    let plot = BarPlot {
        caption: "Share of the subtask's time, %",
        most: 100.0,
        tick: &|percent| percent.to_string(),
        ticks: Some(&[0.0, 25.0, 50.0, 75.0, 100.0]),
        left,
        value_width: VALUE_WIDTH,
        height: panels.iter().map(Panel::height).sum(),
    };
    let top = header.height() + legend.height();
    let height = top + plot.full_height();
    let svg = render((WIDTH, height), &format!("Stacked bars. {title}."), |canvas| {
        canvas.columns(&["variant", "subtask", "busy_ns", "back_pressured_ns", "idle_ns"]);
        header.draw(canvas)?;
        legend.draw(canvas, header.height())?;
        plot.draw(canvas, top, |scale| {
            let mut y = top;
            for panel in &panels {
                panel.draw(canvas, scale, y)?;
                y += panel.height();
            }
            Ok(())
        })
    })?;
    let mut caption =
        "Of each variant with long-lived subtasks the valid run with the median p99, \
                       from its start to its end. Busy is what is neither without input nor \
                       without room behind it: on a machine with fewer cores than subtasks that \
                       counts the wait for a core too."
            .to_owned();
    let left_out: usize = panels.iter().map(|panel| panel.left_out).sum();
    if left_out > 0 {
        caption.push_str(&format!(" {left_out} less busy subtasks are left out."));
    }
    Ok(Some(Drawing { title, caption, svg }))
}

/// The subtasks of one variant.
struct Panel<'a> {
    variant: &'a str,
    rows: Vec<&'a ActivityRow>,
    left_out: usize,
}

/// Shares of busy, back-pressured and idle time, in per cent; all 0 without any time.
fn shares(row: &ActivityRow) -> [f64; 3] {
    let parts = [row.busy_ns, row.back_pressured_ns, row.idle_ns].map(|nanos| nanos as f64);
    let all: f64 = parts.iter().sum();
    parts.map(|part| if all > 0.0 { part / all * 100.0 } else { 0.0 })
}

impl<'a> Panel<'a> {
    fn of(run: &'a RunResult) -> Option<Self> {
        let mut rows: Vec<&ActivityRow> = run.activity.iter().collect();
        if rows.is_empty() {
            return None;
        }
        let left_out = rows.len().saturating_sub(DRAWN);
        if left_out > 0 {
            rows.sort_by(|a, b| shares(b)[0].total_cmp(&shares(a)[0]));
            rows.truncate(DRAWN);
            rows.sort_by(|a, b| a.subtask.cmp(&b.subtask));
        }
        Some(Self { variant: &run.variant, rows, left_out })
    }

    fn height(&self) -> f64 {
        NAME_HEIGHT + self.rows.len() as f64 * (BAR_HEIGHT + BAR_GAP) + PANEL_GAP
    }

    fn busiest(&self) -> f64 {
        self.rows.iter().map(|row| shares(row)[0]).fold(0.0, f64::max)
    }

    fn most_back_pressured(&self) -> f64 {
        self.rows.iter().map(|row| shares(row)[1]).fold(0.0, f64::max)
    }

    fn draw(&self, canvas: &Canvas<'_>, scale: &Scale, top: f64) -> Result<(), ReportError> {
        let name = wrap(self.variant, LABEL, WIDTH - 2.0 * MARGIN - NAMES_WIDTH, 1);
        let left = scale.place(0.0);
        canvas.lines(&name, (left, top), Anchor::Left, LABEL)?;
        let mut y = top + NAME_HEIGHT - 4.0;
        for row in &self.rows {
            let (middle, low) = (y + BAR_HEIGHT / 2.0, y + BAR_HEIGHT);
            canvas.row(&[
                &self.variant,
                &row.subtask,
                &row.busy_ns,
                &row.back_pressured_ns,
                &row.idle_ns,
            ]);
            let name = wrap(&row.subtask, AXIS, NAMES_WIDTH - 12.0, 1);
            let top = middle - AXIS.line / 2.0;
            canvas.lines(&name, (left - 10.0, top), Anchor::Right, AXIS)?;
            let parts = shares(row);
            let drawn = parts.into_iter().zip(PARTS).map(|(part, (_, colour))| (part, colour));
            draw_stack(canvas, scale, (y, low), drawn, |_, _, _| ())?;
            let all = (row.busy_ns as f64) + (row.back_pressured_ns as f64) + row.idle_ns as f64;
            let text = format!(
                "{}: busy {}, back-pressured {}, idle {} of {}",
                row.subtask,
                share(parts[0] / 100.0),
                share(parts[1] / 100.0),
                share(parts[2] / 100.0),
                duration(all)
            );
            canvas.tip_over((left, y), (scale.place(100.0), low), &text);
            let at = (scale.place(100.0) + 8.0, middle);
            let busy = format!("{} busy", share(parts[0] / 100.0));
            canvas.text(&busy, at, Anchor::Left, DETAIL)?;
            y += BAR_HEIGHT + BAR_GAP;
        }
        Ok(())
    }
}

fn title(panels: &[Panel<'_>]) -> String {
    let each: Vec<String> = panels
        .iter()
        .map(|panel| {
            let pressed = panel.most_back_pressured();
            let behind = match pressed >= 1.0 {
                true => format!(", one waits for room {} of its time", share(pressed / 100.0)),
                false => String::new(),
            };
            let busiest = share(panel.busiest() / 100.0);
            format!("the busiest subtask of {} works {busiest}{behind}", panel.variant)
        })
        .collect();
    let title = each.join("; ");
    title[..1].to_uppercase() + &title[1..]
}
