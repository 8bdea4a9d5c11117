//! Charts as PNG, drawn from their SVG with the vendored font.

use std::sync::Arc;

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb};

use crate::error::ReportError;

/// Pixels to a CSS pixel.
pub const SCALE: f32 = 2.0;

/// Draws a chart at [`SCALE`] times its size.
///
/// # Errors
/// [`ReportError::Draw`] when the drawing is not valid SVG.
pub fn png(svg: &str) -> Result<Vec<u8>, ReportError> {
    let refused = |reason: &dyn std::fmt::Display| ReportError::Draw { reason: reason.to_string() };
    let mut fonts = fontdb::Database::new();
    fonts.load_font_data(include_bytes!("../../assets/Inter-Regular.otf").to_vec());
    fonts.load_font_data(include_bytes!("../../assets/Inter-SemiBold.otf").to_vec());
    let options = Options {
        font_family: crate::draw::style::FONT.to_owned(),
        fontdb: Arc::new(fonts),
        ..Options::default()
    };
    let tree = Tree::from_str(svg, &options).map_err(|error| refused(&error))?;
    let size = tree.size();
    let pixels = |length: f32| (length * SCALE).ceil() as u32;
    let mut map = Pixmap::new(pixels(size.width()), pixels(size.height()))
        .ok_or_else(|| refused(&"the drawing has no size"))?;
    resvg::render(&tree, Transform::from_scale(SCALE, SCALE), &mut map.as_mut());
    map.encode_png().map_err(|error| refused(&error))
}
