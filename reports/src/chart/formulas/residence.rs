//! How long a record is in full buffers, by what is buffered: T = B/R.

use crate::chart::kind::{ChartKind, Draw, Outcome};
use crate::draw::line_plot::{Axis, Line, LinePlot, Stroke};
use crate::draw::style::Palette;
use crate::formulas::flow_control::full_buffers::seconds;
use crate::schema::{ChartTag, FormulasResult};
use crate::words::units::{significant, trimmed};

const PLOT_HEIGHT: f64 = 320.0;
/// Chapter whose cases are drawn.
const CHAPTER: &str = "flow-control";
const KIBIBYTE: f64 = 1_024.0;

/// A measured case.
struct Point {
    /// Bytes per second that the receiver takes.
    served: f64,
    clock: String,
    ahead_kib: f64,
    millis: f64,
}

/// The kind of chart that this file draws.
pub(crate) const KIND: ChartKind =
    ChartKind { tag: "residence", draw: Draw::Chapter(CHAPTER, draw) };

/// Theory dashed, measurements as points, a colour per rate and clock; `None` without such cases.
///
/// # Errors
/// [`ReportError::Draw`] when the drawing library refuses.
fn draw(result: &FormulasResult) -> Outcome {
    let cases = result.of(CHAPTER).filter(|case| case.chart() == Some(ChartTag::FullBuffers));
    let points: Vec<Point> = cases
        .filter_map(|case| {
            Some(Point {
                served: case.number("served_bytes_per_s")?,
                clock: case.clock.clone(),
                ahead_kib: case.number("bytes_ahead")? / KIBIBYTE,
                millis: case.measured,
            })
        })
        .collect();
    let Some(longest) = points.iter().max_by(|a, b| a.millis.total_cmp(&b.millis)) else {
        return Ok(None);
    };
    let mut names: Vec<String> = points.iter().map(name).collect();
    names.sort();
    names.dedup();
    let palette = Palette::of_names(names.iter().map(String::as_str));
    let most_kib = points.iter().map(|it| it.ahead_kib).fold(0.0, f64::max) * 1.1;
    let mut lines = Vec::new();
    for wanted in &names {
        let own: Vec<&Point> = points.iter().filter(|point| name(point) == *wanted).collect();
        let mut marks: Vec<(f64, f64)> = own.iter().map(|it| (it.ahead_kib, it.millis)).collect();
        marks.sort_by(|a, b| a.0.total_cmp(&b.0));
        let colour = palette.colour(wanted);
        let line = Line::new(wanted, String::new(), colour, marks);
        lines.push(Line { stroke: Stroke::Points, ..line });
        let at = |kib: f64| (kib, seconds((kib * KIBIBYTE) as u64, own[0].served) * 1e3);
        let theory = Line::new("", String::new(), colour, vec![at(0.0), at(most_kib)]);
        lines.push(Line { stroke: Stroke::Dashed, ..theory });
    }
    let most_millis = lines.iter().flat_map(|line| &line.points).map(|it| it.1).fold(1.0, f64::max);
    let plot = LinePlot {
        x: Axis::linear("B: KiB buffered ahead of a record", (0.0, most_kib), |at| trimmed(at, 0)),
        y: Axis::linear(
            "T: ms from being read to being emitted",
            (0.0, most_millis * 1.05),
            significant,
        ),
        lines,
        height: PLOT_HEIGHT,
    };
    let title = format!(
        "T = B/R: behind {} KiB of full buffers a record waits {} ms",
        trimmed(longest.ahead_kib, 0),
        significant(longest.millis)
    );
    let subtitle = "pipelined engine under back-pressure · one channel · a receiver of given speed";
    let caption =
        "Points: mean residence by stamps, over number and size of buffers. Dashed: what \
                   is buffered over the rate at which it leaves."
            .to_owned();
    plot.drawing(title, subtitle, caption).map(Some)
}

fn name(point: &Point) -> String {
    format!("R = {} kB/s, {} time", trimmed(point.served / 1e3, 0), point.clock)
}
