//! Which crate may depend on which, read from the manifests.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use toml::Table;

/// Every crate of ours by its folder, and the crates of ours that it may depend on.
pub(crate) const ALLOWED: &[(&str, &[&str])] = &[
    ("engines/files", &[]),
    ("engines/dataflow", &[]),
    ("engines/runtime", &["dataflow", "files"]),
    ("engines/sequential", &["dataflow"]),
    ("engines/pipelined", &["dataflow"]),
    ("engines/microbatch", &["dataflow"]),
    ("engines/kafka", &["dataflow"]),
    ("engines/external", &["dataflow"]),
    ("workloads", &["dataflow"]),
    ("reports", &["files"]),
    (
        "harness",
        &[
            "files",
            "dataflow",
            "runtime",
            "sequential",
            "pipelined",
            "microbatch",
            "kafka",
            "external",
            "workloads",
            "reports",
        ],
    ),
];

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn manifest(folder: &str) -> Table {
    let path = root().join(folder).join("Cargo.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    text.parse().unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Names of everything a crate depends on, under any of these headings and for any target.
fn dependencies(manifest: &Table, headings: &[&str]) -> BTreeSet<String> {
    let targets = manifest.get("target").and_then(toml::Value::as_table);
    let per_target = targets.into_iter().flat_map(|it| it.values()).filter_map(|it| it.as_table());
    let tables = std::iter::once(manifest).chain(per_target);
    let listed = tables
        .flat_map(|table| headings.iter().filter_map(|heading| table.get(*heading)?.as_table()));
    listed.flat_map(|table| table.keys().cloned()).collect()
}

const ALL: &[&str] = &["dependencies", "dev-dependencies", "build-dependencies"];

/// What a user's build has.
const SHIPPED: &[&str] = &["dependencies", "build-dependencies"];

#[test]
fn the_workspace_has_the_crates_that_are_listed_here() {
    let workspace = manifest("");
    let members = workspace["workspace"]["members"].as_array().unwrap();
    let members: BTreeSet<_> = members.iter().filter_map(toml::Value::as_str).collect();
    assert_eq!(members, ALLOWED.iter().map(|(folder, _)| *folder).collect());
}

#[test]
fn dependencies_go_one_way() {
    let ours: BTreeSet<&str> = ALLOWED[ALLOWED.len() - 1].1.iter().copied().collect();
    for (folder, allowed) in ALLOWED {
        let manifest = manifest(folder);
        let shipped = dependencies(&manifest, SHIPPED).into_iter().map(|name| (name, None));
        // Tests of an engine may run it; the runtime knows neither engine, so the two stay apart.
        let tested = dependencies(&manifest, &["dev-dependencies"]);
        let tested = tested.into_iter().map(|name| (name, Some("runtime")));
        for (name, besides) in shipped.chain(tested) {
            let is_ours = ours.contains(name.as_str()) || name.starts_with("streamgauge");
            assert!(
                !is_ours || allowed.contains(&name.as_str()) || besides == Some(name.as_str()),
                "{folder} depends on {name}; it may depend on {allowed:?}"
            );
        }
    }
}

#[test]
fn no_crate_of_ours_goes_by_another_name() {
    // Otherwise the names in manifests would not tell what a crate depends on.
    let workspace = manifest("");
    for (name, value) in workspace["workspace"]["dependencies"].as_table().unwrap() {
        if let Some(path) = value.get("path").and_then(toml::Value::as_str) {
            let folder = path.rsplit('/').next().unwrap();
            assert_eq!(name, folder, "{path}");
        }
    }
    for (folder, _) in ALLOWED {
        let manifest = manifest(folder);
        for heading in ALL {
            let listed = manifest.get(*heading).and_then(toml::Value::as_table);
            for (name, value) in listed.into_iter().flatten() {
                let is_plain = value.get("path").is_none() && value.get("package").is_none();
                assert!(is_plain, "{folder}: {name} must come from the workspace or a registry");
            }
        }
    }
}

#[test]
fn operators_and_engines_know_no_runtime() {
    for folder in
        ["engines/dataflow", "engines/sequential", "engines/pipelined", "engines/microbatch"]
    {
        let names = dependencies(&manifest(folder), ALL);
        assert!(!names.contains("tokio"), "{folder} depends on tokio");
    }
}

#[test]
fn every_crate_is_held_to_the_lints_of_the_workspace() {
    let workspace = manifest("");
    let lints = &workspace["workspace"]["lints"];
    assert_eq!(lints["rust"]["unsafe_code"].as_str(), Some("forbid"));
    assert_eq!(lints["clippy"]["disallowed_methods"].as_str(), Some("deny"));
    for (folder, _) in ALLOWED {
        let manifest = manifest(folder);
        let inherits = manifest.get("lints").and_then(|lints| lints.get("workspace")?.as_bool());
        assert_eq!(inherits, Some(true), "{folder} lacks `[lints] workspace = true`");
    }
}
