//! Runs the binary, or another made from the same library, and takes down what it says.

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use serde_json::Value;

/// A program that takes this long hangs; it is ended, and the test fails.
const HANGS_AFTER: Duration = Duration::from_secs(120);

/// How a program ended, and what it said.
#[derive(Debug)]
pub(crate) struct Ended {
    /// Exit status; `None` when a signal ended it.
    pub(crate) status: Option<i32>,
    /// Standard output.
    pub(crate) out: String,
    /// Standard error.
    pub(crate) err: String,
}

impl Ended {
    /// The one JSON value on standard output.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Every line of standard output as a JSON value.
    pub(crate) fn json_lines(&self) -> Vec<Value> {
        json_lines(&self.out)
    }

    /// Checks the exit status.
    #[track_caller]
    pub(crate) fn with_status(self, status: i32) -> Self {
        assert_eq!(self.status, Some(status), "{}\n{}", self.out, self.err);
        self
    }

    /// Checks that it has done what it should, or could not because the machine was too busy for
    /// wall-clock figures: that is the validity gate's business, and no fault.
    #[track_caller]
    pub(crate) fn done_unless_busy(self) -> Self {
        let mut left_out = self.err.lines().filter(|line| line.contains(" left out. ")).peekable();
        let was_busy = left_out.peek().is_some()
            && left_out.all(|line| {
                ["was disturbed", "did not keep up"].iter().any(|why| line.contains(why))
            });
        // A single run says so in its table, beside whether its answer is right.
        let run_was_busy = self.out.contains("The machine was disturbed")
            && self.out.contains("equal to the evaluator's");
        let is_busy = was_busy || run_was_busy;
        if self.status == Some(1) && is_busy { self } else { self.with_status(0) }
    }
}

/// Every line as a JSON value.
pub(crate) fn json_lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
}

/// Arguments as one would type them, without quotes.
pub(crate) fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}

/// The binary, or the one that `STREAMGAUGE_BIN` names, ready to start in a folder.
pub(crate) fn command(folder: &Path, arguments: &[impl AsRef<OsStr>]) -> Command {
    let named = std::env::var_os("STREAMGAUGE_BIN").map(PathBuf::from);
    let path = named.unwrap_or_else(|| env!("CARGO_BIN_EXE_streamgauge").into());
    program(&path, folder, arguments)
}

/// Any program, ready to start in a folder.
pub(crate) fn program(path: &Path, folder: &Path, arguments: &[impl AsRef<OsStr>]) -> Command {
    let mut command = Command::new(path);
    command.args(arguments).current_dir(folder);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs the binary in a folder.
pub(crate) fn run(folder: &Path, arguments: &[impl AsRef<OsStr>]) -> Ended {
    wait(command(folder, arguments).spawn().unwrap())
}

/// Runs the binary in a folder with this on standard input.
pub(crate) fn run_with_input(folder: &Path, arguments: &[&str], input: &[u8]) -> Ended {
    let mut child = command(folder, arguments).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    wait(child)
}

/// Waits for the end.
pub(crate) fn wait(child: Child) -> Ended {
    let id = child.id();
    let (send, receive) = mpsc::channel();
    std::thread::spawn(move || send.send(child.wait_with_output()));
    let Ok(output) = receive.recv_timeout(HANGS_AFTER) else {
        signal("KILL", id);
        panic!("the program hangs");
    };
    let output = output.unwrap();
    let text = |bytes| String::from_utf8(bytes).expect("the program writes UTF-8");
    Ended { status: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

/// Sends a signal, where there are signals.
pub(crate) fn signal(name: &str, id: u32) {
    let sent = Command::new("kill").args([format!("-{name}"), id.to_string()]).status();
    assert!(sent.is_ok_and(|status| status.success()), "kill -{name} {id}");
}

/// Waits until a file is there.
pub(crate) fn wait_for(path: &Path) {
    wait_until(&format!("{} is there", path.display()), || path.exists());
}

/// Waits until something is so.
pub(crate) fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let step = Duration::from_millis(10);
    let mut waited = Duration::ZERO;
    while !is_so() {
        assert!(waited < HANGS_AFTER, "it never comes to that: {what}");
        std::thread::sleep(step);
        waited += step;
    }
}

/// Every file and folder below a folder, sorted.
pub(crate) fn contents(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(contents(&path));
        }
        found.push(path);
    }
    found.sort();
    found
}

/// The names of the standard engines.
pub(crate) const ENGINES: [&str; 3] = ["sequential", "pipelined", "microbatch"];
