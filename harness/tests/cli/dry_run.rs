//! `compare --dry-run`: the runs that `compare` makes, and no files.

use crate::program::{contents, run, words};

#[test]
fn a_dry_run_lists_the_runs_that_are_made() {
    let folder = tempfile::tempdir().unwrap();
    let line = "compare --quick --events 3000 --set event_rate=3000 --repeats 2 --json";
    let plan = run(folder.path(), &words(&format!("{line} --dry-run"))).with_status(0).json();
    assert_eq!(contents(folder.path()), Vec::<std::path::PathBuf>::new(), "it writes nothing");
    assert_eq!(plan["schema"], "streamgauge.dry-run/1");
    let result = run(folder.path(), &words(line)).json();
    let runs = result["runs"].as_array().unwrap();
    let made = |experiment: &str, variant: &str| {
        let own =
            runs.iter().filter(|it| it["experiment"] == experiment && it["variant"] == variant);
        own.filter(|it| it["superseded"] == false).count() as u64
    };
    let again = plan["again_share"].as_f64().unwrap();
    assert!((0.0..=1.0).contains(&again), "{again}");
    let (mut planned, mut seconds) = (0, 0.0);
    for experiment in plan["experiments"].as_array().unwrap() {
        assert_eq!(experiment["events"], 3_000);
        seconds += experiment["pilot_s"].as_f64().unwrap();
        seconds += experiment["evaluator_s"].as_f64().unwrap();
        for variant in experiment["variants"].as_array().unwrap() {
            let (name, variant_name) = (&experiment["experiment"], &variant["variant"]);
            let repeats = variant["repeats"].as_u64().unwrap();
            assert_eq!(
                made(name.as_str().unwrap(), variant_name.as_str().unwrap()),
                repeats,
                "{name}"
            );
            planned += repeats;
            let tries = if experiment["rate"].is_null() { 1.0 } else { 1.0 + again };
            seconds += repeats as f64 * variant["seconds_each"].as_f64().unwrap() * tries;
        }
    }
    assert_eq!(plan["runs"], planned);
    let all = plan["seconds"].as_f64().unwrap();
    assert!((all - seconds).abs() < 1e-9, "{all} is the sum of its parts: {seconds}");
}

#[test]
fn runs_at_a_rate_are_announced_with_their_plan() {
    let folder = tempfile::tempdir().unwrap();
    let line = "compare --workload keyed-count --rate 1000 --duration 30s --repeats 4 --dry-run";
    let plan = run(folder.path(), &words(&format!("{line} --json"))).with_status(0).json();
    for variant in plan["experiments"][0]["variants"].as_array().unwrap() {
        // However busy the machine: no run ends before its plan.
        assert!(variant["seconds_each"].as_f64().unwrap() >= 30.0, "{variant}");
    }
    let table = run(folder.path(), &words(line)).with_status(0).out;
    assert!(table.contains("8 runs, about "), "{table}");
}
