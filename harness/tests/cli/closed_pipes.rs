//! Whoever reads may go at any time.

use std::io::{BufRead, BufReader};

use crate::program::{command, wait, words};

/// Starts, reads one line of what is printed, and goes.
fn read_one_line(line: &str) -> (String, crate::program::Ended) {
    let folder = tempfile::tempdir().unwrap();
    let mut child = command(folder.path(), &words(line)).spawn().unwrap();
    let mut printed = BufReader::new(child.stdout.take().unwrap());
    let mut first = String::new();
    printed.read_line(&mut first).unwrap();
    drop(printed);
    (first, wait(child))
}

#[test]
fn a_reader_that_has_enough_is_no_error() {
    for line in ["list", "list --json", "sample --workload keyed-count --events 100k"] {
        let (first, ended) = read_one_line(line);
        assert!(first.ends_with('\n'), "{line}");
        assert_eq!(ended.with_status(0).err, "", "{line}");
    }
}

#[test]
fn a_job_whose_results_nobody_reads_ends_without_a_panic() {
    for engine in crate::program::ENGINES {
        let (first, ended) = read_one_line(&format!(
            "run --engine {engine} --workload keyed-count --events 200k --output print"
        ));
        assert!(first.starts_with("{\"op\":\"+I\""), "{engine}: {first}");
        assert_eq!(ended.err.matches("error:").count(), 1, "{engine}: {}", ended.err);
        assert!(ended.err.contains("cannot write to standard output"), "{engine}: {}", ended.err);
        ended.with_status(3);
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_behind_standard_output_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let run = "run --engine sequential --workload keyed-count --events 100";
    for (line, status) in [
        ("list workloads", 3),
        ("list --json", 3),
        ("sample --workload keyed-count --events 3", 3),
        (run, 3),
        (&format!("{run} --json --repeats 5"), 3),
        // What a command found is not hidden by it.
        (&format!("{run} --threshold throughput_per_s>1e15"), 1),
        ("verify --workload forward --events 100", 3),
        ("completions bash", 3),
        ("man", 3),
        ("--help", 3),
        ("--version", 3),
    ] {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let child = command(folder.path(), &words(line)).stdout(full).spawn().unwrap();
        let ended = wait(child).with_status(status);
        let message = "error: cannot write to standard output: No space left on device";
        assert!(ended.err.contains(message), "{line}: {}", ended.err);
    }
}

#[test]
fn a_closed_standard_error_is_no_panic() {
    let folder = tempfile::tempdir().unwrap();
    for (line, status) in [
        ("run --engine pipelined --workload keyed-count --events 100 --output print", 0),
        ("run --engine nobody --workload keyed-count", 2),
        ("run --nothing", 2),
    ] {
        let mut child = command(folder.path(), &words(line)).spawn().unwrap();
        drop(child.stderr.take());
        wait(child).with_status(status);
    }
}
