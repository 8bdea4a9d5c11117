//! What the page says of one formula.

/// A formula of the document.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Chapter {
    /// By which `formulas` and cases name it.
    pub name: &'static str,
    /// A heading.
    pub title: &'static str,
    /// The formula as the document writes it.
    pub formula: &'static str,
    /// The document's sentence, in Chinese.
    pub chinese: &'static str,
    /// The same in English.
    pub english: &'static str,
    /// Its terms: Chinese, English.
    pub terms: &'static [(&'static str, &'static str)],
    /// What it can mean, and what is wrong with it as it stands.
    pub meaning: &'static [&'static str],
    /// What follows from the meaning: what is predicted.
    pub prediction: &'static [&'static str],
    /// What a reader should take away.
    pub conclusion: &'static [&'static str],
}

impl Chapter {
    /// The command that repeats its measurements.
    pub fn command(&self) -> String {
        format!("streamgauge formulas {}", self.name)
    }
}
