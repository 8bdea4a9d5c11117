//! The page of `consistency`: the finding, the chart, the table, the settings.

use maud::{Markup, html};

use super::layout::{document, redraw, table_box};
use super::settings::folded;
use super::{environment, figure};
use crate::chart::Chart;
use crate::schema::consistency::{ConsistencyCell, ConsistencyResult};
use crate::schema::read::RESULTS_FILE;
use crate::words::consistency::{FIGURES, figures, finding};
use crate::words::units::{capital, count, planned_rate};

/// Lays out the page of the results in `directory`.
pub fn page(result: &ConsistencyResult, charts: &[Chart], directory: &str) -> String {
    let again = redraw(directory);
    document(
        "consistency",
        head(result),
        html! {
            section.verdicts {
                h2 { "Verdict" }
                dl { dt { "Internal consistency" } dd { p { (finding(result)) "." } } }
            }
            (figure::section(charts, &result.command, &again))
            (table(result))
            (settings(result))
            (environment::section(&result.environment))
        },
        html! { "Drawn from " code { (RESULTS_FILE) } ". Draw it again: " code { (again) } },
    )
}

fn head(result: &ConsistencyResult) -> Markup {
    html! {
        h1 { "Streamgauge: consistency" }
        p.meta {
            "Started " (result.started) " · " (count(result.events)) " events in one split · "
            (planned_rate(Some(result.rate))) " · parallelism " (result.parallelism) " · "
            (result.clock) " clock"
        }
        p.meta { "Reproduce: " code { (result.command) } }
        @if result.interrupted {
            p.banner role="note" {
                strong { "Interrupted. " }
                "Stopped before its end: some runs are missing."
            }
        }
    }
}

fn table(result: &ConsistencyResult) -> Markup {
    html! {
        section {
            h2 { "Results" }
            @if result.cells.is_empty() { p { "No runs were recorded." } }
            @else {
                p.note {
                    "States: how often the visible result changed, which is at every hand-over of "
                    "rows to the sink and, under exactly-once, at every commit. Unjustified: the "
                    "answer to no prefix of the input; of the time: how long such a state was there, "
                    "of the planned length of the runs. Median and longest: the time until the "
                    "result is consistent again, from the first such state to the next that is an "
                    "answer."
                }
                (table_box("Results", html! {
                    table {
                        thead {
                            tr {
                                th scope="col" { "Workload" }
                                th scope="col" { "Engine" }
                                th scope="col" { "Guarantee" }
                                @for heading in FIGURES {
                                    th.number scope="col" { (capital(heading)) }
                                }
                            }
                        }
                        @for cells in result.cells.chunk_by(|a, b| a.workload == b.workload) {
                            tbody { @for cell in cells { (row(result, cell)) } }
                        }
                    }
                }))
            }
        }
    }
}

fn row(result: &ConsistencyResult, cell: &ConsistencyCell) -> Markup {
    html! {
        tr {
            th scope="row" { (cell.workload) }
            td { (cell.variant) }
            td.warn[!cell.keeps_its_promise()] { (cell.guarantee) }
            @for figure in figures(result, cell) { td.number { (figure) } }
        }
    }
}

/// Every setting and knob of each cell.
fn settings(result: &ConsistencyResult) -> Markup {
    html! {
        section {
            h2 { "Settings" }
            @for cell in &result.cells {
                (folded(
                    &format!("{}, {}, {}", cell.workload, cell.variant, cell.guarantee),
                    cell.settings.iter().chain(&cell.knobs),
                ))
            }
        }
    }
}
