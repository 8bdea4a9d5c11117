//! Partition load: what share of the records each partition of an exchange took.

use super::columns::{Column, draw_columns};
use crate::chart::kind::{ChartKind, Draw, Outcome};
use crate::draw::canvas::{Anchor, Canvas, Paint, render};
use crate::draw::drawing::Drawing;
use crate::draw::frame::{Area, Frame, Grid};
use crate::draw::header::{Header, circumstances};
use crate::draw::scale::Scale;
use crate::draw::style::{AXIS, FIGURE, GREY, INK, LABEL, MARGIN, Palette, SHARED, Text, WIDTH};
use crate::draw::wrap::wrap;
use crate::error::ReportError;
use crate::schema::ExchangeLoad;
use crate::words::summary::{Experiment, Variant};
use crate::words::units::{count, share, significant, trimmed};

/// Panels of one chart, at most; the rest is named in the caption.
const MAX_PANELS: usize = 8;
/// From this many partitions on, a panel takes the whole width.
const WIDE: usize = 17;
/// Width of a single panel with fewer.
const NARROW_WIDTH: f64 = 560.0;
const PLOT_HEIGHT: f64 = 120.0;
const TICKS_WIDTH: f64 = 40.0;
/// Right of the plot: the label of the mean.
const MEAN_WIDTH: f64 = 62.0;
const MEAN: &str = "P = N/M";
const COLUMN_GAP: f64 = 28.0;
const AXIS_HEIGHT: f64 = 42.0;
const PANEL_GAP: f64 = 14.0;
/// Ticks wanted on the y axis, the same in all panels.
const TICKS: usize = 4;
const NAME_LINES: usize = 3;
/// Room above the largest bar, as a factor.
const HEADROOM: f64 = 1.18;
/// Below this, partitions count as evenly loaded.
const EVEN: f64 = 1.05;

/// The kind of chart that this file draws.
pub(crate) const KIND: ChartKind =
    ChartKind { tag: "partition-load", draw: Draw::Experiment(draw) };

/// Draws the exchanges of an experiment, of the first run of each variant; variants whose records
/// went the same ways share a panel. `None` without an exchange over several partitions.
///
/// # Errors
/// [`ReportError::Draw`] when the drawing library refuses.
fn draw(experiment: &Experiment<'_>, palette: &Palette) -> Outcome {
    let mut panels = panels(experiment);
    let left_out = panels.len().saturating_sub(MAX_PANELS);
    panels.truncate(MAX_PANELS);
    let Some(fullest) = panels.iter().max_by(|a, b| a.skew().total_cmp(&b.skew())) else {
        return Ok(None);
    };
    let skew = fullest.skew();
    let title = match skew < EVEN {
        true => {
            format!("Partitions evenly loaded: the fullest has {}x the mean", significant(skew))
        }
        false => format!("The fullest partition has {}x the mean load", significant(skew)),
    };
    let flattest = panels.iter().map(Panel::skew).fold(skew, f64::min);
    let skews = match (significant(flattest), significant(skew)) {
        (low, high) if low == high => high,
        (low, high) => format!("{low} to {high}"),
    };
    let subtitle = format!("{} · max\u{a0}over\u{a0}mean {skews}", circumstances(experiment));
    let header = Header::new(&title, &subtitle);
    let wide = panels.iter().any(|panel| panel.load.records.len() >= WIDE);
    let all = WIDTH - 2.0 * MARGIN;
    let (columns, width) = match panels.len() {
        _ if wide => (1, all),
        1 => (1, NARROW_WIDTH),
        _ => (2, (all - COLUMN_GAP) / 2.0),
    };
    let names: Vec<Vec<String>> =
        panels.iter().map(|p| wrap(&p.name(), LABEL, width, NAME_LINES)).collect();
    let name_lines = names.iter().map(Vec::len).max().unwrap_or(1) as f64;
    let panel_height = (name_lines * LABEL.line) + AXIS.line + 10.0 + PLOT_HEIGHT + AXIS_HEIGHT;
    let rows = panels.len().div_ceil(columns) as f64;
    let height = header.height() + rows * (panel_height + PANEL_GAP) - PANEL_GAP;

    let highest = panels.iter().map(Panel::largest_share).fold(0.0, f64::max);
    let alt = alternative(&panels, &title);
    let svg = render((WIDTH, height), &alt, |canvas| {
        header.draw(canvas)?;
        canvas.columns(&["variants", "exchange", "placement", "partition", "records"]);
        for (index, (panel, name)) in panels.iter().zip(&names).enumerate() {
            let left = MARGIN + (index % columns) as f64 * (width + COLUMN_GAP);
            let top = header.height() + (index / columns) as f64 * (panel_height + PANEL_GAP);
            canvas.lines(name, (left, top), Anchor::Left, LABEL)?;
            let top = top + name_lines * LABEL.line;
            panel.draw(canvas, (left, top), (width, highest), palette)?;
        }
        Ok(())
    })?;
    let left_out = match left_out {
        0 => String::new(),
        more => format!(" {more} more exchanges are not drawn."),
    };
    Ok(Some(Drawing {
        title,
        caption: format!(
            "Share of an exchange's N records that each of its M partitions took, in the first \
             run. The line is the mean, P = N/M.{left_out}"
        ),
        svg,
    }))
}

struct Panel<'a> {
    variants: Vec<&'a str>,
    load: &'a ExchangeLoad,
}

fn panels<'a>(experiment: &Experiment<'a>) -> Vec<Panel<'a>> {
    let mut panels: Vec<Panel<'a>> = Vec::new();
    for variant in &experiment.variants {
        for load in first_exchanges(variant) {
            if load.records.len() < 2 || load.records.iter().all(|records| *records == 0) {
                continue;
            }
            let same = |panel: &&mut Panel<'_>| {
                (&panel.load.placement, &panel.load.records) == (&load.placement, &load.records)
                    && panel.load.exchange == load.exchange
            };
            match panels.iter_mut().find(same) {
                Some(panel) if !panel.variants.contains(&variant.name) => {
                    panel.variants.push(variant.name);
                }
                Some(_) => {}
                None => panels.push(Panel { variants: vec![variant.name], load }),
            }
        }
    }
    panels
}

/// Of the first valid run; of the first run when none is valid.
fn first_exchanges<'a>(variant: &Variant<'a>) -> &'a [ExchangeLoad] {
    let first = variant.valid().next().or(variant.runs.first().copied());
    first.map_or(&[], |run| &run.exchanges)
}

impl Panel<'_> {
    fn total(&self) -> u64 {
        self.load.records.iter().fold(0, |sum: u64, records| sum.saturating_add(*records))
    }

    fn mean_share(&self) -> f64 {
        1.0 / self.load.records.len() as f64
    }

    fn largest_share(&self) -> f64 {
        self.load.records.iter().copied().max().unwrap_or(0) as f64 / self.total().max(1) as f64
    }

    /// Largest over mean.
    fn skew(&self) -> f64 {
        self.largest_share() / self.mean_share()
    }

    fn name(&self) -> String {
        let Panel { variants, load } = self;
        format!("{}: {}, {}", variants.join(" and "), load.exchange, load.placement)
    }

    /// Draws it in a place of that width, with a y axis that ends above the share `highest`.
    fn draw(
        &self,
        canvas: &Canvas<'_>,
        (left, top): (f64, f64),
        (width, highest): (f64, f64),
        palette: &Palette,
    ) -> Result<(), ReportError> {
        let caption = format!("Share of records, %; max over mean {}", significant(self.skew()));
        canvas.text(&caption, (left, top + 10.0), Anchor::Left, AXIS)?;
        let (top, left, right) =
            (top + AXIS.line + 10.0, left + TICKS_WIDTH, left + width - MEAN_WIDTH);
        let plot = Area { left, top, right, bottom: top + PLOT_HEIGHT };
        let frame = Frame {
            plot,
            x: Scale::linear((0.0, self.load.records.len() as f64), plot.sides()),
            y: Scale::linear((0.0, highest * HEADROOM * 100.0), plot.upwards()),
            grid: Grid::Level,
        };
        frame.draw_grid(canvas, &frame.y.ticks(TICKS), |tick| trimmed(tick, 2))?;
        let colour = match self.variants.as_slice() {
            [one] => palette.colour(one),
            _ => SHARED,
        };
        let loads = &self.load.records;
        draw_columns(canvas, &frame, loads.len(), (10.0, 11.0), |partition| {
            let of_all = loads[partition] as f64 / self.total().max(1) as f64;
            let (records, share) = (count(loads[partition]), share(of_all));
            let tip = format!("partition {partition}: {records} records, {share}");
            Column { value: of_all * 100.0, paint: Paint::fill(colour).with_opacity(0.85), tip }
        })?;
        let Panel { variants, load } = self;
        for (partition, records) in load.records.iter().enumerate() {
            let variants = variants.join(" and ");
            canvas.row(&[&variants, &load.exchange, &load.placement, &partition, records]);
        }
        frame.draw_base(canvas)?;
        frame.draw_caption(canvas, "Partition", 28.0)?;
        self.draw_mean(canvas, &frame)
    }

    /// The mean as a line, with its name at the end and its figures under the panel.
    fn draw_mean(&self, canvas: &Canvas<'_>, frame: &Frame) -> Result<(), ReportError> {
        let Area { left, right, bottom, .. } = frame.plot;
        let y = frame.y.place(self.mean_share() * 100.0);
        canvas.path(&[(left, y), (right + 4.0, y)], Paint::stroke(INK, 1.25))?;
        canvas.text(MEAN, (right + 8.0, y), Anchor::Left, FIGURE)?;
        let (total, partitions) = (self.total(), self.load.records.len() as u64);
        let label = format!(
            "{MEAN} = {}/{partitions} = {} ({})",
            count(total),
            count(total / partitions.max(1)),
            share(self.mean_share())
        );
        let style = Text { ink: GREY, ..FIGURE };
        canvas.text(&label, (right + MEAN_WIDTH, bottom + 28.0), Anchor::Right, style)
    }
}

fn alternative(panels: &[Panel<'_>], title: &str) -> String {
    let each: Vec<String> = panels
        .iter()
        .map(|p| format!("{}: max over mean {}", p.name(), significant(p.skew())))
        .collect();
    format!("Bar chart of records per partition. {title}. {}.", each.join("; "))
}
