//! What work costs: a table of prices, and the modelled cores and driver on which it is booked.

pub(crate) mod account;
pub(crate) mod cores;
pub(crate) mod table;
