//! Share of the states of a result that are the answer to no prefix of the input: a bar for each
//! workload, engine and guarantee.

use crate::chart::kind::{ChartKind, Draw, Outcome};
use crate::draw::bar_plot::BarPlot;
use crate::draw::canvas::{Anchor, Canvas, Paint, render};
use crate::draw::drawing::Drawing;
use crate::draw::header::Header;
use crate::draw::legend::Legend;
use crate::draw::scale::Scale;
use crate::draw::style::{FIGURE, INK, LABEL, MARGIN, Palette, WIDTH};
use crate::draw::wrap::wrap;
use crate::error::ReportError;
use crate::schema::consistency::{ConsistencyCell, ConsistencyResult};
use crate::words::consistency::finding;
use crate::words::units::{count, duration, planned_rate, share, trimmed};

const NAMES_WIDTH: f64 = 130.0;
const GUARANTEES_WIDTH: f64 = 96.0;
const VALUE_WIDTH: f64 = 250.0;
const BAR_HEIGHT: f64 = 15.0;
const BAR_GAP: f64 = 5.0;
const GROUP_GAP: f64 = 14.0;
/// Left of a bar: twice the width of its colour.
const SWATCH: f64 = 14.0;
/// Bars of one chart, at most; the caption says how many more there are.
const MOST_BARS: usize = 60;
const COLUMNS: [&str; 10] = [
    "workload",
    "variant",
    "guarantee",
    "states",
    "unjustified_share",
    "low",
    "high",
    "until_consistent_ns_median",
    "until_consistent_ns_max",
    "seeds",
];

/// The kind of chart that this file draws.
pub(crate) const KIND: ChartKind = ChartKind { tag: "consistency", draw: Draw::Consistency(draw) };

/// A bar for each cell; `None` when nothing was seen of any.
///
/// # Errors
/// [`ReportError::Draw`] when the drawing library refuses.
fn draw(result: &ConsistencyResult) -> Outcome {
    let mut cells: Vec<&ConsistencyCell> =
        result.cells.iter().filter(|cell| cell.states() > 0).collect();
    let left_out = cells.len().saturating_sub(MOST_BARS);
    cells.truncate(MOST_BARS);
    if cells.is_empty() {
        return Ok(None);
    }
    let groups: Vec<&[&ConsistencyCell]> =
        cells.chunk_by(|a, b| a.workload == b.workload).collect();
    let title = finding(result);
    let header = Header::new(&title, &subtitle(result));
    let mut names: Vec<&str> = Vec::new();
    for cell in &cells {
        if !names.contains(&cell.variant.as_str()) {
            names.push(&cell.variant);
        }
    }
    let palette = Palette::of_names(names.iter().copied());
    let legend = Legend::of(names, &palette);
    let most = cells.iter().filter_map(|cell| cell.range_of_share()).map(|(_, high)| high);
    let plot = BarPlot {
        caption: "Share of the states seen that are the answer to no prefix of the input",
        most: most.fold(0.01, f64::max),
        tick: &|tick| format!("{} %", trimmed(tick * 100.0, 2)),
        ticks: None,
        left: MARGIN + NAMES_WIDTH + GUARANTEES_WIDTH + 20.0,
        value_width: VALUE_WIDTH,
        height: groups.iter().map(|group| height(group)).sum(),
    };
    let plot_top = header.height() + legend.height();
    let size = (WIDTH, plot_top + plot.full_height());
    let svg = render(size, &format!("Bar chart. {title}."), |canvas| {
        header.draw(canvas)?;
        canvas.columns(&COLUMNS);
        legend.draw(canvas, header.height())?;
        plot.draw(canvas, plot_top, |scale| {
            let mut top = plot_top;
            for group in &groups {
                draw_group(canvas, scale, (plot.left, top), group, &palette)?;
                top += height(group);
            }
            Ok(())
        })
    })?;
    let left_out = match left_out {
        0 => String::new(),
        more => format!(" {more} more are not drawn."),
    };
    Ok(Some(Drawing {
        title,
        caption: format!(
            "The thin line is the range over the seeds. Beside a bar: how long it took until the \
             result was consistent again, the median and the longest. Under exactly-once a result \
             is seen at commits.{left_out}"
        ),
        svg,
    }))
}

fn subtitle(result: &ConsistencyResult) -> String {
    let seeds = result.cells.iter().map(|cell| cell.seeds.len()).max().unwrap_or_default();
    format!(
        "{} events in one split, {}, parallelism {}, {seeds} {}, {} clock",
        count(result.events),
        planned_rate(Some(result.rate)),
        result.parallelism,
        if seeds == 1 { "seed" } else { "seeds" },
        result.clock
    )
}

fn height(group: &[&ConsistencyCell]) -> f64 {
    (group.len() as f64 * (BAR_HEIGHT + BAR_GAP)).max(2.0 * LABEL.line) + GROUP_GAP
}

/// The bars of a workload.
fn draw_group(
    canvas: &Canvas<'_>,
    scale: &Scale,
    (left, top): (f64, f64),
    group: &[&ConsistencyCell],
    palette: &Palette,
) -> Result<(), ReportError> {
    let Some(first) = group.first() else { return Ok(()) };
    canvas.lines(
        &wrap(&first.workload, LABEL, NAMES_WIDTH, 2),
        (MARGIN, top),
        Anchor::Left,
        LABEL,
    )?;
    for (index, cell) in group.iter().enumerate() {
        let top = top + index as f64 * (BAR_HEIGHT + BAR_GAP);
        let middle = top + BAR_HEIGHT / 2.0;
        canvas.text(&cell.guarantee, (left - SWATCH - 6.0, middle), Anchor::Right, FIGURE)?;
        draw_bar(canvas, scale, top, cell, palette)?;
    }
    Ok(())
}

fn draw_bar(
    canvas: &Canvas<'_>,
    scale: &Scale,
    top: f64,
    cell: &ConsistencyCell,
    palette: &Palette,
) -> Result<(), ReportError> {
    let unjustified = cell.unjustified_share().unwrap_or_default();
    let (low, high) = cell.range_of_share().unwrap_or((unjustified, unjustified));
    let until = cell.until_consistent_ns();
    let shown = |nanos: Option<u64>| nanos.map_or(String::new(), |it| it.to_string());
    canvas.row(&[
        &cell.workload,
        &cell.variant,
        &cell.guarantee,
        &cell.states(),
        &unjustified,
        &low,
        &high,
        &shown(until.map(|(median, _)| median)),
        &shown(until.map(|(_, longest)| longest)),
        &cell.seeds.len(),
    ]);
    let (bottom, middle) = (top + BAR_HEIGHT, top + BAR_HEIGHT / 2.0);
    let (start, end) = (scale.place(0.0), scale.place(unjustified));
    let fill = Paint::fill(palette.colour(&cell.variant)).with_opacity(0.75);
    canvas.rectangle((start, top), (end, bottom), fill)?;
    // A bar of no length still says whose it is.
    canvas.rectangle((start - SWATCH, top), (start - SWATCH / 2.0, bottom), fill)?;
    let value = match until {
        None => share(unjustified),
        Some((median, longest)) => format!(
            "{}, for {} (longest {})",
            share(unjustified),
            duration(median as f64),
            duration(longest as f64)
        ),
    };
    let tip = format!("{} under {}: {value}", cell.variant, cell.guarantee);
    canvas.tip_over((start, top), (end, bottom), &tip);
    let (low, high) = (scale.place(low), scale.place(high));
    canvas.path(&[(low, middle), (high, middle)], Paint::stroke(INK, 1.0))?;
    canvas.text(&value, (high.max(end) + 8.0, middle), Anchor::Left, FIGURE)
}
