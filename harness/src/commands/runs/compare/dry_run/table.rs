//! A dry run as a table for the terminal.

use std::time::Duration;

use reports::words::units;

use super::plan::DryRun;
use crate::terminal::table::table;

/// What a suite will do, and how long that takes.
pub(super) fn dry_run(plan: &DryRun) -> String {
    let headings = ["experiment", "engine", "rate", "events", "runs", "each", "together"];
    let mut table = table(&headings, 2);
    for experiment in &plan.experiments {
        for variant in &experiment.variants {
            let together = f64::from(variant.repeats) * variant.seconds_each;
            table.add_row([
                experiment.experiment.clone(),
                variant.variant.clone(),
                units::planned_rate(experiment.rate.map(f64::round)),
                units::count(experiment.events),
                variant.repeats.to_string(),
                units::duration(variant.seconds_each * 1e9),
                about(together),
            ]);
        }
    }
    let beside: f64 = plan.experiments.iter().map(|it| it.pilot_s + it.evaluator_s).sum();
    format!(
        "{table}\n{}: {} runs, about {} on this machine as it is now; {} of it are pilots and \
         evaluators.\nOf the trials at a rate {} did not keep up, and as many runs will be made once \
         more. Drawing the charts at the end is not counted.",
        plan.suite,
        plan.runs,
        about(plan.seconds),
        about(beside),
        units::share(plan.again_share)
    )
}

/// A time for people, to the second: `7m 20s`.
fn about(seconds: f64) -> String {
    if seconds < 10.0 {
        return units::duration(seconds * 1e9);
    }
    humantime::format_duration(Duration::from_secs(seconds.round() as u64)).to_string()
}
