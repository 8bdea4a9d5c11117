//! A column for each partition, with its number under it.

use crate::draw::canvas::{Anchor, Canvas, Paint};
use crate::draw::frame::Frame;
use crate::draw::style::{AXIS, text_width};
use crate::error::ReportError;

/// Share of a column's place that is left blank.
const BLANK: f64 = 0.25;

/// What one partition's column shows.
pub(crate) struct Column {
    /// Its height, in the unit of the frame's y.
    pub(crate) value: f64,
    pub(crate) paint: Paint,
    /// What a reader sees who points at it.
    pub(crate) tip: String,
}

/// Draws a column for each partition, over an x axis from 0 to their number. The blank between two
/// is at most `most_blank` wide; numbers stand `under` pixels under the plot, as many as fit.
pub(crate) fn draw_columns(
    canvas: &Canvas<'_>,
    frame: &Frame,
    partitions: usize,
    (most_blank, under): (f64, f64),
    column: impl Fn(usize) -> Column,
) -> Result<(), ReportError> {
    let (top, bottom) = (frame.plot.top, frame.plot.bottom);
    let step = (frame.plot.right - frame.plot.left) / partitions as f64;
    let blank = (step * BLANK).min(most_blank);
    let every = (text_width("000", AXIS) / step).ceil().max(1.0) as usize;
    for partition in 0..partitions {
        let (left, right) =
            (frame.x.place(partition as f64), frame.x.place((partition + 1) as f64));
        let Column { value, paint, tip } = column(partition);
        let corner = (left + blank / 2.0, frame.y.place(value));
        canvas.rectangle(corner, (right - blank / 2.0, bottom), paint)?;
        canvas.tip_over((left, top), (right, bottom), &tip);
        if partition % every == 0 {
            let at = (left + step / 2.0, bottom + under);
            canvas.text(&partition.to_string(), at, Anchor::Centre, AXIS)?;
        }
    }
    Ok(())
}
