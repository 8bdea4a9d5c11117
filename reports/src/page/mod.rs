//! One self-contained page: verdicts, tables, charts, settings and the machine.
//!
//! It needs no network: styles and charts are inline, and so is the script that sorts and filters
//! tables, without which the page says the same.

mod charts;
mod compare;
mod comparisons;
pub mod consistency;
mod environment;
mod figure;
pub mod formulas;
mod invalid;
mod layout;
pub mod recovery;
mod results;
mod settings;
pub mod skew;
mod verdicts;

pub use compare::{Page, page};
