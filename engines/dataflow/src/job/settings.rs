//! Settings of engines and knobs of workloads: declared once, checked, and looked up by name.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

/// What a setting takes.
#[derive(Copy, Clone, Debug, PartialEq)]
pub enum Kind {
    /// A whole number within bounds, both inclusive.
    Integer {
        /// Smallest.
        min: i64,
        /// Largest.
        max: i64,
    },
    /// A number within bounds, both inclusive.
    Number {
        /// Smallest.
        min: f64,
        /// Largest.
        max: f64,
    },
    /// One of some names.
    Choice(&'static [&'static str]),
    /// The path of a file that exists.
    Path,
    /// Any text that is not empty: somebody else reads it.
    Text,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer { min, max: i64::MAX } => write!(f, "a whole number from {min}"),
            Self::Integer { min, max } => write!(f, "a whole number from {min} to {max}"),
            Self::Number { min, max } if max.is_infinite() => write!(f, "a number from {min}"),
            Self::Number { min, max } => write!(f, "a number from {min} to {max}"),
            Self::Choice([only]) => write!(f, "only {only}"),
            Self::Choice(names) => write!(f, "one of {}", names.join(", ")),
            Self::Path => write!(f, "the path of a file"),
            Self::Text => write!(f, "a text"),
        }
    }
}

/// The value a setting has when nobody sets it.
#[derive(Copy, Clone, Debug, PartialEq)]
pub enum Default {
    /// A whole number.
    Integer(i64),
    /// A number.
    Number(f64),
    /// A name.
    Name(&'static str),
    /// What the description says; the setting is then absent.
    Derived,
}

/// A setting of an engine, or a knob of a workload.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct Setting {
    /// Its name; the unit comes last.
    pub name: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// What it is when nobody sets it.
    pub default: Default,
    /// What it is when nobody sets it and events are read as fast as they are taken, if different.
    pub default_at_max: Option<Default>,
    /// What it does, with its unit.
    pub help: &'static str,
    /// The key of the real system that it mirrors.
    pub mirrors: Option<&'static str>,
}

/// Settings with their values.
#[derive(Clone, Debug, PartialEq, std::default::Default)]
pub struct Settings {
    values: BTreeMap<String, Value>,
}

/// A setting that cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// No such setting.
    #[error("{owner} has no setting `{name}`{}; it has: {}", nearest(.name, .known), .known.join(", "))]
    Unknown {
        /// Whose.
        owner: String,
        /// As written.
        name: String,
        /// All there are.
        known: Vec<String>,
    },
    /// Not a value for it.
    #[error("`{name}` takes {expected}, not `{value}`")]
    Value {
        /// The setting.
        name: String,
        /// As written.
        value: String,
        /// What it takes.
        expected: String,
    },
    /// Values that do not go together, or a file named by one that cannot be used: what is wrong,
    /// and what to do.
    #[error("{0}")]
    Refused(String),
}

/// Longest name, in bytes, that is looked for among those that are known: nobody mistypes a longer
/// one, and to measure how near it is would take as long as it is.
const LONGEST_NAME: usize = 100;

/// `; did you mean ...?` when a known name is near, else nothing.
pub fn nearest(name: &str, known: &[impl AsRef<str>]) -> String {
    if name.len() > LONGEST_NAME {
        return String::new();
    }
    let best = known
        .iter()
        .map(|known| (strsim::damerau_levenshtein(name, known.as_ref()), known.as_ref()))
        .min();
    match best {
        Some((distance, best)) if distance <= 2.max(name.chars().count() / 3) => {
            format!("; did you mean `{best}`?")
        }
        _ => String::new(),
    }
}

impl Settings {
    /// Every declared setting with what was `given`, or its default.
    ///
    /// # Errors
    /// For a name that is not declared, or an invalid value.
    pub fn resolve(
        owner: &str,
        declared: &[Setting],
        given: &BTreeMap<String, Value>,
        at_max: bool,
    ) -> Result<Self, SettingError> {
        if let Some(name) = given.keys().find(|name| declared.iter().all(|it| it.name != **name)) {
            let known = declared.iter().map(|setting| setting.name.to_owned()).collect();
            return Err(SettingError::Unknown {
                owner: owner.to_owned(),
                name: name.clone(),
                known,
            });
        }
        let mut values = BTreeMap::new();
        for setting in declared {
            let value = match given.get(setting.name) {
                Some(value) => Some(setting.check(value)?),
                None => setting.default_value(at_max).map(|it| setting.check(&it)).transpose()?,
            };
            values.extend(value.map(|value| (setting.name.to_owned(), value)));
        }
        Ok(Self { values })
    }

    /// The values by name, as results carry them.
    pub fn values(&self) -> &BTreeMap<String, Value> {
        &self.values
    }

    /// Sets what was derived elsewhere.
    pub fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.values.insert(name.to_owned(), value.into());
    }

    /// A whole number, if the setting has a value.
    pub fn get_integer(&self, name: &str) -> Option<i64> {
        self.values.get(name).and_then(Value::as_i64)
    }

    /// A number, if the setting has a value.
    pub fn get_number(&self, name: &str) -> Option<f64> {
        self.values.get(name).and_then(Value::as_f64)
    }

    /// A whole number of 0 or more.
    ///
    /// # Panics
    /// When the setting is not declared with a default: a mistake of the caller.
    pub fn integer(&self, name: &str) -> u64 {
        let value = self.get_integer(name).and_then(|value| u64::try_from(value).ok());
        value.unwrap_or_else(|| panic!("setting {name} has no whole number of 0 or more"))
    }

    /// A number.
    ///
    /// # Panics
    /// As [`Settings::integer`].
    pub fn number(&self, name: &str) -> f64 {
        self.get_number(name).unwrap_or_else(|| panic!("setting {name} has no number"))
    }

    /// A name.
    ///
    /// # Panics
    /// As [`Settings::integer`].
    pub fn name(&self, name: &str) -> &str {
        self.get_name(name).unwrap_or_else(|| panic!("setting {name} has no name"))
    }

    /// A name or a path, if the setting has a value.
    pub fn get_name(&self, name: &str) -> Option<&str> {
        self.values.get(name).and_then(Value::as_str)
    }
}

impl Setting {
    /// A whole number with a default.
    pub const fn integer(
        name: &'static str,
        (min, max): (i64, i64),
        default: i64,
        help: &'static str,
    ) -> Self {
        Self::new(name, Kind::Integer { min, max }, Default::Integer(default), help)
    }

    /// A number with a default.
    pub const fn number(
        name: &'static str,
        (min, max): (f64, f64),
        default: f64,
        help: &'static str,
    ) -> Self {
        Self::new(name, Kind::Number { min, max }, Default::Number(default), help)
    }

    /// A name out of some, the first being the default.
    pub const fn choice(
        name: &'static str,
        names: &'static [&'static str],
        help: &'static str,
    ) -> Self {
        Self::new(name, Kind::Choice(names), Default::Name(names[0]), help)
    }

    /// The path of a file; none by default.
    pub const fn path(name: &'static str, help: &'static str) -> Self {
        Self::new(name, Kind::Path, Default::Derived, help)
    }

    /// A text that a real system reads under this key, with a default.
    pub const fn text(name: &'static str, default: &'static str, help: &'static str) -> Self {
        Self::new(name, Kind::Text, Default::Name(default), help).mirroring(name)
    }

    const fn new(name: &'static str, kind: Kind, default: Default, help: &'static str) -> Self {
        Self { name, kind, default, default_at_max: None, help, mirrors: None }
    }

    /// With the key that it mirrors.
    #[must_use]
    pub const fn mirroring(mut self, key: &'static str) -> Self {
        self.mirrors = Some(key);
        self
    }

    /// With another default when events are read as fast as they are taken.
    #[must_use]
    pub const fn at_max(mut self, default: Default) -> Self {
        self.default_at_max = Some(default);
        self
    }

    /// Without a default: the description says what happens then.
    #[must_use]
    pub const fn derived(mut self) -> Self {
        self.default = Default::Derived;
        self
    }

    /// The default.
    pub fn default_value(&self, at_max: bool) -> Option<Value> {
        let default = self.default_at_max.filter(|_| at_max).unwrap_or(self.default);
        match default {
            Default::Integer(value) => Some(value.into()),
            Default::Number(value) => Some(value.into()),
            Default::Name(name) => Some(name.into()),
            Default::Derived => None,
        }
    }

    /// A value for this setting, out of what was written (a string is read as what is wanted).
    ///
    /// # Errors
    /// When the value is invalid.
    pub fn check(&self, given: &Value) -> Result<Value, SettingError> {
        let refused = || SettingError::Value {
            name: self.name.to_owned(),
            value: given.as_str().map_or_else(|| given.to_string(), str::to_owned),
            expected: self.kind.to_string(),
        };
        let text = given.as_str();
        match self.kind {
            Kind::Integer { min, max } => {
                let read = text.map_or_else(|| given.as_i64(), whole_number);
                read.filter(|value| (min..=max).contains(value)).map(Value::from)
            }
            Kind::Number { min, max } => {
                let read = text.map_or_else(|| given.as_f64(), |text| text.trim().parse().ok());
                read.filter(|value: &f64| (min..=max).contains(value)).map(Value::from)
            }
            Kind::Choice(names) => text
                .and_then(|text| names.iter().find(|name| **name == text))
                .map(|it| (*it).into()),
            Kind::Path | Kind::Text => text.filter(|path| !path.is_empty()).map(Value::from),
        }
        .ok_or_else(refused)
    }
}

/// A whole number as people write it: `1_000_000`, `1e6`.
fn whole_number(text: &str) -> Option<i64> {
    let plain = text.trim().replace('_', "");
    plain.parse().ok().or_else(|| {
        let number: f64 = plain.parse().ok()?;
        (number.fract() == 0.0 && number.abs() < 9e15).then_some(number as i64)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const DECLARED: &[Setting] = &[
        Setting::integer("buffer_bytes", (64, 1 << 30), 32_768, ""),
        Setting::number("zipf_exponent", (0.0, 3.0), 0.0, ""),
        Setting::choice("placement", &["key-groups"], ""),
        Setting::integer("limit", (0, i64::MAX), 0, "").at_max(Default::Integer(7)),
        Setting::path("key_file", ""),
    ];

    fn resolve(given: &[(&str, &str)]) -> Result<Settings, SettingError> {
        let given =
            given.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
        Settings::resolve("engine x", DECLARED, &given, false)
    }

    #[test]
    fn defaults_stand_in_and_given_values_are_read() {
        let settings = resolve(&[("buffer_bytes", "1_024"), ("zipf_exponent", "1.5")]).unwrap();
        assert_eq!(settings.integer("buffer_bytes"), 1_024);
        assert_eq!(settings.number("zipf_exponent"), 1.5);
        assert_eq!(settings.name("placement"), "key-groups");
        assert_eq!(settings.integer("limit"), 0);
        assert_eq!(settings.get_name("key_file"), None);
        let with_file = resolve(&[("key_file", "a/b.txt")]).unwrap();
        assert_eq!(with_file.get_name("key_file"), Some("a/b.txt"));
        let error = resolve(&[("key_file", "")]).unwrap_err().to_string();
        assert_eq!(error, "`key_file` takes the path of a file, not ``");
        let at_max = Settings::resolve("engine x", DECLARED, &BTreeMap::new(), true).unwrap();
        assert_eq!(at_max.integer("limit"), 7);
    }

    #[test]
    fn a_mistyped_name_is_answered_with_the_nearest() {
        let error = resolve(&[("bufer_bytes", "1")]).unwrap_err().to_string();
        assert!(error.contains("did you mean `buffer_bytes`?"), "{error}");
        assert!(error.contains("zipf_exponent"), "{error}");
    }

    #[test]
    fn a_name_without_an_end_is_near_to_none() {
        assert_eq!(nearest(&"buffer_bytes".repeat(100_000), &["buffer_bytes"]), "");
    }

    #[test]
    fn a_value_out_of_range_or_of_another_kind_says_what_is_taken() {
        for (name, value) in [("buffer_bytes", "3"), ("buffer_bytes", "x"), ("buffer_bytes", "1.5")]
        {
            let error = resolve(&[(name, value)]).unwrap_err().to_string();
            assert!(error.contains("a whole number from 64"), "{error}");
        }
        assert!(resolve(&[("zipf_exponent", "NaN")]).is_err());
        let error = resolve(&[("placement", "ring")]).unwrap_err().to_string();
        assert_eq!(error, "`placement` takes only key-groups, not `ring`");
    }
}
