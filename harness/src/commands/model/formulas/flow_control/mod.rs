//! T = B/R: Little's law over what is buffered, on both engines and both clocks.
//!
//! An [`FlowExperiment`] is what is run and what is read from the file that it leaves. Predictions know
//! settings, rates and costs; measurements know stamps, and neither knows the other.

mod batches;
mod buffers;
mod bursts;
mod eager_source;
mod experiment;
mod flusher;
mod links;
mod receivers;
mod speeds;
mod trial;
mod wall;

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "tests read what was written")]
mod tests;

use reports::formulas::Case;

use super::case_runner::CaseRunner;
use super::formula::Formula;
use crate::error::Result;
use crate::run::fault::FaultSpec;

use experiment::{FlowExperiment, NAME};

/// The formula.
pub(super) const FORMULA: Formula = Formula { name: NAME, measure };

fn measure(runner: &mut CaseRunner<'_>) -> Result<Vec<Case>> {
    let mut experiments = virtual_time(runner)?;
    experiments.extend(wall::experiments(runner)?);
    carry_out(runner, experiments, &[])
}

/// Everything that is measured in virtual time.
fn virtual_time(runner: &CaseRunner<'_>) -> Result<Vec<FlowExperiment>> {
    let mut experiments = flusher::experiments(runner, flusher::SEEDS)?;
    experiments.extend(buffers::experiments(runner)?);
    experiments.extend(links::experiments(runner)?);
    experiments.extend(bursts::experiments(runner)?);
    experiments.extend(batches::experiments(runner)?);
    experiments.extend(speeds::experiments(runner)?);
    Ok(experiments)
}

/// Runs experiments, one after the other, with something planned to go wrong in each.
fn carry_out(
    runner: &mut CaseRunner<'_>,
    experiments: Vec<FlowExperiment>,
    faults: &[FaultSpec],
) -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    for mut experiment in experiments {
        if runner.is_to_stop() {
            break;
        }
        experiment.trial.faults = faults.to_vec();
        let saved = experiment.save(runner)?;
        for draft in experiment.asked {
            cases.push(draft.judge(&saved)?);
        }
    }
    Ok(cases)
}
