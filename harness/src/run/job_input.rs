//! The input of a job that goes on in another process: what it has held at each start.

use std::io::Read;

use dataflow::job::recovery::fingerprint::{Fingerprint, FingerprintReader};
use kafka::TopicFingerprint;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// Where the events of a job come from, and what it held at a start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum JobInput {
    /// They are generated.
    Generated,
    /// A file.
    File {
        /// As the user named it.
        name: String,
        /// What it held, as it is stored. It may grow.
        held: Fingerprint,
    },
    /// A topic of a broker.
    Topic(TopicFingerprint),
}

impl JobInput {
    /// What of it must be the same at each start and can be seen without a look into it, in words that
    /// follow "whose input is".
    pub(super) fn named(&self) -> String {
        match self {
            Self::Generated => "generated".to_owned(),
            Self::File { .. } => "read from a file".to_owned(),
            Self::Topic(found) => format!("kafka:HOST:PORT/{}", found.address),
        }
    }
}

/// What an input held at the first start and at later ones.
#[derive(Clone, Debug)]
pub(crate) enum HeldInput {
    /// Nothing: events are generated.
    Generated,
    /// A file held this, the first start first.
    File(Vec<Fingerprint>),
    /// A topic.
    Topic {
        /// At the first start, which settles what is read.
        began: TopicFingerprint,
        /// At the last one: who finds this finds all that was before.
        newest: TopicFingerprint,
    },
}

impl HeldInput {
    /// What a file held at each start.
    pub(crate) fn of_file(&self) -> &[Fingerprint] {
        match self {
            Self::File(held) => held,
            Self::Generated | Self::Topic { .. } => &[],
        }
    }
}

/// Refuses a file that is not the one that was read at each earlier start, with more lines behind it or
/// not. One that is what it was at some earlier start may not be what was read since: the engine knows
/// how far that was.
///
/// # Errors
/// Says what it held and what it holds.
pub(crate) fn check_file<R: Read>(
    path: &str,
    held: &[Fingerprint],
    now: &FingerprintReader<R>,
) -> Result<()> {
    let whole = now.whole();
    let was_so = held.contains(&whole);
    for held in held {
        if was_so && held.offset > whole.offset {
            continue;
        }
        let there = now.upto(held.offset);
        if there != *held {
            return Err(Error::Input(format!(
                "{path} is not the input that the job has read: that began with {held}, and this \
                 with {there}; --resume needs the same input, with more behind it or not"
            )));
        }
        // What had no end yet was read as a whole line.
        let in_a_line = now.byte_before(held.offset).is_some_and(|byte| byte != b'\n');
        if in_a_line && whole.offset > held.offset {
            return Err(Error::Input(format!(
                "{path} has grown within a line that the job has read: at byte {} that line was at \
                 its end, without a newline; --resume needs the same input, with more lines behind \
                 it or not",
                held.offset
            )));
        }
    }
    Ok(())
}
