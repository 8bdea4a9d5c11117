//! Reads suites from TOML. Errors point at the place in the text.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use kafka::TopicAddress;
use reports::schema::text::check_name;
use serde::Deserialize;
use serde_json::Value;
use toml::Spanned;

use super::experiment::{Experiment, Length, SuiteRate, variants};
use super::names::{Named, check_unique};
use crate::cli::defaults;
use crate::error::{Error, Result};
use crate::files::source_text::Text;
use crate::files::uri::replayed_topic;
use crate::quantity::{self, MAX_PARALLELISM, Rate};
use crate::registry::{EngineSpec, Overrides, Registry};
use crate::run::clock::Clock;
use crate::run::fault::FaultSpec;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SuiteFile {
    name: Option<Spanned<String>>,
    #[serde(default = "default_parallelism")]
    parallelism: Spanned<u32>,
    #[serde(default = "default_seed")]
    seed: u64,
    experiment: Spanned<Vec<ExperimentFile>>,
}

/// What is wrong with a length beside an input.
const HAS_ITS_LENGTH: &str =
    "an input has its own length, from= and until=; leave `events` and `duration` out";
/// Longest name of a suite or an experiment, in characters.
const LONGEST_NAME: usize = 100;

/// Names and values with their places.
type NamedValues = BTreeMap<Spanned<String>, toml::Value>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExperimentFile {
    name: Option<Spanned<String>>,
    workload: Spanned<String>,
    engines: Spanned<Vec<Spanned<toml::Value>>>,
    rate: Spanned<toml::Value>,
    /// The topic that every run reads.
    input: Option<Spanned<String>>,
    events: Option<Spanned<u64>>,
    duration: Option<Spanned<String>>,
    warm_up: Option<Spanned<String>>,
    repeats: Option<Spanned<u32>>,
    parallelism: Option<Spanned<u32>>,
    seed: Option<u64>,
    clock: Option<Spanned<String>>,
    /// What goes wrong in every run.
    #[serde(default)]
    faults: Vec<Spanned<String>>,
    #[serde(default)]
    knobs: NamedValues,
    #[serde(default)]
    settings: NamedValues,
}

fn default_parallelism() -> Spanned<u32> {
    Spanned::new(0..0, defaults::PARALLELISM)
}

const fn default_seed() -> u64 {
    defaults::SEED
}

/// Reads a suite: its name and its experiments.
///
/// # Errors
/// When something in it is wrong; the error points at it.
pub(super) fn parse(
    text: &str,
    origin: &str,
    registry: &Registry,
) -> Result<(String, Vec<Experiment>)> {
    let place = Text { origin, text };
    let file: SuiteFile = toml::from_str(text).map_err(|error| match error.span() {
        Some(span) => place.at(&span, error.message()),
        None => Error::Input(format!("{origin}: {error}")),
    })?;
    if file.experiment.get_ref().is_empty() {
        return Err(place.at(&file.experiment.span(), "a suite has an experiment"));
    }
    let parallelism = parallelism(&file.parallelism, &place)?;
    let suite = match &file.name {
        Some(given) => name(given, &place)?,
        None => file_name(origin)?,
    };
    let of_file = file.experiment.get_ref();
    let experiments: Vec<Experiment> = of_file
        .iter()
        .map(|it| experiment(it, parallelism, file.seed, registry, &place))
        .collect::<Result<_>>()?;
    let spans = of_file.iter().map(|it| it.name.as_ref().map_or(it.workload.span(), Spanned::span));
    let names: Vec<_> = experiments.iter().map(|it| it.name.as_str()).zip(spans).collect();
    check_unique(Named::Experiment, &names, &place)?;
    Ok((suite, experiments))
}

/// A name that is declared: it becomes a part of tables, pages and the names of files.
fn name(given: &Spanned<String>, place: &Text<'_>) -> Result<String> {
    let name = given.get_ref();
    check(name).map_err(|cause| place.at(&given.span(), cause))?;
    Ok(name.clone())
}

/// The name of a suite that does not declare one.
fn file_name(origin: &str) -> Result<String> {
    let stem = Path::new(origin).file_stem().unwrap_or_default().to_string_lossy().into_owned();
    check(&stem).map_err(|cause| {
        Error::Input(format!(
            "{origin}: the file's name is the suite's, and {cause}; or add name = \"..\""
        ))
    })?;
    Ok(stem)
}

fn check(name: &str) -> std::result::Result<(), String> {
    match name.chars().count() {
        1..=LONGEST_NAME => check_name(name),
        length => Err(format!("a name has 1 to {LONGEST_NAME} characters, not {length}")),
    }
}

fn parallelism(given: &Spanned<u32>, place: &Text<'_>) -> Result<u32> {
    let value = *given.get_ref();
    if (1..=MAX_PARALLELISM).contains(&value) {
        return Ok(value);
    }
    let message = format!("parallelism is from 1 to {}, not {value}", MAX_PARALLELISM);
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
        name: match &file.name {
            Some(given) => name(given, place)?,
            None => workload.name().to_owned(),
        },
        variants: Vec::new(),
        rate: suite_rate(&file.rate, place)?,
        length: length(file, place)?,
        warm_up: match &file.warm_up {
            Some(text) => Some(duration(text, place)?),
            None => None,
        },
        repeats: file.repeats.as_ref().map_or(defaults::REPEATS, |it| *it.get_ref()),
        parallelism: match &file.parallelism {
            Some(given) => parallelism(given, place)?,
            None => suite_parallelism,
        },
        clock: clock(file, place)?,
        seed: file.seed.unwrap_or(suite_seed),
        knobs: BTreeMap::new(),
        faults: file.faults.iter().map(|it| fault(it, place)).collect::<Result<_>>()?,
        duets: Vec::new(),
        force: false,
        input: input(file, place)?,
        topic: None,
        workload,
    };
    if let Some(repeats) = file.repeats.as_ref().filter(|it| *it.get_ref() == 0) {
        return Err(place.at(&repeats.span(), "there is at least one repeat"));
    }
    experiment.knobs = values(&file.knobs);
    experiment.check().map_err(|error| blamed(&file.knobs, error, place))?;
    add_variants(&mut experiment, file.engines.get_ref(), registry, place)?;
    let engines: Vec<_> = experiment.variants.iter().map(|it| Arc::clone(&it.engine)).collect();
    let own: Vec<_> = experiment.variants.iter().map(|it| (it.engine.clone(), &it.own)).collect();
    let given = Overrides::part(&values(&file.settings), &*experiment.workload, &engines)
        .and_then(|given| given.check_reach(&own).map(|()| given))
        .map_err(|error| blamed(&file.settings, error, place))?;
    for variant in &mut experiment.variants {
        variant.shared.extend(given.settings.clone());
    }
    experiment.knobs.extend(given.knobs);
    experiment.check().map_err(|error| blamed(&file.settings, error, place))?;
    if let Some(input) = &file.input {
        experiment.check_input().map_err(wrong(input.span()))?;
    }
    if let Some(first) = file.faults.first() {
        experiment.check_faults().map_err(wrong(first.span()))?;
    }
    Ok(experiment)
}

/// Adds the engines of an experiment, and checks each.
fn add_variants(
    experiment: &mut Experiment,
    engines: &[Spanned<toml::Value>],
    registry: &Registry,
    place: &Text<'_>,
) -> Result<()> {
    for spec in engines {
        let wrong = |error: Error| place.at(&spec.span(), error);
        let parsed = engine_spec(spec, place)?;
        let found = variants(&[parsed], &BTreeMap::new(), registry).map_err(wrong)?;
        experiment.variants.extend(found);
        experiment.check().map_err(wrong)?;
    }
    let names = experiment.variants.iter().map(|it| it.name.as_str());
    let names: Vec<_> = names.zip(engines.iter().map(Spanned::span)).collect();
    check_unique(Named::Variant, &names, place)
}

/// Names and values, as given.
fn values(table: &NamedValues) -> BTreeMap<String, Value> {
    table.iter().map(|(name, value)| (name.get_ref().clone(), json(value))).collect()
}

/// An error about one of several names that only make sense together, at the one that it is about.
fn blamed(table: &NamedValues, error: Error, place: &Text<'_>) -> Error {
    let message = error.to_string();
    // The longest, as one name may be a part of another.
    let about = table.keys().filter(|name| message.contains(name.get_ref().as_str()));
    let about = about.max_by_key(|name| name.get_ref().len()).or(table.keys().next());
    match about {
        Some(name) => place.at(&name.span(), message),
        None => error,
    }
}

fn fault(text: &Spanned<String>, place: &Text<'_>) -> Result<FaultSpec> {
    text.get_ref().parse().map_err(|message: String| place.at(&text.span(), message))
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
    number(rate.get_ref()).map(SuiteRate::Fixed).map_err(wrong)
}

fn clock(file: &ExperimentFile, place: &Text<'_>) -> Result<Clock> {
    let Some(given) = &file.clock else { return Ok(Clock::Wall) };
    let found = [Clock::Wall, Clock::Virtual].into_iter().find(|it| it.name() == given.get_ref());
    found.ok_or_else(|| {
        let what = format!("a clock is `wall` or `virtual`, not `{}`", given.get_ref());
        place.at(&given.span(), what)
    })
}

fn input(file: &ExperimentFile, place: &Text<'_>) -> Result<Option<TopicAddress>> {
    let Some(text) = &file.input else { return Ok(None) };
    let address = replayed_topic(text.get_ref());
    address.map(Some).map_err(|message| place.at(&text.span(), message))
}

fn length(file: &ExperimentFile, place: &Text<'_>) -> Result<Length> {
    if file.input.is_some() {
        let given = file.events.as_ref().map(Spanned::span);
        return match given.or(file.duration.as_ref().map(Spanned::span)) {
            Some(given) => Err(place.at(&given, HAS_ITS_LENGTH)),
            // How long it is, its broker says.
            None => Ok(Length::Events(u64::MAX)),
        };
    }
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
    use super::super::{SHIPPED, Suite, SuiteOverrides};
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
            suite.with(&SuiteOverrides::default(), &Registry::standard()).unwrap();
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
        // Knobs that only make sense together are looked at together.
        let both = "events = 10\nknobs = { hot_drift_events = 9, key_distribution = \"hot-set\" }";
        let keyed = GOOD.replace("forward", "keyed-count");
        assert_eq!(parse(&keyed.replace("events = 10", both)).err(), None);
        let alone = parse(
            &keyed
                .replace("events = 10", "events = 10\nknobs = { keys = 9, hot_drift_events = 9 }"),
        );
        let alone = alone.err().unwrap();
        assert!(alone.starts_with("x.toml:6:21: "), "{alone}");
        for (good, wrong, place, message) in cases {
            let error = parse(&GOOD.replace(good, wrong)).err().expect(wrong);
            assert!(error.starts_with(place), "{wrong}: {error}");
            assert!(error.contains(message), "{wrong}: {error}");
        }
    }
}
