//! Where placements put the keys of a workload: figures known from elsewhere, and all of the output.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::program::{contents, run, words};

/// Records a window of the published columns holds.
const WINDOWS: [&str; 5] = ["per_500", "per_1000", "per_5000", "per_20000", "per_100000"];

/// Largest partition over the mean by parallelism: by modulo over the run, by SplitMix64 over the
/// run, and by SplitMix64 within each of [`WINDOWS`]; of the first 2 M Nexmark events with hot
/// ratios of 2 and 4, computed apart from this program.
const AUCTIONS: [(u32, [f64; 7]); 4] = [
    (4, [2.50, 1.008, 2.39, 2.27, 1.60, 1.28, 1.11]),
    (8, [2.50, 1.06, 4.25, 3.96, 2.29, 1.63, 1.28]),
    (10, [5.50, 1.05, 5.17, 4.81, 2.59, 1.75, 1.35]),
    (16, [2.51, 1.08, 7.96, 7.34, 3.56, 2.19, 1.47]),
];
const BIDDERS: [(u32, [f64; 7]); 2] = [
    (8, [3.25, 1.23, 6.11, 5.98, 4.85, 2.76, 1.72]),
    (10, [7.75, 1.15, 7.58, 7.41, 5.94, 3.27, 1.90]),
];

fn figures(rows: &Value, name: &str) -> BTreeMap<(String, u64, String), f64> {
    let text = |row: &Value, field: &str| row[field].as_str().unwrap().to_owned();
    let rows = rows.as_array().unwrap().iter();
    rows.map(|row| {
        let parallelism = row["parallelism"].as_u64().unwrap();
        let key = (text(row, "placement"), parallelism, text(row, "scope"));
        (key, row[name].as_f64().unwrap())
    })
    .collect()
}

fn agrees(workload: &str, published: &[(u32, [f64; 7])]) {
    let folder = tempfile::tempdir().unwrap();
    let parallelism: Vec<String> = published.iter().map(|(count, _)| count.to_string()).collect();
    let line = format!(
        "skew --workload {workload} --events 2M --placement modulo,splitmix --json --parallelism {}",
        parallelism.join(",")
    );
    let rows = run(folder.path(), &words(&line)).with_status(0).json();
    let measured = figures(&rows, "max_over_mean");
    for (parallelism, expected) in published {
        let scopes = [("modulo", "run"), ("splitmix", "run")].into_iter();
        let scopes = scopes.chain(WINDOWS.map(|window| ("splitmix", window)));
        for ((placement, scope), expected) in scopes.zip(expected) {
            let key = (placement.to_owned(), u64::from(*parallelism), scope.to_owned());
            let got = measured[&key];
            assert!((got / expected - 1.0).abs() < 0.05, "{key:?}: {got}, not {expected}");
        }
    }
}

#[test]
fn hot_auctions_are_as_skewed_as_published() {
    agrees("nexmark-q5", &AUCTIONS);
}

#[test]
fn hot_bidders_are_as_skewed_as_published() {
    agrees("nexmark-q11", &BIDDERS);
}

#[test]
fn the_output_is_a_table_a_report_and_a_chart() {
    let folder = tempfile::tempdir().unwrap();
    let line = "skew --events 40k --set keys=100 --parallelism 4,10 --out out";
    let ended = run(folder.path(), &words(line)).with_status(0);
    for part in ["keyed-count: 40,000 records of 100 keys", "rendezvous", "5,000 records", "Gini"] {
        assert!(ended.out.contains(part), "{part}: {}", ended.out);
    }
    let out = folder.path().join("out");
    for file in ["results.json", "report.html", "charts/skew.svg"] {
        assert!(out.join(file).metadata().unwrap().len() > 0, "{file}");
    }
    let svg = std::fs::read_to_string(out.join("charts/skew.svg")).unwrap();
    assert!(svg.contains("P = N/M") && svg.contains("over 4 partitions"), "{svg}");
    // What was measured can be drawn again, to the byte.
    std::fs::remove_dir_all(out.join("charts")).unwrap();
    run(folder.path(), &["plot", "out"]).with_status(0);
    assert_eq!(std::fs::read_to_string(out.join("charts/skew.svg")).unwrap(), svg);
}

#[test]
fn batches_are_those_that_the_engine_makes() {
    let folder = tempfile::tempdir().unwrap();
    // 20,000 events at 100,000 a second, ten milliseconds a batch: about 1,000 records each.
    let line = "skew --events 20k --set zipf_exponent=1 --placement splitmix --json \
                --engine microbatch,batch_interval_ms=10 --rate 100k --window 1000";
    let rows = run(folder.path(), &words(line)).with_status(0).json();
    let windows = figures(&rows, "windows");
    let of = |scope: &str| windows[&("splitmix".to_owned(), 8, scope.to_owned())];
    assert_eq!(of("per_1000"), 20.0);
    assert!((19.0..=22.0).contains(&of("per_batch")), "{windows:?}");
    assert_eq!(figures(&rows, "max_over_mean").len(), 3);
}

#[test]
fn loads_add_up_to_the_records() {
    let folder = tempfile::tempdir().unwrap();
    let line = "skew --events 5k --parallelism 3 --json --window 700";
    let rows = run(folder.path(), &words(line)).with_status(0).json();
    for row in rows.as_array().unwrap() {
        let loads = row["records"].as_array().unwrap();
        let sum: u64 = loads.iter().map(|load| load.as_u64().unwrap()).sum();
        let run = row["scope"] == "run";
        assert_eq!((sum, loads.len()), if run { (5_000, 3) } else { (0, 0) }, "{row}");
        // 5,000 records are seven whole windows; the rest is in none.
        assert_eq!(row["windows"], if run { 1 } else { 7 }, "{row}");
    }
    assert!(contents(folder.path()).iter().any(|path| path.ends_with("results.json")));
}
