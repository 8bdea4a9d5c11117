//! What moves from p to p+1 partitions, by p: remainders, key groups, consistent hashing.

use crate::chart::kind::{ChartKind, Draw, Outcome};
use crate::draw::line_plot::{Axis, Line, LinePlot, Stroke};
use crate::draw::style::{GREY, Palette};
use crate::formulas::placement::{
    moved_by_consistent_hashing, moved_by_remainder, moved_key_groups,
};
use crate::schema::{Case, ChartTag, FormulasResult};
use crate::words::units::trimmed;

const PLOT_HEIGHT: f64 = 360.0;
/// Chapter whose cases are drawn.
const CHAPTER: &str = "placement";
/// Key groups of the theory curve: Flink's default.
const GROUPS: u32 = 128;
/// Largest p of theory curves.
const MOST: u32 = 32;
/// Families in the order of their colours, each with what its points are called in cases.
const FAMILIES: [(&str, &str); 3] = [
    ("remainder", "remainder: p/(p+1)"),
    ("key-groups", "128 key groups, counted"),
    ("consistent", "consistent: 1/(p+1)"),
];

/// The kind of chart that this file draws.
pub(crate) const KIND: ChartKind = ChartKind { tag: "moved", draw: Draw::Chapter(CHAPTER, draw) };

/// Theory dashed, rescaled jobs as points; `None` without such cases.
///
/// # Errors
/// [`ReportError::Draw`] when the drawing library refuses.
fn draw(result: &FormulasResult) -> Outcome {
    let cases: Vec<&Case> =
        result.of(CHAPTER).filter(|case| case.chart() == Some(ChartTag::MovedToNext)).collect();
    let Some(first) = cases.first() else { return Ok(None) };
    let palette = Palette::of_names(FAMILIES.map(|(family, _)| family));
    let curve = |moved: &dyn Fn(u32) -> f64| -> Vec<(f64, f64)> {
        (1..=MOST).map(|p| (f64::from(p), moved(p))).collect()
    };
    let mut lines = Vec::new();
    for (family, name) in FAMILIES {
        let theory = match family {
            "remainder" => curve(&|p| moved_by_remainder::moved(p, p + 1)),
            "key-groups" => curve(&|p| moved_key_groups::moved(GROUPS, p, p + 1)),
            _ => curve(&|p| moved_by_consistent_hashing::moved(p, p + 1)),
        };
        let points = points(&cases, family);
        let detail = format!("{} rescaled jobs", points.len());
        let line = Line::new(name, String::new(), palette.colour(family), theory);
        lines.push(Line { stroke: Stroke::Dashed, detail, ..line });
        let line = Line::new("", String::new(), palette.colour(family), points);
        lines.push(Line { stroke: Stroke::Points, ..line });
    }
    let folklore = Line::new(
        "½ (1 − p/G)",
        "right where p is a power of two".to_owned(),
        GREY,
        curve(&|p| moved_key_groups::folklore(GROUPS, p)),
    );
    lines.push(Line { stroke: Stroke::Dashed, ..folklore });
    let plot = LinePlot {
        x: Axis {
            caption: "partitions p before".to_owned(),
            values: (0.0, f64::from(MOST) + 0.5),
            logarithmic: false,
            tick: Box::new(|at| trimmed(at, 0)),
            ticks: Some(vec![1.0, 4.0, 8.0, 16.0, 24.0, 32.0]),
        },
        y: Axis::linear("share of keys that move, p → p+1", (0.0, 1.0), |share| {
            format!("{} %", trimmed(share * 100.0, 0))
        }),
        lines,
        height: PLOT_HEIGHT,
    };
    let title = "One partition more: a remainder moves nearly every key, consistent hashing the \
                 least that can move, key groups a half"
        .to_owned();
    let subtitle =
        format!("jobs stopped with a snapshot and taken up again · {} time", first.clock);
    let caption = "Points: jobs that went on from their snapshot with one partition more, of either \
                   engine; the share is of the keys in their state. Dashed: closed forms. Grey: what \
                   most texts give for key groups."
        .to_owned();
    plot.drawing(title, &subtitle, caption).map(Some)
}

fn points(cases: &[&Case], family: &str) -> Vec<(f64, f64)> {
    let of = cases.iter().filter(|case| case.word("family") == Some(family));
    let points = of.filter_map(|case| Some((case.number("from")?, case.measured)));
    let mut points: Vec<(f64, f64)> = points.filter(|(from, _)| *from <= f64::from(MOST)).collect();
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    points
}
