//! The binary as a user meets it: what it prints, writes and refuses, and with which exit status.
#![allow(
    clippy::disallowed_methods,
    reason = "these tests write the files that the binary reads, and wait for another process"
)]

mod against_itself;
mod bad_input;
mod closed_pipes;
#[cfg(unix)]
mod consistency;
mod diff;
mod dry_run;
#[cfg(target_os = "linux")]
mod duet;
mod durable;
mod examples;
mod files_and_sockets;
mod flags;
mod formulas;
mod from_outside;
mod help;
#[cfg(unix)]
mod interrupted_parts;
#[cfg(unix)]
mod interrupts;
mod json;
#[cfg(feature = "kafka")]
mod kafka;
#[cfg(feature = "kafka")]
mod kafka_messages;
#[cfg(feature = "kafka")]
mod kafka_output;
#[cfg(all(feature = "kafka", unix))]
mod kafka_resumed;
#[cfg(feature = "kafka")]
mod kafka_runs;
mod knobs;
mod late;
mod live;
mod place;
mod profiles;
mod program;
mod recover;
mod result_fields;
mod results_folders;
mod skew;
mod suites;
mod sweeps;
mod validity;
mod virtual_time;
