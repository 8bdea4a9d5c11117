//! Engines in processes of their own: the real Apache Flink and Apache Spark, over the same events at the
//! same planned times, into the same sink.
//!
//! A system's process connects to the harness over the loopback interface: it is sent the events of the plan's
//! source as they become readable, and brings back the rows of the result. What it computes is written in
//! Java, by the workload's name: a plan is closures, and stays here. Nothing of a process survives
//! ours: it ends when its standard input does.
//!
//! The modules, from the lowest up:
//! - `launch`: which systems there are, and how their processes are started.
//! - `programs`: what their processes run: Java sources, and the jars that these need.
//! - `last_lines`: what a process has printed last.
//! - `parked`: waiting on the threads of connections.
//! - `usage`: processor time and memory of a process.
//! - `wire`: the frames on connections.
//! - `control`: requests and reports.
//! - `rows`: rows of a job that outlive its process, those that take the place of others, and the events
//!   that none stands for yet.
//! - `run_state`: a run as its connections see it.
//! - `collect`: rows into the plan's sink.
//! - `feed`: events to a source.
//! - `reports`: what a process tells of a run.
//! - `process`: a system's process.
//! - `kind`, `kinds`: what an engine is, and which there are with which settings.
//! - `killed`: faults that strike it.
//! - `job`: a job on a system.
//! - `engine`: the engines.

mod collect;
mod control;
mod engine;
mod feed;
mod job;
mod killed;
mod kind;
mod kinds;
mod last_lines;
mod launch;
mod parked;
mod process;
mod programs;
mod reports;
mod rows;
mod run_state;
mod usage;
mod wire;

pub use engine::External;
pub use launch::{Installations, Launch, System};
pub use programs::{Program, program};
pub use usage::cpu_nanos;
