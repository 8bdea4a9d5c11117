//! The page of `formulas`: a chapter for each formula, large enough to be projected.

use maud::{Markup, html};

use super::environment;
use super::figure::{self, Origin};
use super::layout::{document, redraw, table_box};
use crate::chart::Chart;
use crate::formulas::chapters::{CHAPTERS, Chapter};
use crate::schema::read::RESULTS_FILE;
use crate::schema::{Case, CaseVerdict, FormulasResult};
use crate::words::tolerance::allowed;
use crate::words::units::{NO_FIGURE, significant, trimmed};

/// Lays out the page of the results in `directory`. A chart belongs to the chapter that is its
/// experiment.
pub fn page(result: &FormulasResult, charts: &[Chart], directory: &str) -> String {
    let again = redraw(directory);
    let measured = CHAPTERS.iter().filter(|it| result.of(it.name).next().is_some());
    document(
        "formulas",
        head(result),
        html! {
            (verdict(result))
            @for chapter in measured { (section(chapter, result, charts, &again)) }
            (environment::section(&result.environment))
        },
        html! { "Drawn from " code { (RESULTS_FILE) } ". Draw it again: " code { (again) } },
    )
}

fn head(result: &FormulasResult) -> Markup {
    html! {
        h1 { "Streamgauge: the document's formulas, predicted beside measured" }
        p.meta {
            "Started " (result.started) " · " (result.cases.len()) " cases · seed " (result.seed)
            " · virtual time costs " (result.costs)
        }
        p.meta { "Reproduce: " code { (result.command) } }
        @if result.interrupted {
            p.banner role="note" {
                strong { "Interrupted. " }
                (result.formulas_whole) " of " (result.formulas_planned)
                " formulas were measured in full; cases of the rest are missing."
            }
        }
    }
}

/// What became of every formula, in a sentence each.
fn verdict(result: &FormulasResult) -> Markup {
    let measured = CHAPTERS.iter().filter(|it| result.of(it.name).next().is_some());
    html! {
        section.verdicts {
            h2 { "Verdict" }
            @if result.cases.is_empty() { p { "No case was measured." } }
            @else {
                dl {
                    @for chapter in measured {
                        dt { (chapter.title) ": " (chapter.formula) }
                        dd { p { (counts(chapter, result)) } }
                    }
                }
            }
        }
    }
}

/// How many cases of a chapter hold.
fn counts(chapter: &Chapter, result: &FormulasResult) -> String {
    let count = |verdict| result.count(chapter.name, verdict);
    format!(
        "{} cases hold, {} do not, and {} are outside the range of their formula, where nothing is \
         claimed.",
        count(CaseVerdict::Holds),
        count(CaseVerdict::DoesNotHold),
        count(CaseVerdict::OutsideItsRange)
    )
}

fn section(chapter: &Chapter, result: &FormulasResult, charts: &[Chart], again: &str) -> Markup {
    let (measure, files) = (chapter.command(), html! { code { (RESULTS_FILE) } });
    let origin = Origin { measure: &measure, draw: again, files: &files };
    html! {
        section.chapter {
            h2 { (chapter.title) ": " span.formula { (chapter.formula) } }
            blockquote {
                p lang="zh" { (chapter.chinese) }
                p { (chapter.english) }
            }
            p.terms {
                @for (index, (chinese, english)) in chapter.terms.iter().enumerate() {
                    @if index > 0 { " · " }
                    span lang="zh" { (chinese) } " " (english)
                }
            }
            (paragraphs("What it can mean", chapter.meaning))
            (paragraphs("What is predicted", chapter.prediction))
            h3 { "What was measured" }
            p { (counts(chapter, result)) }
            @for chart in charts.iter().filter(|it| it.experiment == chapter.name) {
                (figure::figure(chart, origin))
            }
            (paragraphs("Conclusion", chapter.conclusion))
            p { "Repeat it: " code { (chapter.command()) } }
            (cases(chapter, result))
        }
    }
}

fn paragraphs(heading: &str, paragraphs: &[&str]) -> Markup {
    html! {
        @if !paragraphs.is_empty() {
            h3 { (heading) }
            @for paragraph in paragraphs { p { (paragraph) } }
        }
    }
}

fn cases(chapter: &Chapter, result: &FormulasResult) -> Markup {
    let cases: Vec<&Case> = result.of(chapter.name).collect();
    let name = format!("Cases of {}", chapter.title);
    html! {
        details open {
            summary { "Every case" }
            (table_box(&name, html! {
                table.data {
                    thead {
                        tr {
                            th scope="col" { "Case" }
                            th scope="col" { "Engine" }
                            th scope="col" { "Quantity" }
                            th.number scope="col" { "Predicted" }
                            th.number scope="col" { "Measured" }
                            th.number scope="col" { "Error" }
                            th scope="col" { "Tolerance" }
                            th scope="col" { "Verdict" }
                            th scope="col" { "Result file" }
                        }
                    }
                    @for group in cases.chunk_by(|a, b| a.form == b.form) {
                        tbody {
                            tr {
                                th.group scope="rowgroup" colspan="9" {
                                    (group[0].form) ", valid: " (group[0].valid_range)
                                }
                            }
                            @for case in group { (line(case)) }
                        }
                    }
                }
            }))
        }
    }
}

fn line(case: &Case) -> Markup {
    html! {
        tr {
            th scope="row" { (case.case) }
            td { (case.engine) small { (case.clock) " time" } }
            td { (case.quantity) }
            td.number { (figure(case.predicted)) }
            td.number {
                (figure(case.measured))
                @if let Some(interval) = interval(case) { small { (interval) } }
            }
            td.number { (error(case)) }
            td { (allowed(case.tolerance)) }
            td {
                @match case.verdict {
                    CaseVerdict::DoesNotHold => span.warn { (case.verdict.words()) },
                    _ => (case.verdict.words()),
                }
            }
            td { code { (case.run) } }
        }
    }
}

/// The 95 % interval of a mean over repeats, where there were any.
fn interval(case: &Case) -> Option<String> {
    let bound = |name| case.number(name).map(figure);
    let (low, high) = (bound("interval_low")?, bound("interval_high")?);
    Some(format!("{low} to {high}, {} repeats", case.number("repeats")?))
}

/// A predicted or measured figure of a table: four digits after the point below ten.
pub fn figure(value: f64) -> String {
    if value.abs() < 10.0 { trimmed(value, 4) } else { significant(value) }
}

/// The relative error of a case in percent, with its sign; a dash where there is none.
pub fn error(case: &Case) -> String {
    let Some(error) = case.relative_error else { return NO_FIGURE.to_owned() };
    let percent = error * 100.0;
    if percent.abs() < 0.005 { "0 %".to_owned() } else { format!("{percent:+.2} %") }
}
