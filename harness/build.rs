//! Notes which compiler and which commit the binary was made from.

use std::process::Command;

fn first_line(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok().filter(|_| output.status.success())?;
    Some(text.lines().next().unwrap_or_default().to_owned())
}

fn main() {
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let compiler = first_line(&rustc, &["--version"]).unwrap_or_default();
    let commit = first_line("git", &["rev-parse", "HEAD"]).unwrap_or_default();
    let dirty = first_line("git", &["status", "--porcelain"]).is_some_and(|line| !line.is_empty());
    println!("cargo::rustc-env=STREAMGAUGE_COMPILER={compiler}");
    println!("cargo::rustc-env=STREAMGAUGE_COMMIT={commit}");
    println!("cargo::rustc-env=STREAMGAUGE_DIRTY={dirty}");
    println!("cargo::rerun-if-changed=../.git/HEAD");
    println!("cargo::rerun-if-changed=../.git/index");
}
