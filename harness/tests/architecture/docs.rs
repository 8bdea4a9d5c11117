//! What ARCHITECTURE.md and the guides say of the tree is true of the tree.

use std::path::PathBuf;

use crate::manifests::{ALLOWED, root};
use crate::rooms::ROOMS;

/// Most lines of ARCHITECTURE.md, which is read in one sitting.
const MOST_LINES: usize = 200;
/// Most characters of one of its lines.
const MOST_COLUMNS: usize = 120;

fn read(name: &str) -> String {
    std::fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// What stands between backquotes.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The pages that tell of the tree, by name: their text.
fn guides() -> Vec<(String, String)> {
    let mut names = ["ARCHITECTURE.md", "README.md"].map(str::to_owned).to_vec();
    for folder in ["docs", "docs/how-to"] {
        let entries = std::fs::read_dir(root().join(folder)).unwrap();
        let files = entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
        let pages = files.filter(|name| name.ends_with(".md"));
        names.extend(pages.map(|name| format!("{folder}/{name}")));
    }
    names.into_iter().map(|name| (name.clone(), read(&name))).collect()
}

/// Where a path of a guide may lie: as it is, or short, `dataflow/job/plan.rs` for a source of the
/// crate `dataflow`.
fn places(path: &str) -> Vec<PathBuf> {
    let mut places = vec![root().join(path)];
    for (folder, _) in ALLOWED {
        let name = folder.rsplit('/').next().unwrap_or(folder);
        if let Some(rest) = path.strip_prefix(name).and_then(|rest| rest.strip_prefix('/')) {
            places.push(root().join(folder).join("src").join(rest));
        }
    }
    places
}

#[test]
fn architecture_is_read_in_one_sitting() {
    let text = read("ARCHITECTURE.md");
    let lines = text.lines().count();
    assert!(lines <= MOST_LINES, "{lines} lines");
    let long: Vec<_> = text.lines().filter(|it| it.chars().count() > MOST_COLUMNS).collect();
    assert!(long.is_empty(), "over {MOST_COLUMNS} columns: {long:#?}");
}

#[test]
fn paths_in_guides_are_there() {
    for (name, text) in guides() {
        for path in quoted(&text) {
            let plain = |c: char| c.is_ascii_alphanumeric() || "_-./".contains(c);
            // With a folder and an ending; names made up for an example stand in angle brackets.
            let is_path = path.contains('/') && path.chars().all(plain) && !path.starts_with('.');
            let is_ours = ALLOWED.iter().any(|(folder, _)| {
                let short = folder.rsplit('/').next().unwrap_or(folder);
                path.starts_with(folder) || path.starts_with(&format!("{short}/"))
            });
            if is_path && is_ours {
                // A recipe also names files that its reader will write, in folders that are there.
                let recipe = name.starts_with("docs/how-to/");
                let is_there = |place: &PathBuf| {
                    place.exists() || recipe && place.parent().is_some_and(|it| it.exists())
                };
                let there = places(path).iter().any(is_there);
                assert!(there, "{name} names `{path}`, which is not there");
            }
        }
    }
}

#[test]
fn links_in_guides_lead_somewhere() {
    for (name, text) in guides() {
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let target = link.split('#').next().unwrap_or_default();
            // Other sites, and links in the Rust of an example.
            if target.is_empty() || target.contains("://") || target.contains("::") {
                continue;
            }
            let folder = root().join(&name).parent().unwrap().to_owned();
            assert!(folder.join(target).exists(), "{name} links to {link}, which is not there");
        }
    }
}

#[test]
fn architecture_names_the_rooms_of_each_crate_in_their_order() {
    let text = read("ARCHITECTURE.md");
    for (folder, order) in ROOMS {
        let begin = format!("- **`{folder}`**");
        let at = text.find(&begin).unwrap_or_else(|| panic!("no paragraph begins with {begin}"));
        let end = text[at + 1..].find("\n- **").or_else(|| text[at + 1..].find("\n\n"));
        let paragraph = &text[at..end.map_or(text.len(), |end| at + 1 + end)];
        let mut named: Vec<&str> = Vec::new();
        for word in quoted(paragraph.trim_start_matches(&begin)) {
            if order.contains(&word) && !named.contains(&word) {
                named.push(word);
            }
        }
        assert_eq!(&named[..], *order, "ARCHITECTURE.md, {folder}");
    }
}
