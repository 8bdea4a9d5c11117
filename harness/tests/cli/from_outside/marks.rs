//! A byte order mark is no part of any text.

use std::path::Path;

use crate::program::{run, words};

/// Puts a byte order mark before what a file holds.
fn mark(path: &Path) {
    let text = std::fs::read_to_string(path).unwrap();
    std::fs::write(path, format!("\u{feff}{text}")).unwrap();
}

#[test]
fn a_byte_order_mark_is_no_part_of_a_suite() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.toml");
    let suite = "name = \"mine\"\n[[experiment]]\nworkload = \"forward\"\n\
                 engines = [\"pipelined\"]\nrate = \"max\"\nevents = 10\n";
    std::fs::write(&path, format!("\u{feff}{suite}")).unwrap();
    let checked = run(folder.path(), &words("suite check mine.toml")).with_status(0).out;
    assert!(checked.starts_with("mine is sound: 1 experiments"), "{checked}");
    // Places are those without the mark.
    std::fs::write(&path, "\u{feff}nome = 3\n").unwrap();
    let wrong = run(folder.path(), &words("suite check mine.toml")).with_status(2).err;
    assert!(wrong.contains("mine.toml:1:1: unknown field `nome`"), "{wrong}");
}

#[test]
fn a_byte_order_mark_is_no_part_of_results() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let measure = "compare --workload keyed-count --events 2000 --repeats 5";
    let first = format!("{measure} --out a --save-baseline kept --baseline-dir kept");
    run(folder, &words(&first)).done_unless_busy();
    let kept = crate::program::contents(&folder.join("kept"));
    kept.iter().filter(|path| path.is_file()).for_each(|path| mark(path));
    mark(&folder.join("a/results.json"));
    run(folder, &words("plot a")).with_status(0);
    run(folder, &words("diff a a/results.json")).with_status(0);
    run(folder, &words(&format!("{measure} --baseline kept --baseline-dir kept --out b")))
        .done_unless_busy();
    // Of one that was not ended, too.
    std::fs::remove_file(folder.join("a/results.json")).unwrap();
    for path in crate::program::contents(&folder.join("a/runs")) {
        if path.extension().is_some_and(|it| it == "json") {
            mark(&path);
        }
    }
    run(folder, &words("plot a")).with_status(0);
}
