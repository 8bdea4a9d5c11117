//! A drawing with its words, before it has a file name.

/// What a kind of chart makes of results.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Drawing {
    /// The finding; without one, what the chart shows.
    pub(crate) title: String,
    /// What marks mean and what was left out.
    pub(crate) caption: String,
    /// Self-contained SVG, with its alternative text and its figures.
    pub(crate) svg: String,
}
