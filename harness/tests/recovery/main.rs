//! Nothing lost, nothing twice: kills, restarts and storage faults on both engines.

mod kills;
mod scenario;
mod seeds;
