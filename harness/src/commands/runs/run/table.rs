//! A run by itself as a table for the terminal.

use reports::schema::{KindCost, LatencyKind, Measures, Metric, Percentile, RunResult};
use reports::words::units;
use reports::words::units::NO_FIGURE;

use crate::run::answer::is_wrong;
use crate::terminal::table::table;

/// A run by itself.
pub(super) fn run(result: &RunResult) -> String {
    let mut table = table(&["", ""], 1);
    let mut add = |name: &str, value: String| {
        table.add_row(vec![name.to_owned(), value]);
    };
    add("workload", result.workload.clone());
    add("engine", result.variant.clone());
    add(
        "clock, parallelism, seed",
        format!("{}, {}, {}", result.clock, result.parallelism, result.seed),
    );
    add("guarantee", result.guarantee.clone());
    let recovery = &result.recovery;
    if result.guarantee != "none" {
        add("checkpoints or batches kept", units::count(recovery.completed));
    }
    if !recovery.failures.is_empty() || recovery.replayed > 0 {
        let (restarts, replayed) = (recovery.restarts, units::count(recovery.replayed));
        add("restarts, replayed events", format!("{restarts}, {replayed}"));
    }
    add("rate", units::planned_rate(result.rate));
    add("records in", units::count(result.records_in));
    add("records out", units::count(result.records_out));
    add("time", units::duration(result.elapsed_ns as f64));
    add("throughput", units::rate(result.throughput_per_s));
    if let Some(nanos) = result.cpu_ns_per_record {
        add("CPU per record", units::duration(nanos));
    }
    add_costs(&mut add, result);
    if let Some(bytes) = result.peak_memory_bytes {
        add("peak memory", units::bytes(bytes as f64));
    }
    if result.latency_ns.from_planned.count > 0 {
        add("latency from planned", percentiles(result, LatencyKind::FromPlanned));
        add("latency from ingestion", percentiles(result, LatencyKind::FromIngestion));
    }
    if result.latency_ns.after_window_end.count > 0 {
        add("latency after window end", percentiles(result, LatencyKind::AfterWindowEnd));
    }
    if let Some(closed) = result.windows_closed {
        add("windows closed, late records", format!("{closed}, {}", result.late_records));
    }
    for exchange in &result.exchanges {
        add(
            &format!("load of {}", exchange.exchange),
            format!("max/mean {:.3}", exchange.max_over_mean),
        );
    }
    add_machine(&mut add, result);
    add_output(&mut add, result);
    add("valid", if result.valid { "yes".to_owned() } else { result.invalid_because.join(" ") });
    table.to_string()
}

/// What work cost by its prices, and by whose.
fn add_costs(add: &mut impl FnMut(&str, String), result: &RunResult) {
    let Some(costs) = result.costs.as_ref().filter(|costs| !costs.kinds.is_empty()) else { return };
    let whole = units::duration(costs.modelled_ns_per_record);
    add("modelled per record", format!("{whole}, priced as {}", costs.profile));
    for kind in costs.kinds.iter().filter(|kind| kind.count > 0) {
        let KindCost { place, price_ns, ns_per_record, .. } = kind;
        let (price, share) = (units::duration(*price_ns), units::duration(*ns_per_record));
        let count = units::count(kind.count);
        add(&format!("  {} ({place})", kind.kind), format!("{share}: {count} at {price}"));
    }
}

/// What else went on: what others did, and whom the system woke late.
fn add_machine(add: &mut impl FnMut(&str, String), result: &RunResult) {
    let Some(machine) = &result.machine else { return };
    let share = machine.foreign_share.map_or(NO_FIGURE.to_owned(), units::share);
    let mut text = format!("{share} of the cores");
    if result.measures == Measures::Latency {
        let longest = units::duration(machine.longest_stall_ns as f64);
        text.push_str(&match machine.stalls {
            0 => "; no stalls".to_owned(),
            stalls => format!("; {} stalls, the longest {longest}", units::count(stalls)),
        });
    }
    add("others on the machine", text);
    let late = &result.overslept;
    if late.times + late.triggers > 0 {
        let [times, events, triggers] = [late.times, late.events, late.triggers].map(units::count);
        add(
            "woken late",
            format!("sources {times} times, for {events} events; {triggers} triggers"),
        );
    }
}

/// What came out, and how it was checked.
fn add_output(add: &mut impl FnMut(&str, String), result: &RunResult) {
    let late = result.output.late.as_ref();
    let right = match &result.output.expected_digest {
        None => match late.map_or(0, |late| late.unnoted) {
            0 => "not checked".to_owned(),
            more => format!("not checked: {} rows late beyond those noted", units::count(more)),
        },
        Some(_) if is_wrong(result) => "WRONG".to_owned(),
        Some(_) => "equal to the evaluator's".to_owned(),
    };
    add("output", format!("{} records, {right}", result.output.records));
    if let Some(late) = late {
        let unfounded = match late.unfounded {
            0 => String::new(),
            rows => format!("; {} rows that cannot have been late", units::count(rows)),
        };
        let rows = units::count(late.left_out);
        let accepted = match late.accepted {
            0 => String::new(),
            rows => format!("; {} taken into sessions late", units::count(rows)),
        };
        add(
            "late",
            match late.unnoted {
                0 => format!("{rows} rows late, left out of both{accepted}{unfounded}"),
                more => {
                    format!("{} rows late, more than are noted", units::count(late.left_out + more))
                }
            },
        );
    }
    if let Some(files) = &result.output.files {
        let checked = match files.checked {
            true => format!(
                "{} part files, {}: all as written",
                units::count(files.parts),
                units::bytes(files.bytes as f64)
            ),
            false => "not checked".to_owned(),
        };
        add("files", checked);
    }
    if let Some(checked) = topic(result) {
        add("topic", checked);
    }
}

/// What a reader of the topic finds.
fn topic(result: &RunResult) -> Option<String> {
    let topic = result.output.topic.as_ref()?;
    Some(match topic.checked {
        true => format!("{} rows, each as published and once", units::count(topic.rows)),
        false => "not checked".to_owned(),
    })
}

fn percentiles(result: &RunResult, kind: LatencyKind) -> String {
    let shown = Percentile::ALL.map(|percentile| {
        let value = Metric::of_latency(kind, percentile).of(result);
        format!("{} {}", percentile.label(), value.map_or(NO_FIGURE.to_owned(), units::duration))
    });
    shown.join("  ")
}

/// The batches of a run.
pub(super) fn batches(result: &RunResult) -> String {
    let mut table =
        table(&["batch", "trigger", "delay", "records", "stages", "total", "watermark"], 0);
    for batch in &result.batches {
        let stages: Vec<_> = batch.stages_ns.iter().map(|it| units::duration(*it as f64)).collect();
        table.add_row(vec![
            batch.batch.to_string(),
            units::duration(batch.trigger_ns as f64),
            units::duration(batch.delay_ns as f64),
            units::count(batch.records),
            stages.join(" + "),
            units::duration(batch.total_ns as f64),
            batch
                .watermark_ns
                .map_or(NO_FIGURE.to_owned(), |it| format!("{:.3} s", it as f64 / 1e9)),
        ]);
    }
    table.to_string()
}
