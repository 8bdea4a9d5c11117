//! Requests to a system's process, and what it reports.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};

use serde::{Deserialize, Serialize};

/// Bytes of a message at most.
const LONGEST_MESSAGE: u32 = 16 * 1024 * 1024;

/// What the harness asks for.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub(crate) enum Request {
    /// Makes a run.
    Run(RunRequest),
    /// Ends the run that is on, without waiting for its input.
    Cancel,
    /// Lets the next task fail that reads events.
    FailTask,
}

/// A run that is asked for.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct RunRequest {
    /// Its number, from 1.
    pub(crate) run: u32,
    /// The engine by name.
    pub(crate) engine: String,
    /// The workload by name.
    pub(crate) workload: String,
    /// Its knobs.
    pub(crate) knobs: BTreeMap<String, String>,
    /// The engine's settings.
    pub(crate) settings: BTreeMap<String, String>,
    /// Settings under the system's own keys.
    pub(crate) foreign: BTreeMap<String, String>,
    /// Subtasks per stage.
    pub(crate) parallelism: u32,
    /// Splits of the input.
    pub(crate) splits: u32,
    /// Longest delay among events, in milliseconds of event time, rounded up.
    pub(crate) bound_ms: i64,
    /// A folder for checkpoints.
    pub(crate) folder: String,
    /// Whether the newest checkpoint in it is taken up.
    pub(crate) resume: bool,
}

/// What a process reports.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub(crate) enum Report {
    /// It takes requests.
    Ready {
        /// The version of the system.
        version: String,
    },
    /// The job has ended.
    Finished {
        /// The run.
        run: u32,
    },
    /// The run could not be made, or its job has failed.
    Failed {
        /// The run.
        run: u32,
        /// Why.
        cause: String,
        /// Whether something was asked for that the system does not have.
        refused: bool,
    },
    /// Something failed, and the job goes on.
    Restarting {
        /// Why.
        cause: String,
    },
    /// The job goes on.
    Restarted,
    /// A checkpoint is complete.
    Checkpoint {
        /// Its id.
        id: u64,
        /// Bytes of state.
        bytes: u64,
        /// From its trigger to its end, in milliseconds.
        millis: u64,
    },
    /// A micro-batch is complete.
    Batch {
        /// Its id.
        id: u64,
        /// Events that it has read.
        records: u64,
        /// It began so many milliseconds ago.
        ago_ms: u64,
        /// Its phases by name, in milliseconds.
        phases: BTreeMap<String, u64>,
    },
}

impl Request {
    /// Sends it.
    ///
    /// # Errors
    /// When the process has gone.
    pub(crate) fn send(&self, to: &mut impl Write) -> io::Result<()> {
        let message = rmp_serde::to_vec_named(self).map_err(io::Error::other)?;
        let mut frame = (message.len() as u32).to_le_bytes().to_vec();
        frame.extend(message);
        to.write_all(&frame)
    }
}

impl Report {
    /// Reads the next one.
    ///
    /// # Errors
    /// When the process has gone, or sends something else.
    pub(crate) fn read(from: &mut impl Read) -> io::Result<Self> {
        let mut head = [0; 4];
        from.read_exact(&mut head)?;
        let length = u32::from_le_bytes(head);
        let invalid = |cause: String| io::Error::new(io::ErrorKind::InvalidData, cause);
        if length > LONGEST_MESSAGE {
            return Err(invalid(format!("a report of {length} bytes")));
        }
        let mut message = vec![0; length as usize];
        from.read_exact(&mut message)?;
        rmp_serde::from_slice(&message).map_err(|error| invalid(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_a_map_that_says_what_it_is() {
        let message = rmp_serde::to_vec_named(&BTreeMap::from([("is", "restarted")])).unwrap();
        let frame = [&(message.len() as u32).to_le_bytes()[..], &message].concat();
        assert_eq!(Report::read(&mut &frame[..]).unwrap(), Report::Restarted);
        assert!(Report::read(&mut &[255u8, 255, 255, 255][..]).is_err());
    }
}
