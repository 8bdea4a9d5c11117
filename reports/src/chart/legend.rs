//! A row of swatches with names, wrapped to the width of a chart.

use plotters::style::RGBColor;

use super::canvas::{Anchor, Canvas, Paint};
use super::style::{AXIS, MARGIN, WIDTH, text_width};
use crate::error::ReportError;

const SWATCH: f64 = 12.0;
const NAME_GAP: f64 = 5.0;
const GAP: f64 = 16.0;
const LINE: f64 = 18.0;
const BELOW: f64 = 8.0;

/// Where each name goes, from `left` and from the legend's top.
fn places(names: &[(&str, RGBColor)], left: f64) -> Vec<(f64, f64)> {
    let (mut x, mut y) = (left, 0.0);
    let place = |(name, _): &(&str, RGBColor)| {
        let width = SWATCH + NAME_GAP + text_width(name, AXIS);
        if x > left && x + width > WIDTH - MARGIN {
            (x, y) = (left, y + LINE);
        }
        let at = (x, y);
        x += width + GAP;
        at
    };
    names.iter().map(place).collect()
}

/// Height in CSS pixels, with the room under it.
pub(super) fn legend_height(names: &[(&str, RGBColor)], left: f64) -> f64 {
    places(names, left).last().map_or(0.0, |(_, y)| y + LINE + BELOW)
}

/// Draws it from `top` down.
pub(super) fn draw_legend(
    canvas: &Canvas<'_>,
    top: f64,
    left: f64,
    names: &[(&str, RGBColor)],
) -> Result<(), ReportError> {
    for ((name, colour), (x, y)) in names.iter().zip(places(names, left)) {
        let y = top + y + 2.0;
        canvas.rectangle((x, y), (x + SWATCH, y + SWATCH), Paint::fill(*colour))?;
        let at = (x + SWATCH + NAME_GAP, y + SWATCH / 2.0);
        canvas.text(name, at, Anchor::Left, AXIS)?;
    }
    Ok(())
}
