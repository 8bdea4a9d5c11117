//! The fullest partition over the mean, by the number of partitions: what chance makes and what a
//! hot key makes.

use crate::chart::kind::{ChartKind, Draw, Outcome};
use crate::draw::line_plot::{Axis, Line, LinePlot, Stroke};
use crate::draw::style::Palette;
use crate::formulas::partitioning::hot_key;
use crate::formulas::partitioning::zipf::Zipf;
use crate::schema::{Case, ChartTag, FormulasResult};
use crate::words::units::{significant, trimmed};

const PLOT_HEIGHT: f64 = 330.0;
/// Chapter whose cases are drawn.
const CHAPTER: &str = "partitioning";
/// Partition counts of a theory curve.
const PARTITIONS: [u32; 11] = [2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64];

/// The kind of chart that this file draws.
pub(crate) const KIND: ChartKind =
    ChartKind { tag: "max-over-mean", draw: Draw::Chapter(CHAPTER, draw) };

/// Theory dashed, measurements as points, a colour per exponent; `None` without such cases.
///
/// # Errors
/// [`ReportError::Draw`] when the drawing library refuses.
fn draw(result: &FormulasResult) -> Outcome {
    let cases: Vec<&Case> = result
        .of(CHAPTER)
        .filter(|case| case.chart() == Some(ChartTag::MaxOverMeanByPartitions))
        .collect();
    let mut exponents: Vec<f64> = cases.iter().filter_map(|case| case.number("exponent")).collect();
    exponents.sort_by(f64::total_cmp);
    exponents.dedup();
    let (Some(first), Some(worst)) =
        (cases.first(), cases.iter().max_by(|a, b| a.measured.total_cmp(&b.measured)))
    else {
        return Ok(None);
    };
    let (keys, events) = (number(first, "keys"), number(first, "events"));
    let lines = lines(&cases, &exponents, (keys as u64, events as u64));
    let most = lines.iter().flat_map(|line| &line.points).map(|it| it.1).fold(2.0, f64::max);
    let plot = LinePlot {
        x: Axis {
            caption: "partitions M, logarithmic".to_owned(),
            values: (1.8, 70.0),
            logarithmic: true,
            tick: Box::new(|at| trimmed(at, 0)),
            ticks: Some(vec![2.0, 4.0, 8.0, 16.0, 32.0, 64.0]),
        },
        y: Axis {
            caption: "fullest partition over the mean N/M, logarithmic".to_owned(),
            values: (1.0, most * 1.2),
            logarithmic: true,
            tick: Box::new(significant),
            ticks: None,
        },
        lines,
        height: PLOT_HEIGHT,
    };
    let title = format!(
        "P = N/M is the mean; the fullest partition has {} times as much at s = {} over {} partitions",
        significant(worst.measured),
        number(worst, "exponent"),
        number(worst, "partitions"),
    );
    let subtitle = format!(
        "{} keys · {} events · {} placement · both engines · {} time",
        trimmed(keys, 0),
        trimmed(events, 0),
        first.word("placement").unwrap_or_default(),
        first.clock
    );
    let caption = "Points: runs of both engines. Dashed: max(1 + √(2 M ln M / K), M p₁ + 1 − p₁), \
                   an upper bound of the expected maximum; s is the exponent of Zipf's law."
        .to_owned();
    plot.drawing(title, &subtitle, caption).map(Some)
}

/// Points and theory for each exponent, for a number of keys and of events.
fn lines(cases: &[&Case], exponents: &[f64], (keys, events): (u64, u64)) -> Vec<Line> {
    let names: Vec<String> = exponents.iter().map(|it| name(*it)).collect();
    let palette = Palette::of_names(names.iter().map(String::as_str));
    let mut lines = Vec::new();
    for (exponent, name) in exponents.iter().zip(&names) {
        let mut points: Vec<(f64, f64)> = cases
            .iter()
            .filter(|case| case.number("exponent") == Some(*exponent))
            .filter_map(|case| Some((case.number("partitions")?, case.measured)))
            .collect();
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        let zipf = Zipf::new(keys, *exponent);
        let theory = PARTITIONS.iter().map(|&partitions| {
            (f64::from(partitions), hot_key::max_over_mean(zipf, events, partitions))
        });
        let detail = format!("hottest key {}", share(zipf.first));
        let line = Line::new(name, detail, palette.colour(name), points);
        lines.push(Line { stroke: Stroke::Points, ..line });
        let theory = Line::new("", String::new(), palette.colour(name), theory.collect());
        lines.push(Line { stroke: Stroke::Dashed, ..theory });
    }
    lines
}

fn name(exponent: f64) -> String {
    if exponent == 0.0 { "uniform keys".to_owned() } else { format!("s = {exponent}") }
}

fn share(share: f64) -> String {
    format!("{} %", significant(share * 100.0))
}

fn number(case: &Case, name: &str) -> f64 {
    case.number(name).unwrap_or_default()
}
