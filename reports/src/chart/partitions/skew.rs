//! Skew: what each placement makes of the same keys, over the run and window by window.

use plotters::style::RGBColor;

use super::columns::{Column, draw_columns};
use crate::chart::kind::{ChartKind, Draw, Outcome};
use crate::draw::canvas::{Anchor, Canvas, Paint, render};
use crate::draw::drawing::Drawing;
use crate::draw::frame::{Area, Frame, Grid};
use crate::draw::header::Header;
use crate::draw::scale::Scale;
use crate::draw::style::{
    AXIS, FIGURE, GREY, GRID, INK, LABEL, MARGIN, SHARED, Text, WIDTH, text_width,
};
use crate::draw::wrap::wrap;
use crate::error::ReportError;
use crate::schema::skew::{Heat, RUN, SkewResult, SkewRow};
use crate::words::skew::{figure, finding_over, scope_words};
use crate::words::units::{count, significant, trimmed};

const PANEL_HEIGHT: f64 = 74.0;
const NAME_HEIGHT: f64 = 20.0;
const PANEL_GAP: f64 = 24.0;
const TICKS_WIDTH: f64 = 46.0;
const BARS_WIDTH: f64 = 250.0;
/// Between the bars and the heat map: the label of the mean.
const GAP: f64 = 92.0;
const AXIS_HEIGHT: f64 = 44.0;
const LEGEND_HEIGHT: f64 = 34.0;
const TICKS: usize = 2;
const HEADROOM: f64 = 1.1;
/// Cells of the legend.
const SHADES: usize = 40;
/// From no load over the mean to the largest there is: one hue, ever darker.
const LIGHT: RGBColor = RGBColor(0xf3, 0xf6, 0xf9);
const DARK: RGBColor = RGBColor(0x08, 0x30, 0x6b);
const DETAIL: Text = Text { ink: GREY, ..FIGURE };

/// The kind of chart that this file draws.
pub(crate) const KIND: ChartKind = ChartKind { tag: "skew", draw: Draw::Skew(draw) };

/// Draws a row of two plots for each placement: bars of records per partition over the run with
/// the mean P = N/M, and a heat map of the windows. `None` when no record met the exchange.
///
/// # Errors
/// [`ReportError::Draw`] when the drawing library refuses.
fn draw(result: &SkewResult) -> Outcome {
    let Some(parallelism) = result.parallelisms().first().copied() else { return Ok(None) };
    let panels: Vec<Panel<'_>> = result
        .placements()
        .into_iter()
        .filter_map(|placement| {
            let row = result.row(placement, parallelism, RUN)?;
            let heat = result.heat.iter().find(|heat| heat.placement == placement);
            Some(Panel { row, heat })
        })
        .collect();
    if panels.is_empty() || result.records == 0 {
        return Ok(None);
    }
    let title = finding_over(result, parallelism);
    let subtitle = format!(
        "{} · {} records of {} keys over {parallelism} partitions · {} events · seed {}",
        result.workload,
        count(result.records),
        count(result.keys),
        count(result.events),
        result.seed
    );
    let header = Header::new(&title, &subtitle);
    let each = NAME_HEIGHT + PANEL_HEIGHT + PANEL_GAP;
    let height = header.height() + LEGEND_HEIGHT + each * panels.len() as f64 + AXIS_HEIGHT;
    let axes = Axes::of(&panels);
    let svg = render((WIDTH, height), &alternative(&panels, &title), |canvas| {
        header.draw(canvas)?;
        let top = header.height();
        canvas.columns(&["placement", "window", "partition", "records"]);
        axes.draw_legend(canvas, top, panels[0].heat)?;
        for (index, panel) in panels.iter().enumerate() {
            let top = top + LEGEND_HEIGHT + index as f64 * each;
            panel.draw(canvas, top, &axes)?;
        }
        let bottom = top + LEGEND_HEIGHT + panels.len() as f64 * each - PANEL_GAP;
        axes.draw_captions(canvas, bottom, panels[0].heat)
    })?;
    Ok(Some(Drawing {
        title,
        caption: format!(
            "Left: records per partition over the run; the line is the mean, P = N/M = \
             {}/{parallelism}. Right: one column a window, one row a partition, the darker the \
             more records it took of that window.",
            count(result.records)
        ),
        svg,
    }))
}

struct Panel<'a> {
    row: &'a SkewRow,
    heat: Option<&'a Heat>,
}

/// What all panels share, so that they can be compared.
struct Axes {
    /// Largest load of a partition over the mean, over the run.
    bars: f64,
    /// And within a window.
    heat: f64,
    left: f64,
    heat_left: f64,
    right: f64,
}

impl Axes {
    fn of(panels: &[Panel<'_>]) -> Self {
        let bars = panels.iter().map(|panel| panel.row.max_over_mean).fold(1.0, f64::max);
        let windows = panels.iter().filter_map(|panel| panel.heat).flat_map(|heat| &heat.windows);
        let heat =
            windows.map(|loads| crate::schema::skew::max_over_mean(loads)).fold(1.0, f64::max);
        let left = MARGIN + TICKS_WIDTH;
        Self { bars, heat, left, heat_left: left + BARS_WIDTH + GAP, right: WIDTH - MARGIN }
    }

    fn shade(&self, over_mean: f64) -> RGBColor {
        let share = (over_mean / self.heat).clamp(0.0, 1.0);
        let mix = |a: u8, b: u8| (f64::from(a) + (f64::from(b) - f64::from(a)) * share) as u8;
        RGBColor(mix(LIGHT.0, DARK.0), mix(LIGHT.1, DARK.1), mix(LIGHT.2, DARK.2))
    }

    fn draw_legend(
        &self,
        canvas: &Canvas<'_>,
        top: f64,
        heat: Option<&Heat>,
    ) -> Result<(), ReportError> {
        canvas.text("Load over the mean, whole run", (MARGIN, top + 8.0), Anchor::Left, AXIS)?;
        if heat.is_none() {
            return Ok(());
        }
        let words = "Load over the mean, per window: 0";
        let left = self.heat_left + text_width(words, AXIS) + 4.0;
        canvas.text(words, (left - 6.0, top + 8.0), Anchor::Right, AXIS)?;
        let step = 90.0 / SHADES as f64;
        for cell in 0..SHADES {
            let x = left + cell as f64 * step;
            let shade = self.shade((cell as f64 + 0.5) / SHADES as f64 * self.heat);
            canvas.rectangle((x, top + 2.0), (x + step + 0.3, top + 14.0), Paint::fill(shade))?;
        }
        let at = (left + 96.0, top + 8.0);
        canvas.text(&significant(self.heat), at, Anchor::Left, AXIS)
    }

    fn draw_captions(
        &self,
        canvas: &Canvas<'_>,
        bottom: f64,
        heat: Option<&Heat>,
    ) -> Result<(), ReportError> {
        canvas.text("Partition", (self.left, bottom + 28.0), Anchor::Left, AXIS)?;
        let Some(heat) = heat else { return Ok(()) };
        let words = format!("Window of {}, in the order of events", scope_words(&heat.scope));
        canvas.text(&words, (self.heat_left, bottom + 28.0), Anchor::Left, AXIS)
    }
}

impl Panel<'_> {
    fn draw(&self, canvas: &Canvas<'_>, top: f64, axes: &Axes) -> Result<(), ReportError> {
        let figures = format!("max over mean {}", figure(self.row.max_over_mean));
        let room = axes.left + BARS_WIDTH - MARGIN - text_width(&figures, DETAIL) - 12.0;
        let name = wrap(&self.row.placement, LABEL, room, 1);
        let head = top + (NAME_HEIGHT - LABEL.line) / 2.0;
        canvas.lines(&name, (MARGIN, head), Anchor::Left, LABEL)?;
        let at = (axes.left + BARS_WIDTH, top + NAME_HEIGHT / 2.0);
        canvas.text(&figures, at, Anchor::Right, DETAIL)?;
        let top = top + NAME_HEIGHT;
        self.draw_bars(canvas, top, axes)?;
        match self.heat {
            Some(heat) => self.draw_heat(canvas, top, axes, heat),
            None => Ok(()),
        }
    }

    fn draw_bars(&self, canvas: &Canvas<'_>, top: f64, axes: &Axes) -> Result<(), ReportError> {
        let loads = &self.row.records;
        let right = axes.left + BARS_WIDTH;
        let plot = Area { left: axes.left, top, right, bottom: top + PANEL_HEIGHT };
        let frame = Frame {
            plot,
            x: Scale::linear((0.0, loads.len() as f64), plot.sides()),
            y: Scale::linear((0.0, axes.bars * HEADROOM), plot.upwards()),
            grid: Grid::Level,
        };
        frame.draw_grid(canvas, &frame.y.ticks(TICKS), |tick| trimmed(tick, 2))?;
        let mean = loads.iter().map(|&load| load as f64).sum::<f64>() / loads.len() as f64;
        draw_columns(canvas, &frame, loads.len(), (8.0, 10.0), |partition| {
            let records = count(loads[partition]);
            Column {
                value: loads[partition] as f64 / mean.max(f64::MIN_POSITIVE),
                paint: Paint::fill(SHARED),
                tip: format!("partition {partition}: {records} records over the run"),
            }
        })?;
        for (partition, load) in loads.iter().enumerate() {
            canvas.row(&[&self.row.placement, &"run", &partition, load]);
        }
        frame.draw_base(canvas)?;
        let y = frame.y.place(1.0);
        canvas.path(&[(plot.left, y), (right + 4.0, y)], Paint::stroke(INK, 1.25))?;
        canvas.text("P = N/M", (right + 7.0, y), Anchor::Left, FIGURE)
    }

    fn draw_heat(
        &self,
        canvas: &Canvas<'_>,
        top: f64,
        axes: &Axes,
        heat: &Heat,
    ) -> Result<(), ReportError> {
        let width = (axes.right - axes.heat_left) / heat.windows.len().max(1) as f64;
        for (window, loads) in heat.windows.iter().enumerate() {
            let mean = loads.iter().map(|&load| load as f64).sum::<f64>() / loads.len() as f64;
            let height = PANEL_HEIGHT / loads.len() as f64;
            let x = axes.heat_left + window as f64 * width;
            for (partition, &load) in loads.iter().enumerate() {
                let y = top + partition as f64 * height;
                let shade = axes.shade(load as f64 / mean.max(f64::MIN_POSITIVE));
                let corner = (x + width, y + height);
                canvas.rectangle((x, y), corner, Paint::fill(shade))?;
                canvas.row(&[&self.row.placement, &window, &partition, &load]);
            }
            let loads_of = || (0..).zip(loads.iter().copied());
            let (fullest, most) =
                loads_of().fold((0, 0), |best, it| if it.1 > best.1 { it } else { best });
            let tip = format!("window {window}: partition {fullest} has {} records", count(most));
            canvas.tip_over((x, top), (x + width, top + PANEL_HEIGHT), &tip);
        }
        let corner = (axes.right, top + PANEL_HEIGHT);
        canvas.rectangle((axes.heat_left, top), corner, Paint::stroke(GRID, 1.0))
    }
}

fn alternative(panels: &[Panel<'_>], title: &str) -> String {
    let each: Vec<String> = panels
        .iter()
        .map(|panel| {
            let figure = figure(panel.row.max_over_mean);
            format!("{}: max over mean {figure}", panel.row.placement)
        })
        .collect();
    format!("Bars and heat maps of records per partition. {title}. {}.", each.join("; "))
}
