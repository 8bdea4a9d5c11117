//! Settings and knobs of every variant, side by side.

use std::collections::BTreeMap;

use maud::{Markup, html};
use serde_json::Value;

use super::environment::text;
use super::layout::table_box;
use crate::schema::RunResult;
use crate::words::summary::Experiment;
use crate::words::units::{NO_FIGURE, count, planned_rate};

/// A folded table for each experiment; what differs between its variants is marked.
pub(crate) fn section(experiments: &[Experiment<'_>]) -> Markup {
    html! {
        section {
            h2 { "Settings" }
            p.note { "As resolved, of the first run of each variant. Bold: not the same in all." }
            @for experiment in experiments {
                details {
                    summary {
                        (experiment.name) " (" (experiment.variants.len())
                        @if experiment.variants.len() == 1 { " variant)" } @else { " variants)" }
                    }
                    (table_box(&format!("Settings of {}", experiment.name), table(experiment)))
                }
            }
        }
    }
}

/// The settings and knobs of one run, folded.
pub(super) fn folded<'a>(
    name: &str,
    values: impl Iterator<Item = (&'a String, &'a Value)>,
) -> Markup {
    html! {
        details {
            summary { (name) }
            (table_box("Settings", html! {
                table {
                    tbody {
                        @for (name, value) in values {
                            tr { th scope="row" { code { (name) } } td { (text(value)) } }
                        }
                    }
                }
            }))
        }
    }
}

fn table(experiment: &Experiment<'_>) -> Markup {
    let runs: Vec<&RunResult> = experiment.variants.iter().map(|variant| variant.runs[0]).collect();
    html! {
        table {
            thead {
                tr {
                    th scope="col" { "Name" }
                    @for variant in &experiment.variants { th scope="col" { (variant.name) } }
                }
            }
            (group("Run", runs.iter().map(|run| of_run(run)).collect()))
            (group("Engine settings", runs.iter().map(|run| texts(&run.settings)).collect()))
            (group("Workload knobs", runs.iter().map(|run| texts(&run.knobs)).collect()))
        }
    }
}

/// Rows under a heading: the union of the names, in order.
fn group(heading: &str, columns: Vec<BTreeMap<&str, String>>) -> Markup {
    let mut names: Vec<&str> = columns.iter().flat_map(|column| column.keys().copied()).collect();
    names.sort_unstable();
    names.dedup();
    html! {
        @if !names.is_empty() {
            tbody {
                tr { th.group scope="rowgroup" colspan=(columns.len() + 1) { (heading) } }
                @for name in names {
                    @let differs = columns.iter().any(|c| c.get(name) != columns[0].get(name));
                    tr {
                        th scope="row" { code { (name) } }
                        @for column in &columns {
                            td.differs[differs] {
                                (column.get(name).map_or(NO_FIGURE, String::as_str))
                            }
                        }
                    }
                }
            }
        }
    }
}

fn of_run(run: &RunResult) -> BTreeMap<&str, String> {
    BTreeMap::from([
        ("clock", run.clock.clone()),
        ("engine", run.engine.clone()),
        ("events", count(run.events)),
        ("guarantee", run.guarantee.clone()),
        ("parallelism", run.parallelism.to_string()),
        ("rate", planned_rate(run.rate)),
        ("seed", run.seed.to_string()),
        ("warm_up_events", count(run.warm_up_events)),
        ("workload", run.workload.clone()),
    ])
}

fn texts(values: &BTreeMap<String, Value>) -> BTreeMap<&str, String> {
    values.iter().map(|(name, value)| (name.as_str(), text(value))).collect()
}
