//! How long a record waits in an open buffer, by how fast buffers fill.

use crate::chart::kind::{ChartKind, Draw, Outcome};
use crate::draw::line_plot::{Axis, Line, LinePlot, Stroke};
use crate::draw::style::Palette;
use crate::formulas::flow_control::flusher_wait::mean_wait;
use crate::schema::{Case, ChartTag, FormulasResult};
use crate::words::units::{significant, trimmed};

const PLOT_HEIGHT: f64 = 320.0;
/// Chapter whose cases are drawn.
const CHAPTER: &str = "flow-control";
/// Fill times of a theory curve, over the interval: from a fifteenth to ten times.
const RATIOS: (f64, f64) = (1.0 / 15.0, 10.0);
const STEPS: u32 = 60;

/// The kind of chart that this file draws.
pub(crate) const KIND: ChartKind =
    ChartKind { tag: "flusher-wait", draw: Draw::Chapter(CHAPTER, draw) };

/// Both in units of the flusher's interval, so that every case is on one curve; `None` without such
/// cases.
///
/// # Errors
/// [`ReportError::Draw`] when the drawing library refuses.
fn draw(result: &FormulasResult) -> Outcome {
    let cases: Vec<&Case> =
        result.of(CHAPTER).filter(|case| case.chart() == Some(ChartTag::Flusher)).collect();
    let mut clocks: Vec<&str> = cases.iter().map(|case| case.clock.as_str()).collect();
    clocks.sort_unstable();
    clocks.dedup();
    if clocks.is_empty() {
        return Ok(None);
    }
    let palette = Palette::of_names(clocks.iter().copied());
    let mut lines: Vec<Line> = clocks
        .iter()
        .map(|clock| {
            let own = cases.iter().filter(|case| case.clock == *clock);
            let mut points: Vec<(f64, f64)> = own.filter_map(|case| point(case)).collect();
            points.sort_by(|a, b| a.0.total_cmp(&b.0));
            let name = format!("{clock} time");
            let line = Line::new(&name, String::new(), palette.colour(clock), points);
            Line { stroke: Stroke::Points, ..line }
        })
        .collect();
    let (low, high) = RATIOS;
    let ratio = |step: u32| low * (high / low).powf(f64::from(step) / f64::from(STEPS));
    let curve = (0..=STEPS).map(|step| (ratio(step), mean_wait(ratio(step), 1.0))).collect();
    let theory = Line::new("", String::new(), palette.colour(clocks[0]), curve);
    lines.push(Line { stroke: Stroke::Dashed, ..theory });
    let plot = LinePlot {
        x: Axis {
            caption: "φ/τ: time to fill a buffer over the flusher's interval, logarithmic"
                .to_owned(),
            values: (low, high),
            logarithmic: true,
            tick: Box::new(significant),
            ticks: Some(vec![0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0]),
        },
        y: Axis::linear("mean wait over the interval", (0.0, 0.55), |at| trimmed(at, 1)),
        lines,
        height: PLOT_HEIGHT,
    };
    let title = "An open buffer makes records wait for a third of the interval where it fills as \
                 fast as it is flushed, and never for more than half"
        .to_owned();
    let subtitle = "pipelined engine · a receiver that keeps up · phases drawn from the seed";
    let caption = "Points: means over seeds (virtual time) or repeats (wall clock). Dashed: \
                   a/2 − a²/(6d), with a the shorter and d the longer of φ and τ."
        .to_owned();
    plot.drawing(title, subtitle, caption).map(Some)
}

fn point(case: &Case) -> Option<(f64, f64)> {
    let interval_ms = case.number("interval_ms")?;
    Some((case.number("fill_ms")? / interval_ms, case.measured / interval_ms))
}
