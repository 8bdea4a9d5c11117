//! How much memory a run will need at least, and whether there is so much.

use dataflow::job::engine::Footprint;
use reports::words::units;
use sysinfo::{MemoryRefreshKind, RefreshKind, System};
use workloads::schedule::arrival::Schedule;

use crate::error::{Error, Result};
use crate::measure::sink::measuring;
use crate::run::spec::RunSpec;

/// Share of the available memory that a run may need by the estimate.
const SHARE: f64 = 0.8;
/// A channel between two subtasks before anything is sent, in bytes: measured on the pipelined
/// engine, as the resident set of runs with 200 and 400 subtasks a stage differs.
const CHANNEL_BYTES: u64 = 670;
/// A subtask or partition with its stage and its ends, in bytes.
const SUBTASK_BYTES: u64 = 16 * 1024;
/// A split, in bytes, with what is noted of it.
const SPLIT_BYTES: u64 = 512;
/// A key with its state in a table that is half full, in bytes.
const KEY_BYTES: u64 = 64;

/// So few subtasks a stage and splits that no plan of them needs much: it is not made to be looked
/// at.
const FEW: i64 = 50;

/// What decides the need of a run.
#[derive(Copy, Clone, Debug, Default, PartialEq)]
struct Need {
    parts: Footprint,
    splits: u64,
    /// Keys that are held at a time, each once for every window that is open.
    keys: u64,
}

impl Need {
    fn of(spec: &RunSpec) -> Self {
        let knob = |name| spec.knobs().get_integer(name).map(|value| value.max(1) as u64);
        let open = match (knob("window_ms"), knob("slide_ms")) {
            (Some(window), Some(slide)) => window.div_ceil(slide),
            _ => 1,
        };
        // No more keys are held than events come.
        let keys = knob("keys").unwrap_or(0).min(spec.events).saturating_mul(open);
        Self { parts: footprint(spec), splits: knob("splits").unwrap_or(0), keys }
    }

    fn bytes(self) -> u64 {
        let parts = [
            self.parts.channels.saturating_mul(CHANNEL_BYTES),
            self.parts.subtasks.saturating_mul(SUBTASK_BYTES),
            self.splits.saturating_mul(SPLIT_BYTES),
            self.keys.saturating_mul(KEY_BYTES),
        ];
        parts.into_iter().fold(0, u64::saturating_add)
    }
}

/// What the engine makes of the workload's plan.
fn footprint(spec: &RunSpec) -> Footprint {
    let many = |value: Option<i64>| value.is_some_and(|value| value > FEW);
    let decides =
        [spec.settings().get_integer("shuffle_partitions"), Some(spec.parallelism.into())];
    if !decides.into_iter().any(many) {
        return Footprint::default();
    }
    let plan = spec.generate().plan(Schedule::at_once(spec.events), measuring(None, None).0);
    spec.engine.footprint(&plan, spec.parallelism, spec.settings())
}

/// Refuses a run that needs more than [`SHARE`] of the memory that is available.
///
/// # Errors
/// Says how much it needs for what, and how much there is.
pub(super) fn check(spec: &RunSpec) -> Result<()> {
    check_together(std::slice::from_ref(spec))
}

/// The same of runs that are made at once.
///
/// # Errors
/// As [`check`].
pub(super) fn check_together(specs: &[RunSpec]) -> Result<()> {
    let add = |sum: Need, spec: &RunSpec| {
        let need = Need::of(spec);
        let parts = Footprint {
            channels: sum.parts.channels.saturating_add(need.parts.channels),
            subtasks: sum.parts.subtasks.saturating_add(need.parts.subtasks),
        };
        let splits = sum.splits.saturating_add(need.splits);
        Need { parts, splits, keys: sum.keys.saturating_add(need.keys) }
    };
    let need = specs.iter().fold(Need::default(), add);
    // Most runs are small: the system is asked only about those that are not.
    if need.bytes() < 64 << 20 { Ok(()) } else { check_against(need, available()) }
}

fn check_against(need: Need, available: Option<u64>) -> Result<()> {
    let Some(available) = available else { return Ok(()) };
    let bytes = need.bytes();
    if bytes as f64 <= available as f64 * SHARE {
        return Ok(());
    }
    let Need { parts: Footprint { channels, subtasks }, splits, keys } = need;
    Err(Error::Input(format!(
        "the run needs {} at least ({} channels, {} subtasks, {} splits, {} keys in open windows), \
         and {} are available, of which it may take {:.0} %; make parallelism, splits, keys or \
         windows fewer, or add --force",
        units::bytes(bytes as f64),
        units::count(channels),
        units::count(subtasks),
        units::count(splits),
        units::count(keys),
        units::bytes(available as f64),
        SHARE * 100.0
    )))
}

/// Memory that can be had without swapping, in bytes, the limit of the control group included;
/// `None` where the system does not tell.
fn available() -> Option<u64> {
    let memory = RefreshKind::nothing().with_memory(MemoryRefreshKind::nothing().with_ram());
    let system = System::new_with_specifics(memory).ok()?;
    let limit = system.cgroup_limits().map_or(u64::MAX, |limits| limits.free_memory);
    let available = system.available_memory().min(limit);
    (available > 0).then_some(available)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::sizing::{RunSize, spec};
    use crate::experiment::suite::Suite;
    use crate::registry::Registry;

    #[test]
    fn what_does_not_fit_is_refused_with_the_figure() {
        let parts = Footprint { channels: 25_000_000, subtasks: 10_000 };
        let need = Need { parts, splits: 8, keys: 0 };
        assert!(check_against(need, Some(1 << 40)).is_ok() && check_against(need, None).is_ok());
        let error = check_against(need, Some(8 << 30)).unwrap_err().to_string();
        for text in ["25,000,000 channels", "8.00 GiB are available", "80 %", "--force"] {
            assert!(error.contains(text), "`{text}` is not in: {error}");
        }
    }

    /// The footprint of the first variant.
    fn footprint_of(workload: &str, engine: &str, parallelism: u32) -> Footprint {
        let text = format!(
            "[[experiment]]\nworkload = \"{workload}\"\nengines = [\"{engine}\"]\n\
             events = 10\nrate = \"max\"\nparallelism = {parallelism}\n"
        );
        let suite = Suite::parse(&text, "wide.toml", &Registry::standard()).unwrap();
        let experiment = &suite.experiments[0];
        let size = RunSize { events: 10, ..RunSize::default() };
        footprint(&spec(experiment, &experiment.variants[0], size, 0).unwrap())
    }

    #[test]
    fn the_channels_of_every_exchange_are_counted_and_the_partitions_that_were_set() {
        let one = footprint_of("keyed-count", "pipelined", 100);
        assert_eq!(one, Footprint { subtasks: 200, channels: 10_000 });
        let two = footprint_of("nexmark-q5", "pipelined", 100);
        assert_eq!(two, Footprint { subtasks: 300, channels: 20_000 });
        let batch = footprint_of("nexmark-q5", "microbatch,shuffle_partitions=200", 100);
        assert_eq!(batch, Footprint { subtasks: 500, channels: 0 });
    }

    #[test]
    fn this_machine_tells_how_much_there_is() {
        assert!(available().is_none_or(|bytes| bytes > 1 << 20));
    }
}
