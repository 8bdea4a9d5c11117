//! What must not stand in the sources.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::manifests::root;

/// Longest source file, in lines.
const MOST_LINES: usize = 500;
/// The one file of engines and workloads that reads the machine's clock.
const CLOCK_FILES: [&str; 2] = [
    "engines/runtime/src/wall/monotonic.rs",
    // A broker has no virtual time.
    "engines/kafka/src/wait.rs",
];

/// Sources below these folders: path from the root, and text.
fn sources(folders: &[&str]) -> BTreeMap<String, String> {
    let root = root();
    let mut open: Vec<PathBuf> = folders.iter().map(|folder| root.join(folder)).collect();
    let mut found = BTreeMap::new();
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && path.file_name().is_none_or(|name| name != "target") {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
                // Somebody may be saving it under another name just now.
                if let Ok(text) = std::fs::read_to_string(&path) {
                    found.insert(name, text);
                }
            }
        }
    }
    assert!(!found.is_empty(), "no sources in {folders:?}");
    found
}

const EVERYTHING: &[&str] = &["engines", "workloads", "reports", "harness"];

#[test]
fn one_file_reads_the_clock() {
    let readings = ["Instant::now", "SystemTime::now"];
    for (name, text) in sources(&["engines", "workloads"]) {
        let reads = readings.iter().any(|reading| text.contains(reading));
        assert_eq!(
            reads,
            CLOCK_FILES.contains(&name.as_str()),
            "{name} reads the machine's clock, or no longer does"
        );
    }
}

#[test]
fn no_file_is_too_long_to_read() {
    let lines = |text: &String| text.lines().count();
    let long: Vec<_> = sources(EVERYTHING)
        .into_iter()
        .filter(|(_, text)| lines(text) > MOST_LINES)
        .map(|(name, text)| format!("{name}: {} lines", lines(&text)))
        .collect();
    assert!(long.is_empty(), "over {MOST_LINES} lines: {long:#?}");
}

#[test]
fn nothing_is_left_to_be_done_later() {
    // In parts, so that this file does not find itself.
    let marks = [["TO", "DO"], ["FIX", "ME"], ["todo", "!("], ["unimplemented", "!("]];
    let marks = marks.map(|parts| parts.concat());
    for (name, text) in sources(EVERYTHING) {
        for (number, line) in text.lines().enumerate() {
            let found = marks.iter().find(|mark| line.contains(mark.as_str()));
            assert!(found.is_none(), "{name}:{}: {line}", number + 1);
        }
    }
}
