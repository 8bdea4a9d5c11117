//! Names and arguments that a terminal would obey, or that are no text.

use std::path::Path;

use super::refused_with;
use crate::program::{run, words};

/// What turns a terminal red.
const RED: &str = "\u{1b}[31m";

fn suite(head: &str, name: &str) -> String {
    format!(
        "{head}\n[[experiment]]\nname = {name}\nworkload = \"forward\"\n\
         engines = [\"pipelined\"]\nrate = \"max\"\nevents = 10\n"
    )
}

#[test]
fn names_with_control_characters_are_refused_where_they_are_declared() {
    let folder = tempfile::tempdir().unwrap();
    let write = |text: &str| std::fs::write(folder.path().join("it.toml"), text).unwrap();
    let check = words("suite check it.toml");
    for escape in ["\\u001b", "\\n", "\\u0007", "\\u009b", "\\u202e", "\\u0000"] {
        write(&suite("", &format!("\"a{escape}b\"")));
        refused_with(folder.path(), &check, b"", &["it.toml:3:8: ", "control character"]);
        write(&suite(&format!("name = \"a{escape}b\""), "\"x\""));
        refused_with(folder.path(), &check, b"", &["it.toml:1:8: ", "control character"]);
    }
    write(&suite("", &format!("\"{}\"", "x".repeat(100_000))));
    refused_with(folder.path(), &check, b"", &["it.toml:3:8: ", "100 characters, not 100000"]);
    write(&suite("", "\"\""));
    refused_with(folder.path(), &check, b"", &["it.toml:3:8: ", "1 to 100 characters"]);
    // Raw, where the suite is no TOML at all: neither the message nor the line that it shows obeys.
    write(&format!("name = \"{RED}\"\n"));
    refused_with(folder.path(), &check, b"", &["it.toml:1:", "\\u001b[31m"]);
}

#[cfg(unix)]
#[test]
fn a_suite_is_not_called_what_a_terminal_would_obey() {
    let folder = tempfile::tempdir().unwrap();
    let name = format!("{RED}red.toml");
    std::fs::write(folder.path().join(&name), suite("", "\"x\"")).unwrap();
    let check = ["suite", "check", &name];
    refused_with(
        folder.path(),
        &check,
        b"",
        &["\\u001b[31mred.toml: the file's name is the suite's"],
    );
    std::fs::write(folder.path().join(&name), suite("name = \"red\"", "\"x\"")).unwrap();
    run(folder.path(), &check).with_status(0);
}

/// Every file of text below a folder is free of escapes.
fn assert_plain(folder: &Path) {
    for path in crate::program::contents(folder) {
        let is_text = |it: &std::ffi::OsStr| {
            ["html", "svg", "md", "csv", "json"].iter().any(|end| it == *end)
        };
        if path.extension().is_some_and(is_text) {
            let text = std::fs::read_to_string(&path).unwrap();
            assert!(!text.contains('\u{1b}'), "{}", path.display());
        }
    }
}

#[cfg(unix)]
#[test]
fn paths_reach_neither_terminal_nor_page_raw() {
    let folder = tempfile::tempdir().unwrap();
    let keys = format!("{RED}keys.txt");
    std::fs::write(folder.path().join(&keys), "7\n").unwrap();
    let keys = format!("key_file={keys}");
    let out = format!("{RED}out");
    let mut arguments = words("compare --workload keyed-count --events 2000 --repeats 1");
    arguments.extend(["--set", &keys, "--out", &out]);
    let ended = run(folder.path(), &arguments).done_unless_busy();
    for text in [&ended.out, &ended.err] {
        assert!(!text.contains('\u{1b}'), "{text:?}");
    }
    assert!(ended.out.contains("Report: \\u001b[31mout/report.html"), "{}", ended.out);
    assert_plain(&folder.path().join(&out));
    let page = std::fs::read_to_string(folder.path().join(&out).join("report.html")).unwrap();
    assert!(page.contains("\\u001b[31mkeys.txt"), "the page says which file");
    let ended = run(folder.path(), &["plot", &out]).with_status(0);
    assert!(!ended.out.contains('\u{1b}'), "{:?}", ended.out);
    refused_with(folder.path(), &["plot", RED], b"", &["no results in \\u001b[31m"]);
    let turned = ["run", "--engin\u{202e}e", "x"];
    refused_with(folder.path(), &turned, b"", &["--engin\\u202ee"]);
    let missing = ["run", "--engine", "pipelined", "--workload", "forward", "--input", RED];
    refused_with(folder.path(), &missing, b"", &["cannot read \\u001b[31m"]);
}

#[test]
fn names_in_results_reach_neither_terminal_nor_page_raw() {
    let folder = tempfile::tempdir().unwrap();
    let measure = "compare --workload keyed-count --events 2000 --repeats 1 --out a";
    run(folder.path(), &words(measure)).done_unless_busy();
    let path = folder.path().join("a/results.json");
    let text = std::fs::read_to_string(&path).unwrap();
    let named = text.replace(": \"pipelined\"", ": \"\\u001b[31mred\\nerror: none\"");
    assert_ne!(named, text);
    std::fs::write(&path, named).unwrap();
    run(folder.path(), &words("plot a")).with_status(0);
    assert_plain(&folder.path().join("a"));
    let diff = run(folder.path(), &words("diff a a")).with_status(0);
    assert!(diff.out.contains("\\u001b[31mred\\u000a"), "{}", diff.out);
    assert!(!diff.out.contains('\u{1b}'), "{:?}", diff.out);
    let page = std::fs::read_to_string(folder.path().join("a/report.html")).unwrap();
    assert!(page.contains("\\u001b[31mred"), "the page shows the name");
}

#[cfg(target_os = "linux")]
#[test]
fn arguments_that_are_no_text_are_paths_or_refused() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let folder = tempfile::tempdir().unwrap();
    let odd = OsStr::from_bytes(b"r\xffs");
    let mut arguments: Vec<&OsStr> =
        words("compare --workload keyed-count --events 2000 --repeats 1 --out")
            .into_iter()
            .map(OsStr::new)
            .collect();
    arguments.push(odd);
    let ended = run(folder.path(), &arguments).done_unless_busy();
    assert!(!ended.err.contains("panicked"), "{}", ended.err);
    assert!(folder.path().join(odd).join("results.json").is_file());
    run(folder.path(), &[OsStr::new("plot"), odd]).with_status(0);
    // What is no path is text.
    for arguments in [
        &[OsStr::new("run"), OsStr::new("--workload"), odd][..],
        &[OsStr::new("compare"), odd],
        &[odd],
        &[OsStr::new("list"), OsStr::new("--show"), odd],
    ] {
        let ended = run(folder.path(), arguments).with_status(2);
        assert!(!ended.err.contains("panicked"), "{}", ended.err);
        assert!(ended.err.contains("UTF-8") || ended.err.contains("unrecognized"), "{}", ended.err);
    }
}
