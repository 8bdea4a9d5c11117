//! The result schema, and charts and pages drawn from result files alone.
pub mod result;
