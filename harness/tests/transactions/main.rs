//! The sink with transactions: every row is seen once, whatever fails and whenever.

mod crashes;
mod disk;
mod interleavings;
mod job;
mod sinks;
mod visibility;
