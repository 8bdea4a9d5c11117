//! Partition load batch by batch: how unevenly each micro-batch fell on the partitions.

use crate::chart::kind::{ChartKind, Draw, Outcome};
use crate::chart::median_run::median_run;
use crate::draw::canvas::render;
use crate::draw::drawing::Drawing;
use crate::draw::header::{Header, circumstances};
use crate::draw::line_plot::{Axis, Line, LinePlot};
use crate::draw::style::{Palette, WIDTH};
use crate::schema::RunResult;
use crate::words::summary::Experiment;
use crate::words::units::{significant, trimmed};

const PLOT_HEIGHT: f64 = 150.0;
/// Points of a line at the most: each is the worst batch of its stretch.
const POINTS: usize = 150;
/// Above the largest figure, as a factor.
const HEADROOM: f64 = 1.08;

/// The kind of chart that this file draws.
pub(crate) const KIND: ChartKind =
    ChartKind { tag: "partition-load-per-batch", draw: Draw::Experiment(draw) };

/// Largest over mean of the first exchange, batch by batch; `None` without micro-batches that have
/// one.
///
/// # Errors
/// [`ReportError::Draw`] when the drawing library refuses.
fn draw(experiment: &Experiment<'_>, palette: &Palette) -> Outcome {
    let runs = experiment.variants.iter().filter_map(|variant| median_run(variant));
    let loads: Vec<Loads<'_>> = runs.filter_map(Loads::of).collect();
    let Some(most) = loads.iter().map(|it| it.most).max_by(f64::total_cmp) else {
        return Ok(None);
    };
    let last = loads.iter().filter_map(|it| it.points.last()).map(|it| it.0).fold(0.0, f64::max);
    let line = |it: &Loads<'_>| {
        let detail = match it.of_run {
            Some(of_run) => format!("over the run {}", significant(of_run)),
            None => String::new(),
        };
        let name = &it.run.variant;
        Line::new(name, detail, palette.colour(name), it.points.clone())
    };
    let plot = LinePlot {
        x: Axis::linear("Batch", (0.0, last), |batch| trimmed(batch, 0)),
        y: Axis::linear(
            "Records of the fullest partition over the mean",
            (1.0, (most * HEADROOM).max(1.1)),
            |factor| trimmed(factor, 3),
        ),
        lines: loads.iter().map(line).collect(),
        height: PLOT_HEIGHT,
    };
    let title = title(&loads);
    let header = Header::new(&title, &circumstances(experiment));
    let height = header.height() + plot.full_height();
    let svg = render((WIDTH, height), &format!("Line chart over batches. {title}."), |canvas| {
        header.draw(canvas)?;
        plot.draw(canvas, header.height())
    })?;
    Ok(Some(Drawing {
        title,
        caption: "Of each variant the valid run with the median p99; the stage behind the first \
                  exchange. 1 is even. With many batches a point is the most uneven of its stretch. \
                  A batch waits for its fullest partition, however even the run is as a whole."
            .into(),
        svg,
    }))
}

struct Loads<'a> {
    run: &'a RunResult,
    /// (batch, largest over mean).
    points: Vec<(f64, f64)>,
    most: f64,
    median: f64,
    of_run: Option<f64>,
}

impl<'a> Loads<'a> {
    fn of(run: &'a RunResult) -> Option<Self> {
        let known = run.batches.iter().filter_map(|batch| {
            let load = batch.max_over_mean.filter(|load| load.is_finite() && *load >= 1.0)?;
            Some((batch.batch as f64, load))
        });
        let all: Vec<(f64, f64)> = known.collect();
        let mut sorted: Vec<f64> = all.iter().map(|it| it.1).collect();
        sorted.sort_by(f64::total_cmp);
        let median = *sorted.get(sorted.len() / 2)?;
        let worst = |stretch: &[(f64, f64)]| {
            stretch.iter().copied().max_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or_default()
        };
        let points = all.chunks(all.len().div_ceil(POINTS)).map(worst).collect();
        let of_run = run.exchanges.first().map(|it| it.max_over_mean).filter(|it| it.is_finite());
        Some(Self { run, points, most: *sorted.last()?, median, of_run })
    }
}

fn title(loads: &[Loads<'_>]) -> String {
    let each: Vec<String> = loads
        .iter()
        .map(|it| {
            let (median, most) = (significant(it.median), significant(it.most));
            format!("{median}x the mean, at worst {most}x, with {}", it.run.variant)
        })
        .collect();
    format!("The fullest partition of a batch: {}", each.join("; "))
}
