//! Medians and ranges by experiment and variant.

use maud::{Markup, html};

use super::layout::table_box;
use crate::schema::{CompareResult, Latencies, LatencyKind, Measures, Metric, Percentile, Unit};
use crate::words::pooled;
use crate::words::summary::{Experiment, Spread, Variant};
use crate::words::units;
use crate::words::units::NO_FIGURE;

/// A table of throughput and one of latency, of which the results have runs.
pub(crate) fn section(result: &CompareResult, experiments: &[Experiment<'_>]) -> Markup {
    let of = |measures| experiments.iter().filter(move |e| e.measures == measures);
    html! {
        section {
            h2 { "Results" }
            p.note {
                "Medians over the valid runs of a variant, with the range under them. "
                (NO_FIGURE) " stands where there is no figure, or too few values behind it."
            }
            @if of(Measures::Throughput).next().is_some() {
                h3 { "Throughput" }
                (throughput_table(of(Measures::Throughput)))
            }
            @if of(Measures::Latency).next().is_some() {
                h3 { "Latency" }
                p.note {
                    "From planned: from the planned time of the newest event behind a result until "
                    "the result, and of each event where a row of the real Spark has counted several. "
                    "After window end: from the planned time of that end."
                }
                (latency_table(of(Measures::Latency)))
                @for line in pooled::lines(result) { p.note { (line) } }
            }
        }
    }
}

fn throughput_table<'a>(experiments: impl Iterator<Item = &'a Experiment<'a>>) -> Markup {
    table_box(
        "Throughput",
        html! {
            table.data {
                thead {
                    tr {
                        th scope="col" { "Experiment" }
                        th scope="col" { "Variant" }
                        th.number scope="col" { "Throughput" }
                        (common_headings())
                    }
                }
                @for experiment in experiments {
                    tbody {
                        @for (index, variant) in experiment.variants.iter().enumerate() {
                            tr {
                                (names(experiment, variant, index, 1))
                                (cell(variant, &Metric::THROUGHPUT))
                                (common_cells(variant, 1))
                            }
                        }
                    }
                }
            }
        },
    )
}

fn latency_table<'a>(experiments: impl Iterator<Item = &'a Experiment<'a>>) -> Markup {
    table_box(
        "Latency",
        html! {
            table.data {
                thead {
                    tr {
                        th scope="col" { "Experiment" }
                        th scope="col" { "Variant" }
                        th scope="col" { "Latency" }
                        @for percentile in Percentile::ALL {
                            th.number scope="col" { (percentile.label()) }
                        }
                        (common_headings())
                    }
                }
                @for experiment in experiments {
                    @let kinds = kinds(experiment);
                    tbody {
                        @for (index, variant) in experiment.variants.iter().enumerate() {
                            @let names = names(experiment, variant, index, kinds.len());
                            @let common = common_cells(variant, kinds.len());
                            @for (row, kind) in kinds.iter().enumerate() {
                                tr {
                                    @if row == 0 { (names) }
                                    td.kind { (kind.field().replace('_', " ")) }
                                    @for percentile in Percentile::ALL {
                                        (cell(variant, Metric::of_latency(*kind, percentile)))
                                    }
                                    @if row == 0 { (common) }
                                }
                            }
                        }
                    }
                }
            }
        },
    )
}

/// The latencies an experiment has: always the one from the planned time, and beside it the one
/// from ingestion where events became readable later than planned.
fn kinds(experiment: &Experiment<'_>) -> Vec<LatencyKind> {
    let runs = || experiment.variants.iter().flat_map(|variant| &variant.runs);
    let mut kinds = vec![LatencyKind::FromPlanned];
    if runs().any(|run| differs(&run.latency_ns)) {
        kinds.push(LatencyKind::FromIngestion);
    }
    if runs().any(|run| run.latency_ns.after_window_end.count > 0) {
        kinds.push(LatencyKind::AfterWindowEnd);
    }
    kinds
}

/// Whether events became readable later than planned.
fn differs(latencies: &Latencies) -> bool {
    latencies.from_ingestion.count > 0 && latencies.from_ingestion != latencies.from_planned
}

/// The experiment's name over all its rows, and the variant's over its own.
fn names(experiment: &Experiment<'_>, variant: &Variant<'_>, index: usize, rows: usize) -> Markup {
    html! {
        @if index == 0 {
            th scope="rowgroup" rowspan=(experiment.variants.len() * rows) { (experiment.name) }
        }
        th.variant scope="row" rowspan=(rows) { (variant.name) }
    }
}

fn common_headings() -> Markup {
    html! {
        th.number scope="col" { "CPU per record" }
        th.number scope="col" { "Peak memory" }
        th.number scope="col" { "Valid runs" }
        th scope="col" { "Output" }
    }
}

fn common_cells(variant: &Variant<'_>, rows: usize) -> Markup {
    let (valid, all) = (variant.valid().count(), variant.runs.len());
    // A processor time below 0 is a mistake of the system's.
    let cpu = variant.spread(|run| Metric::COST.of(run).filter(|nanos| *nanos >= 0.0));
    let memory = variant.figure(&Metric::PEAK_MEMORY);
    html! {
        td.number rowspan=(rows) { (figure(cpu, Metric::COST.unit)) }
        td.number rowspan=(rows) { (figure(memory, Metric::PEAK_MEMORY.unit)) }
        td.number.warn[valid < all] rowspan=(rows) { (valid) " of " (all) }
        (output_cell(variant, rows))
    }
}

/// Whether every run put out what it had to.
fn output_cell(variant: &Variant<'_>, rows: usize) -> Markup {
    let outputs = || variant.runs.iter().map(|run| &run.output);
    let compared = outputs().filter(|output| output.expected_digest.is_some()).count();
    let wrong = outputs().filter(|output| output.is_wrong()).count();
    let text = match (compared, wrong) {
        (0, _) => "not compared".into(),
        (compared, 0) if compared == variant.runs.len() => "ok".into(),
        (compared, 0) => format!("ok in {compared}, others not compared"),
        (_, wrong) => format!("wrong in {wrong} of {}", variant.runs.len()),
    };
    html! { td.warn[wrong > 0] rowspan=(rows) { (text) } }
}

fn cell(variant: &Variant<'_>, metric: &Metric) -> Markup {
    match variant.invalid_figure(metric) {
        Some(invalid) => html! {
            td.number.invalid title="median of invalid runs" {
                (units::figure(metric.unit, invalid.median))
            }
        },
        None => html! { td.number { (figure(variant.figure(metric), metric.unit)) } },
    }
}

/// Median over range; one run has no range.
fn figure(spread: Option<Spread>, unit: Unit) -> Markup {
    html! {
        @match spread {
            None => (NO_FIGURE),
            Some(Spread { median, low, high, count }) => {
                b { (units::figure(unit, median)) }
                @if count > 1 {
                    small { (range(&units::figure(unit, low), &units::figure(unit, high))) }
                }
            }
        }
    }
}

/// `4.11 – 4.31 M records/s`: the unit once when both have it.
fn range(low: &str, high: &str) -> String {
    match (low.split_once(' '), high.split_once(' ')) {
        (Some((number, unit)), Some((_, same))) if unit == same => format!("{number} – {high}"),
        _ => format!("{low} – {high}"),
    }
}
