//! Whether it helps to try again.

/// What is to be done about something durable that failed.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// It may pass: a job starts again.
    Transient,
    /// It stays until somebody does something about it: a full disk, a folder that is gone or may
    /// not be written to. The run ends at once.
    Permanent,
    /// What was asked for is refused: somebody else's side is well, and the request must be another.
    /// The run ends at once.
    Refused,
    /// Something is there and is not what was written, or is missing: it is found so again.
    Damaged,
}
