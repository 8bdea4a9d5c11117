//! The page of `recover`: the finding, the table, the chart, the settings of each run.

use maud::{Markup, html};

use super::layout::{document, redraw, table_box};
use super::settings::folded;
use super::{environment, figure};
use crate::chart::Chart;
use crate::schema::read::RESULTS_FILE;
use crate::schema::recovery::{RecoverResult, RecoverRun};
use crate::words::recovery::{FIGURES, figures, finding};
use crate::words::units::{capital, planned_rate};

/// Lays out the page of the results in `directory`.
pub fn page(result: &RecoverResult, charts: &[Chart], directory: &str) -> String {
    let again = redraw(directory);
    document(
        "recover",
        head(result),
        html! {
            section.verdicts {
                h2 { "Verdict" }
                dl { dt { (result.fault) } dd { p { (finding(result)) "." } } }
            }
            (table(result))
            (figure::section(charts, &result.command, &again))
            (settings(result))
            (environment::section(&result.environment))
        },
        html! { "Drawn from " code { (RESULTS_FILE) } ". Draw it again: " code { (again) } },
    )
}

fn head(result: &RecoverResult) -> Markup {
    html! {
        h1 { "Streamgauge: recover" }
        p.meta {
            "Started " (result.started)
            @if let Some(RecoverRun { run, .. }) = result.runs.first() {
                " · " (run.workload) " · " (planned_rate(run.rate)) " · parallelism "
                (run.parallelism) " · seed " (run.seed) " · " (run.clock) " clock"
            }
        }
        p.meta { "Reproduce: " code { (result.command) } }
        @if result.interrupted {
            p.banner role="note" {
                strong { "Interrupted. " }
                "Stopped before its end: some runs are missing or cut short."
            }
        }
    }
}

fn table(result: &RecoverResult) -> Markup {
    html! {
        section {
            h2 { "Results" }
            @if result.runs.is_empty() { p { "No runs were recorded." } }
            @else {
                p.note {
                    "Outage: from when the failure was noticed until the job went on. Catch-up: "
                    "from then until no split had more than a millisecond of its plan unread. Lost "
                    "and duplicated: rows, against those of an undisturbed run."
                }
                (table_box("Results", html! {
                    table {
                        thead {
                            tr {
                                th scope="col" { "Engine" }
                                th scope="col" { "Guarantee" }
                                @for heading in FIGURES {
                                    th.number scope="col" { (capital(heading)) }
                                }
                                th scope="col" { "Output" }
                            }
                        }
                        @for runs in result.runs.chunk_by(|a, b| a.run.variant == b.run.variant) {
                            tbody { @for run in runs { (row(run)) } }
                        }
                    }
                }))
            }
        }
    }
}

fn row(run: &RecoverRun) -> Markup {
    html! {
        tr {
            th scope="row" { (run.run.variant) }
            td { (run.guarantee) }
            @for figure in figures(run) { td.number { (figure) } }
            td.warn[!run.keeps_its_promise()] { (run.outcome()) }
        }
    }
}

/// Every setting and knob, once for each engine and guarantee.
fn settings(result: &RecoverResult) -> Markup {
    html! {
        section {
            h2 { "Settings" }
            @for run in &result.runs {
                (folded(
                    &format!("{}, {}", run.run.variant, run.guarantee),
                    run.run.settings.iter().chain(&run.run.knobs),
                ))
            }
        }
    }
}
