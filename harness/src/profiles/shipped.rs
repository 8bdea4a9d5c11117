//! Profiles that are shipped, and those in files.

use std::path::Path;

use dataflow::job::runtime::CostKind;
use runtime::{CostTable, Prices};

use super::profile::{Profile, place};
use super::profile_file;
use super::settings::BARE;
use crate::error::{Error, Result};

/// Profiles that come with the program, by name.
const SHIPPED: &[(&str, &str)] = &[(BARE, include_str!("shipped/bare.toml"))];
/// How a file of one's own ends.
const ENDING: &str = ".toml";

impl Profile {
    /// The profile of a name, or of a file.
    ///
    /// # Errors
    /// If there is none, and where something in it is wrong.
    pub(crate) fn load(given: &str) -> Result<Self> {
        if let Some((name, text)) = SHIPPED.iter().find(|(name, _)| *name == given) {
            return profile_file::parse(text, &format!("{name}{ENDING}"));
        }
        if !given.ends_with(ENDING) {
            let known: Vec<&str> = SHIPPED.iter().map(|(name, _)| *name).collect();
            let error = Error::unknown("profile", given, &known);
            return Err(Error::Input(format!("{error}; a file of your own ends in `{ENDING}`")));
        }
        let text = std::fs::read_to_string(Path::new(given)).map_err(|error| {
            Error::Input(format!(
                "cannot read the profile {given}: {error}; `calibrate` writes one, and `list \
                 profiles` shows those that are shipped"
            ))
        })?;
        profile_file::parse(&text, given)
    }

    /// What our own engines cost.
    pub(crate) fn bare() -> Self {
        Self::load(BARE).expect("what is shipped is sound")
    }

    /// All that are shipped.
    pub(crate) fn shipped() -> impl Iterator<Item = Self> {
        SHIPPED.iter().map(|(name, _)| Self::load(name).expect("what is shipped is sound"))
    }

    /// Its prices beside those of our own work, at this number of keys.
    pub(crate) fn prices(&self, keys: Option<f64>) -> Prices {
        let shipped = Self::bare();
        let (mut product, mut bare) = (CostTable::FREE, CostTable::FREE);
        for cost in &self.costs {
            product = product.with(cost.kind, cost.price.at(keys), cost.place);
        }
        for kind in CostKind::ALL {
            let measured = self.of(kind).and_then(|cost| cost.bare.as_ref());
            let ours = measured.or_else(|| shipped.of(kind).map(|cost| &cost.price));
            if let Some(price) = ours {
                bare = bare.with(kind, price.at(keys), place(kind));
            }
        }
        Prices { product, bare }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shipped_can_be_read_and_has_its_own_name() {
        for ((name, _), profile) in SHIPPED.iter().zip(Profile::shipped()) {
            assert_eq!(profile.name, *name);
            assert!(!profile.costs.is_empty(), "{name}");
            let whole =
                [profile.about, profile.machine, profile.date, profile.method, profile.error];
            assert!(whole.iter().all(|it| !it.is_empty()), "{name}: {whole:?}");
        }
    }

    #[test]
    fn a_profile_that_is_not_there_says_what_there_is() {
        let error = Profile::load("bear").unwrap_err().to_string();
        assert!(error.contains("there is no profile `bear`; did you mean `bare`?"), "{error}");
        assert!(error.contains("ends in `.toml`"), "{error}");
        let error = Profile::load("/nowhere/x.toml").unwrap_err().to_string();
        assert!(error.contains("cannot read the profile /nowhere/x.toml"), "{error}");
        assert!(error.contains("`calibrate` writes one"), "{error}");
    }
}
