//! What can go wrong, sorted by the exit status it leads to.

use std::borrow::Cow;

use dataflow::job::settings::nearest;
use kafka::KafkaFailure;

/// An error with its exit status.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Bad usage or bad input: exit status 2.
    #[error("{0}")]
    Input(String),
    /// The run itself failed: exit status 3.
    #[error("{0}")]
    Run(String),
}

impl Error {
    /// The exit status.
    pub const fn status(&self) -> u8 {
        match self {
            Self::Input(_) => 2,
            Self::Run(_) => 3,
        }
    }

    /// Bad input, from anything that can be printed.
    pub fn input(error: impl std::fmt::Display) -> Self {
        Self::Input(error.to_string())
    }

    /// Bad input: a name that is not there, answered with the nearest of those that are.
    pub fn unknown(what: &str, name: &str, known: &[&str]) -> Self {
        let near = nearest(name, known);
        Self::Input(format!("there is no {what} `{name}`{near}; there are: {}", known.join(", ")))
    }

    /// A failed run, from anything that can be printed.
    pub fn run(error: impl std::fmt::Display) -> Self {
        Self::Run(error.to_string())
    }
}

impl From<KafkaFailure> for Error {
    /// What went wrong with a broker, by the exit status that it leads to.
    fn from(failure: KafkaFailure) -> Self {
        match failure {
            KafkaFailure::Refused(what) => Self::Input(what),
            KafkaFailure::Failed(what) => Self::Run(what),
        }
    }
}

/// Longest message that is shown whole, in bytes: a list of every setting that there is fits into one.
const LONGEST: usize = 8_192;
/// What is shown of the end of a longer one.
const TAIL: usize = 1_024;

/// A message that may repeat a text from outside, without the middle of a very long one.
pub(crate) fn abridged(message: &str) -> Cow<'_, str> {
    if message.len() <= LONGEST {
        return Cow::Borrowed(message);
    }
    let head = message.floor_char_boundary(LONGEST - TAIL);
    let tail = message.ceil_char_boundary(message.len() - TAIL);
    Cow::Owned(format!("{}…{}", &message[..head], &message[tail..]))
}

/// A result with [`Error`].
pub(crate) type Result<T> = std::result::Result<T, Error>;

/// How a command ended.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Well: exit status 0.
    Good,
    /// An oracle or the validity gate failed: exit status 1.
    Failed,
    /// The user stopped it: exit status 130.
    Interrupted,
}

impl Outcome {
    /// The exit status.
    pub(crate) const fn status(self) -> u8 {
        match self {
            Self::Good => 0,
            Self::Failed => 1,
            Self::Interrupted => 130,
        }
    }
}
