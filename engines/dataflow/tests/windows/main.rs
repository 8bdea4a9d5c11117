//! Windows of every kind against answers worked out by hand, and against plain collections over
//! streams in disorder, in every way in which an engine may run them.

#[path = "../driver/mod.rs"]
mod driver;
mod fixture;
mod late_firing;
mod processing_time;
mod session;
mod sliding;
mod streams;
