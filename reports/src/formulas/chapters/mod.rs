//! What the page says of each formula, in words.

mod chapter;
mod flow_control;
mod partitioning;
mod placement;

pub use chapter::Chapter;

/// All of them, in the document's order.
pub const CHAPTERS: [Chapter; 3] =
    [partitioning::CHAPTER, flow_control::CHAPTER, placement::CHAPTER];

/// By name.
pub fn named(name: &str) -> Option<&'static Chapter> {
    CHAPTERS.iter().find(|chapter| chapter.name == name)
}
