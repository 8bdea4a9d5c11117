//! Numbers of events that something is computed from.

use super::{bid, refused_with};
use crate::program::words;

#[test]
fn a_time_out_of_range_is_refused_by_file_line_and_column() {
    let folder = tempfile::tempdir().unwrap();
    for time in ["9223372036854775807", "1700000000000000", "-9223372036854775808"] {
        let wrong = bid(1, time, "100");
        let text = bid(1, "0", "100") + &wrong;
        std::fs::write(folder.path().join("bids.ndjson"), &text).unwrap();
        let end = wrong.find(time).unwrap() + time.len();
        let cause = format!("`dateTime` is out of range: {time}");
        for workload in ["nexmark-q5", "nexmark-q7", "nexmark-q11", "nexmark-q0"] {
            let run = format!("run --engine pipelined --workload {workload} --input");
            let place = format!("bids.ndjson:2:{end}: ");
            let file = format!("{run} bids.ndjson");
            refused_with(folder.path(), &words(&file), b"", &[&place, &cause, "milliseconds"]);
            let place = format!("standard input:2:{end}");
            let live = format!("{run} -");
            refused_with(folder.path(), &words(&live), text.as_bytes(), &[&place, &cause]);
        }
    }
}

#[test]
fn a_price_whose_sum_would_overflow_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let dear = bid(1, "0", "18446744073709551615");
    std::fs::write(folder.path().join("bids.ndjson"), format!("{dear}{dear}")).unwrap();
    for workload in ["nexmark-q17", "nexmark-q1", "nexmark-q4"] {
        let line = format!("run --engine pipelined --workload {workload} --input bids.ndjson");
        let message = ["bids.ndjson:1:", "`price` is out of range: 18446744073709551615", "cents"];
        refused_with(folder.path(), &words(&line), b"", &message);
    }
}
