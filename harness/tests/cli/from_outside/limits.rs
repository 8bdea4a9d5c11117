//! Inputs without an end, and lines of many megabytes.

use super::refused_with;
use crate::program::words;

#[test]
fn a_line_of_many_megabytes_is_refused_and_not_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let long = "x".repeat(50 << 20);
    let keyed = format!("{{\"key\":1}}\n{{\"key\":\"{long}\"}}\n");
    for (name, text) in [("keyed.ndjson", keyed.as_str()), ("words.txt", long.as_str())] {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    std::fs::write(folder.path().join("short.ndjson"), &keyed[..900_000]).unwrap();
    let run = "run --engine pipelined --events 10 --workload";
    let too_long = ["the line has more than 1048576 bytes", "max_line_bytes"];
    for (line, place) in [
        ("keyed-count --input keyed.ndjson", "keyed.ndjson:2: "),
        ("uppercase --input words.txt", "words.txt:1: "),
    ] {
        let message = [&[place][..], &too_long].concat();
        refused_with(folder.path(), &words(&format!("{run} {line}")), b"", &message);
    }
    let line = format!("{run} keyed-count --set key_file=words.txt");
    refused_with(folder.path(), &words(&line), b"", &["words.txt:1: the line has more than 4096"]);
    let line = "suite check words.txt";
    refused_with(folder.path(), &words(line), b"", &["words.txt", "more than 1048576 bytes"]);
    // A line may be longer where that is wanted, and then its message is still short.
    let line = format!("{run} keyed-count --input keyed.ndjson --set max_line_bytes=100000000");
    refused_with(folder.path(), &words(&line), b"", &["keyed.ndjson:2:", "expected u64"]);
    let line = format!("{run} keyed-count --input short.ndjson");
    refused_with(folder.path(), &words(&line), b"", &["short.ndjson:2:"]);
}

#[test]
fn a_line_of_many_megabytes_of_a_pipe_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let line = "run --engine pipelined --workload keyed-count --input - --set max_line_bytes=1000";
    // As much as a pipe holds, so that who writes it never waits.
    let text = format!("{{\"key\":1}}\n{{\"key\":\"{}", "x".repeat(20_000));
    let message = ["standard input:2", "the line has more than 1000 bytes"];
    refused_with(folder.path(), &words(line), text.as_bytes(), &message);
}

#[test]
fn an_input_larger_than_allowed_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("keyed.ndjson"), "{\"key\":1}\n".repeat(1_000)).unwrap();
    let line = "run --engine pipelined --workload keyed-count --input keyed.ndjson \
                --set max_input_bytes=5000";
    let message = ["keyed.ndjson:", "the input has more than 5000 bytes", "max_input_bytes"];
    refused_with(folder.path(), &words(line), b"", &message);
}

/// Runs a command line with so little memory that what reads a device to its end dies.
#[cfg(target_os = "linux")]
#[track_caller]
fn refused_in_little_memory(line: &str, message: &[&str]) {
    use std::path::Path;

    use crate::program::{command, program, wait};

    let folder = tempfile::tempdir().unwrap();
    let binary = command(folder.path(), &words(line));
    let mut arguments = vec!["-c", "ulimit -v 4000000; exec \"$0\" \"$@\""];
    arguments.push(binary.get_program().to_str().unwrap());
    arguments.extend(words(line));
    println!("{line}");
    let ended = wait(program(Path::new("sh"), folder.path(), &arguments).spawn().unwrap());
    super::refused_as(ended, message);
}

#[cfg(target_os = "linux")]
#[test]
fn devices_without_an_end_are_refused() {
    let run = "run --engine pipelined --events 10 --workload";
    for workload in ["keyed-count", "nexmark-q5", "word-count", "uppercase"] {
        refused_in_little_memory(
            &format!("{run} {workload} --input /dev/zero"),
            &["/dev/zero:1: the line has more than"],
        );
    }
    refused_in_little_memory(
        &format!("{run} keyed-count --set key_file=/dev/zero"),
        &["/dev/zero:1: the line has more than 4096 bytes"],
    );
    refused_in_little_memory("suite check /dev/zero", &["/dev/zero", "no text"]);
    refused_in_little_memory("compare /dev/zero", &["/dev/zero", "no text"]);
    refused_in_little_memory("diff /dev/zero /dev/zero", &["/dev/zero", "no text"]);
    refused_in_little_memory(
        "compare --workload keyed-count --events 10 --baseline /dev/zero",
        &["/dev/zero"],
    );
}
