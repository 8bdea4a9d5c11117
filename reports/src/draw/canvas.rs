//! A drawing surface in CSS pixels over plotters' SVG backend.
//!
//! The backend has whole-number coordinates, which makes curves step. So everything is drawn
//! [`SCALE`] times as large and only the outer width and height are given in CSS pixels.

use std::cell::RefCell;
use std::fmt::{Display, Write as _};

use plotters::coord::Shift;
use plotters::prelude::{Circle, DrawingArea, IntoDrawingArea, PathElement, Rectangle, SVGBackend};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, IntoFont, RGBColor, ShapeStyle, TextStyle};

use super::dashes::dashes;
use super::data::Data;
use super::escape::escaped;
use super::style::{FONT, FONT_FAMILIES, PLOTTERS_FONT_SIZE, Text, WHITE, register_fonts};
use super::wrap::is_printable;
use crate::error::ReportError;

/// How much finer than a CSS pixel the coordinates are.
const SCALE: f64 = 4.0;

/// Largest coordinate drawn; a figure beyond it is a mistake, and it must not overflow.
const FARTHEST: f64 = 1e6;

/// Between two lines of a hatching, CSS pixels.
const HATCH: f64 = 6.0;

/// Where text stands relative to its point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Anchor {
    /// The point is at the left.
    Left,
    /// The point is in the middle.
    Centre,
    /// The point is at the right.
    Right,
}

/// How a shape is filled or stroked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paint {
    /// Colour.
    pub colour: RGBColor,
    /// 0 to 1.
    pub opacity: f64,
    /// Stroke width in CSS pixels; `None` fills.
    pub stroke: Option<f64>,
}

impl Paint {
    /// Filled.
    pub(crate) fn fill(colour: RGBColor) -> Paint {
        Paint { colour, opacity: 1.0, stroke: None }
    }

    /// Stroked with a line of that width.
    pub(crate) fn stroke(colour: RGBColor, width: f64) -> Paint {
        Paint { colour, opacity: 1.0, stroke: Some(width) }
    }

    /// The same, translucent.
    pub(crate) fn with_opacity(self, opacity: f64) -> Paint {
        Paint { opacity, ..self }
    }

    fn shape_style(self) -> ShapeStyle {
        let stroke_width = self.stroke.map_or(0, |width| (width * SCALE).round() as u32);
        ShapeStyle {
            color: self.colour.mix(self.opacity),
            filled: self.stroke.is_none(),
            stroke_width,
        }
    }
}

/// The surface of one chart.
pub(crate) struct Canvas<'a> {
    area: DrawingArea<SVGBackend<'a>, Shift>,
    /// What a reader sees who points at a mark, as SVG.
    tips: RefCell<String>,
    data: RefCell<Data>,
}

/// Draws a chart of that size and returns it as SVG, with `alt` as its text for screen readers.
///
/// # Errors
/// [`ReportError::Draw`] when plotters refuses.
pub(crate) fn render(
    (width, height): (f64, f64),
    alt: &str,
    draw: impl FnOnce(&Canvas<'_>) -> Result<(), ReportError>,
) -> Result<String, ReportError> {
    register_fonts();
    let size = ((width * SCALE).round() as u32, (height * SCALE).round() as u32);
    let mut svg = String::new();
    let (tips, data) = {
        let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        let canvas = Canvas { area, tips: RefCell::default(), data: RefCell::default() };
        canvas.rectangle((0.0, 0.0), (width, height), Paint::fill(WHITE))?;
        draw(&canvas)?;
        canvas.area.present().map_err(refused)?;
        (canvas.tips.take(), canvas.data.take())
    };
    // Above everything else, so that they are met first.
    let svg = match svg.rfind("</svg>") {
        Some(end) if !tips.is_empty() => {
            format!("{}<g fill-opacity=\"0\">{tips}</g>{}", &svg[..end], &svg[end..])
        }
        _ => svg,
    };
    Ok(data.put_into(&in_css_pixels(&svg, (width, height), size, alt)))
}

/// Rewrites the outer size, names the fallback fonts and adds the alternative text.
fn in_css_pixels(svg: &str, (width, height): (f64, f64), size: (u32, u32), alt: &str) -> String {
    let drawn = format!("<svg width=\"{}\" height=\"{}\"", size.0, size.1);
    let alt = escaped(alt);
    let wanted = format!(
        "<svg role=\"img\" aria-label=\"{alt}\" width=\"{width:.0}\" height=\"{height:.0}\""
    );
    svg.replacen(&drawn, &wanted, 1)
        .replace(&format!("font-family=\"{FONT}\""), &format!("font-family=\"{FONT_FAMILIES}\""))
        .replace("font-weight=\"bold\"", "font-weight=\"600\"")
}

impl Canvas<'_> {
    /// Names the columns of the chart's table of figures, with their units.
    pub(crate) fn columns(&self, names: &[&str]) {
        self.data.borrow_mut().name(names);
    }

    /// Adds a row of what is drawn to that table.
    pub(crate) fn row(&self, cells: &[&dyn Display]) {
        self.data.borrow_mut().add(cells);
    }

    /// What a reader sees who points at a mark; no script is needed for it.
    pub(crate) fn tip(&self, at: (f64, f64), radius: f64, text: &str) {
        let ((x, y), radius) = (fine(at), (radius * SCALE).round());
        let text = escaped(text);
        let _ = write!(
            self.tips.borrow_mut(),
            "<circle cx=\"{x}\" cy=\"{y}\" r=\"{radius}\"><title>{text}</title></circle>"
        );
    }

    /// The same of a rectangle between two corners.
    pub(crate) fn tip_over(&self, a: (f64, f64), b: (f64, f64), text: &str) {
        let (a, b) = (fine(a), fine(b));
        let (x, y) = (a.0.min(b.0), a.1.min(b.1));
        let (width, height) = ((a.0 - b.0).abs(), (a.1 - b.1).abs());
        let text = escaped(text);
        let _ = write!(
            self.tips.borrow_mut(),
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"><title>{text}</title></rect>"
        );
    }

    /// A line through `points`.
    pub(crate) fn path(&self, points: &[(f64, f64)], paint: Paint) -> Result<(), ReportError> {
        let points: Vec<(i32, i32)> = points.iter().copied().map(fine).collect();
        self.area.draw(&PathElement::new(points, paint.shape_style())).map_err(refused)
    }

    /// A rectangle between two corners.
    pub(crate) fn rectangle(
        &self,
        a: (f64, f64),
        b: (f64, f64),
        paint: Paint,
    ) -> Result<(), ReportError> {
        self.area.draw(&Rectangle::new([fine(a), fine(b)], paint.shape_style())).map_err(refused)
    }

    /// A dashed line along points.
    pub(crate) fn dashed(&self, points: &[(f64, f64)], paint: Paint) -> Result<(), ReportError> {
        dashes(points).iter().try_for_each(|piece| self.path(piece, paint))
    }

    /// A rectangle between two corners, hatched: what was measured and may not be used.
    pub(crate) fn hatched(
        &self,
        a: (f64, f64),
        b: (f64, f64),
        colour: RGBColor,
    ) -> Result<(), ReportError> {
        let (left, right) = (a.0.min(b.0), a.0.max(b.0));
        let (top, bottom) = (a.1.min(b.1), a.1.max(b.1));
        let height = bottom - top;
        self.rectangle(a, b, Paint::stroke(colour, 1.0))?;
        let mut foot = left - height + HATCH;
        while foot < right {
            // From the lower left to the upper right at 45 degrees, cut at both sides.
            let (from, to) = (foot.max(left), (foot + height).min(right));
            let ends = [(from, bottom - (from - foot)), (to, bottom - (to - foot))];
            self.path(&ends, Paint::stroke(colour, 1.0))?;
            foot += HATCH;
        }
        Ok(())
    }

    /// A circle.
    pub(crate) fn circle(
        &self,
        at: (f64, f64),
        radius: f64,
        paint: Paint,
    ) -> Result<(), ReportError> {
        let radius = (radius * SCALE).round() as u32;
        self.area.draw(&Circle::new(fine(at), radius, paint.shape_style())).map_err(refused)
    }

    /// One line of text, centred vertically at the point.
    pub(crate) fn text(
        &self,
        text: &str,
        at: (f64, f64),
        anchor: Anchor,
        style: Text,
    ) -> Result<(), ReportError> {
        let text: String = text.chars().filter(|c| is_printable(*c)).collect();
        let horizontal = match anchor {
            Anchor::Left => HPos::Left,
            Anchor::Centre => HPos::Center,
            Anchor::Right => HPos::Right,
        };
        let font = (FONT, style.size * SCALE * PLOTTERS_FONT_SIZE).into_font();
        let style = TextStyle::from(font.style(style.weight.font_style()))
            .color(&style.ink)
            .pos(Pos::new(horizontal, VPos::Center));
        self.area.draw(&plotters::element::Text::new(text, fine(at), style)).map_err(refused)
    }

    /// Lines of text from `top` down.
    pub(crate) fn lines(
        &self,
        lines: &[String],
        (x, top): (f64, f64),
        anchor: Anchor,
        style: Text,
    ) -> Result<(), ReportError> {
        for (index, line) in lines.iter().enumerate() {
            self.text(line, (x, top + (index as f64 + 0.5) * style.line), anchor, style)?;
        }
        Ok(())
    }
}

/// CSS pixels to whole fine ones. NaN becomes 0.
fn fine((x, y): (f64, f64)) -> (i32, i32) {
    let whole = |value: f64| (value * SCALE).round().clamp(-FARTHEST, FARTHEST) as i32;
    (whole(x), whole(y))
}

fn refused(reason: impl Display) -> ReportError {
    ReportError::Draw { reason: reason.to_string() }
}
