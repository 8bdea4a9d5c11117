//! Charts of the document's formulas: theory as curves, measurements as points.
//!
//! One chart per file; each is of one chapter, whose name is its experiment.

mod flusher_wait;
mod max_over_mean;
mod moved_fraction;
mod residence;

use super::Chart;
use crate::draw::style::register_fonts;
use crate::error::ReportError;
use crate::formulas::FormulasResult;

/// Every chart, chapter by chapter.
///
/// # Errors
/// [`ReportError::Draw`] when the drawing library refuses.
pub fn all(result: &FormulasResult) -> Result<Vec<Chart>, ReportError> {
    // Widths are measured before anything is rendered.
    register_fonts();
    let drawn = [
        max_over_mean::draw(result)?,
        residence::draw(result)?,
        flusher_wait::draw(result)?,
        moved_fraction::draw(result)?,
    ];
    Ok(drawn.into_iter().flatten().collect())
}
