//! Notes which compiler and which commit the binary was made from.
//!
//! It runs again when the commit changes or a source does, and not when `git` only refreshes its
//! index: a second `cargo run` compiles nothing.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Folders whose files make the binary, from this one.
const SOURCES: &[&str] = &[
    "../engines/dataflow/src",
    "../engines/runtime/src",
    "../engines/sequential/src",
    "../engines/pipelined/src",
    "../engines/microbatch/src",
    "../workloads/src",
    "../reports/src",
    "../reports/assets",
    "src",
    "../Cargo.toml",
    "../Cargo.lock",
    "../engines/dataflow/Cargo.toml",
    "../engines/runtime/Cargo.toml",
    "../engines/sequential/Cargo.toml",
    "../engines/pipelined/Cargo.toml",
    "../engines/microbatch/Cargo.toml",
    "../workloads/Cargo.toml",
    "../reports/Cargo.toml",
    "Cargo.toml",
    "build.rs",
];

fn first_line(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok().filter(|_| output.status.success())?;
    Some(text.lines().next().unwrap_or_default().to_owned())
}

/// What `git` answers, without writing its index: writing is for those who work in the tree.
fn git(arguments: &[&str]) -> Option<String> {
    first_line("git", &[&["--no-optional-locks"], arguments].concat())
}

/// What changes when another commit is checked out: `HEAD`, the branch that it names, and the file
/// of packed branches. In a worktree some of them lie elsewhere, so `git` is asked.
fn commit_files() -> Vec<PathBuf> {
    let path = |name: &str| git(&["rev-parse", "--git-path", name]).map(PathBuf::from);
    let head = path("HEAD");
    // A packed branch has no file until its next commit: then its folder is watched.
    let branch = git(&["symbolic-ref", "--quiet", "HEAD"]).and_then(|name| path(&name));
    let branch = branch.and_then(|it| it.ancestors().find(|it| it.exists()).map(Path::to_owned));
    let packed = path("packed-refs").filter(|it| it.exists());
    [head, branch, packed].into_iter().flatten().collect()
}

fn main() {
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let compiler = first_line(&rustc, &["--version"]).unwrap_or_default();
    let commit = git(&["rev-parse", "HEAD"]).unwrap_or_default();
    let changed = git(&[&["status", "--porcelain", "--"], SOURCES].concat());
    let dirty = changed.is_some_and(|line| !line.is_empty());
    println!("cargo::rustc-env=STREAMGAUGE_COMPILER={compiler}");
    println!("cargo::rustc-env=STREAMGAUGE_COMMIT={commit}");
    println!("cargo::rustc-env=STREAMGAUGE_DIRTY={dirty}");
    for path in SOURCES.iter().map(PathBuf::from).chain(commit_files()) {
        println!("cargo::rerun-if-changed={}", path.display());
    }
}
