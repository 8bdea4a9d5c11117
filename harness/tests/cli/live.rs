//! `--live` where there is no terminal: plain progress, and the same results.

use crate::program::{run, words};

#[test]
fn without_a_terminal_there_is_no_view() {
    let folder = tempfile::tempdir().unwrap();
    for line in [
        "run --engine pipelined --workload keyed-count --rate 10k --events 2000 --live",
        "compare --workload keyed-count --events 2000 --repeats 1 --out results --live",
    ] {
        let ended = run(folder.path(), &words(line));
        assert!(ended.out.contains("keyed-count"), "{}", ended.out);
        // No command to a terminal on either.
        assert!(!ended.out.contains('\u{1b}'), "{}", ended.out);
        assert!(!ended.err.contains('\u{1b}'), "{}", ended.err);
    }
    assert!(folder.path().join("results/report.html").exists());
    let both = "run --engine pipelined --workload keyed-count --live --json";
    let refused = run(folder.path(), &words(both)).with_status(2).err;
    assert!(refused.contains("--live"), "{refused}");
}

#[test]
fn a_dry_run_that_would_not_know_its_repeats_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let refused = run(folder.path(), &words("compare --dry-run --until 3%")).with_status(2).err;
    assert!(refused.contains("--until"), "{refused}");
}
