//! The document's three formulas: what each can mean as a closed form, and what became of it.
//!
//! A closed form is a function in a file of its own, beside its [`ClosedForm`]: where it comes
//! from, where it holds, and how far a measurement may be from it. `formulas`, its tests and the
//! theory curves of charts call the same functions.
//!
//! - [`flow_control`], [`partitioning`] and [`placement`] hold the closed forms;
//! - [`closed_form`] says what one predicts, and judges a case by it;
//! - [`chapters`] is what the page says of each formula, in words.
//!
//! Cases, tolerances and readings are part of the result schema: [`crate::schema::formulas`],
//! [`crate::schema::tolerance`] and [`crate::schema::reading`].

pub mod chapters;
pub mod closed_form;
pub mod flow_control;
pub mod partitioning;
pub mod placement;

pub use crate::schema::{Case, CaseVerdict, FORMULAS_SCHEMA, FormulasResult, Reading, Tolerance};
pub use closed_form::{ClosedForm, Prediction};
