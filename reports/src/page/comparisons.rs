//! Every comparison, of every metric.

use maud::{Markup, html};

use super::layout::table_box;
use crate::schema::{CompareResult, Comparison, Verdict};
use crate::words::units::{NO_FIGURE, ratio, significant};
use crate::words::verdict::{interval_name, metric_name};

/// The table; a sentence when nothing was compared.
pub(crate) fn section(result: &CompareResult) -> Markup {
    html! {
        section {
            h2 { "Comparisons" }
            @if result.comparisons.is_empty() {
                p { "Nothing was compared." }
            } @else {
                p.note {
                    "Ratios are geometric means over pairs of adjacent runs. The interval is "
                    "Student's t at 95 % on their logarithms; below 5 pairs it is the range, and "
                    "no verdict rests on it. An interval that contains 1 is a tie."
                }
                (table_box("Comparisons", table(result)))
            }
        }
    }
}

fn table(result: &CompareResult) -> Markup {
    html! {
        table.data {
            thead {
                tr {
                    th scope="col" { "Experiment" }
                    th scope="col" { "Metric" }
                    th scope="col" { "a" }
                    th scope="col" { "b" }
                    th.number scope="col" { "a / b" }
                    th.number scope="col" { "Interval" }
                    th.number scope="col" { "Pairs" }
                    th scope="col" { "Verdict" }
                    th scope="col" { "Why" }
                }
            }
            tbody { @for comparison in &result.comparisons { (row(comparison)) } }
        }
    }
}

fn row(comparison: &Comparison) -> Markup {
    html! {
        tr {
            th { (comparison.experiment) }
            th.metric scope="row" title=(comparison.metric) { (metric_name(&comparison.metric)) }
            td { (comparison.a) }
            td { (comparison.b) }
            td.number { b { (comparison.ratio.map_or(NO_FIGURE.into(), ratio)) } }
            td.number {
                @match comparison.interval {
                    None => (NO_FIGURE),
                    Some((low, high)) => {
                        (significant(low)) " – " (significant(high))
                        small { (interval_name(comparison.repeats)) }
                    }
                }
            }
            td.number { (comparison.repeats) }
            td {
                @match comparison.verdict {
                    Verdict::A => { b { (comparison.a) } },
                    Verdict::B => { b { (comparison.b) } },
                    Verdict::Tie => "tie",
                    Verdict::None => "none",
                }
            }
            td.why { (comparison.why) }
        }
    }
}
