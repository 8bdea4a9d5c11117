//! The engines under test: on both clocks, at several parallelisms, against plain computations
//! that use none of the operators.

mod answers;
mod fixture;
