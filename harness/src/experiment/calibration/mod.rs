//! Calibration: runs that are designed to tell kinds of work apart, what each of them took, and the
//! prices that explain them.
//!
//! A design is run by what is measured, and once in virtual time by the model that its prices are for:
//! that counts how much of each kind of work the model does, as a price is paid per count of the model.

pub(crate) mod design;
pub(crate) mod fit;
pub(crate) mod measure;
