//! A chart under its file name, and how file names are made.

use crate::draw::data::apart;
use crate::draw::drawing::Drawing;

/// A chart under its file name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chart {
    /// The experiment, chapter or command that it shows.
    pub experiment: String,
    /// File name without directory and extension: `<experiment>-<tag>`, or the tag
    /// alone when it shows several experiments.
    pub stem: String,
    /// The finding; without one, what the chart shows.
    pub title: String,
    /// What marks mean and what was left out, for the caption.
    pub caption: String,
    /// The drawing, self-contained, with its alternative text.
    pub svg: String,
}

impl Chart {
    pub(super) fn of(experiment: &str, stem: String, drawing: Drawing) -> Self {
        let Drawing { title, caption, svg } = drawing;
        Self { experiment: experiment.to_owned(), stem, title, caption, svg }
    }

    /// Path inside the result directory.
    pub fn file(&self) -> String {
        format!("charts/{}.svg", self.stem)
    }

    /// Path of the drawing for dark backgrounds.
    pub fn dark_file(&self) -> String {
        format!("charts/{}-dark.svg", self.stem)
    }

    /// Path of the figures that it shows, if it has a table of them.
    pub(crate) fn data_file(&self) -> String {
        format!("charts/{}.csv", self.stem)
    }

    /// The figures that it shows as CSV, from the SVG's `<metadata>`; `None` when a chart has no
    /// table of them.
    pub fn data(&self) -> Option<String> {
        apart(&self.svg).1
    }

    /// The drawing without the table of figures, for a page that has the table elsewhere.
    pub fn drawing(&self) -> String {
        apart(&self.svg).0
    }
}

/// `stem`, numbered if another chart already has it.
pub(super) fn unused(stem: &str, charts: &[Chart]) -> String {
    let taken = |stem: &str| charts.iter().any(|chart| chart.stem == stem);
    let numbered = (2..).map(|number| format!("{stem}-{number}"));
    std::iter::once(stem.to_string()).chain(numbered).find(|s| !taken(s)).unwrap_or_default()
}

/// A file name of an experiment and a chart: lower-case letters, digits, dots and hyphens.
pub(super) fn stem(experiment: &str, chart: &str) -> String {
    const LONGEST: usize = 80;
    let mut stem = String::new();
    for c in experiment.chars().take(LONGEST) {
        match c.to_ascii_lowercase() {
            c @ ('a'..='z' | '0'..='9') => stem.push(c),
            '.' if stem.ends_with(|c: char| c.is_alphanumeric()) => stem.push('.'),
            _ if !stem.ends_with('-') && !stem.is_empty() => stem.push('-'),
            _ => {}
        }
    }
    let stem = stem.trim_end_matches(['-', '.']);
    let stem = if stem.is_empty() { "experiment" } else { stem };
    format!("{stem}-{chart}")
}

#[cfg(test)]
mod tests {
    use super::stem;

    #[test]
    fn file_names_stay_inside_the_directory() {
        assert_eq!(stem("../../etc/passwd", "throughput"), "etc-passwd-throughput");
        assert_eq!(stem("Keyed count, 1.5 M/s", "x"), "keyed-count-1.5-m-s-x");
        assert_eq!(stem("<>", "x"), "experiment-x");
    }
}
