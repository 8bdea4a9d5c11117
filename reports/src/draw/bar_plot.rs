//! Bars that lie over one axis of values, each in a row of its own: what several charts are made
//! of.

use plotters::style::RGBColor;

use super::canvas::{Canvas, Paint};
use super::frame::{Area, Frame, Grid};
use super::scale::Scale;
use super::style::{MARGIN, WIDTH};
use crate::error::ReportError;

/// Under the rows: tick labels and the axis' caption.
const AXIS_HEIGHT: f64 = 48.0;
/// From the rows to the middle of the caption.
const CAPTION_UNDER: f64 = 31.0;
const TICKS: usize = 5;

/// Rows of bars and their axis.
pub(crate) struct BarPlot<'a> {
    /// What the values are, with their unit where ticks do not say it.
    pub(crate) caption: &'a str,
    /// Largest value; the axis begins at 0.
    pub(crate) most: f64,
    /// What a tick says.
    pub(crate) tick: &'a dyn Fn(f64) -> String,
    /// Where ticks are, if not at round values.
    pub(crate) ticks: Option<&'a [f64]>,
    /// Where bars begin: right of their names.
    pub(crate) left: f64,
    /// Room at the right for the value beside the longest bar.
    pub(crate) value_width: f64,
    /// Height of all rows.
    pub(crate) height: f64,
}

impl BarPlot<'_> {
    /// Height with the axis.
    pub(crate) fn full_height(&self) -> f64 {
        self.height + AXIS_HEIGHT
    }

    /// Draws the axis with rows from `top` down, and what `rows` draws over its scale.
    pub(crate) fn draw(
        &self,
        canvas: &Canvas<'_>,
        top: f64,
        rows: impl FnOnce(&Scale) -> Result<(), ReportError>,
    ) -> Result<(), ReportError> {
        let right = WIDTH - MARGIN - self.value_width;
        let plot = Area { left: self.left, top, right, bottom: top + self.height };
        let frame = Frame {
            plot,
            x: Scale::linear((0.0, self.most), plot.sides()),
            y: Scale::linear((0.0, 1.0), plot.upwards()),
            grid: Grid::Upright,
        };
        let ticks = self.ticks.map_or_else(|| frame.x.ticks(TICKS), <[f64]>::to_vec);
        frame.draw_grid(canvas, &ticks, self.tick)?;
        frame.draw_caption(canvas, self.caption, CAPTION_UNDER)?;
        rows(&frame.x)?;
        frame.draw_base(canvas)
    }
}

/// Parts of a bar, one after the other from 0 on, between two heights; those of no length are left
/// out. `beside` is called with the place in the bar and both ends of each part that is drawn.
pub(crate) fn draw_stack(
    canvas: &Canvas<'_>,
    scale: &Scale,
    (top, bottom): (f64, f64),
    parts: impl IntoIterator<Item = (f64, RGBColor)>,
    mut beside: impl FnMut(usize, f64, f64),
) -> Result<(), ReportError> {
    let mut so_far = 0.0;
    for (place, (length, colour)) in parts.into_iter().enumerate() {
        let (from, upto) = (scale.place(so_far), scale.place(so_far + length));
        if upto > from {
            canvas.rectangle((from, top), (upto, bottom), Paint::fill(colour))?;
            beside(place, from, upto);
        }
        so_far += length;
    }
    Ok(())
}
