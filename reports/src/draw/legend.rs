//! Swatches with names, where marks are too many or too small for labels at them.

use plotters::style::RGBColor;

use super::canvas::{Anchor, Canvas, Paint};
use super::style::{FIGURE, MARGIN, Palette, WIDTH, text_width};
use super::wrap::wrap;
use crate::error::ReportError;

const SWATCH: f64 = 12.0;
/// Between a swatch and its name, and between a name and the next swatch.
const GAP: f64 = 5.0;
const NEXT: f64 = 18.0;
const LINE: f64 = 18.0;
/// Under the last line.
const BOTTOM: f64 = 10.0;

/// Names in lines, as many to a line as there is room for.
pub(crate) struct Legend {
    /// (x, line, how its swatch is filled, name as it is written).
    entries: Vec<(f64, usize, Paint, String)>,
    lines: usize,
}

impl Legend {
    /// Of these variants, in their order.
    pub(crate) fn of<'a>(names: impl IntoIterator<Item = &'a str>, palette: &Palette) -> Self {
        let fill = |name| Paint::fill(palette.colour(name)).with_opacity(0.8);
        Self::from(MARGIN, names.into_iter().map(|name| (name, fill(name))))
    }

    /// Of these parts, in their order and colours, from `left` on.
    pub(crate) fn of_parts(left: f64, parts: &[(&str, RGBColor)]) -> Self {
        Self::from(left, parts.iter().map(|&(name, colour)| (name, Paint::fill(colour))))
    }

    fn from<'a>(left: f64, names: impl Iterator<Item = (&'a str, Paint)>) -> Self {
        let (mut x, mut line, mut entries) = (left, 0, Vec::new());
        for (name, fill) in names {
            let room = WIDTH - left - MARGIN - SWATCH - GAP;
            let written = wrap(name, FIGURE, room, 1).into_iter().next().unwrap_or_default();
            let width = SWATCH + GAP + text_width(&written, FIGURE);
            if x > left && x + width > WIDTH - MARGIN {
                (x, line) = (left, line + 1);
            }
            entries.push((x, line, fill, written));
            x += width + NEXT;
        }
        Self { entries, lines: line + 1 }
    }

    /// Height in CSS pixels, with the room under it.
    pub(crate) fn height(&self) -> f64 {
        self.lines as f64 * LINE + BOTTOM
    }

    /// Draws it from `top` down.
    pub(crate) fn draw(&self, canvas: &Canvas<'_>, top: f64) -> Result<(), ReportError> {
        for (x, line, fill, written) in &self.entries {
            let middle = top + (*line as f64 + 0.5) * LINE;
            let corner = (x + SWATCH, middle + SWATCH / 2.0);
            canvas.rectangle((*x, middle - SWATCH / 2.0), corner, *fill)?;
            canvas.text(written, (x + SWATCH + GAP, middle), Anchor::Left, FIGURE)?;
        }
        Ok(())
    }
}
