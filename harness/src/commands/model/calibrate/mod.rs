//! `calibrate`: what each kind of work costs an implementation, by runs that tell the kinds apart.

mod found;
mod profile_text;
mod table;

use crate::cli::CalibrateArgs;
use crate::error::{Error, Outcome, Result};
use crate::experiment::calibration::design::{Design, Unknown, designs, unknowns};
use crate::experiment::calibration::fit::{Equation, fit, left_out_errors};
use crate::experiment::calibration::measure::Manner;
use crate::files::result_folder::ResultFolder;
use crate::files::write_whole;
use crate::registry::Registry;
use crate::run::executor::Runner;
use crate::run::real::Real;
use crate::terminal::out;
use crate::terminal::progress::Progress;
use dataflow::StopSignal;
use reports::words::summary::Spread;

use found::{Found, FoundPrice, Measured};

/// Runs the command.
///
/// # Errors
/// When a run fails, and when the profile cannot be written.
pub(crate) fn calibrate(
    args: &CalibrateArgs,
    registry: &Registry,
    stop: &StopSignal,
) -> Result<Outcome> {
    let (designs, unknowns) = (designs(args.target), unknowns(args.target));
    let folder = ResultFolder::make(args.out.folder(), "calibrate")?;
    let runs = designs.len() as u64 * u64::from(args.repeats);
    let progress = Progress::new(runs, args.json);
    let mut real = Real;
    let mut runner = Runner::new(&mut real, stop, &progress);
    let manner = Manner {
        registry,
        seed: args.seed,
        parallelism: args.parallelism,
        duration: args.duration.unwrap_or(args.target.duration()),
    };
    let mut took = Took::new(&designs, &unknowns, &manner, &mut runner)?;
    for repeat in 0..args.repeats {
        if !took.measure(&designs, &manner, &mut runner)? {
            progress.finish();
            out::note(&format!(
                "interrupted after {repeat} of {} repeats: no profile was written",
                args.repeats
            ));
            return Ok(Outcome::Interrupted);
        }
    }
    progress.finish();
    let found = took.found(&designs, &unknowns, &manner);
    let text = profile_text::profile(args, &found);
    let path = folder.path().join(format!("{}.toml", args.target.profile()));
    write_whole(&path, text.as_bytes()).map_err(Error::run)?;
    if args.json {
        out::json(&found);
    } else {
        out::line(&table::found(&found));
        out::line(&format!("Profile: {0}\nUse it: --set profile={0}", path.display()));
    }
    Ok(Outcome::Good)
}

/// What every design took, repeat by repeat.
struct Took {
    /// By design.
    events: Vec<u64>,
    counts: Vec<Vec<f64>>,
    /// By repeat and design.
    took: Vec<Vec<f64>>,
}

impl Took {
    fn new(
        designs: &[Design],
        unknowns: &[Unknown],
        manner: &Manner<'_>,
        runner: &mut Runner<'_>,
    ) -> Result<Self> {
        let (mut events, mut counts) = (Vec::new(), Vec::new());
        for design in designs {
            runner.audience.say(&format!("calibrate: {}", design.name));
            counts.push(manner.counts(design, unknowns, runner)?);
            events.push(manner.events(design, runner)?);
        }
        Ok(Self { events, counts, took: Vec::new() })
    }

    /// Runs every design once more. Says whether it came to its end.
    fn measure(
        &mut self,
        designs: &[Design],
        manner: &Manner<'_>,
        runner: &mut Runner<'_>,
    ) -> Result<bool> {
        let mut all = Vec::new();
        for (design, events) in designs.iter().zip(&self.events) {
            runner.audience.say(&format!("calibrate: {}", design.name));
            if runner.is_to_stop() {
                return Ok(false);
            }
            let took = manner.took(design, *events, runner);
            if runner.is_to_stop() {
                return Ok(false);
            }
            all.push(took?);
        }
        self.took.push(all);
        Ok(true)
    }

    fn equations(&self, took: &[f64]) -> Vec<Equation> {
        let both = self.counts.iter().zip(took);
        both.map(|(counts, took)| Equation { counts: counts.clone(), took: *took }).collect()
    }

    /// Prices from the medians, and from each repeat by itself for how far they spread.
    fn found(&self, designs: &[Design], unknowns: &[Unknown], manner: &Manner<'_>) -> Found {
        let of = |all: &dyn Fn(usize) -> f64| {
            Spread::of((0..self.took.len()).map(all)).expect("there is a repeat, and it took time")
        };
        let took: Vec<Spread> =
            (0..designs.len()).map(|design| of(&|repeat| self.took[repeat][design])).collect();
        let medians: Vec<f64> = took.iter().map(|spread| spread.median).collect();
        let equations = self.equations(&medians);
        let prices = fit(&equations, unknowns.len());
        let single: Vec<Vec<f64>> =
            self.took.iter().map(|took| fit(&self.equations(took), unknowns.len())).collect();
        let range = |unknown: usize| {
            let spread = of(&|repeat| single[repeat][unknown]);
            (spread.low, spread.high)
        };
        let left_out = left_out_errors(&equations, unknowns.len());
        let measured = designs.iter().enumerate().map(|(place, design)| Measured {
            name: design.name,
            of: design.response.unit(),
            engine: design.engine,
            workload: design.workload,
            events: self.events[place],
            took_ns: medians[place],
            least_ns: took[place].low,
            most_ns: took[place].high,
            fitted_ns: equations[place].predicted(&prices),
            left_out_error: left_out[place],
        });
        let price = |(place, (kind, keys)): (usize, &Unknown)| FoundPrice {
            kind: kind.name(),
            keys: *keys,
            price_ns: prices[place],
            range_ns: range(place),
        };
        Found {
            prices: unknowns.iter().enumerate().map(price).collect(),
            runs: measured.collect(),
            repeats: self.took.len(),
            parallelism: manner.parallelism,
            seed: manner.seed,
        }
    }
}
