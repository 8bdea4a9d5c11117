//! Whose clock a topic is read by, and who is told what happens.

use std::sync::Arc;

use dataflow::ProcessingTime;

/// Prints a line for the reader.
pub type Tell = Arc<dyn Fn(&str) + Send + Sync>;

/// The clock of a run, and who is told what happens.
#[derive(Clone)]
pub struct Company {
    /// Tells the processing time.
    pub clock: Arc<dyn Fn() -> ProcessingTime + Send + Sync>,
    /// Prints a line for the reader.
    pub tell: Tell,
}
