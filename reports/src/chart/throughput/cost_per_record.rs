//! Processor time per record, by experiment and variant.

use crate::chart::kind::{ChartKind, Draw, Drawn};
use crate::draw::canvas::{Anchor, Paint, render};
use crate::draw::drawing::Drawing;
use crate::draw::header::Header;
use crate::draw::legend::Legend;
use crate::draw::scale::Scale;
use crate::draw::style::{AXIS, BASE, FIGURE, GRID, LABEL, MARGIN, Palette, WIDTH};
use crate::draw::wrap::wrap;
use crate::schema::{Measures, Metric};
use crate::words::summary::{Experiment, Spread, Variant};
use crate::words::units::{duration, duration_tick};

const NAMES_WIDTH: f64 = 230.0;
const VALUE_WIDTH: f64 = 110.0;
const BAR_HEIGHT: f64 = 15.0;
const BAR_GAP: f64 = 5.0;
const GROUP_GAP: f64 = 14.0;
const AXIS_HEIGHT: f64 = 48.0;
const TICKS: usize = 5;

/// The kind of chart that this file draws.
pub(crate) const KIND: ChartKind = ChartKind { tag: "cost-per-record", draw: Draw::Suite(draw) };

/// A bar for each variant of each throughput experiment; `None` with fewer than two experiments.
///
/// # Errors
/// [`ReportError::Draw`] when the drawing library refuses.
fn draw(experiments: &[Experiment<'_>], palette: &Palette) -> Drawn {
    let measured = experiments.iter().filter(|it| it.measures == Measures::Throughput);
    let groups: Vec<Group<'_>> = measured.filter_map(Group::of).collect();
    let bars = || groups.iter().flat_map(|group| &group.bars);
    if groups.len() < 2 {
        return Ok(None);
    }
    let title = title(&groups);
    let subtitle = "processor time of the whole process per record read, all threads together; \
                    throughput runs, median of valid runs and their range";
    let header = Header::new(&title, subtitle);
    let mut names: Vec<&str> = Vec::new();
    for bar in bars() {
        if !names.contains(&bar.variant.name) {
            names.push(bar.variant.name);
        }
    }
    let legend = Legend::of(names, palette);
    let plot_top = header.height() + legend.height();
    let height = plot_top + groups.iter().map(Group::height).sum::<f64>() + AXIS_HEIGHT;
    let longest = bars().map(|bar| bar.cost.high).fold(0.0, f64::max);
    let left = MARGIN + NAMES_WIDTH + 12.0;
    let scale = Scale::linear((0.0, longest), (left, WIDTH - MARGIN - VALUE_WIDTH));
    let svg = render((WIDTH, height), &format!("Bar chart. {title}."), |canvas| {
        header.draw(canvas)?;
        canvas.columns(&[
            "experiment",
            "variant",
            "cpu_ns_per_record",
            "low",
            "high",
            "runs",
            "valid",
        ]);
        legend.draw(canvas, header.height())?;
        let (mut top, bottom) = (plot_top, height - AXIS_HEIGHT);
        for tick in scale.ticks(TICKS) {
            let x = scale.place(tick);
            canvas.path(&[(x, top), (x, bottom)], Paint::stroke(GRID, 1.0))?;
            canvas.text(&duration_tick(tick), (x, bottom + 12.0), Anchor::Centre, AXIS)?;
        }
        let caption = "Processor time per record";
        canvas.text(caption, (left, bottom + 31.0), Anchor::Left, AXIS)?;
        canvas.path(&[(left, plot_top), (left, bottom)], Paint::stroke(BASE, 1.0))?;
        for group in &groups {
            let lines = wrap(group.name, LABEL, NAMES_WIDTH, 2);
            canvas.lines(&lines, (left - 12.0, top), Anchor::Right, LABEL)?;
            let mut y = top;
            for bar in &group.bars {
                let (end, colour) =
                    (scale.place(bar.cost.median), palette.colour(bar.variant.name));
                let corners = ((left, y), (end, y + BAR_HEIGHT));
                match bar.is_valid {
                    true => {
                        let fill = Paint::fill(colour).with_opacity(0.75);
                        canvas.rectangle(corners.0, corners.1, fill)?;
                    }
                    false => canvas.hatched(corners.0, corners.1, colour)?,
                }
                let middle = y + BAR_HEIGHT / 2.0;
                let text = format!(
                    "{}: {} ({} to {})",
                    bar.variant.name,
                    duration(bar.cost.median),
                    duration(bar.cost.low),
                    duration(bar.cost.high)
                );
                canvas.tip_over((left, y), (end, y + BAR_HEIGHT), &text);
                let Spread { median, low, high, count } = bar.cost;
                canvas.row(&[
                    &group.name,
                    &bar.variant.name,
                    &median,
                    &low,
                    &high,
                    &count,
                    &bar.is_valid,
                ]);
                let (low, high) = (scale.place(bar.cost.low), scale.place(bar.cost.high));
                canvas.path(
                    &[(low, middle), (high, middle)],
                    Paint::stroke(crate::draw::style::INK, 1.0),
                )?;
                let judged = if bar.is_valid { "" } else { ", invalid" };
                let value = format!("{}{judged}", duration(bar.cost.median));
                canvas.text(&value, (high.max(end) + 8.0, middle), Anchor::Left, FIGURE)?;
                y += BAR_HEIGHT + BAR_GAP;
            }
            top += group.height();
        }
        Ok(())
    })?;
    Ok(Some(Drawing {
        title,
        caption: "The thin line is the range of the runs; a hatched bar has no valid run.".into(),
        svg,
    }))
}

struct Bar<'a> {
    variant: &'a Variant<'a>,
    cost: Spread,
    /// Otherwise no run of the variant is.
    is_valid: bool,
}

struct Group<'a> {
    name: &'a str,
    bars: Vec<Bar<'a>>,
}

impl<'a> Group<'a> {
    fn of(experiment: &'a Experiment<'a>) -> Option<Self> {
        let bar = |variant: &'a Variant<'a>| {
            let valid = variant.figure(&Metric::COST);
            let all = || Spread::of(variant.runs.iter().filter_map(|run| Metric::COST.of(run)));
            Some(Bar { variant, cost: valid.or_else(all)?, is_valid: valid.is_some() })
        };
        let bars: Vec<Bar<'a>> = experiment.variants.iter().filter_map(bar).collect();
        (!bars.is_empty()).then_some(Self { name: experiment.name, bars })
    }

    fn height(&self) -> f64 {
        (self.bars.len() as f64 * (BAR_HEIGHT + BAR_GAP)).max(2.0 * LABEL.line) + GROUP_GAP
    }
}

fn title(groups: &[Group<'_>]) -> String {
    let cheapest = groups.iter().filter_map(|group| {
        let valid = group.bars.iter().filter(|bar| bar.is_valid);
        let bar = valid.min_by(|a, b| a.cost.median.total_cmp(&b.cost.median))?;
        Some(format!("{} {} with {}", group.name, duration(bar.cost.median), bar.variant.name))
    });
    let named: Vec<String> = cheapest.take(3).collect();
    format!("Least processor time per record: {}", named.join("; "))
}
