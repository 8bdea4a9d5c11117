//! `suite`: checks suites and describes their format, without running anything.

use crate::cli::{SuiteArgs, SuiteCommand};
use crate::error::{Error, Outcome, Result};
use crate::experiment::foresight;
use crate::experiment::suite::{Experiment, Suite, SuiteOverrides, schema};
use crate::registry::Registry;
use crate::terminal::out;

/// Runs the command.
///
/// # Errors
/// When something in the suite is wrong; the error points at it.
pub(crate) fn suite(args: &SuiteArgs, registry: &Registry) -> Result<Outcome> {
    match &args.command {
        SuiteCommand::Check { suite } => {
            let checked =
                Suite::open(suite, registry)?.with(&SuiteOverrides::default(), registry)?;
            let missing = foresight::check_suite(&checked)?;
            out::line(&summary(&checked));
            missing.iter().for_each(|line| out::note(line));
        }
        SuiteCommand::Schema => {
            let text = serde_json::to_string_pretty(&schema::schema(registry));
            out::line(&text.map_err(Error::run)?);
        }
    }
    Ok(Outcome::Good)
}

/// What a sound suite holds: a line for it and one for every experiment.
fn summary(suite: &Suite) -> String {
    let runs: u64 = suite.experiments.iter().map(Experiment::runs).sum();
    let count = suite.experiments.len();
    let mut lines = vec![format!("{} is sound: {count} experiments, {runs} runs", suite.name)];
    for experiment in &suite.experiments {
        let (variants, repeats) = (experiment.variants.len(), experiment.repeats);
        lines.push(format!(
            "  {}: {} on {variants} variants, {repeats} times each",
            experiment.name,
            experiment.workload.name(),
        ));
    }
    lines.join("\n")
}
