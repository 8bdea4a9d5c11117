//! Nothing lost, nothing twice: kills, restarts and storage faults on both engines.

mod alignment;
mod amnesia;
mod closed_forms;
mod damage;
mod exchange_counts;
mod failing_storage;
mod kills;
mod late;
mod on_disk;
mod rescale;
mod scenario;
mod seeds;
