//! Processor time per record, by experiment and variant.

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
use crate::schema::{Measures, Metric};
use crate::words::summary::{Experiment, Spread, Variant};
use crate::words::units::{duration, duration_tick};

const NAMES_WIDTH: f64 = 230.0;
const VALUE_WIDTH: f64 = 110.0;
const BAR_HEIGHT: f64 = 15.0;
const BAR_GAP: f64 = 5.0;
const GROUP_GAP: f64 = 14.0;
const COLUMNS: [&str; 7] =
    ["experiment", "variant", "cpu_ns_per_record", "low", "high", "runs", "valid"];

/// The kind of chart that this file draws.
pub(crate) const KIND: ChartKind = ChartKind { tag: "cost-per-record", draw: Draw::Suite(draw) };

/// A bar for each variant of each throughput experiment; `None` with fewer than two experiments.
///
/// # Errors
/// [`ReportError::Draw`] when the drawing library refuses.
fn draw(experiments: &[Experiment<'_>], palette: &Palette) -> Outcome {
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
    let left = MARGIN + NAMES_WIDTH + 12.0;
    let plot = BarPlot {
        caption: "Processor time per record",
        most: bars().map(|bar| bar.cost.high).fold(0.0, f64::max),
        tick: &duration_tick,
        ticks: None,
        left,
        value_width: VALUE_WIDTH,
        height: groups.iter().map(Group::height).sum(),
    };
    let plot_top = header.height() + legend.height();
    let height = plot_top + plot.full_height();
    let svg = render((WIDTH, height), &format!("Bar chart. {title}."), |canvas| {
        header.draw(canvas)?;
        canvas.columns(&COLUMNS);
        legend.draw(canvas, header.height())?;
        plot.draw(canvas, plot_top, |scale| {
            let mut top = plot_top;
            for group in &groups {
                let lines = wrap(group.name, LABEL, NAMES_WIDTH, 2);
                canvas.lines(&lines, (left - 12.0, top), Anchor::Right, LABEL)?;
                for (index, bar) in group.bars.iter().enumerate() {
                    let y = top + index as f64 * (BAR_HEIGHT + BAR_GAP);
                    let Spread { median, low, high, count } = bar.cost;
                    let variant = bar.variant.name;
                    canvas.row(&[
                        &group.name,
                        &variant,
                        &median,
                        &low,
                        &high,
                        &count,
                        &bar.is_valid,
                    ]);
                    bar.draw(canvas, scale, y, palette)?;
                }
                top += group.height();
            }
            Ok(())
        })
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

impl Bar<'_> {
    fn draw(
        &self,
        canvas: &Canvas<'_>,
        scale: &Scale,
        top: f64,
        palette: &Palette,
    ) -> Result<(), ReportError> {
        let (start, end) = (scale.place(0.0), scale.place(self.cost.median));
        let (bottom, middle) = (top + BAR_HEIGHT, top + BAR_HEIGHT / 2.0);
        let colour = palette.colour(self.variant.name);
        match self.is_valid {
            true => {
                let fill = Paint::fill(colour).with_opacity(0.75);
                canvas.rectangle((start, top), (end, bottom), fill)?;
            }
            false => canvas.hatched((start, top), (end, bottom), colour)?,
        }
        let [median, low, high] = [self.cost.median, self.cost.low, self.cost.high].map(duration);
        let text = format!("{}: {median} ({low} to {high})", self.variant.name);
        canvas.tip_over((start, top), (end, bottom), &text);
        let (low, high) = (scale.place(self.cost.low), scale.place(self.cost.high));
        canvas.path(&[(low, middle), (high, middle)], Paint::stroke(INK, 1.0))?;
        let judged = if self.is_valid { "" } else { ", invalid" };
        let value = format!("{median}{judged}");
        canvas.text(&value, (high.max(end) + 8.0, middle), Anchor::Left, FIGURE)
    }
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
