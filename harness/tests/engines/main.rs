//! The engines under test: on both clocks, at several parallelisms, against plain computations
//! that use none of the operators.
//!
//! What every engine must do is tested on every engine ([`fixture::engines`]); what belongs to one
//! model, on virtual time, where instants are exact.

mod answers;
mod batches;
mod bounded_memory;
mod charging;
mod failures;
mod fixture;
mod flow_control;
mod flusher;
mod idle_splits;
mod late_records;
mod oversleeping;
mod random_plans;
mod replay;
mod stalls;
mod stopping;
mod timers;
mod times_of_results;
mod units;
