//! A summary for a pull request, in GitHub's Markdown: verdicts, a table per kind of measurement,
//! and what was measured where.

use crate::schema::text::visible;
use crate::schema::{CompareResult, LatencyKind, Measures, Metric, Percentile};
use crate::words::summary::{Experiment, Spread, Variant, experiments};
use crate::words::units;
use crate::words::units::NO_FIGURE;
use crate::words::{contention, pooled, verdict};

/// The summary of a comparison.
///
/// ```
/// use reports::words::markdown::summary;
/// use reports::schema::CompareResult;
/// let result = CompareResult { suite: "quick".into(), ..CompareResult::default() };
/// assert!(summary(&result).starts_with("### Streamgauge: quick\n"));
/// ```
pub fn summary(result: &CompareResult) -> String {
    let experiments = experiments(result);
    let mut text = format!("### Streamgauge: {}\n\n", plain(&result.suite));
    if result.interrupted {
        text.push_str("**Interrupted:** only what had ended by then is here.\n\n");
    }
    if experiments.is_empty() {
        text.push_str("No runs.\n");
    }
    for experiment in &experiments {
        for sentence in verdict::sentences(experiment) {
            text.push_str(&format!(
                "- **{}:** {}\n",
                plain(experiment.name),
                plain(&sentence.text)
            ));
        }
    }
    for measures in [Measures::Throughput, Measures::Latency] {
        let own = experiments.iter().filter(|it| it.measures == measures);
        let rows: Vec<String> =
            own.flat_map(|it| it.variants.iter().map(move |variant| row(it, variant))).collect();
        if !rows.is_empty() {
            text.push_str(&format!("\n{}{}\n", heading(measures), rows.join("\n")));
        }
    }
    for line in pooled::lines(result).into_iter().chain(contention::lines(result)) {
        text.push_str(&format!("\n{}\n", plain(&line)));
    }
    text.push_str(&foot(result));
    visible(&text).into_owned()
}

fn heading(measures: Measures) -> &'static str {
    match measures {
        Measures::Throughput => {
            "| experiment | engine | throughput | lowest to highest | CPU per record | valid |\n\
             |---|---|--:|--:|--:|--:|\n"
        }
        Measures::Latency => {
            "| experiment | engine | rate | p50 | p99 | p99.9 | max | valid |\n\
             |---|---|--:|--:|--:|--:|--:|--:|\n"
        }
    }
}

fn row(experiment: &Experiment<'_>, variant: &Variant<'_>) -> String {
    let mut cells = vec![plain(experiment.name), plain(variant.name)];
    match experiment.measures {
        Measures::Throughput => {
            let throughput = variant.throughput();
            let range = |it: Spread| format!("{} to {}", units::rate(it.low), units::rate(it.high));
            cells.push(median(variant, &Metric::THROUGHPUT));
            cells.push(throughput.map_or_else(|| NO_FIGURE.to_owned(), range));
            cells.push(median(variant, &Metric::COST));
        }
        Measures::Latency => {
            cells.push(units::planned_rate(experiment.first_run().rate));
            for percentile in [Percentile::P50, Percentile::P99, Percentile::P999, Percentile::Max]
            {
                let metric = Metric::of_latency(LatencyKind::FromPlanned, percentile);
                cells.push(median(variant, metric));
            }
        }
    }
    cells.push(format!("{} of {}", variant.valid().count(), variant.runs.len()));
    format!("| {} |", cells.join(" | "))
}

fn median(variant: &Variant<'_>, metric: &Metric) -> String {
    let shown = |it: Spread| units::figure(metric.unit, it.median);
    variant.figure(metric).map_or_else(|| NO_FIGURE.to_owned(), shown)
}

/// What the figures are, and where they come from.
fn foot(result: &CompareResult) -> String {
    let mut text = String::from(
        "\nMedians over valid runs; latency is from the planned time of an event to the emission of \
         its result.\n",
    );
    let told = |name: &str| {
        let value = result.environment.get(name).filter(|value| !value.is_null())?;
        Some(value.as_str().map_or_else(|| value.to_string(), str::to_owned))
    };
    let labels = [("processor", ""), ("cores", " cores"), ("kernel", ""), ("commit", "")];
    let machine: Vec<String> = labels
        .iter()
        .filter_map(|(name, unit)| Some(format!("{}{unit}", plain(&told(name)?))))
        .collect();
    if !machine.is_empty() {
        text.push_str(&format!("\n<sub>{}</sub>\n", machine.join(", ")));
    }
    if !result.command.is_empty() {
        text.push_str(&format!("\n```sh\n{}\n```\n", result.command));
    }
    text
}

/// Text in which nothing is markup.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' | '\r' => plain.push(' '),
            '|' | '*' | '_' | '`' | '[' | ']' | '<' | '>' | '\\' => {
                plain.push('\\');
                plain.push(letter);
            }
            other => plain.push(other),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{LatencySummary, RunResult};

    fn run(variant: &str, measures: Measures, valid: bool) -> RunResult {
        let mut run = RunResult {
            experiment: "a|b".into(),
            variant: variant.into(),
            measures,
            valid,
            throughput_per_s: 2_000_000.0,
            rate: (measures == Measures::Latency).then_some(1_000.0),
            ..RunResult::default()
        };
        run.latency_ns.from_planned =
            LatencySummary { count: 100, p50: Some(1_500_000), ..LatencySummary::default() };
        run
    }

    #[test]
    fn tables_hold_every_variant_and_nothing_breaks_out_of_a_cell() {
        let result = CompareResult {
            suite: "my_suite".into(),
            command: "streamgauge compare mine.toml".into(),
            runs: vec![
                run("pipelined, buffer_timeout_ms=0", Measures::Throughput, true),
                run("pipelined, buffer_timeout_ms=0", Measures::Throughput, false),
                run("microbatch", Measures::Latency, true),
            ],
            ..CompareResult::default()
        };
        let text = summary(&result);
        let line = "| a\\|b | pipelined, buffer\\_timeout\\_ms=0 | 2.00 M records/s | \
                    2.00 M records/s to 2.00 M records/s | – | 1 of 2 |";
        assert!(text.contains(line), "{text}");
        let line = "| a\\|b | microbatch | 1,000 events/s | 1.50 ms | – | – | – | 1 of 1 |";
        assert!(text.contains(line), "{text}");
        assert!(text.contains("```sh\nstreamgauge compare mine.toml\n```"), "{text}");
        // Every line of a table has as many cells as its heading.
        for table in text.split("\n\n").filter(|it| it.starts_with('|')) {
            let cells = |line: &str| line.replace("\\|", "").matches('|').count();
            let widths: Vec<usize> = table.lines().map(cells).collect();
            assert!(widths.windows(2).all(|it| it[0] == it[1]), "{table}");
        }
    }
}
