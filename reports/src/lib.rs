//! The result schema, and charts and pages drawn from result files alone.
//!
//! Nothing here runs an engine: a chart is a pure function of the results, so a report can be
//! drawn again on any machine from the directory that a run has left.
//!
//! - [`result`] is the schema, the contract with everything that reads a result later;
//!   [`recovery`] that of `recover`, [`skew`] that of `skew`, [`formulas`] that of `formulas`
//!   beside the closed forms that it tests;
//! - [`read`] loads a result directory, finished or not;
//! - [`summary`] groups runs by experiment and variant: medians and ranges over valid runs;
//! - [`verdict`] turns comparisons into plain sentences;
//! - [`markdown`] is the summary for a pull request;
//! - [`formulas`] holds the closed forms that charts draw beside measurements;
//! - [`chart`] draws SVG, one chart per file; [`html`] lays out the page;
//! - [`mod@write`] is the only module that writes files.
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
//!     runs: vec![],
//!     comparisons: vec![],
//!     sweep: None,
//!     noise: vec![],
//!     environment: Default::default(),
//! };
//! let charts = chart::all(&result)?;
//! assert!(charts.is_empty(), "no runs, no charts");
//! let page = crate::page::page(&crate::page::Page {
//!     result: &result,
//!     charts: &charts,
//!     source: &reports::read::Source::Results("results.json".into()),
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

pub use crate::schema::read::{Loaded, load};
pub use error::ReportError;
pub use write::{Drawn, draw};
