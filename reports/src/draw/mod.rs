//! What charts are drawn with: the canvas, scales, styles, labels and legends.

pub(crate) mod bar_plot;
pub(crate) mod canvas;
pub mod dark;
pub(crate) mod dashes;
pub(crate) mod data;
pub(crate) mod drawing;
pub(crate) mod escape;
pub(crate) mod frame;
pub(crate) mod header;
pub(crate) mod labels;
pub(crate) mod legend;
pub(crate) mod line_plot;
pub mod png;
pub(crate) mod scale;
pub mod style;
pub(crate) mod wrap;
