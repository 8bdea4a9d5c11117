//! The order of rooms: a room is a folder or file at the top of a crate, and imports only rooms
//! below it. Inside and between rooms, no two files import each other, over however many others.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::manifests::{ALLOWED, root};
use crate::modules::{Imports, Module, Modules, circles, name_of};

/// Rooms of each crate, the lowest first. Above them all is the crate's `lib.rs`.
pub(crate) const ROOMS: &[(&str, &[&str])] = &[
    (
        "engines/files",
        &[
            "failure",
            "folder",
            "unfinished",
            "target_lock",
            "whole_file",
            "owned_folder",
            "scratch",
        ],
    ),
    (
        "engines/dataflow",
        &[
            "record",
            "placement",
            "operator",
            "future",
            "exchange",
            "stage",
            "job",
            "operators",
            "stream",
            "key_probe",
            "verify",
        ],
    ),
    (
        "engines/runtime",
        &["lock", "random", "costs", "timers", "faults", "storage", "virtual_time", "wall"],
    ),
    ("engines/sequential", &["engine"]),
    ("engines/pipelined", &["channel", "checkpoint", "settings", "task", "job"]),
    (
        "engines/kafka",
        &[
            "address",
            "settings",
            "company",
            "fingerprint",
            "wait",
            "client",
            "outage",
            "topic",
            "resumption",
            "fetch_buffer",
            "fetcher",
            "topic_log",
            "output_address",
            "output_topic",
            "topic_writer",
            "publisher",
            "absent",
        ],
    ),
    (
        "engines/external",
        &[
            "launch",
            "programs",
            "last_lines",
            "parked",
            "usage",
            "wire",
            "control",
            "rows",
            "run_state",
            "collect",
            "feed",
            "reports",
            "process",
            "kind",
            "kinds",
            "killed",
            "job",
            "engine",
        ],
    ),
    (
        "engines/microbatch",
        &[
            "watermarks",
            "settings",
            "trigger",
            "cut",
            "batch_log",
            "state_store",
            "retention",
            "partition",
            "task",
            "slot",
            "retry",
            "scheduler",
            "stages",
            "recovery",
            "batch_runner",
            "driver",
        ],
    ),
    (
        "workloads",
        &[
            "spec",
            "random",
            "text",
            "schedule",
            "event_time",
            "events",
            "knobs",
            "nexmark",
            "erased",
            "inputs",
            "queries",
            "registry",
        ],
    ),
    ("reports", &["error", "schema", "words", "formulas", "draw", "chart", "page", "write"]),
    (
        "harness",
        &[
            "error",
            "quantity",
            "files",
            "systems",
            "profiles",
            "registry",
            "analysis",
            "measure",
            "run",
            "terminal",
            "cli",
            "experiment",
            "commands",
            "internals",
        ],
    ),
];

/// Most entries of a folder of sources.
const MOST_ENTRIES: usize = 20;

fn crates() -> impl Iterator<Item = (&'static str, Modules)> {
    ALLOWED.iter().map(|(folder, _)| (*folder, Modules::read(&root().join(folder).join("src"))))
}

/// Each circle in words, with the imports that make it.
fn told(imports: &Imports) -> Vec<String> {
    let tell = |circle: Vec<Module>| {
        let inside = |(from, to): &&(Module, Module)| circle.contains(from) && circle.contains(to);
        let arrows: Vec<String> = imports
            .keys()
            .filter(inside)
            .map(|key @ (from, to)| {
                format!("{} -> {}: {:?}", name_of(from), name_of(to), imports[key])
            })
            .collect();
        arrows.join("\n")
    };
    circles(imports).into_iter().map(tell).collect()
}

/// Imports that run against an order of rooms.
fn against(imports: &Imports, order: &[&str]) -> Vec<String> {
    let floor = |module: &Module| match module.first() {
        None => order.len(),
        Some(room) => order.iter().position(|it| it == room).unwrap_or(usize::MAX),
    };
    let climbs =
        |(from, to): &&(Module, Module)| from.first() != to.first() && floor(from) <= floor(to);
    let upwards = imports.keys().filter(climbs);
    upwards
        .map(|key @ (from, to)| format!("{} -> {}: {:?}", name_of(from), name_of(to), imports[key]))
        .collect()
}

#[test]
fn no_modules_import_each_other_in_a_circle() {
    let mut circles = Vec::new();
    for (folder, modules) in crates() {
        let found = told(&modules.imports()).into_iter();
        circles.extend(found.map(|circle| format!("{folder}/src:\n{circle}")));
    }
    assert!(circles.is_empty(), "circles:\n{}", circles.join("\n\n"));
}

#[test]
fn rooms_import_only_rooms_below_them() {
    for (folder, modules) in crates() {
        let order = ROOMS.iter().find(|(of, _)| *of == folder).map_or(&[][..], |(_, it)| it);
        let listed: BTreeSet<&str> = order.iter().copied().collect();
        assert_eq!(modules.rooms(), listed, "{folder}/src: rooms that ROOMS lists, or lacks");
        let climbs = against(&modules.imports(), order);
        assert!(climbs.is_empty(), "{folder}/src, against {order:?}:\n{}", climbs.join("\n"));
    }
}

#[test]
fn a_planted_circle_and_a_planted_climb_are_found() {
    let planted = |low: &str, middle: &str| {
        let texts = [
            ("lib.rs", "pub mod low; pub mod high;"),
            ("low.rs", low),
            ("high/mod.rs", "mod middle; mod shown; pub use shown::Shown;"),
            ("high/middle.rs", middle),
            ("high/shown.rs", "use crate::low::Low; pub struct Shown(Low);"),
        ];
        Modules::of(texts).imports()
    };
    let order = ["low", "high"];

    let good = planted("pub struct Low;", "use super::Shown; use crate::low;");
    assert_eq!(told(&good), Vec::<String>::new());
    assert_eq!(against(&good, &order), Vec::<String>::new());

    // Over a re-export, from a function's body, and back.
    let circle = planted("pub struct Low; fn f() { crate::high::Shown; }", "use super::Shown;");
    let [line] = &told(&circle)[..] else { panic!("{circle:?}") };
    assert!(line.contains("low -> high::shown: {\"Shown\"}"), "{line}");
    assert!(!line.contains("middle"), "{line}");
    assert_eq!(against(&circle, &order), ["low -> high::shown: {\"Shown\"}"]);

    // A parent that uses its child, which uses the parent.
    let family = Modules::of([
        ("lib.rs", "mod parent;"),
        ("parent/mod.rs", "mod child; pub struct P; fn f() { child::run() }"),
        ("parent/child.rs", "use super::P; pub(super) fn run() {}"),
    ]);
    assert_eq!(circles(&family.imports()).len(), 1);

    // Tests may use what they like.
    let tests = planted("pub struct Low; #[cfg(test)] mod tests { use crate::high::Shown; }", "");
    assert_eq!((told(&tests).len(), against(&tests, &order).len()), (0, 0));
}

#[test]
fn every_crate_names_its_rooms() {
    for (folder, modules) in crates() {
        let docs = modules.docs(&[]);
        for room in modules.rooms() {
            let named = docs.split(|c: char| !c.is_alphanumeric() && c != '_').any(|it| it == room);
            assert!(named, "{folder}/src/lib.rs: its `//!` lines do not say what `{room}` is for");
        }
    }
}

#[test]
fn no_folder_has_more_entries_than_one_takes_in() {
    let mut open: Vec<PathBuf> =
        ALLOWED.iter().map(|(it, _)| root().join(it).join("src")).collect();
    let mut crowded = Vec::new();
    while let Some(folder) = open.pop() {
        let entries: Vec<_> =
            std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        if entries.len() > MOST_ENTRIES {
            crowded.push(format!("{}: {}", shown(&folder), entries.len()));
        }
        open.extend(entries.into_iter().filter(|path| path.is_dir()));
    }
    assert!(crowded.is_empty(), "over {MOST_ENTRIES} entries: {crowded:#?}");
}

fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}
