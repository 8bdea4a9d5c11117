//! Runs whose figures may not be used, and why.

use maud::{Markup, html};

use super::layout::table_box;
use crate::schema::{CompareResult, RunResult};

/// The table; nothing when every run is valid.
pub(crate) fn section(result: &CompareResult) -> Markup {
    let invalid: Vec<&RunResult> = result.runs.iter().filter(|run| !run.valid).collect();
    html! {
        @if !invalid.is_empty() {
            section {
                h2 { "Invalid runs" }
                p.note { "Left out of every median, range and comparison." }
                (table_box("Invalid runs", table(&invalid)))
            }
        }
    }
}

fn table(invalid: &[&RunResult]) -> Markup {
    html! {
        table {
            thead {
                tr {
                    th scope="col" { "Experiment" }
                    th scope="col" { "Variant" }
                    th.number scope="col" { "Repeat" }
                    th scope="col" { "Why" }
                }
            }
            tbody {
                @for run in invalid {
                    tr {
                        th scope="row" { (run.experiment) }
                        td { (run.variant) }
                        td.number { (run.repeat) }
                        td.why {
                            @match run.invalid_because.as_slice() {
                                [] => "No reason was recorded.",
                                [reason] => (reason),
                                reasons => ul { @for reason in reasons { li { (reason) } } },
                            }
                        }
                    }
                }
            }
        }
    }
}
