//! Suites: experiments in a TOML file. Whatever is wrong is pointed at by file, line and column.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use dataflow::Engine;
use dataflow::settings::Settings;
use serde::Deserialize;
use serde_json::Value;
use toml::Spanned;
use workloads::registry::AnyWorkload;

use crate::comparisons::repetition;
use crate::error::{Error, Result};
use crate::quantity::{self, Rate};
use crate::registry::{EngineSpec, Given, Registry, resolve_settings, unknown};

/// Suites that come with the binary: name and text.
pub const SHIPPED: &[(&str, &str)] = &[("quick", include_str!("suites/quick.toml"))];

/// A suite, checked against the registry.
#[derive(Clone)]
pub struct Suite {
    /// Its name.
    pub name: String,
    /// Its experiments, in order.
    pub experiments: Vec<Experiment>,
}

/// One workload on several engines.
#[derive(Clone)]
pub struct Experiment {
    /// Its name.
    pub name: String,
    /// The workload.
    pub workload: Arc<dyn AnyWorkload>,
    /// The engines, each with the settings that set it apart.
    pub variants: Vec<Variant>,
    /// How fast events come.
    pub rate: SuiteRate,
    /// How many.
    pub length: Length,
    /// Events at the start that are not timed, as a time at the rate.
    pub warm_up: Option<Duration>,
    /// Alternating repeats.
    pub repeats: u32,
    /// Subtasks per stage.
    pub parallelism: u32,
    /// Seed of everything drawn.
    pub seed: u64,
    /// The workload's knobs, as given.
    pub knobs: BTreeMap<String, Value>,
}

/// An engine in an experiment.
#[derive(Clone)]
pub struct Variant {
    /// The engine.
    pub engine: Arc<dyn Engine>,
    /// Name of the column.
    pub name: String,
    /// Its own settings, as given.
    pub own: BTreeMap<String, Value>,
    /// Settings given to all engines that have them.
    pub shared: BTreeMap<String, Value>,
}

/// How fast events come in an experiment.
#[derive(Copy, Clone, Debug, PartialEq)]
pub enum SuiteRate {
    /// As fast as they are taken: throughput is measured.
    Max,
    /// At this rate: latency is measured.
    Fixed(f64),
    /// At this rate, or half of what the slowest engine takes if that is less.
    AtMost(f64),
}

/// How long a run is.
#[derive(Copy, Clone, Debug, PartialEq)]
pub enum Length {
    /// So many events.
    Events(u64),
    /// As many as come, or are taken, in this time.
    Duration(Duration),
}

/// What the command line says over the suite.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// Engines in the place of the suite's.
    pub engines: Vec<EngineSpec>,
    /// Only experiments of these workloads, or these in the place of the suite.
    pub workloads: Vec<String>,
    /// Repeats.
    pub repeats: Option<u32>,
    /// Warm-up.
    pub warm_up: Option<Duration>,
    /// Rate.
    pub rate: Option<Rate>,
    /// Length.
    pub length: Option<Length>,
    /// Subtasks per stage.
    pub parallelism: Option<u32>,
    /// Seed.
    pub seed: Option<u64>,
    /// Knobs and settings.
    pub set: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SuiteFile {
    name: Option<String>,
    #[serde(default = "default_parallelism")]
    parallelism: Spanned<u32>,
    #[serde(default = "default_seed")]
    seed: u64,
    experiment: Spanned<Vec<ExperimentFile>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExperimentFile {
    name: Option<String>,
    workload: Spanned<String>,
    engines: Spanned<Vec<Spanned<toml::Value>>>,
    rate: Spanned<toml::Value>,
    events: Option<Spanned<u64>>,
    duration: Option<Spanned<String>>,
    warm_up: Option<Spanned<String>>,
    repeats: Option<Spanned<u32>>,
    parallelism: Option<Spanned<u32>>,
    seed: Option<u64>,
    #[serde(default)]
    knobs: BTreeMap<Spanned<String>, toml::Value>,
    #[serde(default)]
    settings: BTreeMap<Spanned<String>, toml::Value>,
}

fn default_parallelism() -> Spanned<u32> {
    Spanned::new(0..0, 2)
}

const fn default_seed() -> u64 {
    42
}

/// Repeats when nobody says.
const DEFAULT_REPEATS: u32 = 5;

/// A suite's text and where it came from, for errors.
struct Text<'a> {
    origin: &'a str,
    text: &'a str,
}

impl Text<'_> {
    /// An error at a place in the text: file, line and column, and the line itself.
    fn at(&self, span: &Range<usize>, message: impl std::fmt::Display) -> Error {
        let before = &self.text[..span.start.min(self.text.len())];
        let line = before.matches('\n').count() + 1;
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let column = self.text[start..span.start].chars().count() + 1;
        let shown = self.text[start..].lines().next().unwrap_or_default();
        let number = line.to_string();
        let margin = " ".repeat(number.len());
        let width = span.len().clamp(1, shown.len().saturating_sub(column - 1).max(1));
        let marks = format!("{}{}", " ".repeat(column - 1), "^".repeat(width));
        Error::Input(format!(
            "{}:{line}:{column}: {message}\n{margin} |\n{number} | {shown}\n{margin} | {marks}",
            self.origin
        ))
    }
}

impl Suite {
    /// A shipped suite by name, or one in a file.
    ///
    /// # Errors
    /// When there is none, or something in it is wrong.
    pub fn open(name_or_path: &str, registry: &Registry) -> Result<Self> {
        if let Some((name, text)) = SHIPPED.iter().find(|(name, _)| *name == name_or_path) {
            return Self::parse(text, name, registry);
        }
        let path = Path::new(name_or_path);
        if path.extension().is_none_or(|it| it != "toml") && !path.exists() {
            let known: Vec<&str> = SHIPPED.iter().map(|(name, _)| *name).collect();
            let Error::Input(message) = unknown("suite", name_or_path, &known) else {
                unreachable!("an unknown name is bad input")
            };
            return Err(Error::Input(format!("{message}; or name a file SUITE.toml")));
        }
        let text = std::fs::read_to_string(path)
            .map_err(|error| Error::Input(format!("cannot read {name_or_path}: {error}")))?;
        Self::parse(&text, name_or_path, registry)
    }

    /// Reads a suite.
    ///
    /// # Errors
    /// When something in it is wrong; the error points at it.
    pub fn parse(text: &str, origin: &str, registry: &Registry) -> Result<Self> {
        let place = Text { origin, text };
        let file: SuiteFile = toml::from_str(text).map_err(|error| match error.span() {
            Some(span) => place.at(&span, error.message()),
            None => Error::Input(format!("{origin}: {error}")),
        })?;
        if file.experiment.get_ref().is_empty() {
            return Err(place.at(&file.experiment.span(), "a suite has an experiment"));
        }
        let parallelism = parallelism(&file.parallelism, &place)?;
        let stem = Path::new(origin).file_stem().map(|it| it.to_string_lossy().into_owned());
        let experiments = file
            .experiment
            .get_ref()
            .iter()
            .map(|it| experiment(it, parallelism, file.seed, registry, &place))
            .collect::<Result<_>>()?;
        Ok(Self { name: file.name.or(stem).unwrap_or_default(), experiments })
    }

    /// A suite of one experiment per workload, for a command line without a suite.
    ///
    /// # Errors
    /// When a workload is not known.
    pub fn of_workloads(names: &[String], registry: &Registry) -> Result<Self> {
        let engines = ["pipelined", "microbatch"].map(EngineSpec::parse);
        let engines = engines.into_iter().collect::<Result<Vec<_>>>()?;
        let experiments = names.iter().map(|name| {
            Ok(Experiment {
                name: name.clone(),
                workload: registry.workload(name)?,
                variants: variants(&engines, &BTreeMap::new(), registry)?,
                rate: SuiteRate::Max,
                length: Length::Duration(Duration::from_millis(500)),
                warm_up: None,
                repeats: DEFAULT_REPEATS,
                parallelism: 2,
                seed: default_seed(),
                knobs: BTreeMap::new(),
            })
        });
        Ok(Self {
            name: "command line".to_owned(),
            experiments: experiments.collect::<Result<_>>()?,
        })
    }

    /// Applies what the command line says, and checks every setting and knob.
    ///
    /// # Errors
    /// For a name or value that no engine or workload takes.
    pub fn with(mut self, overrides: &Overrides, registry: &Registry) -> Result<Self> {
        if !overrides.workloads.is_empty() {
            for name in &overrides.workloads {
                registry.workload(name)?;
            }
            self.experiments
                .retain(|it| overrides.workloads.iter().any(|name| name == it.workload.name()));
            if self.experiments.is_empty() {
                return Err(Error::Input(format!(
                    "suite {} has no experiment with {}",
                    self.name,
                    overrides.workloads.join(", ")
                )));
            }
        }
        for experiment in &mut self.experiments {
            experiment.apply(overrides, registry)?;
            experiment.check()?;
        }
        Ok(self)
    }

    /// The same with every variant twice in a row, the second time as its own repetition.
    pub fn against_itself(mut self) -> Self {
        for experiment in &mut self.experiments {
            let twice = experiment.variants.drain(..).flat_map(|variant| {
                let name = repetition(&variant.name);
                [variant.clone(), Variant { name, ..variant }]
            });
            experiment.variants = twice.collect();
        }
        self
    }
}

impl Experiment {
    fn apply(&mut self, overrides: &Overrides, registry: &Registry) -> Result<()> {
        if !overrides.engines.is_empty() {
            let shared = self.variants.first().map(|it| it.shared.clone()).unwrap_or_default();
            self.variants = variants(&overrides.engines, &shared, registry)?;
        }
        self.repeats = overrides.repeats.unwrap_or(self.repeats);
        self.warm_up = overrides.warm_up.or(self.warm_up);
        self.length = overrides.length.unwrap_or(self.length);
        self.parallelism = overrides.parallelism.unwrap_or(self.parallelism);
        self.seed = overrides.seed.unwrap_or(self.seed);
        match overrides.rate {
            Some(Rate::Max) => self.rate = SuiteRate::Max,
            Some(Rate::PerSecond(rate)) => self.rate = SuiteRate::Fixed(rate),
            None => {}
        }
        let engines: Vec<_> = self.variants.iter().map(|it| Arc::clone(&it.engine)).collect();
        let given = Given::part(&overrides.set, &*self.workload, &engines)?;
        self.knobs.extend(given.knobs);
        for variant in &mut self.variants {
            variant.shared.extend(given.settings.clone());
        }
        Ok(())
    }

    /// Every setting and knob must be one, with a value that it takes.
    fn check(&self) -> Result<()> {
        self.workload.resolve(&self.knobs, Some(1.0)).map_err(Error::input)?;
        for variant in &self.variants {
            let workload = &*self.workload;
            variant.settings(workload, self.parallelism, false)?;
        }
        Ok(())
    }
}

impl Variant {
    /// The engine's settings in an experiment.
    ///
    /// # Errors
    /// As [`resolve_settings`].
    pub fn settings(
        &self,
        workload: &dyn AnyWorkload,
        parallelism: u32,
        at_max: bool,
    ) -> Result<Settings> {
        resolve_settings(&*self.engine, &self.own, &self.shared, workload, parallelism, at_max)
    }
}

fn variants(
    specs: &[EngineSpec],
    shared: &BTreeMap<String, Value>,
    registry: &Registry,
) -> Result<Vec<Variant>> {
    let variant = |spec: &EngineSpec| {
        Ok(Variant {
            engine: registry.engine(&spec.name)?,
            name: spec.to_string(),
            own: spec.settings.clone(),
            shared: shared.clone(),
        })
    };
    specs.iter().map(variant).collect()
}

fn parallelism(given: &Spanned<u32>, place: &Text<'_>) -> Result<u32> {
    let value = *given.get_ref();
    if (1..=crate::cli::MAX_PARALLELISM).contains(&value) {
        return Ok(value);
    }
    let message = format!("parallelism is from 1 to {}, not {value}", crate::cli::MAX_PARALLELISM);
    Err(place.at(&given.span(), message))
}

fn experiment(
    file: &ExperimentFile,
    suite_parallelism: u32,
    suite_seed: u64,
    registry: &Registry,
    place: &Text<'_>,
) -> Result<Experiment> {
    let wrong = |span: Range<usize>| move |error: Error| place.at(&span, error);
    let workload =
        registry.workload(file.workload.get_ref()).map_err(wrong(file.workload.span()))?;
    if file.engines.get_ref().is_empty() {
        return Err(place.at(&file.engines.span(), "an experiment has an engine"));
    }
    let mut experiment = Experiment {
        name: file.name.clone().unwrap_or_else(|| workload.name().to_owned()),
        variants: Vec::new(),
        rate: suite_rate(&file.rate, place)?,
        length: length(file, place)?,
        warm_up: match &file.warm_up {
            Some(text) => Some(duration(text, place)?),
            None => None,
        },
        repeats: file.repeats.as_ref().map_or(DEFAULT_REPEATS, |it| *it.get_ref()),
        parallelism: match &file.parallelism {
            Some(given) => parallelism(given, place)?,
            None => suite_parallelism,
        },
        seed: file.seed.unwrap_or(suite_seed),
        knobs: BTreeMap::new(),
        workload,
    };
    if let Some(repeats) = file.repeats.as_ref().filter(|it| *it.get_ref() == 0) {
        return Err(place.at(&repeats.span(), "there is at least one repeat"));
    }
    for (name, value) in &file.knobs {
        experiment.knobs.insert(name.get_ref().clone(), json(value));
        experiment.check().map_err(wrong(name.span()))?;
    }
    for spec in file.engines.get_ref() {
        let parsed = engine_spec(spec, place)?;
        let found = variants(&[parsed], &BTreeMap::new(), registry).map_err(wrong(spec.span()))?;
        experiment.variants.extend(found);
        experiment.check().map_err(wrong(spec.span()))?;
    }
    let engines: Vec<_> = experiment.variants.iter().map(|it| Arc::clone(&it.engine)).collect();
    for (name, value) in &file.settings {
        let one = BTreeMap::from([(name.get_ref().clone(), json(value))]);
        let given =
            Given::part(&one, &*experiment.workload, &engines).map_err(wrong(name.span()))?;
        for variant in &mut experiment.variants {
            variant.shared.extend(given.settings.clone());
        }
        experiment.knobs.extend(given.knobs);
        experiment.check().map_err(wrong(name.span()))?;
    }
    Ok(experiment)
}

/// `"pipelined,buffer_timeout_ms=0"`, or `{ name = "pipelined", buffer_timeout_ms = 0 }`.
fn engine_spec(spec: &Spanned<toml::Value>, place: &Text<'_>) -> Result<EngineSpec> {
    match spec.get_ref() {
        toml::Value::String(text) => {
            EngineSpec::parse(text).map_err(|error| place.at(&spec.span(), error))
        }
        toml::Value::Table(table) => {
            let Some(toml::Value::String(name)) = table.get("name") else {
                return Err(place.at(&spec.span(), "an engine has a `name`"));
            };
            let settings = table.iter().filter(|(key, _)| *key != "name");
            let settings = settings.map(|(key, value)| (key.clone(), json(value))).collect();
            Ok(EngineSpec { name: name.clone(), settings })
        }
        _ => {
            let message =
                "an engine is a name with settings, such as \"microbatch,batch_interval_ms=50\"";
            Err(place.at(&spec.span(), message))
        }
    }
}

fn suite_rate(rate: &Spanned<toml::Value>, place: &Text<'_>) -> Result<SuiteRate> {
    let wrong = |message: String| place.at(&rate.span(), message);
    let number =
        |value: &toml::Value| match value {
            toml::Value::Integer(number) => quantity::rate(&number.to_string()),
            toml::Value::Float(number) => quantity::rate(&number.to_string()),
            toml::Value::String(text) => quantity::rate(text),
            _ => Err("a rate is \"max\", a number of events per second, or { at_most = NUMBER }"
                .to_owned()),
        };
    if let toml::Value::Table(table) = rate.get_ref() {
        return match (table.get("at_most"), table.len()) {
            (Some(value), 1) => match number(value).map_err(wrong)? {
                Rate::PerSecond(rate) => Ok(SuiteRate::AtMost(rate)),
                Rate::Max => Err(wrong("at_most takes a number".to_owned())),
            },
            _ => Err(wrong("a rate in braces is { at_most = NUMBER }".to_owned())),
        };
    }
    Ok(match number(rate.get_ref()).map_err(wrong)? {
        Rate::Max => SuiteRate::Max,
        Rate::PerSecond(rate) => SuiteRate::Fixed(rate),
    })
}

fn length(file: &ExperimentFile, place: &Text<'_>) -> Result<Length> {
    match (&file.events, &file.duration) {
        (Some(events), None) => match *events.get_ref() {
            0 => Err(place.at(&events.span(), "there is at least one event")),
            events => Ok(Length::Events(events)),
        },
        (None, Some(text)) => Ok(Length::Duration(duration(text, place)?)),
        (Some(events), Some(_)) => {
            Err(place.at(&events.span(), "an experiment has `events` or `duration`, not both"))
        }
        (None, None) => {
            Err(place.at(&file.workload.span(), "this experiment lacks `events` or `duration`"))
        }
    }
}

fn duration(text: &Spanned<String>, place: &Text<'_>) -> Result<Duration> {
    quantity::duration(text.get_ref()).map_err(|message| place.at(&text.span(), message))
}

fn json(value: &toml::Value) -> Value {
    match value {
        toml::Value::Integer(number) => (*number).into(),
        toml::Value::Float(number) => (*number).into(),
        toml::Value::Boolean(flag) => (*flag).into(),
        other => other.as_str().map_or_else(|| other.to_string(), str::to_owned).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> std::result::Result<Suite, String> {
        Suite::parse(text, "x.toml", &Registry::standard()).map_err(|error| error.to_string())
    }

    const GOOD: &str = "[[experiment]]\nworkload = \"forward\"\nengines = [\"pipelined\"]\nrate = \"max\"\nevents = 10\n";

    #[test]
    fn shipped_suites_are_sound() {
        for (name, text) in SHIPPED {
            let suite = Suite::parse(text, name, &Registry::standard()).unwrap();
            assert_eq!(suite.name, *name);
            suite.with(&Overrides::default(), &Registry::standard()).unwrap();
        }
    }

    #[test]
    fn whatever_is_wrong_is_pointed_at() {
        let cases = [
            (
                "workload = \"forward\"",
                "workload = \"foward\"",
                "x.toml:2:12: ",
                "did you mean `forward`",
            ),
            (
                "engines = [\"pipelined\"]",
                "engines = [\"pipeline\"]",
                "x.toml:3:12: ",
                "did you mean `pipelined`",
            ),
            (
                "engines = [\"pipelined\"]",
                "engines = [\"pipelined,bufer_bytes=1\"]",
                "x.toml:3:12: ",
                "did you mean `buffer_bytes`",
            ),
            ("rate = \"max\"", "rate = -5", "x.toml:4:8: ", "more than 0"),
            ("rate = \"max\"", "rate = 'fast'", "x.toml:4:8: ", "is no rate"),
            ("events = 10", "events = 0", "x.toml:5:10: ", "at least one event"),
            ("events = 10", "evnts = 10", "x.toml:5:1: ", "unknown field `evnts`"),
            ("events = 10", "duration = '5'", "x.toml:5:12: ", "is no duration"),
            (
                "events = 10",
                "events = 10\nparallelism = 0",
                "x.toml:6:15: ",
                "parallelism is from 1",
            ),
            (
                "events = 10",
                "events = 10\nknobs = { kyes = 3 }",
                "x.toml:6:11: ",
                "did you mean `keys`",
            ),
            (
                "events = 10",
                "events = 10\nknobs = { zipf_exponent = 9 }",
                "x.toml:6:11: ",
                "from 0 to 3",
            ),
            ("events = 10", "events = ", "x.toml:5:", ""),
        ];
        assert!(parse(GOOD).is_ok());
        for (good, wrong, place, message) in cases {
            let error = parse(&GOOD.replace(good, wrong)).err().expect(wrong);
            assert!(error.starts_with(place), "{wrong}: {error}");
            assert!(error.contains(message), "{wrong}: {error}");
        }
    }
}
