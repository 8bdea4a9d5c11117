//! `plot`: draws the charts and the report of a results folder again.

use std::path::Path;

use reports::write::Pictures;

use crate::error::{Error, Outcome, Result};
use crate::terminal::out;

/// Runs the command.
///
/// # Errors
/// When the folder holds no results or cannot be written to.
pub(crate) fn plot(folder: &Path, png: bool) -> Result<Outcome> {
    let pictures = if png { Pictures::SvgAndPng } else { Pictures::Svg };
    let drawn = reports::write::draw_as(folder, pictures).map_err(Error::input)?;
    out::line(&format!("Report: {}", drawn.report.display()));
    Ok(Outcome::Good)
}
