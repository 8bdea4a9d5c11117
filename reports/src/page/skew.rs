//! The page of `skew`: the finding, the table, the chart, the hottest keys.

use maud::{Markup, html};

use super::layout::{document, redraw, table_box};
use super::{environment, figure};
use crate::chart::Chart;
use crate::schema::read::RESULTS_FILE;
use crate::schema::skew::{SkewResult, SkewRow};
use crate::words::skew::{figure as two_digits, finding, scope_words};
use crate::words::units::{count, share};

/// Lays out the page of the results in `directory`.
pub fn page(result: &SkewResult, charts: &[Chart], directory: &str) -> String {
    let again = redraw(directory);
    document(
        "skew",
        head(result),
        html! {
            section.verdicts {
                h2 { "Verdict" }
                dl { dt { (result.exchange) } dd { p { (finding(result)) "." } } }
            }
            (figure::section(charts, &result.command, &again))
            (figures(result))
            (hottest(result))
            (knobs(result))
            (environment::section(&result.environment))
        },
        html! { "Drawn from " code { (RESULTS_FILE) } ". Draw it again: " code { (again) } },
    )
}

fn head(result: &SkewResult) -> Markup {
    html! {
        h1 { "Streamgauge: skew" }
        p.meta {
            "Started " (result.started) " · " (result.workload) " · " (count(result.events))
            " events · seed " (result.seed)
        }
        p.meta { "Reproduce: " code { (result.command) } }
        @if result.interrupted {
            p.banner role="note" {
                strong { "Interrupted. " }
                (count(result.events)) " of " (count(result.events_planned)) " events were read."
            }
        }
    }
}

fn figures(result: &SkewResult) -> Markup {
    html! {
        section {
            h2 { "Results" }
            p.note {
                "A figure of windows is the mean over all whole windows of the run; the worst "
                "window stands beside it. 1 is even; Gini and coefficient of variation are 0 then."
            }
            (table_box("Results", html! {
                table.data {
                    thead {
                        tr {
                            th scope="col" { "Placement" }
                            th.number scope="col" { "Partitions" }
                            th scope="col" { "Within" }
                            th.number scope="col" { "Max over mean" }
                            th.number scope="col" { "Worst" }
                            th.number scope="col" { "Coefficient of variation" }
                            th.number scope="col" { "Gini" }
                        }
                    }
                    @for rows in result.rows.chunk_by(|a, b| a.placement == b.placement) {
                        tbody { @for row in rows { (line(row)) } }
                    }
                }
            }))
        }
    }
}

fn line(row: &SkewRow) -> Markup {
    html! {
        tr {
            th scope="row" { (row.placement) }
            td.number { (row.parallelism) }
            td { (scope_words(&row.scope)) }
            td.number { (two_digits(row.max_over_mean)) }
            td.number { (two_digits(row.max_over_mean_worst)) }
            td.number { (two_digits(row.coefficient_of_variation)) }
            td.number { (two_digits(row.gini)) }
        }
    }
}

fn hottest(result: &SkewResult) -> Markup {
    html! {
        section {
            h2 { "Hottest keys" }
            (table_box("Hottest keys", html! {
                table.data {
                    thead {
                        tr {
                            th scope="col" { "Key" }
                            th.number scope="col" { "Records" }
                            th.number scope="col" { "Share" }
                        }
                    }
                    tbody {
                        @for hot in &result.hottest {
                            tr {
                                th scope="row" { code { (hot.key) } }
                                td.number { (count(hot.records)) }
                                td.number {
                                    (share(hot.records as f64 / result.records.max(1) as f64))
                                }
                            }
                        }
                    }
                }
            }))
        }
    }
}

fn knobs(result: &SkewResult) -> Markup {
    html! {
        section {
            h2 { "Knobs" }
            (table_box("Knobs", html! {
                table {
                    tbody {
                        @for (name, value) in &result.knobs {
                            tr {
                                th scope="row" { code { (name) } }
                                td { (environment::text(value)) }
                            }
                        }
                    }
                }
            }))
        }
    }
}
