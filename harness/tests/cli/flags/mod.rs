//! Every flag is read or refused: for each flag of each command there are two command lines whose
//! results differ in a named field, or one that is refused with a message. A flag without a row fails
//! the test, and so does a row without a flag.

mod compare;
mod model;
mod results;
mod resumed;
mod run;
mod sustain;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::Path;
use std::sync::OnceLock;

use clap::CommandFactory;
use serde_json::Value;
use streamgauge::internals::Cli;
use tempfile::TempDir;

use crate::program::{Ended, run, words};

/// Flags that clap adds to every command.
const OF_CLAP: [&str; 2] = ["help", "version"];

/// A command with some of its options, and a row or more for each of its flags.
struct Context {
    /// As it is typed, without its options: `suite check`.
    command: &'static str,
    /// Command lines that are run first in the same folder, parted by `&&`; none if empty.
    before: &'static str,
    /// The command line that rows change.
    base: &'static str,
    rows: &'static [Row],
}

struct Row {
    flag: &'static str,
    proof: Proof,
}

enum Proof {
    /// Two command lines, by what they change, and where their results differ.
    Read(Shows, &'static str, &'static str),
    /// What a command line changes, and what the refusal says.
    Refused(&'static str, &'static str),
    /// Nothing else on the command line bears on it: it is read as in the command's first table.
    AsAlone,
}

/// Where results differ.
enum Shows {
    /// In a field of the JSON on standard output, or of its last line.
    Field(&'static str),
    /// In a field of a JSON file.
    FieldOf(&'static str, &'static str),
    /// In whether there is a file or folder.
    File(&'static str),
    /// In whether there is such a text on standard output.
    Text(&'static str),
    /// In the number of lines on standard output.
    Lines,
    /// In the exit status.
    Status,
}

const fn field(flag: &'static str, pointer: &'static str, a: &'static str, b: &'static str) -> Row {
    Row { flag, proof: Proof::Read(Shows::Field(pointer), a, b) }
}

const fn read(flag: &'static str, shows: Shows, a: &'static str, b: &'static str) -> Row {
    Row { flag, proof: Proof::Read(shows, a, b) }
}

const fn refused(flag: &'static str, more: &'static str, says: &'static str) -> Row {
    Row { flag, proof: Proof::Refused(more, says) }
}

const fn as_alone(flag: &'static str) -> Row {
    Row { flag, proof: Proof::AsAlone }
}

/// The base with changes, parted by `;`: `NEW <- OLD` puts one thing in the place of another, and
/// everything else is added.
fn changed(base: &str, changes: &str) -> String {
    changes.split(';').fold(base.to_owned(), |line, change| match change.split_once("<-") {
        None => format!("{line} {change}"),
        Some((new, old)) => {
            let old = old.trim();
            assert!(line.contains(old), "`{old}` is not in `{line}`");
            line.replacen(old, new.trim(), 1)
        }
    })
}

/// Command lines of a context that have been run, each once and in a folder of its own.
struct Runs<'a> {
    context: &'a Context,
    made: BTreeMap<String, (Ended, TempDir)>,
}

impl<'a> Runs<'a> {
    fn of(context: &'a Context) -> Self {
        Self { context, made: BTreeMap::new() }
    }

    fn run(&mut self, line: &str) -> &(Ended, TempDir) {
        let before = self.context.before;
        self.made.entry(line.to_owned()).or_insert_with(|| {
            let folder = tempfile::tempdir().unwrap();
            prepare(folder.path());
            for line in before.split("&&").filter(|line| !line.is_empty()) {
                run(folder.path(), &words(line)).with_status(0);
            }
            (run(folder.path(), &words(line)), folder)
        })
    }
}

/// What is seen of a command that has ended.
fn shown((ended, folder): &(Ended, TempDir), shows: &Shows) -> String {
    let at = |text: &str, pointer: &str| {
        let value: Option<Value> = serde_json::from_str(text).ok();
        let last = || serde_json::from_str(text.lines().last()?).ok();
        let value = value.or_else(last).and_then(|it| it.pointer(pointer).cloned());
        value.unwrap_or_default().to_string()
    };
    match shows {
        Shows::Field(pointer) => at(&ended.out, pointer),
        Shows::FieldOf(file, pointer) => {
            at(&std::fs::read_to_string(folder.path().join(file)).unwrap_or_default(), pointer)
        }
        Shows::File(file) => folder.path().join(file).exists().to_string(),
        Shows::Text(text) => ended.out.contains(text).to_string(),
        Shows::Lines => ended.out.lines().count().to_string(),
        Shows::Status => format!("{:?}", ended.status),
    }
}

/// What rows name.
fn prepare(folder: &Path) {
    let lines =
        |count: u64| -> String { (0..count).map(|n| format!("{{\"key\":{n}}}\n")).collect() };
    std::fs::write(folder.join("lines.ndjson"), lines(200)).unwrap();
    std::fs::write(folder.join("other.ndjson"), lines(100)).unwrap();
    std::fs::write(folder.join("empty.ndjson"), "").unwrap();
    std::fs::create_dir(folder.join("earlier")).unwrap();
    for (name, bytes) in EARLIER.get_or_init(earlier) {
        std::fs::write(folder.join("earlier").join(name), bytes).unwrap();
    }
}

/// The files at the top of a folder of results.
static EARLIER: OnceLock<Vec<(OsString, Vec<u8>)>> = OnceLock::new();

fn earlier() -> Vec<(OsString, Vec<u8>)> {
    let folder = tempfile::tempdir().unwrap();
    let line = "skew --events 100 --window 10 --placement modulo --out earlier";
    run(folder.path(), &words(line)).with_status(0);
    let files = std::fs::read_dir(folder.path().join("earlier")).unwrap().map(|it| it.unwrap());
    let files = files.filter(|it| it.path().is_file());
    files.map(|it| (it.file_name(), std::fs::read(it.path()).unwrap())).collect()
}

/// What is wrong with a row; `None` if nothing is.
fn fault(runs: &mut Runs<'_>, row: &Row) -> Option<String> {
    let base = runs.context.base;
    let flag = format!("--{}", row.flag);
    let has_flag = |line: &str| words(line).contains(&flag.as_str());
    match &row.proof {
        Proof::AsAlone => None,
        Proof::Read(shows, a, b) => {
            let (a, b) = (changed(base, a), changed(base, b));
            if !has_flag(&a) && !has_flag(&b) {
                return Some(format!("neither `{a}` nor `{b}` has {flag}"));
            }
            let mut seen = |line: &str| {
                let made = runs.run(line);
                let worked = matches!(made.0.status, Some(0 | 1));
                (shown(made, shows), worked, format!("  {line}\n{}", made.0.err))
            };
            let ((shown_a, worked_a, told_a), (shown_b, worked_b, told_b)) = (seen(&a), seen(&b));
            let differ = shown_a != shown_b && (worked_a || worked_b);
            (!differ).then(|| format!("{flag}: both show {shown_a}\n{told_a}{told_b}"))
        }
        Proof::Refused(more, says) => {
            let line = changed(base, more);
            if !has_flag(&line) {
                return Some(format!("`{line}` has no {flag}"));
            }
            let (ended, _) = runs.run(&line);
            let is_right = ended.status == Some(2)
                && ended.out.is_empty()
                && ended.err.starts_with("error: ")
                && ended.err.contains(says);
            (!is_right).then(|| {
                let Ended { status, err, .. } = ended;
                format!("{flag}: `{line}` ends with {status:?}, and `{says}` is asked for: {err}")
            })
        }
    }
}

/// Checks every row of a context, and that it has one for every flag.
fn check(context: &Context) {
    let wanted = flags(context.command);
    let have: BTreeSet<String> = context.rows.iter().map(|row| row.flag.to_owned()).collect();
    let missing: Vec<_> = wanted.difference(&have).collect();
    assert!(missing.is_empty(), "flags without a row for `{}`: {missing:?}", context.base);
    let unknown: Vec<_> = have.difference(&wanted).collect();
    assert!(unknown.is_empty(), "{} has no flag {unknown:?}", context.command);
    let mut runs = Runs::of(context);
    let faults: Vec<String> = context.rows.iter().filter_map(|row| fault(&mut runs, row)).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// The program, or a command of it: `suite check`.
fn command(name: &str) -> clap::Command {
    name.split_whitespace().fold(Cli::command(), |above, name| {
        above.find_subcommand(name).unwrap_or_else(|| panic!("no command {name}")).clone()
    })
}

/// The long flags of a command, as clap has them.
fn flags(name: &str) -> BTreeSet<String> {
    let command = command(name);
    let long = command.get_arguments().filter_map(clap::Arg::get_long);
    long.filter(|flag| !OF_CLAP.contains(flag)).map(str::to_owned).collect()
}

/// Every command that clap knows, with those below it.
fn commands() -> Vec<String> {
    let mut found = vec![String::new()];
    let mut next = 0;
    while let Some(name) = found.get(next).cloned() {
        let below = command(&name);
        found.extend(below.get_subcommands().map(|it| format!("{name} {}", it.get_name())));
        next += 1;
    }
    found.iter().map(|name| name.trim().to_owned()).collect()
}

#[test]
fn every_command_with_flags_has_a_table() {
    let contexts =
        [compare::ALL, model::ALL, results::ALL, resumed::ALL, run::ALL, sustain::ALL].concat();
    for name in commands() {
        let is_there = contexts.iter().any(|context| context.command == name);
        assert!(is_there || flags(&name).is_empty(), "{name} has flags and no table of rows");
    }
}

#[test]
fn every_command_takes_the_flags_of_clap() {
    let folder = tempfile::tempdir().unwrap();
    let version = run(folder.path(), &["--version"]).with_status(0).out;
    for name in commands() {
        let with = |flag: &'static str| [words(&name), vec![flag]].concat();
        let help = run(folder.path(), &with("--help")).with_status(0);
        assert!(help.out.contains("Usage:"), "{name}: {}", help.out);
        let own = run(folder.path(), &with("--version")).with_status(0).out;
        assert_eq!(own.split(' ').next_back(), version.split(' ').next_back(), "{name}");
    }
}

/// `help --help` was an unknown command.
#[test]
fn help_has_help() {
    let folder = tempfile::tempdir().unwrap();
    let help = |line: &str| run(folder.path(), &words(line)).with_status(0).out;
    assert_eq!(help("help --help"), help("help"));
    assert_eq!(help("help -h"), help("help"));
    assert_eq!(help("help run --help"), help("help run"));
    assert_eq!(help("suite help --help"), help("suite help"));
    assert_eq!(help("suite help check --help"), help("suite help check"));
}
