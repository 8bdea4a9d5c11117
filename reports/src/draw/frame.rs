//! The frame of a plot: its place, its two scales, grid lines, and what stands at the axes.

use super::canvas::{Anchor, Canvas, Paint};
use super::scale::Scale;
use super::style::{AXIS, BASE, GRID, text_width};
use crate::error::ReportError;

/// Between a level grid line and its label.
const LABEL_GAP: f64 = 8.0;
/// From the plot to the middle of the labels of upright grid lines.
const LABELS_UNDER: f64 = 12.0;
/// Length of a mark at the axis under a plot.
const MARK: f64 = 4.0;

/// A rectangle on the canvas, CSS pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Area {
    pub(crate) left: f64,
    pub(crate) top: f64,
    pub(crate) right: f64,
    pub(crate) bottom: f64,
}

impl Area {
    /// Left and right end.
    pub(crate) const fn sides(&self) -> (f64, f64) {
        (self.left, self.right)
    }

    /// Bottom and top, in the order of rising values.
    pub(crate) const fn upwards(&self) -> (f64, f64) {
        (self.bottom, self.top)
    }
}

/// Which way grid lines run; values stand at them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Grid {
    /// Level lines at values of y, over a base line under the plot.
    Level,
    /// Upright lines at values of x, beside a base line at the left.
    Upright,
}

/// A plot's place and scales.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame {
    pub(crate) plot: Area,
    pub(crate) x: Scale,
    pub(crate) y: Scale,
    pub(crate) grid: Grid,
}

impl Frame {
    /// A grid line with its label at every tick, but not where rounding gives it the label of the one
    /// before.
    pub(crate) fn draw_grid(
        &self,
        canvas: &Canvas<'_>,
        ticks: &[f64],
        label: impl Fn(f64) -> String,
    ) -> Result<(), ReportError> {
        let Area { left, top, right, bottom } = self.plot;
        let mut before = String::new();
        for tick in ticks {
            let label = label(*tick);
            if label == before {
                continue;
            }
            let (ends, at, anchor) = match self.grid {
                Grid::Level => {
                    let y = self.y.place(*tick);
                    ([(left, y), (right, y)], (left - LABEL_GAP, y), Anchor::Right)
                }
                Grid::Upright => {
                    let x = self.x.place(*tick);
                    ([(x, top), (x, bottom)], (x, bottom + LABELS_UNDER), Anchor::Centre)
                }
            };
            canvas.path(&ends, Paint::stroke(GRID, 1.0))?;
            canvas.text(&label, at, anchor, AXIS)?;
            before = label;
        }
        Ok(())
    }

    /// The line from which values are counted.
    pub(crate) fn draw_base(&self, canvas: &Canvas<'_>) -> Result<(), ReportError> {
        let Area { left, top, right, bottom } = self.plot;
        let ends = match self.grid {
            Grid::Level => [(left, bottom), (right, bottom)],
            Grid::Upright => [(left, top), (left, bottom)],
        };
        canvas.path(&ends, Paint::stroke(BASE, 1.0))
    }

    /// Marks under the plot at values of x, with their labels, whose middles are `under` pixels under
    /// it, as far as these keep `gap` pixels apart.
    pub(crate) fn draw_marks(
        &self,
        canvas: &Canvas<'_>,
        marks: impl IntoIterator<Item = (f64, String)>,
        (gap, under): (f64, f64),
    ) -> Result<(), ReportError> {
        let bottom = self.plot.bottom;
        let mut free = f64::NEG_INFINITY;
        for (value, label) in marks {
            let at = self.x.place(value);
            canvas.path(&[(at, bottom), (at, bottom + MARK)], Paint::stroke(BASE, 1.0))?;
            let half = text_width(&label, AXIS) / 2.0;
            if at - half >= free {
                canvas.text(&label, (at, bottom + under), Anchor::Centre, AXIS)?;
                free = at + half + gap;
            }
        }
        Ok(())
    }

    /// What is drawn along x; the middle of the text is `under` pixels under the plot.
    pub(crate) fn draw_caption(
        &self,
        canvas: &Canvas<'_>,
        caption: &str,
        under: f64,
    ) -> Result<(), ReportError> {
        canvas.text(caption, (self.plot.left, self.plot.bottom + under), Anchor::Left, AXIS)
    }
}
