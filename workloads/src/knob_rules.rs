//! Which common knobs go together, and what follows from them.

use std::collections::BTreeMap;

use dataflow::settings::SettingError;
use serde_json::Value;

use crate::key_file::KeyFile;
use crate::spec::Knobs;

/// Share of events that go to hot keys unless set otherwise.
const DEFAULT_HOT_SHARE: f64 = 0.5;
/// As many keys for each hot one unless set otherwise.
const KEYS_PER_HOT_KEY: u64 = 100;

/// Knobs with their values, and what was given of them.
pub(crate) struct KnobRules<'a> {
    pub given: &'a BTreeMap<String, Value>,
    pub knobs: &'a mut Knobs,
}

type Settled = Result<(), SettingError>;

fn refused(cause: impl Into<String>) -> Settled {
    Err(SettingError::Refused(cause.into()))
}

impl KnobRules<'_> {
    /// Sets what follows from other knobs.
    ///
    /// # Errors
    /// When knobs contradict one another, or one that was given has no effect.
    pub fn settle(mut self) -> Settled {
        self.settle_keys()?;
        self.settle_payload()?;
        self.settle_disorder()?;
        self.settle_splits()
    }

    fn is_given(&self, name: &str) -> bool {
        self.given.contains_key(name)
    }

    fn set_default(&mut self, name: &str, value: impl Into<Value>) {
        if !self.is_given(name) {
            self.knobs.set(name, value);
        }
    }

    /// Refuses knobs that were given and mean nothing.
    fn without(&self, names: &[&str], what: &str) -> Settled {
        match names.iter().find(|name| self.is_given(name)) {
            Some(name) => refused(format!("`{name}` means nothing to {what}; leave it out")),
            None => Ok(()),
        }
    }

    fn settle_keys(&mut self) -> Settled {
        let exponent = self.knobs.number("zipf_exponent");
        self.set_default(
            "key_distribution",
            match exponent {
                _ if self.is_given("key_file") => "file",
                0.0 => "uniform",
                _ => "zipf",
            },
        );
        let distribution = self.knobs.name("key_distribution").to_owned();
        let what = format!("key_distribution={distribution}");
        if distribution != "zipf" && exponent > 0.0 {
            self.without(&["zipf_exponent"], &what)?;
        }
        if distribution != "hot-set" {
            self.without(&["hot_share", "hot_keys", "hot_drift_events"], &what)?;
        }
        if distribution != "file" {
            self.without(&["key_file"], &what)?;
        }
        match distribution.as_str() {
            "zipf" if exponent == 0.0 && !self.is_given("zipf_exponent") => refused(
                "key_distribution=zipf needs `zipf_exponent`, which is 0, uniform, by default; 1 \
                 is usual",
            ),
            "hot-set" => self.settle_hot_set(),
            "file" => self.settle_key_file(&what),
            _ => Ok(()),
        }
    }

    fn settle_hot_set(&mut self) -> Settled {
        let keys = self.knobs.integer("keys");
        self.set_default("hot_share", DEFAULT_HOT_SHARE);
        self.set_default("hot_keys", (keys / KEYS_PER_HOT_KEY).max(1));
        self.set_default("hot_drift_events", 0);
        let hot = self.knobs.integer("hot_keys");
        if hot > keys {
            return refused(format!(
                "hot_keys={hot} is more than keys={keys}; make it at most {keys}"
            ));
        }
        Ok(())
    }

    /// The hash of the file is set beside its name, so that results tell what was in it.
    fn settle_key_file(&mut self, what: &str) -> Settled {
        self.without(&["keys"], what)?;
        let Some(path) = self.knobs.get_name("key_file") else {
            return refused("key_distribution=file needs `key_file`, the path of a file of keys");
        };
        let file = KeyFile::open(path).map_err(|error| SettingError::Refused(error.to_string()))?;
        self.knobs.set("key_file_hash", format!("{:016x}", file.hash()));
        Ok(())
    }

    fn settle_payload(&self) -> Settled {
        let distribution = self.knobs.name("payload_distribution");
        if distribution != "fixed" && self.knobs.integer("payload_bytes") == 0 {
            return refused(format!(
                "payload_distribution={distribution} needs `payload_bytes`, the mean, which is 0"
            ));
        }
        Ok(())
    }

    fn settle_disorder(&self) -> Settled {
        let disorder = self.knobs.name("disorder");
        if disorder != "uniform" && self.knobs.integer("disorder_ms") == 0 {
            return refused(format!(
                "disorder={disorder} needs `disorder_ms`, the bound, which is 0"
            ));
        }
        if self.knobs.integer("straggler_delay_ms") > 0 && self.knobs.number("late_fraction") > 0.0
        {
            return refused(
                "late_fraction and straggler_delay_ms do not go together: watermarks allow for \
                 the straggler, and late events would be in time; leave one out",
            );
        }
        Ok(())
    }

    fn settle_splits(&self) -> Settled {
        let (splits, idle) = (self.knobs.integer("splits"), self.knobs.integer("idle_splits"));
        if idle >= splits {
            return refused(format!(
                "idle_splits={idle} of splits={splits} leaves no split for the events; make it at \
                 most {}",
                splits - 1
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::knobs::{COMMON, resolve};

    fn settled(given: &[(&str, &str)]) -> Result<Knobs, String> {
        let given =
            given.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
        resolve("test", COMMON, &given, Some(1_000.0)).map_err(|error| error.to_string())
    }

    #[track_caller]
    fn refuses(given: &[(&str, &str)], parts: &[&str]) {
        let error = settled(given).unwrap_err();
        assert!(parts.iter().all(|part| error.contains(part)), "{error}");
    }

    #[test]
    fn the_distribution_of_keys_follows_from_the_exponent() {
        let distribution =
            |given: &[(&str, &str)]| settled(given).unwrap().name("key_distribution").to_owned();
        assert_eq!(distribution(&[]), "uniform");
        assert_eq!(distribution(&[("zipf_exponent", "0")]), "uniform");
        assert_eq!(distribution(&[("zipf_exponent", "1.2")]), "zipf");
        assert_eq!(distribution(&[("key_distribution", "zipf"), ("zipf_exponent", "0")]), "zipf");
        assert_eq!(distribution(&[("key_distribution", "sequential")]), "sequential");
    }

    #[test]
    fn a_hot_set_has_defaults_of_its_own() {
        let knobs = settled(&[("key_distribution", "hot-set"), ("keys", "5000")]).unwrap();
        assert_eq!((knobs.number("hot_share"), knobs.integer("hot_keys")), (0.5, 50));
        assert_eq!(knobs.integer("hot_drift_events"), 0);
        let one = settled(&[("key_distribution", "hot-set"), ("keys", "7")]).unwrap();
        assert_eq!(one.integer("hot_keys"), 1);
        assert_eq!(settled(&[]).unwrap().get_integer("hot_keys"), None);
    }

    #[test]
    fn what_makes_no_sense_together_is_refused() {
        refuses(&[("key_distribution", "zipf")], &["needs `zipf_exponent`"]);
        refuses(
            &[("key_distribution", "uniform"), ("zipf_exponent", "1")],
            &["`zipf_exponent`", "key_distribution=uniform", "leave it out"],
        );
        refuses(&[("hot_keys", "3")], &["`hot_keys`", "key_distribution=uniform"]);
        refuses(
            &[("key_distribution", "hot-set"), ("keys", "5"), ("hot_keys", "6")],
            &["hot_keys=6", "at most 5"],
        );
        refuses(&[("key_distribution", "file")], &["needs `key_file`"]);
        refuses(
            &[("key_distribution", "sequential"), ("key_file", "x")],
            &["`key_file`", "key_distribution=sequential"],
        );
        refuses(&[("key_file", "x"), ("keys", "9")], &["`keys`", "key_distribution=file"]);
        refuses(&[("key_file", "no/such/file")], &["no/such/file", "cannot be read"]);
        refuses(&[("payload_distribution", "uniform")], &["needs `payload_bytes`"]);
        refuses(&[("disorder", "exponential")], &["needs `disorder_ms`"]);
        refuses(&[("splits", "4"), ("idle_splits", "4")], &["idle_splits=4", "at most 3"]);
        refuses(
            &[("late_fraction", "0.1"), ("straggler_delay_ms", "5")],
            &["late_fraction", "straggler_delay_ms"],
        );
        refuses(&[("key_distribution", "zipff")], &["`key_distribution` takes one of"]);
        refuses(&[("zipf_exponent", "3.5")], &["from 0 to 3"]);
    }
}
