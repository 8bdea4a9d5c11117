//! The prices of a run.

use dataflow::job::runtime::CostKind;
use dataflow::job::settings::Settings;
use runtime::Prices;

use super::profile::{Profile, place};
use super::settings::{self, PROFILE};
use crate::error::Result;

/// A profile as a run takes it: with the prices at its number of keys, and those that were set.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RunPrices {
    pub(crate) profile: Profile,
    /// Kinds whose price was set by hand.
    pub(crate) set: Vec<CostKind>,
    pub(crate) prices: Prices,
}

impl RunPrices {
    /// The prices of a run with these settings, on a workload with these knobs.
    ///
    /// # Errors
    /// If there is no such profile, or it is not a profile.
    pub(crate) fn of(settings: &Settings, knobs: &Settings) -> Result<Self> {
        let profile = Profile::load(settings.name(PROFILE.name))?;
        let keys = knobs.get_number("keys");
        let mut prices = profile.prices(keys);
        let mut set = Vec::new();
        for kind in CostKind::ALL {
            if let Some(nanos) = settings.get_number(settings::of(kind).name) {
                let place = profile.of(kind).map_or(place(kind), |cost| cost.place);
                prices.product = prices.product.with(kind, nanos, place);
                set.push(kind);
            }
        }
        Ok(Self { profile, set, prices })
    }

    /// As a verdict names it: the profile, with what was set by hand.
    pub(crate) fn named(&self) -> String {
        let mut named = self.profile.name.clone();
        for kind in &self.set {
            named.push_str(&format!(", {kind}={}", self.prices.product.price(*kind)));
        }
        named
    }
}
