//! Profiles: what each kind of work costs an implementation of a model, in tables that are shipped or
//! written by `calibrate`.

mod profile;
mod profile_file;
mod run_prices;
mod settings;
mod shipped;

pub(crate) use profile::{Cost, Price, Profile};
pub(crate) use run_prices::RunPrices;
pub(crate) use settings::{COST_SETTINGS, PROFILE};
