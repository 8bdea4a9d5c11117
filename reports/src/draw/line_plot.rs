//! Lines over two axes, each with its name at its end: what several charts are made of.

use plotters::style::RGBColor;

use super::canvas::{Anchor, Canvas, Paint, render};
use super::drawing::Drawing;
use super::frame::{Area, Frame, Grid};
use super::header::Header;
use super::labels::{Wish, spread};
use super::scale::Scale;
use super::style::{AXIS, FIGURE, GREY, LABEL, MARGIN, Text, WIDTH};
use super::wrap::wrap;
use crate::error::ReportError;

/// Left of the plot: tick labels.
const TICKS_WIDTH: f64 = 62.0;
/// Right of the plot: a leader, a swatch and the label.
const LEADER_WIDTH: f64 = 14.0;
const SWATCH_WIDTH: f64 = 14.0;
const LABEL_WIDTH: f64 = 190.0;
const LABEL_LINES: usize = 3;
const LABEL_GAP: f64 = 7.0;
/// Above the plot: the y axis' caption. Under it: tick labels and the x axis' caption.
const CAPTION_HEIGHT: f64 = 24.0;
const AXIS_HEIGHT: f64 = 48.0;
const TICKS_UNDER: f64 = 14.0;
const CAPTION_UNDER: f64 = 34.0;
const TICKS: usize = 5;
/// Around a point, where a reader may point at it.
const TIP_RADIUS: f64 = 6.0;
/// Tick labels keep this far apart.
const TICK_GAP: f64 = 8.0;
const DETAIL: Text = Text { ink: GREY, ..FIGURE };

/// How far an axis reaches, and how it is read.
pub(crate) struct Axis {
    pub(crate) caption: String,
    pub(crate) values: (f64, f64),
    pub(crate) logarithmic: bool,
    /// What a tick says.
    pub(crate) tick: Box<dyn Fn(f64) -> String>,
    /// Where ticks are, if not at round values.
    pub(crate) ticks: Option<Vec<f64>>,
}

impl Axis {
    /// From `values.0` to `values.1` in even steps, with ticks at round values.
    pub(crate) fn linear(
        caption: impl Into<String>,
        values: (f64, f64),
        tick: impl Fn(f64) -> String + 'static,
    ) -> Self {
        let (caption, tick) = (caption.into(), Box::new(tick));
        Self { caption, values, logarithmic: false, tick, ticks: None }
    }

    fn scale(&self, places: (f64, f64)) -> Scale {
        match self.logarithmic {
            true => Scale::logarithmic(self.values, places),
            false => Scale::linear(self.values, places),
        }
    }

    fn ticks(&self, scale: &Scale) -> Vec<f64> {
        self.ticks.clone().unwrap_or_else(|| scale.ticks(TICKS))
    }
}

/// How a line is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stroke {
    /// From point to point.
    Solid,
    /// The same with a mark at every point.
    Marked,
    /// Level from each point to the next one's place.
    Steps,
    /// What a formula says, not a measurement.
    Dashed,
    /// Marks alone.
    Points,
}

/// A line with its name; without one it has no label.
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) detail: String,
    pub(crate) colour: RGBColor,
    pub(crate) stroke: Stroke,
    pub(crate) points: Vec<(f64, f64)>,
    /// (x, low, high): drawn as an upright stroke.
    pub(crate) ranges: Vec<(f64, f64, f64)>,
}

impl Line {
    /// A measured line without ranges.
    pub(crate) fn new(
        name: &str,
        detail: String,
        colour: RGBColor,
        points: Vec<(f64, f64)>,
    ) -> Self {
        let name = name.to_owned();
        Self { name, detail, colour, stroke: Stroke::Solid, points, ranges: Vec::new() }
    }
}

/// Lines over their axes.
pub(crate) struct LinePlot {
    pub(crate) x: Axis,
    pub(crate) y: Axis,
    pub(crate) lines: Vec<Line>,
    /// Height of the plot itself.
    pub(crate) height: f64,
}

impl LinePlot {
    /// A drawing of these lines alone, under a title and a subtitle.
    ///
    /// # Errors
    /// [`ReportError::Draw`] when the drawing library refuses.
    pub(crate) fn drawing(
        &self,
        title: String,
        subtitle: &str,
        caption: String,
    ) -> Result<Drawing, ReportError> {
        let header = Header::new(&title, subtitle);
        let height = header.height() + self.full_height() + 8.0;
        let svg = render((WIDTH, height), &format!("Line chart. {title}."), |canvas| {
            header.draw(canvas)?;
            self.draw(canvas, header.height())
        })?;
        Ok(Drawing { title, caption, svg })
    }

    /// Height with captions and axes.
    pub(crate) fn full_height(&self) -> f64 {
        CAPTION_HEIGHT + self.height.max(self.labels_height()) + AXIS_HEIGHT
    }

    fn labels_height(&self) -> f64 {
        let named = self.lines.iter().filter(|line| !line.name.is_empty());
        named.map(|line| Label::of(line, (0.0, 0.0)).height() + LABEL_GAP).sum::<f64>()
            - AXIS_HEIGHT
    }

    /// Draws it from `top` down.
    pub(crate) fn draw(&self, canvas: &Canvas<'_>, top: f64) -> Result<(), ReportError> {
        let plot_height = self.height.max(self.labels_height());
        let (left, right) = (
            MARGIN + TICKS_WIDTH,
            WIDTH - MARGIN - LABEL_WIDTH - SWATCH_WIDTH - LEADER_WIDTH - 8.0,
        );
        let (head, bottom) = (top + CAPTION_HEIGHT, top + CAPTION_HEIGHT + plot_height);
        let plot = Area { left, top: head, right, bottom };
        let (x, y) = (self.x.scale(plot.sides()), self.y.scale(plot.upwards()));
        let frame = Frame { plot, x, y, grid: Grid::Level };
        frame.draw_grid(canvas, &self.y.ticks(&y), &self.y.tick)?;
        frame.draw_base(canvas)?;
        let marks = self.x.ticks(&x).into_iter().map(|at| (at, (self.x.tick)(at)));
        frame.draw_marks(canvas, marks, (TICK_GAP, TICKS_UNDER))?;
        canvas.text(&self.y.caption, (MARGIN, top + 6.0), Anchor::Left, AXIS)?;
        frame.draw_caption(canvas, &self.x.caption, CAPTION_UNDER)?;
        canvas.columns(&["y_is", "line", "x", "y", "low", "high", "x_is"]);
        for line in &self.lines {
            draw_line(canvas, line, &x, &y)?;
            for (a, b) in &line.points {
                let name = if line.name.is_empty() { "" } else { &format!("{}: ", line.name) };
                let text = format!("{name}{} at {}", (self.y.tick)(*b), (self.x.tick)(*a));
                canvas.tip((x.place(*a), y.place(*b)), TIP_RADIUS, &text);
                let range = line.ranges.iter().find(|range| range.0 == *a);
                let (low, high) = range.map_or((f64::NAN, f64::NAN), |it| (it.1, it.2));
                // What stands side by side has its name for a place.
                let at = match self.x.ticks {
                    Some(_) => (self.x.tick)(*a).replace(',', ""),
                    None => a.to_string(),
                };
                canvas.row(&[&self.y.caption, &line.name, &at, b, &low, &high, &self.x.caption]);
            }
        }
        self.draw_labels(canvas, (&x, &y), (top, right, bottom))
    }

    fn draw_labels(
        &self,
        canvas: &Canvas<'_>,
        (x, y): (&Scale, &Scale),
        (top, right, bottom): (f64, f64, f64),
    ) -> Result<(), ReportError> {
        let named = || self.lines.iter().filter(|line| !line.name.is_empty());
        let ends = named().map(|line| {
            let (a, b) = line.points.last().copied().unwrap_or((self.x.values.1, self.y.values.0));
            Label::of(line, (x.place(a), y.place(b)))
        });
        let labels: Vec<Label> = ends.collect();
        let wishes: Vec<Wish> = labels.iter().map(Label::wish).collect();
        let middles = spread(&wishes, (top, bottom + AXIS_HEIGHT));
        for ((label, middle), line) in labels.iter().zip(middles).zip(named()) {
            let swatch = right + LEADER_WIDTH;
            let head = middle - label.height() / 2.0;
            let first_line = head + LABEL.line / 2.0;
            let leader = [label.end, (right.max(label.end.0), label.end.1), (swatch, first_line)];
            canvas.path(&leader, Paint::stroke(line.colour, 1.0).with_opacity(0.4))?;
            let swatch_end = (swatch + SWATCH_WIDTH, first_line);
            stroke(canvas, line, &[(swatch, first_line), swatch_end], 3.0)?;
            let text = swatch + SWATCH_WIDTH + 6.0;
            canvas.lines(&label.name, (text, head), Anchor::Left, LABEL)?;
            let under = head + label.name.len() as f64 * LABEL.line;
            canvas.lines(&label.detail, (text, under), Anchor::Left, DETAIL)?;
        }
        Ok(())
    }
}

fn draw_line(canvas: &Canvas<'_>, line: &Line, x: &Scale, y: &Scale) -> Result<(), ReportError> {
    for &(at, low, high) in &line.ranges {
        let ends = [(x.place(at), y.place(low)), (x.place(at), y.place(high))];
        canvas.path(&ends, Paint::stroke(line.colour, 1.5).with_opacity(0.6))?;
    }
    let places: Vec<(f64, f64)> =
        line.points.iter().map(|(a, b)| (x.place(*a), y.place(*b))).collect();
    let path: Vec<(f64, f64)> = match line.stroke {
        Stroke::Steps => places
            .windows(2)
            .flat_map(|pair| [pair[0], (pair[1].0, pair[0].1)])
            .chain(places.last().copied())
            .collect(),
        _ => places.clone(),
    };
    if path.len() > 1 && line.stroke != Stroke::Points {
        stroke(canvas, line, &path, 2.2)?;
    }
    if matches!(line.stroke, Stroke::Marked | Stroke::Points) || path.len() == 1 {
        for at in places {
            canvas.circle(at, 3.4, Paint::fill(line.colour))?;
        }
    }
    Ok(())
}

fn stroke(
    canvas: &Canvas<'_>,
    line: &Line,
    path: &[(f64, f64)],
    width: f64,
) -> Result<(), ReportError> {
    if line.stroke != Stroke::Dashed {
        return canvas.path(path, Paint::stroke(line.colour, width));
    }
    canvas.dashed(path, Paint::stroke(line.colour, 1.5))
}

struct Label {
    name: Vec<String>,
    detail: Vec<String>,
    end: (f64, f64),
}

impl Label {
    fn of(line: &Line, end: (f64, f64)) -> Self {
        let detail = if line.detail.is_empty() {
            Vec::new()
        } else {
            wrap(&line.detail, DETAIL, LABEL_WIDTH, 2)
        };
        Self { name: wrap(&line.name, LABEL, LABEL_WIDTH, LABEL_LINES), detail, end }
    }

    fn height(&self) -> f64 {
        self.name.len() as f64 * LABEL.line + self.detail.len() as f64 * DETAIL.line
    }

    fn wish(&self) -> Wish {
        let middle = self.end.1 + (self.height() - LABEL.line) / 2.0;
        Wish { middle, height: self.height() + LABEL_GAP }
    }
}
