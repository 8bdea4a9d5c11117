//! How a system's process is started: what somebody else has installed.

use std::path::PathBuf;

/// A stream processor that runs in a process of its own.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum System {
    /// Apache Flink.
    Flink,
    /// Apache Spark.
    Spark,
}

impl System {
    /// All there are.
    pub const ALL: [Self; 2] = [Self::Flink, Self::Spark];

    /// As commands name it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Flink => "flink",
            Self::Spark => "spark",
        }
    }

    /// As people name it.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Flink => "Apache Flink",
            Self::Spark => "Apache Spark",
        }
    }
}

/// How a system's process is started. The port of the harness is added to its arguments,
/// and a secret to its environment.
#[derive(Clone, Debug)]
pub struct Launch {
    /// The program: `java`.
    pub program: PathBuf,
    /// Its arguments: options of the JVM, the class path, and the class.
    pub arguments: Vec<String>,
    /// Environment variables that it is given besides ours.
    pub environment: Vec<(String, String)>,
    /// A folder for what it stores: checkpoints and temporary files. Whoever made it removes it.
    pub folder: PathBuf,
    /// Time in which it must start and connect the sources of a job, in nanoseconds.
    pub starts_within_nanos: u64,
}

/// Knows where systems are installed.
pub trait Installations: Send + Sync {
    /// The version that is there; `None` if nobody can tell.
    fn version(&self, system: System) -> Option<String> {
        let _ = system;
        None
    }

    /// How to start a system.
    ///
    /// # Errors
    /// One line: what is missing, and the command that mends it.
    fn launch(&self, system: System) -> Result<Launch, String>;
}
