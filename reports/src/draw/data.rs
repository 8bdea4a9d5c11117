//! The figures that a chart shows, as a table that travels inside its SVG.
//!
//! A drawing rounds; who wants to draw it otherwise needs the figures. They stand in the SVG's
//! `<metadata>` as CSV (RFC 4180, `\n` between lines), so that a file that was passed on still has
//! them.

use std::fmt::Display;

use super::escape::escaped;

/// Significant digits of a figure.
const DIGITS: usize = 12;
const BEFORE: &str = "<metadata>";
const AFTER: &str = "</metadata>";

/// Columns, and rows as they are drawn.
#[derive(Clone, Debug, Default)]
pub(crate) struct Data {
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Data {
    /// Names the columns, with their units. Parts of one chart name the same.
    pub(crate) fn name(&mut self, columns: &[&str]) {
        debug_assert!(self.columns.is_empty() || self.columns == columns, "{columns:?}");
        self.columns = columns.iter().map(|&name| name.to_owned()).collect();
    }

    /// Adds a row. Values that are not finite leave their cell empty, and those with noise in their last digits
    /// are rounded.
    pub(crate) fn add(&mut self, row: &[&dyn Display]) {
        debug_assert_eq!(row.len(), self.columns.len(), "{:?}", self.columns);
        let cell = |value: &&dyn Display| match value.to_string() {
            text if ["NaN", "inf", "-inf"].contains(&text.as_str()) => String::new(),
            text if text.len() > DIGITS => text.parse().map_or(text, rounded),
            text => text,
        };
        self.rows.push(row.iter().map(cell).collect());
    }

    /// The drawing with the table in it; unchanged without a table.
    pub(crate) fn put_into(&self, svg: &str) -> String {
        let open_tag = svg.find("<svg").and_then(|at| Some(at + svg[at..].find('>')? + 1));
        let (Some(at), false) = (open_tag, self.rows.is_empty()) else { return svg.to_owned() };
        let lines = std::iter::once(&self.columns).chain(&self.rows);
        let csv: String = lines.map(|line| escaped(&csv_line(line)) + "\n").collect();
        format!("{}{BEFORE}{csv}{AFTER}{}", &svg[..at], &svg[at..])
    }
}

/// The number, rounded to [`DIGITS`] significant digits.
fn rounded(number: f64) -> String {
    let short: f64 = format!("{number:.*e}", DIGITS - 1).parse().unwrap_or(number);
    short.to_string()
}

fn csv_line(cells: &[String]) -> String {
    let quoted = |cell: &String| match cell.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", cell.replace('"', "\"\"")),
        false => cell.clone(),
    };
    cells.iter().map(quoted).collect::<Vec<_>>().join(",")
}

/// The drawing without its table, and the table as CSV if it has one.
pub(crate) fn apart(svg: &str) -> (String, Option<String>) {
    let parts = svg.split_once(BEFORE).and_then(|(before, rest)| {
        let (csv, after) = rest.split_once(AFTER)?;
        Some((format!("{before}{after}"), csv))
    });
    match parts {
        None => (svg.to_owned(), None),
        Some((drawing, csv)) => {
            let csv = csv.replace("&quot;", "\"").replace("&gt;", ">").replace("&lt;", "<");
            (drawing, Some(csv.replace("&amp;", "&")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_goes_in_and_comes_out() {
        let svg = "<svg width=\"1\"><rect/></svg>";
        let mut data = Data::default();
        assert_eq!(data.put_into(svg), svg);
        data.name(&["variant", "latency_ns"]);
        data.add(&[&"a<b>, \"c\" & &lt;", &1.5]);
        data.add(&[&"plain", &f64::NAN]);
        data.add(&[&"a name of some length", &(0.1 + 0.2)]);
        let with = data.put_into(svg);
        assert!(roxmltree::Document::parse(&with).is_ok(), "{with}");
        let (drawing, csv) = apart(&with);
        assert_eq!(drawing, svg);
        let expected = "variant,latency_ns\n\"a<b>, \"\"c\"\" & &lt;\",1.5\nplain,\n\
                        a name of some length,0.3\n";
        assert_eq!(csv.as_deref(), Some(expected));
        assert_eq!(apart(svg), (svg.to_owned(), None));
    }
}
