//! Reads profiles from TOML. Errors point at the place in the text.

use std::collections::BTreeMap;

use dataflow::job::runtime::CostKind;
use reports::schema::text::check_name;
use runtime::{HIGHEST_PRICE_NANOS, Place};
use serde::Deserialize;
use toml::Spanned;

use super::profile::{Cost, Price, Profile, place};
use crate::error::{Error, Result};
use crate::files::source_text::Text;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProfileFile {
    name: Spanned<String>,
    about: Spanned<String>,
    machine: Spanned<String>,
    date: Spanned<String>,
    method: Spanned<String>,
    error: Spanned<String>,
    cost: Spanned<BTreeMap<Spanned<String>, CostEntry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CostEntry {
    /// A number, or pairs of a number of keys and the price there.
    price_ns: Spanned<Points>,
    bare_ns: Option<Spanned<Points>>,
    place: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Points {
    Flat(f64),
    Through(Vec<(f64, f64)>),
}

/// Reads a profile.
///
/// # Errors
/// When something in it is wrong; the error points at it.
pub(super) fn parse(text: &str, origin: &str) -> Result<Profile> {
    let at = Text { origin, text };
    let file: ProfileFile = toml::from_str(text).map_err(|error| match error.span() {
        Some(span) => at.at(&span, error.message()),
        None => Error::Input(format!("{origin}: {error}")),
    })?;
    let line = |given: &Spanned<String>| match check_name(given.get_ref()) {
        Ok(()) => Ok(given.get_ref().clone()),
        Err(cause) => Err(at.at(&given.span(), cause)),
    };
    let mut costs = Vec::new();
    for (name, entry) in file.cost.get_ref() {
        costs.push(cost(name, entry, &at)?);
    }
    if costs.is_empty() {
        return Err(at.at(&file.cost.span(), "a profile has a price for some kind of work"));
    }
    costs.sort_by_key(|cost| cost.kind);
    Ok(Profile {
        name: line(&file.name)?,
        about: line(&file.about)?,
        machine: line(&file.machine)?,
        date: line(&file.date)?,
        method: line(&file.method)?,
        error: line(&file.error)?,
        costs,
    })
}

fn cost(name: &Spanned<String>, entry: &CostEntry, at: &Text<'_>) -> Result<Cost> {
    let kind = CostKind::named(name.get_ref()).ok_or_else(|| {
        let known = CostKind::ALL.map(CostKind::name);
        at.at(&name.span(), Error::unknown("kind of work", name.get_ref(), &known))
    })?;
    let place = match &entry.place {
        None => place(kind),
        Some(given) => {
            let found =
                [Place::Core, Place::Driver].into_iter().find(|it| it.name() == given.get_ref());
            found.ok_or_else(|| {
                let what =
                    format!("`{}` pays for nothing; `core` or `driver` does", given.get_ref());
                at.at(&given.span(), what)
            })?
        }
    };
    Ok(Cost {
        kind,
        place,
        price: price(&entry.price_ns, at)?,
        bare: entry.bare_ns.as_ref().map(|given| price(given, at)).transpose()?,
    })
}

fn price(given: &Spanned<Points>, at: &Text<'_>) -> Result<Price> {
    let price = match given.get_ref() {
        Points::Flat(nanos) => Price::flat(*nanos),
        Points::Through(points) => Price::through(points.clone()),
    };
    let points = price.points();
    let wrong = if points.is_empty() {
        Some("a price has a number, or pairs of a number of keys and the price there".to_owned())
    } else if let Some((_, nanos)) =
        points.iter().find(|(_, nanos)| !(0.0..=HIGHEST_PRICE_NANOS).contains(nanos))
    {
        Some(format!("a price is between 0 and {HIGHEST_PRICE_NANOS} ns, not {nanos}"))
    } else if points.iter().any(|(keys, _)| !(keys.is_finite() && *keys >= 1.0)) {
        Some("a number of keys is 1 or more".to_owned())
    } else if points.windows(2).any(|pair| pair[0].0 >= pair[1].0) {
        Some("numbers of keys rise from pair to pair".to_owned())
    } else {
        None
    };
    match wrong {
        Some(what) => Err(at.at(&given.span(), what)),
        None => Ok(price),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "name = \"x\"\nabout = \"a\"\nmachine = \"m\"\ndate = \"2026-12-01\"\n\
                        method = \"by hand\"\nerror = \"none\"\n";

    fn read(costs: &str) -> Result<Profile> {
        parse(&format!("{HEAD}{costs}"), "x.toml")
    }

    #[test]
    fn a_profile_has_prices_places_and_where_they_are_from() {
        let profile = read(
            "[cost.batch]\nprice_ns = 5e6\n[cost.state_access]\nprice_ns = [[1000, 50], [100000, 250.5]]\n\
             bare_ns = 3\n[cost.task]\nprice_ns = 7\nplace = \"driver\"\n",
        )
        .unwrap();
        assert_eq!((profile.name.as_str(), profile.date.as_str()), ("x", "2026-12-01"));
        let kinds: Vec<_> = profile.costs.iter().map(|it| (it.kind, it.place)).collect();
        let expected = [
            (CostKind::StateAccess, Place::Core),
            (CostKind::Task, Place::Driver),
            (CostKind::Batch, Place::Driver),
        ];
        assert_eq!(kinds, expected);
        let access = profile.of(CostKind::StateAccess).unwrap();
        assert_eq!(access.price.at(Some(1e4)), 150.25);
        assert_eq!(access.bare, Some(Price::flat(3.0)));
    }

    #[test]
    fn what_is_wrong_is_pointed_at() {
        for (costs, place, expected) in [
            ("[cost.recrod]\nprice_ns = 1\n", "x.toml:7:7", "did you mean `record`?"),
            ("[cost.record]\nprice_ns = -1\n", "x.toml:8:12", "between 0 and"),
            ("[cost.record]\nprice_ns = nan\n", "x.toml:8:12", "between 0 and"),
            ("[cost.record]\nprice_ns = []\n", "x.toml:8:12", "a number, or pairs"),
            ("[cost.record]\nprice_ns = [[5, 1], [5, 2]]\n", "x.toml:8:12", "rise"),
            ("[cost.record]\nprice_ns = [[0, 1]]\n", "x.toml:8:12", "1 or more"),
            ("[cost.record]\nprice_ns = 1\nplace = \"boss\"\n", "x.toml:9:9", "`core` or `driver`"),
            ("[cost.record]\nprice = 1\n", "x.toml:8:1", "unknown field `price`"),
            ("[cost]\n", "x.toml:7:1", "a price for some kind of work"),
        ] {
            let error = read(costs).unwrap_err().to_string();
            assert!(error.starts_with(place) && error.contains(expected), "{error}");
        }
        let error = parse("name = \"x\"\n", "x.toml").unwrap_err().to_string();
        assert!(error.contains("missing field `about`"), "{error}");
    }
}
