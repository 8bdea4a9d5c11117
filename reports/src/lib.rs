//! The result schema, and charts and pages drawn from result files alone.
//!
//! Nothing here runs an engine: a chart is a pure function of the results, so a report can be
//! drawn again on any machine from the directory that a run has left.
//!
//! The rooms, lowest first; each uses only those before it:
//!
//! - [`error`]: what can go wrong, and what to do about it;
//! - [`schema`]: what result files hold, the contract with everything that reads a result later;
//!   [`schema::read`] loads a result directory, finished or not, and [`schema::Metric`] is the table
//!   of figures that variants are compared by;
//! - [`words`]: medians and ranges, verdicts and findings as sentences, numbers with their units;
//! - [`formulas`]: the closed forms that measurements are held against;
//! - [`mod@draw`]: the canvas, scales, frames and plots that charts are made of;
//! - [`chart`]: charts as SVG, one per file, all in one list;
//! - [`page`]: the HTML page around them;
//! - [`mod@write`]: the only module that writes files.
//!
//! ```
//! use reports::schema::{COMPARE_SCHEMA, CompareResult};
//! use reports::{chart, page};
//!
//! let result = CompareResult {
//!     schema: COMPARE_SCHEMA.into(),
//!     suite: "quick".into(),
//!     started: "2026-11-22T17:52:04Z".into(),
//!     command: "streamgauge compare --quick".into(),
//!     interrupted: true,
//!     ..CompareResult::default()
//! };
//! let charts = chart::all(&result)?;
//! assert!(charts.is_empty(), "no runs, no charts");
//! let page = page::page(&page::Page {
//!     result: &result,
//!     charts: &charts,
//!     source: &reports::schema::read::Source::Results("results.json".into()),
//!     directory: "results/quick",
//! });
//! assert!(page.contains("No runs"));
//! # Ok::<(), reports::ReportError>(())
//! ```
pub mod chart;
pub mod draw;
pub mod error;
pub mod formulas;
pub mod page;
pub mod schema;
pub mod words;
pub mod write;

pub use crate::schema::read::{LoadedResult, load};
pub use error::ReportError;
pub use write::{Drawn, draw};
