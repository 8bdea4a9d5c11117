//! What `compare` says about its own noise, and when it stops repeating.

use serde_json::Value;

use crate::program::{Ended, run, words};

/// Student's t for 5 pairs and 95 %: stats.t.ppf(0.975, 4).
const T_95: f64 = 2.776_445_1;
/// The same for the interval that repeats are stopped by: stats.t.ppf(0.9875, 4).
const T_97_5: f64 = 3.495_405_9;

fn compare(more: &str) -> (Ended, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let line = format!(
        "compare --workload keyed-count --engine sequential --engine pipelined --out results {more}"
    );
    (run(folder.path(), &words(&line)), folder)
}

fn texts(values: &Value, field: &str) -> Vec<String> {
    let values = values.as_array().unwrap().iter();
    values.map(|it| it[field].as_str().unwrap().to_owned()).collect()
}

/// Throughputs of a variant, in the order of repeats.
fn throughputs(result: &Value, variant: &str) -> Vec<f64> {
    let runs = result["runs"].as_array().unwrap().iter();
    let own = runs.filter(|run| run["variant"] == variant);
    own.map(|run| run["throughput_per_s"].as_f64().unwrap()).collect()
}

/// Mean of the logarithms of a / b over the first 5 pairs, and its standard error.
fn mean_and_error(result: &Value, a: &str, b: &str) -> (f64, f64) {
    let pairs = throughputs(result, a).into_iter().zip(throughputs(result, b)).take(5);
    let logs: Vec<f64> = pairs.map(|(a, b)| (a / b).ln()).collect();
    assert_eq!(logs.len(), 5);
    let mean = logs.iter().sum::<f64>() / 5.0;
    let squares: f64 = logs.iter().map(|log| (log - mean) * (log - mean)).sum();
    (mean, (squares / 4.0 / 5.0).sqrt())
}

#[track_caller]
fn is_close(value: &Value, expected: f64) {
    let value = value.as_f64().unwrap();
    assert!((value / expected - 1.0).abs() < 1e-6, "{value}, not {expected}");
}

#[test]
fn every_variant_runs_twice_and_meets_only_itself() {
    let (ended, folder) = compare("--events 3000 --repeats 5 --against-itself --json");
    let result = ended.with_status(0).json();
    let round =
        ["sequential", "sequential (again)", "pipelined", "pipelined (again)"].map(str::to_owned);
    let variants = texts(&result["runs"], "variant");
    assert_eq!(variants.len(), 20);
    assert_eq!(variants[..4], round);
    let mut reversed = round.clone();
    reversed.reverse();
    assert_eq!(variants[4..8], reversed, "every other round runs the other way");
    assert_eq!(texts(&result["comparisons"], "a"), ["sequential", "pipelined"]);
    assert_eq!(texts(&result["comparisons"], "b"), ["sequential (again)", "pipelined (again)"]);

    assert_eq!(texts(&result["noise"], "variant"), ["sequential", "pipelined"]);
    assert_eq!(texts(&result["noise"], "metric"), ["throughput_per_s"; 2]);
    for row in result["noise"].as_array().unwrap() {
        let variant = row["variant"].as_str().unwrap();
        let (mean, error) = mean_and_error(&result, variant, &format!("{variant} (again)"));
        is_close(&row["ratio"], mean.exp());
        is_close(&row["floor"], (mean.abs() + T_95 * error).exp());
        assert_eq!(row["suspicious"], mean.abs() > T_95 * error);
        assert_eq!(row["pairs"], 5);
    }
    let saved = std::fs::read_to_string(folder.path().join("results/results.json")).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&saved).unwrap(), result);
}

#[test]
fn the_noise_floor_is_printed_and_two_pairs_have_none() {
    let (ended, _folder) = compare("--events 1000 --repeats 2 --against-itself");
    let out = ended.with_status(0).out;
    let table = out.split_once("noise floor").expect(&out).1;
    for variant in ["sequential", "pipelined"] {
        let words_of = |row: &str| row.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let mut rows = table.lines().map(words_of);
        let row = rows.find(|row| row.get(1).is_some_and(|it| it == variant));
        let row = row.unwrap_or_else(|| panic!("no {variant} in {out}"));
        assert_eq!((&*row[0], &*row[2]), ("keyed-count", "throughput"), "{out}");
        assert_eq!(row[4..], ["–", "2"], "{out}");
    }
    assert!(!out.contains("Suspicious"), "two pairs say nothing: {out}");
}

#[test]
fn without_repetitions_there_is_no_noise_and_older_results_are_still_drawn() {
    let (ended, folder) = compare("--events 1000 --repeats 2 --json");
    let mut result = ended.with_status(0).json();
    assert_eq!(result["noise"], Value::Array(Vec::new()));
    assert_eq!(result["comparisons"][0]["bootstrap"], Value::Null);
    result.as_object_mut().unwrap().remove("noise").unwrap();
    result["comparisons"][0].as_object_mut().unwrap().remove("bootstrap").unwrap();
    std::fs::write(folder.path().join("results/results.json"), result.to_string()).unwrap();
    run(folder.path(), &words("plot results")).with_status(0);
}

#[test]
fn twenty_pairs_have_a_bootstrap_interval() {
    let (ended, _folder) = compare("--events 500 --repeats 20 --json");
    let result = ended.with_status(0).json();
    let comparison = &result["comparisons"][0];
    assert_eq!(comparison["repeats"], 20);
    let (low, high) = (&comparison["bootstrap"][0], &comparison["bootstrap"][1]);
    let (low, high) = (low.as_f64().unwrap(), high.as_f64().unwrap());
    let ratio = comparison["ratio"].as_f64().unwrap();
    assert!(low < ratio && ratio < high, "{comparison}");
}

#[test]
fn repeats_end_once_the_interval_is_narrow() {
    let (ended, _folder) = compare("--events 5000 --until 100% --json");
    let result = ended.with_status(0).json();
    let comparison = &result["comparisons"][0];
    let repeats = comparison["repeats"].as_u64().unwrap();
    assert!((5..=50).contains(&repeats), "{comparison}");
    let end = |place: usize| comparison["interval"][place].as_f64().unwrap();
    let is_narrow = end(1) / end(0) <= 4.0;
    assert!(is_narrow || repeats == 50, "a factor of 2 either way: {comparison}");
    // The first look decides whether there is a sixth repeat.
    let (mean, error) = mean_and_error(&result, "sequential", "pipelined");
    let was_narrow = T_97_5 * error <= 2.0_f64.ln();
    assert_eq!(repeats == 5, was_narrow, "{mean} {error} {comparison}");
    if was_narrow {
        is_close(&comparison["interval"][1], (mean + T_97_5 * error).exp());
    }
}

#[test]
fn a_spent_budget_ends_repeats_after_the_fifth_and_says_so() {
    let (ended, _folder) = compare("--events 1000 --until 0.001% --budget 1ms --json");
    let ended = ended.with_status(0);
    assert!(ended.err.contains("5 repeats, and not every interval"), "{}", ended.err);
    assert!(ended.err.contains("the budget is spent"), "{}", ended.err);
    assert_eq!(ended.json()["runs"].as_array().unwrap().len(), 10);
}

#[test]
fn there_are_fifty_repeats_at_most() {
    let (ended, _folder) = compare("--events 500 --until 0.001% --json");
    let ended = ended.with_status(0);
    assert!(ended.err.contains("50 repeats, and not every interval"), "{}", ended.err);
    assert_eq!(ended.json()["runs"].as_array().unwrap().len(), 100);
}

#[test]
fn what_contradicts_itself_is_bad_usage() {
    for (wrong, message) in [
        ("--until 3% --repeats 7", "cannot be used with"),
        ("--budget 1m", "--until"),
        ("--until 3", "is no percentage"),
        ("--until -3%", "is no percentage"),
    ] {
        let (ended, _folder) = compare(wrong);
        let ended = ended.with_status(2);
        assert!(ended.err.contains(message), "{wrong}: {}", ended.err);
    }
}
