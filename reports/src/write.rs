//! The only module of this crate that writes files: charts and the page, into a result directory.
//! Everything else is a pure function.

use std::path::{Path, PathBuf};

use files::folder::make_folder;

use crate::draw::png;
use crate::error::ReportError;
use crate::schema::read;
use crate::words::markdown;
use crate::{chart, page};

/// File name of the page, inside the result directory.
pub(crate) const REPORT_FILE: &str = "report.html";
/// File name of the summary in Markdown, inside the result directory.
pub(crate) const SUMMARY_FILE: &str = "summary.md";
/// Directory of the charts, inside the result directory.
pub(crate) const CHARTS_DIRECTORY: &str = "charts";

/// What was drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drawn {
    /// The page.
    pub report: PathBuf,
    /// The charts, in the order of the page.
    pub charts: Vec<PathBuf>,
}

/// Reads the results in `dir`, of a comparison, of `recover`, `consistency`, `skew` or `formulas`,
/// and writes
/// `charts/<experiment>-<chart>.svg`, the same with `-dark`, its figures as `.csv`, and
/// `report.html` and, for a comparison, `summary.md` beside them. Each file appears whole or not
/// at all; files of an earlier drawing are replaced.
///
/// # Errors
/// [`ReportError`]: nothing to read, a damaged result, or a directory that cannot be written.
pub fn draw(dir: &Path) -> Result<Drawn, ReportError> {
    draw_as(dir, Pictures::Svg)
}

/// Which files charts become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pictures {
    /// SVG, for light and for dark backgrounds.
    Svg,
    /// PNG of both as well.
    SvgAndPng,
}

/// As [`draw`], with a say in what charts become.
///
/// # Errors
/// As [`draw`].
pub fn draw_as(dir: &Path, pictures: Pictures) -> Result<Drawn, ReportError> {
    let directory = dir.to_string_lossy();
    if let Some(result) = read::load_recovery(dir)? {
        let charts = chart::of_recovery(&result)?;
        let page = page::recovery::page(&result, &charts, &directory);
        return write(dir, &charts, &page, pictures);
    }
    if let Some(result) = read::load_consistency(dir)? {
        let charts = chart::of_consistency(&result)?;
        let page = page::consistency::page(&result, &charts, &directory);
        return write(dir, &charts, &page, pictures);
    }
    if let Some(result) = read::load_skew(dir)? {
        let charts = chart::of_skew(&result)?;
        let page = page::skew::page(&result, &charts, &directory);
        return write(dir, &charts, &page, pictures);
    }
    if let Some(result) = read::load_formulas(dir)? {
        let charts = chart::of_formulas(&result)?;
        let page = page::formulas::page(&result, &charts, &directory);
        return write(dir, &charts, &page, pictures);
    }
    let loaded = read::load(dir)?;
    let charts = chart::all(&loaded.result)?;
    let page = page::page(&page::Page {
        result: &loaded.result,
        charts: &charts,
        source: &loaded.source,
        directory: &directory,
    });
    let summary = markdown::summary(&loaded.result);
    replace(&dir.join(SUMMARY_FILE), summary.as_bytes())?;
    write(dir, &charts, &page, pictures)
}

fn write(
    dir: &Path,
    charts: &[chart::Chart],
    page: &str,
    pictures: Pictures,
) -> Result<Drawn, ReportError> {
    let charts_directory = dir.join(CHARTS_DIRECTORY);
    if !charts.is_empty() {
        make_folder(&charts_directory)
            .map_err(|reason| ReportError::Write { path: charts_directory, reason })?;
    }
    let mut drawn = Drawn { report: dir.join(REPORT_FILE), charts: Vec::new() };
    for chart in charts {
        let dark = crate::draw::dark::dark(&chart.svg);
        for (file, svg) in [(chart.file(), &chart.svg), (chart.dark_file(), &dark)] {
            let path = dir.join(file);
            replace(&path, svg.as_bytes())?;
            if pictures == Pictures::SvgAndPng {
                replace(&path.with_extension("png"), &png::png(svg)?)?;
            }
        }
        if let Some(csv) = chart.data() {
            replace(&dir.join(chart.data_file()), csv.as_bytes())?;
        }
        drawn.charts.push(dir.join(chart.file()));
    }
    replace(&drawn.report, page.as_bytes())?;
    Ok(drawn)
}

/// Puts a file in its place: a reader sees the old one or the new one.
fn replace(path: &Path, content: &[u8]) -> Result<(), ReportError> {
    files::write_whole(path, content)
        .map_err(|reason| ReportError::Write { path: path.to_path_buf(), reason })
}
