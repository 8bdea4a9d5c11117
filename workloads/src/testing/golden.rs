//! Pins what generators and evaluators make, in the files of the folder `golden`: the first lines
//! as text, so that a failure shows what is different, and a hash of everything.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use xxhash_rust::xxh3::xxh3_64;

use crate::registry::register;
use crate::spec::{Events, Knobs, Workload};
use crate::testing::run_plan::run_checked;

/// Lines that are pinned as text.
const FIRST: usize = 5;
/// Events that are generated and run.
pub(crate) const COUNT: u64 = 10_000;
/// Seed of these events.
pub(crate) const SEED: u64 = 42;

/// Knobs that change everything that is generated.
const EVERY_KNOB: &[(&str, &str)] = &[
    ("zipf_exponent", "1.2"),
    ("disorder_ms", "3"),
    ("late_fraction", "0.01"),
    ("payload_bytes", "16"),
    ("window_ms", "2"),
    ("event_rate", "300000"),
];

/// A part of a golden file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Section {
    title: String,
    /// At most [`FIRST`].
    lines: Vec<String>,
    hash: String,
}

impl Section {
    /// `lines` may hold more lines than are pinned as text; `bytes` are hashed.
    pub(crate) fn new(
        title: impl Into<String>,
        lines: impl IntoIterator<Item = String>,
        bytes: &[u8],
    ) -> Self {
        let lines = lines.into_iter().take(FIRST).collect();
        Self { title: title.into(), lines, hash: format!("{:016x}", xxh3_64(bytes)) }
    }
}

/// Compares the first 10,000 events of a workload and its answer to them with its golden file, by
/// default and with every knob changed, and checks the answer by the evaluator. The hashes do not
/// depend on how results are digested.
#[track_caller]
pub(crate) fn assert_pinned<W: Workload + Copy>(workload: W) {
    let sections = [&[][..], EVERY_KNOB].map(|knobs| sections(workload, knobs));
    assert_sections(workload.name(), &sections.concat());
}

fn sections<W: Workload + Copy>(workload: W, given: &[(&str, &str)]) -> Vec<Section> {
    let erased = register(workload);
    let values: BTreeMap<_, _> =
        given.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
    let knobs: Knobs = erased.resolve(&values, None).unwrap();
    let events = workload.events(&knobs, SEED);
    let (mut lines, mut bytes) = (Vec::new(), Vec::new());
    for number in 0..COUNT {
        let event = events.event(number);
        bytes.extend(event.event_time.0.to_le_bytes());
        bytes.extend(postcard::to_allocvec(&event.value).unwrap());
        if lines.len() < FIRST {
            let json = serde_json::to_string(&event.value).unwrap();
            lines.push(format!("{} ns {json}", event.event_time.0));
        }
    }
    let rows = run_checked(&*erased.generate(&knobs, SEED), COUNT);
    let given: String = given.iter().map(|(name, value)| format!(" {name}={value}")).collect();
    let text = rows.join("\n");
    vec![
        Section::new(format!("events{given}"), lines, &bytes),
        Section::new(format!("sorted rows{given}"), rows, text.as_bytes()),
    ]
}

/// Compares sections with those of a golden file.
#[track_caller]
pub(crate) fn assert_sections(name: &str, got: &[Section]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden").join(format!("{name}.txt"));
    let Ok(text) = std::fs::read_to_string(&path) else {
        panic!("{} is missing; write into it:\n{}", path.display(), written(got));
    };
    let pinned = read(&text);
    let differences: String =
        pinned.iter().zip(got).filter_map(|(pinned, got)| difference(pinned, got)).collect();
    assert!(differences.is_empty(), "golden/{name}.txt pins something else:\n{differences}");
    assert_eq!(written(&pinned), written(got), "golden/{name}.txt has other sections");
}

/// The text of a golden file.
fn written(sections: &[Section]) -> String {
    let mut text = String::new();
    for Section { title, lines, hash } in sections {
        writeln!(text, "[{title}]").unwrap();
        lines.iter().for_each(|line| writeln!(text, "{line}").unwrap());
        writeln!(text, "hash of all: {hash}").unwrap();
    }
    text
}

/// The sections in the text of a golden file.
fn read(text: &str) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    for line in text.lines() {
        let title = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        match (title, line.strip_prefix("hash of all: "), sections.last_mut()) {
            (Some(title), _, _) => sections.push(Section {
                title: title.to_owned(),
                lines: Vec::new(),
                hash: String::new(),
            }),
            (_, Some(hash), Some(section)) => hash.clone_into(&mut section.hash),
            (_, _, Some(section)) => section.lines.push(line.to_owned()),
            (_, _, None) => panic!("`{line}` stands before the first title"),
        }
    }
    sections
}

/// What differs, in words: the first lines, or only what follows them.
fn difference(pinned: &Section, got: &Section) -> Option<String> {
    if pinned == got {
        return None;
    }
    let mut text = format!("[{}]\n", got.title);
    let count = pinned.lines.len().max(got.lines.len());
    for number in 0..count {
        let [was, is] =
            [pinned, got].map(|it| it.lines.get(number).map_or("nothing", String::as_str));
        if was != is {
            writeln!(text, "  line {}\n    pinned {was}\n    got    {is}", number + 1).unwrap();
        }
    }
    if pinned.lines == got.lines {
        writeln!(text, "  the first {count} lines are as pinned; a later one is not").unwrap();
    }
    writeln!(text, "  hash of all: pinned {}, got {}", pinned.hash, got.hash).unwrap();
    Some(text)
}

#[test]
fn a_difference_shows_the_lines_that_differ() {
    let section = |lines: &[&str], rest: &str| {
        let all = lines.join("\n") + rest;
        Section::new("events", lines.iter().map(|line| (*line).to_owned()), all.as_bytes())
    };
    let pinned = section(&["one", "two"], "");
    assert_eq!(read(&written(&[section(&["one", "two"], "")])), [section(&["one", "two"], "")]);
    assert_eq!(difference(&pinned, &section(&["one", "two"], "")), None);
    let text = difference(&pinned, &section(&["one", "2"], "")).unwrap();
    assert!(text.contains("line 2\n    pinned two\n    got    2\n"), "{text}");
    assert!(!text.contains("line 1\n"), "{text}");
    let text = difference(&pinned, &section(&["one"], "")).unwrap();
    assert!(text.contains("pinned two\n    got    nothing\n"), "{text}");
    let text = difference(&pinned, &section(&["one", "two"], "\nthree")).unwrap();
    assert!(text.contains("the first 2 lines are as pinned; a later one is not"), "{text}");
    // A hash that was written down wrong is a difference as well.
    let wrong = read(&written(&[section(&["one", "two"], "")]).replace("all: ", "all: f"));
    assert!(difference(&wrong[0], &pinned).is_some());
}
