//! Latencies that are known beforehand: what a run reports of them, and where it says they went.

mod decomposition;
mod job;
mod priced;
mod stalls;
