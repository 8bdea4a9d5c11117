//! `sweep`: the same comparison at every value of one or two axes.

use std::collections::BTreeMap;

use dataflow::StopSignal;
use reports::schema::{Sweep, SweepAxis, SweepPoint};
use serde_json::Value;

use crate::cli::{SweepArgs, defaults};
use crate::commands::runs::compare;
use crate::commands::runs::compare::baseline::Baselines;
use crate::error::{Error, Outcome, Result};
use crate::experiment::foresight;
use crate::experiment::suite::{Suite, SuiteOverrides};
use crate::files::result_folder::ResultFolder;
use crate::quantity;
use crate::quantity::MAX_PARALLELISM;
use crate::registry::Registry;
use crate::terminal::out;

/// Axes at the most.
const MOST_AXES: usize = 2;
/// The planned rate as an axis.
const RATE: &str = "rate";
/// Subtasks per stage as an axis.
const PARALLELISM: &str = "parallelism";

/// Runs the command.
///
/// # Errors
/// For an invalid axis and other bad usage, and when an engine fails.
pub(crate) fn sweep(args: &SweepArgs, registry: &Registry, stop: &StopSignal) -> Result<Outcome> {
    let (mut suite, sweep) = planned(args, registry)?;
    suite.open_topics(args.topic.settings()?.as_ref(), &out::tell())?;
    foresight::check_suite(&suite)?.iter().for_each(|line| out::note(line));
    let folder = ResultFolder::make(args.out.folder(), "sweep")?;
    let options = compare::CompareOptions {
        sweep: Some(sweep),
        against_itself: false,
        duet: false,
        until: None,
        baselines: Baselines::default(),
        thresholds: &args.shared.thresholds,
        json: args.json,
        live: false,
    };
    compare::compare_suite(&suite, &folder, options, stop)
}

/// Every point as an experiment, and what is varied.
///
/// # Errors
/// For an invalid axis, and when something else that was asked for is wrong.
pub(super) fn planned(args: &SweepArgs, registry: &Registry) -> Result<(Suite, Sweep)> {
    let axes: Vec<Axis> = args.axes.iter().map(|text| Axis::parse(text)).collect::<Result<_>>()?;
    if let [a, b] = axes.as_slice()
        && a.name == b.name
    {
        return Err(Error::Input(format!("--axis {} was given twice", a.name)));
    }
    if axes.len() > MOST_AXES {
        return Err(Error::Input("a sweep has one axis or two".to_owned()));
    }
    suite(args, &axes, registry)
}

/// Something that is varied, and its values as they were typed.
struct Axis {
    name: String,
    values: Vec<String>,
}

impl Axis {
    fn parse(text: &str) -> Result<Self> {
        let wrong = || {
            Error::Input(format!(
                "`{text}` is no axis; write --axis NAME=VALUE,VALUE,.. with two values or more"
            ))
        };
        let (name, values) = text.split_once('=').ok_or_else(wrong)?;
        let values: Vec<String> = values.split(',').map(|value| value.trim().to_owned()).collect();
        if values.len() < 2 || values.iter().any(String::is_empty) {
            return Err(wrong());
        }
        if let Some(twice) = values.iter().enumerate().find(|(n, it)| values[..*n].contains(it)) {
            return Err(Error::Input(format!("--axis {name} has the value {} twice", twice.1)));
        }
        Ok(Self { name: name.trim().to_owned(), values })
    }

    /// Puts a value into what a point says over the experiment.
    fn apply(&self, value: &str, overrides: &mut SuiteOverrides) -> Result<()> {
        match self.name.as_str() {
            RATE => overrides.rate = Some(quantity::rate(value).map_err(Error::Input)?),
            PARALLELISM => {
                let count =
                    value.parse().ok().filter(|count| (1..=MAX_PARALLELISM).contains(count));
                let wrong = || {
                    Error::Input(format!(
                        "--axis parallelism takes whole numbers from 1 to {MAX_PARALLELISM}, not `{value}`"
                    ))
                };
                overrides.parallelism = Some(count.ok_or_else(wrong)?);
            }
            name => {
                overrides.set.insert(name.to_owned(), Value::String(value.to_owned()));
            }
        }
        Ok(())
    }

    /// A value for results: a number where it is one.
    fn value(&self, text: &str) -> Value {
        let rate = (self.name == RATE).then(|| quantity::rate(text).ok()?.per_second()).flatten();
        rate.or_else(|| text.parse().ok()).map_or_else(|| text.into(), Value::from)
    }
}

/// Every point as an experiment, the last axis varying fastest.
fn suite(args: &SweepArgs, axes: &[Axis], registry: &Registry) -> Result<(Suite, Sweep)> {
    let given = SuiteOverrides::given(&args.shared, &args.engines)?;
    let repeats = Some(given.repeats.unwrap_or(defaults::SWEEP_REPEATS));
    let input = args.topic.input.clone();
    let base = SuiteOverrides { repeats, force: args.out.force, input, ..given };
    refuse_contradictions(axes, &base.set, args)?;
    let workload = [args.workload.clone()];
    let mut experiments = Vec::new();
    let mut points = Vec::new();
    for values in combinations(axes) {
        let mut overrides = base.clone();
        for (axis, value) in axes.iter().zip(&values) {
            axis.apply(value, &mut overrides)?;
        }
        let point = Suite::of_workloads(&workload, registry)?.with(&overrides, registry)?;
        let named = axes.iter().zip(&values).map(|(axis, value)| format!("{}={value}", axis.name));
        let name = named.collect::<Vec<_>>().join(", ");
        for mut experiment in point.experiments {
            experiment.name.clone_from(&name);
            experiments.push(experiment);
        }
        let at = axes.iter().zip(&values).map(|(axis, value)| axis.value(value)).collect();
        points.push(SweepPoint { experiment: name, at });
    }
    let described = axes.iter().map(|axis| SweepAxis {
        name: axis.name.clone(),
        values: axis.values.iter().map(|value| axis.value(value)).collect(),
    });
    let sweep = Sweep { axes: described.collect(), points };
    let name = format!("sweep of {}", args.workload);
    Ok((Suite { name, experiments }, sweep))
}

/// What is varied cannot be fixed as well.
fn refuse_contradictions(
    axes: &[Axis],
    set: &BTreeMap<String, Value>,
    args: &SweepArgs,
) -> Result<()> {
    for axis in axes {
        let option = match axis.name.as_str() {
            RATE if args.shared.rate.is_some() => "--rate",
            PARALLELISM if args.shared.parallelism.is_some() => "--parallelism",
            "guarantee" if args.shared.guarantee.is_some() => "--guarantee",
            name if set.contains_key(name) => "--set",
            _ => continue,
        };
        let name = &axis.name;
        return Err(Error::Input(format!("`{name}` is varied by --axis and fixed by {option}")));
    }
    Ok(())
}

/// A value of each axis, in every combination.
fn combinations(axes: &[Axis]) -> Vec<Vec<String>> {
    axes.iter().fold(vec![Vec::new()], |points, axis| {
        let longer = |point: Vec<String>| {
            axis.values.iter().map(move |value| {
                let mut point = point.clone();
                point.push(value.clone());
                point
            })
        };
        points.into_iter().flat_map(longer).collect()
    })
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::{Cli, Command};
    use crate::commands::runs::compare::{Measured, measure};
    use crate::files::result_folder::NamedFolder;
    use crate::run::executor::Runner;
    use crate::run::mock::{Mock, Model};
    use crate::run::spec::RunSpec;

    fn args(line: &str) -> SweepArgs {
        let line = format!("streamgauge sweep {line}");
        match Cli::parse_from(line.split_whitespace()).command {
            Command::Sweep(args) => args,
            other => panic!("{other:?}"),
        }
    }

    fn options(sweep: Sweep) -> compare::CompareOptions<'static> {
        compare::CompareOptions {
            sweep: Some(sweep),
            against_itself: false,
            duet: false,
            until: None,
            baselines: Baselines::default(),
            thresholds: &[],
            json: true,
            live: false,
        }
    }

    #[test]
    fn points_run_in_order_and_the_last_axis_varies_fastest() {
        let line = "--axis rate=10k,20k --axis parallelism=1,3 --events 50k --repeats 2";
        let args = args(line);
        let axes: Vec<Axis> = args.axes.iter().map(|it| Axis::parse(it).unwrap()).collect();
        let (suite, sweep) = suite(&args, &axes, &Registry::standard()).unwrap();
        let directory = tempfile::tempdir().unwrap();
        let folder = ResultFolder::make(NamedFolder::at(directory.path()), "sweep").unwrap();
        let stop = StopSignal::default();
        let mut mock = Mock::new(|_: &RunSpec, _| Ok(Model::default()));
        let listener = mock.listener();
        let runner = Runner::new(&mut mock, &stop, &listener);
        let options = options(sweep);
        let Measured { result, ended, .. } = measure(&suite, &folder, &options, runner).unwrap();
        ended.unwrap();

        let names = [
            "rate=10k, parallelism=1",
            "rate=10k, parallelism=3",
            "rate=20k, parallelism=1",
            "rate=20k, parallelism=3",
        ];
        let mut ran: Vec<_> = result.runs.iter().map(|run| run.experiment.as_str()).collect();
        assert_eq!(ran.len(), 4 * 2 * 2);
        ran.dedup();
        assert_eq!(ran, names);
        let at = |name: &str| {
            let run = result.runs.iter().find(|run| run.experiment == name).unwrap();
            (run.rate, run.parallelism, run.events)
        };
        assert_eq!(at(names[1]), (Some(10_000.0), 3, 50_000));
        assert_eq!(at(names[2]), (Some(20_000.0), 1, 50_000));
        let points = &result.sweep.as_ref().unwrap().points;
        assert!(points.iter().map(|point| point.experiment.as_str()).eq(names));
        assert_eq!(points[1].at, [Value::from(10_000.0), Value::from(3.0)]);
        // Points are compared each by itself, in both percentiles.
        assert_eq!(result.comparisons.len(), 4 * 2);
    }

    #[test]
    fn what_is_varied_is_not_fixed_as_well() {
        let args = args("--axis rate=10k,20k --rate 5k");
        let refused = sweep(&args, &Registry::standard(), &StopSignal::default());
        let error = refused.unwrap_err().to_string();
        assert!(error.contains("varied by --axis and fixed by --rate"), "{error}");
    }
}
