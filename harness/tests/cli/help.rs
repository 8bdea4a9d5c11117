//! Every help has an example, and the example works.

use crate::program::{run, words};

const COMMANDS: [&str; 26] = [
    "",
    "compare",
    "sweep",
    "sustain",
    "run",
    "recover",
    "consistency",
    "verify",
    "list",
    "place",
    "skew",
    "sample",
    "plot",
    "diff",
    "suite",
    "suite check",
    "suite schema",
    "systems",
    "systems install",
    "systems list",
    "systems remove",
    "doctor",
    "completions",
    "man",
    "formulas",
    "calibrate",
];

/// The suite that examples name.
const MINE: &str = "[[experiment]]\nworkload = \"keyed-count\"\nengines = [\"pipelined\"]\n\
                    rate = \"max\"\nevents = 1000\n";

/// What makes an example quick enough for a test, if it is not.
fn quick(example: &str) -> String {
    match example {
        "streamgauge compare --quick" => {
            let out = "results/2026-11-22T18-00-00Z-quick";
            format!(
                "{example} --events 2000 --set event_rate=2000 --repeats 1 --force --out {out} --save-baseline main"
            )
        }
        _ if example.starts_with("streamgauge recover") => {
            format!("{example} --clock virtual --rate 2k --duration 1s --out results/recover")
        }
        _ if example.starts_with("streamgauge consistency") => {
            format!("{example} --duration 100ms --out results/consistency")
        }
        _ if example.starts_with("streamgauge sweep") => {
            format!("{} --repeats 1 --out results/sweep", example.replace("3s", "700ms"))
        }
        _ if example.starts_with("streamgauge sustain") => {
            let quick = "--clock virtual --engine sequential --precision 50%";
            format!("{example} {quick} --out results/sustain")
        }
        _ if example.starts_with("streamgauge verify") => {
            format!("{example} --workload windowed-count --workload nexmark-q5")
        }
        _ if example.starts_with("streamgauge skew") => {
            format!("{} --out results/skew", example.replace("200k", "20k"))
        }
        // Nothing is downloaded by a test, and nothing of the user's removed.
        _ if example.starts_with("streamgauge systems ") => "streamgauge systems list".to_owned(),
        _ if example.starts_with("streamgauge calibrate") => {
            format!("{example} --out results/calibrate")
        }
        "streamgauge doctor" => format!("{example} --duration 20ms --repeats 5"),
        _ if example.starts_with("streamgauge formulas") => {
            format!("{example} --out results/formulas")
        }
        _ => example.to_owned(),
    }
}

/// The command lines below `Example:`.
fn examples(help: &str) -> Vec<&str> {
    let lines = help.lines().skip_while(|line| *line != "Example:").skip(1);
    lines.map(str::trim).take_while(|line| !line.is_empty()).collect()
}

#[test]
fn every_help_has_an_example_that_runs() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("mine.toml"), MINE).unwrap();
    // In this order, for `plot` and `diff` read what `compare` has measured.
    for command in COMMANDS {
        let help = run(folder.path(), &words(&format!("{command} --help"))).with_status(0);
        assert_eq!(help.err, "");
        let examples = examples(&help.out);
        assert!(!examples.is_empty(), "{command}: {}", help.out);
        for example in examples {
            let example = quick(example);
            let arguments =
                example.strip_prefix("streamgauge ").expect("an example names the program");
            let ended = run(folder.path(), &words(arguments)).done_unless_busy();
            assert!(!ended.out.is_empty(), "{example}");
        }
    }
}

#[test]
fn every_command_is_tested() {
    let folder = tempfile::tempdir().unwrap();
    let help = run(folder.path(), &["--help"]).with_status(0).out;
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let listed = listed.take_while(|line| !line.is_empty());
    for command in listed.filter_map(|line| line.split_whitespace().next()) {
        assert!(command == "help" || COMMANDS.contains(&command), "{command}");
    }
}

#[test]
fn shells_and_manual_pages_know_every_command() {
    let folder = tempfile::tempdir().unwrap();
    let top = COMMANDS.iter().filter(|it| !it.is_empty() && !it.contains(' '));
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = run(folder.path(), &["completions", shell]).with_status(0).out;
        for command in top.clone() {
            assert!(script.contains(command), "{shell}: {command}");
        }
        assert!(script.contains("fail-on-regression"), "{shell}");
    }
    let page = run(folder.path(), &["man"]).with_status(0).out;
    assert!(page.contains(".TH streamgauge 1"), "{page}");
    run(folder.path(), &["man", "--out", "pages"]).with_status(0);
    for command in top {
        let path = folder.path().join(format!("pages/streamgauge-{command}.1"));
        let page = std::fs::read_to_string(&path).unwrap();
        assert!(page.contains(&format!("streamgauge {command}")), "{page}");
    }
}

#[test]
fn the_version_is_that_of_the_package() {
    let folder = tempfile::tempdir().unwrap();
    let version = run(folder.path(), &["--version"]).with_status(0).out;
    assert_eq!(version, format!("streamgauge {}\n", env!("CARGO_PKG_VERSION")));
}
