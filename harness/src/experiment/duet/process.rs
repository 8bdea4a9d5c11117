//! The process of one side of a duet, as the comparison sees it.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use dataflow::StopSignal;
use serde::de::DeserializeOwned;

use super::order::{GO, READY, SideOrder, SideReport};
use crate::error::{Error, Result};

/// The command by which this program serves as a side.
const COMMAND: &str = "duet-side";
/// Between two looks whether the user wants to stop.
const LOOK: Duration = Duration::from_millis(50);

/// A side at work; it ends with whoever holds it.
pub(super) struct Side {
    core: usize,
    child: Child,
    /// Closed when the side is to stop.
    stdin: Option<ChildStdin>,
    lines: Receiver<std::io::Result<String>>,
}

impl Side {
    /// Starts this program once more, and gives it its order.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(super) fn start(order: &SideOrder) -> Result<Self> {
        let failed =
            |error: std::io::Error| Error::Run(format!("cannot start a side of the duet: {error}"));
        let program = std::env::current_exe().map_err(failed)?;
        let mut child = Command::new(program)
            .arg(COMMAND)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        let (tell, lines) = channel();
        if let Some(stdout) = child.stdout.take() {
            let read = move || {
                BufReader::new(stdout).lines().try_for_each(|line| tell.send(line)).unwrap_or(());
            };
            std::thread::spawn(read);
        }
        let stdin = child.stdin.take();
        let mut side = Self { core: order.core, child, stdin, lines };
        side.tell(&serde_json::to_string(order).map_err(Error::run)?);
        Ok(side)
    }

    /// A side that has died says so when it is listened to.
    fn tell(&mut self, line: &str) {
        if let Some(stdin) = &mut self.stdin {
            let told = writeln!(stdin, "{line}").and_then(|()| stdin.flush());
            drop(told);
        }
    }

    /// Waits until it is ready; a side that is not says why.
    ///
    /// # Errors
    /// When it has died, or cannot make its run.
    pub(super) fn ready(&mut self, stop: &StopSignal) -> Result<()> {
        let line = self.line(stop)?;
        if line == format!("\"{READY}\"") {
            return Ok(());
        }
        self.read::<SideReport>(&line)?.ended().map(drop)
    }

    /// Lets it run.
    pub(super) fn go(&mut self) {
        self.tell(GO);
    }

    /// Waits for what it reports.
    ///
    /// # Errors
    /// When it has died.
    pub(super) fn report(&mut self, stop: &StopSignal) -> Result<SideReport> {
        let line = self.line(stop)?;
        self.read(&line)
    }

    fn read<T: DeserializeOwned>(&self, line: &str) -> Result<T> {
        serde_json::from_str(line).map_err(|error| {
            Error::Run(format!("the side on core {} says nothing sensible: {error}", self.core))
        })
    }

    /// Its next line. When the user wants to stop, it is told so, and what it then says is waited for.
    fn line(&mut self, stop: &StopSignal) -> Result<String> {
        loop {
            if stop.is_requested() {
                self.stdin = None;
            }
            match self.lines.recv_timeout(LOOK) {
                Ok(line) => return line.map_err(Error::run),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    let status = self.child.wait().map_err(Error::run)?;
                    let core = self.core;
                    return Err(Error::Run(format!(
                        "the side of the duet on core {core} ended without a result: {status}"
                    )));
                }
            }
        }
    }
}

impl Drop for Side {
    fn drop(&mut self) {
        // One that has reported ends by itself, and there is nothing to do about one that cannot.
        let ended = self.child.kill().and_then(|()| self.child.wait());
        drop(ended);
    }
}
