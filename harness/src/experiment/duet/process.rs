//! The process of one side of a duet, as the comparison sees it.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
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
        // The program that runs, also if its file was replaced meanwhile.
        let own = Path::new("/proc/self/exe");
        let program =
            if own.exists() { own.to_owned() } else { std::env::current_exe().map_err(failed)? };
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

    /// What it reports, if it does so soon.
    ///
    /// # Errors
    /// When it has died.
    pub(super) fn poll_report(&mut self, stop: &StopSignal) -> Result<Option<SideReport>> {
        let line = self.poll_line(stop)?;
        line.map(|line| self.read(&line)).transpose()
    }

    fn read<T: DeserializeOwned>(&self, line: &str) -> Result<T> {
        serde_json::from_str(line).map_err(|error| {
            Error::Run(format!("the side on core {} says nothing sensible: {error}", self.core))
        })
    }

    /// Its next line.
    fn line(&mut self, stop: &StopSignal) -> Result<String> {
        loop {
            if let Some(line) = self.poll_line(stop)? {
                return Ok(line);
            }
        }
    }

    /// Its next line, if it comes within [`LOOK`]. When the user wants to stop, it is told so, and what
    /// it then says is waited for.
    fn poll_line(&mut self, stop: &StopSignal) -> Result<Option<String>> {
        if stop.is_requested() {
            self.stdin = None;
        }
        match self.lines.recv_timeout(LOOK) {
            Ok(line) => line.map(Some).map_err(Error::run),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => {
                let status = self.child.wait().map_err(Error::run)?;
                let core = self.core;
                Err(Error::Run(format!(
                    "the side of the duet on core {core} ended without a result: {status}"
                )))
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
