//! Checks which common knobs go together, and sets what follows from them.

use std::collections::BTreeMap;

use dataflow::job::settings::SettingError;
use serde_json::Value;

use crate::events::key_file::KeyFile;
use crate::knobs::common::LONGEST_MS;
use crate::spec::Knobs;

/// Share of events that go to hot keys unless set otherwise.
const DEFAULT_HOT_SHARE: f64 = 0.5;
/// Seconds after which a load repeats itself unless set otherwise.
const DEFAULT_LOAD_PERIOD_S: f64 = 10.0;
/// Keys for each hot key, unless set otherwise.
const KEYS_PER_HOT_KEY: u64 = 100;

/// Knobs with their values, what was given of them, and the rate of the plan if it has one.
pub(crate) struct KnobRules<'a> {
    pub given: &'a BTreeMap<String, Value>,
    pub knobs: &'a mut Knobs,
    pub rate: Option<f64>,
}

/// The parameters of a load shape, with their defaults; `None` for a parameter that it lacks.
struct LoadParameters {
    peak: Option<f64>,
    /// Share of a period at the peak.
    duty: Option<f64>,
    steps: Option<u64>,
    has_phase: bool,
    pareto_shape: Option<f64>,
}

impl LoadParameters {
    fn of(shape: &str) -> Self {
        let none =
            Self { peak: None, duty: None, steps: None, has_phase: false, pareto_shape: None };
        match shape {
            "ramp" => Self { peak: Some(1.5), has_phase: true, ..none },
            "steps" => Self { peak: Some(1.5), steps: Some(10), has_phase: true, ..none },
            "sine" => Self { peak: Some(1.5), steps: Some(0), has_phase: true, ..none },
            "square" => Self { peak: Some(1.5), duty: Some(0.5), has_phase: true, ..none },
            "burst" => Self { peak: Some(5.0), duty: Some(0.1), ..none },
            "bursts" => Self { peak: Some(5.0), duty: Some(0.1), has_phase: true, ..none },
            // The peak that leaves nothing for the rest follows from the duty.
            "on-off" => Self { peak: Some(f64::NAN), duty: Some(0.5), ..none },
            "pareto" => Self { pareto_shape: Some(1.5), ..none },
            _ => none,
        }
    }
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
    pub(super) fn settle(mut self) -> Settled {
        self.settle_keys()?;
        self.settle_payload()?;
        self.settle_disorder()?;
        self.settle_splits()?;
        self.settle_load()
    }

    fn is_given(&self, name: &str) -> bool {
        self.given.contains_key(name)
    }

    fn set_default(&mut self, name: &str, value: impl Into<Value>) {
        if !self.is_given(name) {
            self.knobs.set(name, value);
        }
    }

    /// Refuses knobs that were given and have no effect.
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

    fn settle_load(&mut self) -> Settled {
        let shape = self.knobs.name("load_shape").to_owned();
        let takes = LoadParameters::of(&shape);
        let what = format!("load_shape={shape}");
        let group = self.knobs.get_integer("out_of_order_group").unwrap_or(1);
        if group > 1 && shape != "constant" {
            return refused(format!(
                "out_of_order_group={group} needs load_shape=constant: how long a group lasts \
                 must be known to the watermarks"
            ));
        }
        for (name, is_taken) in [
            ("load_peak", takes.peak.is_some()),
            ("load_period_s", takes.peak.is_some()),
            ("load_duty", takes.duty.is_some()),
            ("load_steps", takes.steps.is_some()),
            ("load_phase", takes.has_phase),
            ("pareto_shape", takes.pareto_shape.is_some()),
        ] {
            if !is_taken {
                self.without(&[name], &what)?;
            }
        }
        if let Some(pareto_shape) = takes.pareto_shape {
            self.set_default("pareto_shape", pareto_shape);
        }
        if let Some(steps) = takes.steps {
            self.settle_steps(&shape, steps)?;
        }
        if takes.has_phase {
            self.set_default("load_phase", 0.0);
        }
        if let Some(peak) = takes.peak {
            self.set_default("load_period_s", DEFAULT_LOAD_PERIOD_S);
            self.settle_peak(&what, peak, takes.duty)?;
        }
        self.settle_straggler()?;
        let differs = self.rate.is_some_and(|rate| rate != self.knobs.number("event_rate"));
        if takes.peak.is_some() && differs && self.knobs.integer("straggler_delay_ms") > 0 {
            return refused(format!(
                "straggler_delay_ms with {what} needs an event_rate that is the rate, so that \
                 watermarks can allow for the straggler; leave event_rate out"
            ));
        }
        Ok(())
    }

    /// Watermarks allow for the straggler: by how much its event times fall behind must be a span
    /// of event time.
    fn settle_straggler(&self) -> Settled {
        let (delay, event_rate) =
            (self.knobs.integer("straggler_delay_ms"), self.knobs.number("event_rate"));
        let Some(rate) = self.rate else { return Ok(()) };
        let lag = delay as f64 * (rate / event_rate);
        if lag <= LONGEST_MS as f64 {
            return Ok(());
        }
        refused(format!(
            "straggler_delay_ms={delay} at a rate of {rate} and event_rate={event_rate} is \
             {lag:.3e} ms of event time, and {LONGEST_MS} is the most; make straggler_delay_ms less \
             or event_rate more"
        ))
    }

    fn settle_steps(&mut self, shape: &str, default: u64) -> Settled {
        self.set_default("load_steps", default);
        match (shape, self.knobs.integer("load_steps")) {
            ("steps", steps @ 0..=1) | (_, steps @ 1) => refused(format!(
                "load_steps={steps} of load_shape={shape} is no change at all; make it at least 2"
            )),
            _ => Ok(()),
        }
    }

    /// A mean of 1 leaves this much for the rest of a period, which must not be less than nothing.
    fn settle_peak(&mut self, what: &str, default: f64, duty: Option<f64>) -> Settled {
        if let Some(duty) = duty {
            self.set_default("load_duty", duty);
        }
        let (most, of) = match self.knobs.get_number("load_duty").filter(|_| duty.is_some()) {
            Some(duty) => (1.0 / duty, format!("{what} with load_duty={duty}")),
            None => (2.0, what.to_owned()),
        };
        self.set_default("load_peak", if default.is_nan() { most } else { default });
        let peak = self.knobs.number("load_peak");
        if peak > most * (1.0 + 1e-9) {
            return refused(format!(
                "load_peak={peak} of {of} leaves less than nothing for the rest of a period; make \
                 it at most {most}"
            ));
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
    fn a_load_has_the_parameters_of_its_shape() {
        let load = |given: &[(&str, &str)]| {
            let knobs = settled(given).unwrap();
            ["load_peak", "load_period_s", "load_duty"].map(|name| knobs.get_number(name))
        };
        assert_eq!(load(&[]), [None; 3]);
        assert_eq!(load(&[("load_shape", "sine")]), [Some(1.5), Some(10.0), None]);
        assert_eq!(load(&[("load_shape", "burst")]), [Some(5.0), Some(10.0), Some(0.1)]);
        let rare = [("load_shape", "on-off"), ("load_duty", "0.25")];
        assert_eq!(load(&rare), [Some(4.0), Some(10.0), Some(0.25)]);
        assert_eq!(load(&[("load_shape", "poisson")]), [None; 3]);
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
        refuses(&[("load_peak", "2")], &["`load_peak`", "load_shape=constant", "leave it out"]);
        let shaped = |shape, name, value| [("load_shape", shape), (name, value)];
        refuses(&shaped("poisson", "load_period_s", "2"), &["`load_period_s`", "poisson"]);
        refuses(&shaped("sine", "load_duty", "0.2"), &["`load_duty`", "sine"]);
        refuses(&shaped("burst", "load_phase", "0.2"), &["`load_phase`", "burst"]);
        refuses(&shaped("on-off", "pareto_shape", "2"), &["`pareto_shape`", "on-off"]);
        refuses(&shaped("ramp", "load_peak", "2.1"), &["load_peak=2.1", "at most 2"]);
        refuses(&shaped("square", "load_peak", "2.1"), &["load_duty=0.5", "at most 2"]);
        refuses(&shaped("square", "load_duty", "0.8"), &["load_peak=1.5", "at most 1.25"]);
        refuses(&shaped("steps", "load_steps", "1"), &["load_steps=1", "at least 2"]);
        refuses(&shaped("pareto", "pareto_shape", "1"), &["from 1.01"]);
        refuses(
            &[("load_shape", "sine"), ("straggler_delay_ms", "5"), ("event_rate", "7")],
            &["straggler_delay_ms", "event_rate", "leave"],
        );
        refuses(
            &[("straggler_delay_ms", "1000000000"), ("event_rate", "0.001")],
            &["straggler_delay_ms=1000000000", "event_rate=0.001", "1000000000000"],
        );
        refuses(&[("key_distribution", "zipff")], &["`key_distribution` takes one of"]);
        refuses(&[("zipf_exponent", "3.5")], &["from 0 to 3"]);
    }
}
