//! How much memory a run will need at least, and whether there is so much.

use reports::words::units;
use sysinfo::{MemoryRefreshKind, RefreshKind, System};

use crate::error::{Error, Result};
use crate::run::spec::RunSpec;

/// Share of the available memory that a run may need by the estimate.
const SHARE: f64 = 0.8;
/// A channel between two subtasks of the pipelined engine before anything is sent, in bytes:
/// measured, as the resident set of runs with 200 and 400 subtasks a stage differs.
const CHANNEL_BYTES: u64 = 670;
/// A subtask or partition with its stage and its ends, in bytes.
const SUBTASK_BYTES: u64 = 16 * 1024;
/// A split, in bytes, with what is noted of it.
const SPLIT_BYTES: u64 = 512;
/// A key with its state in a table that is half full, in bytes.
const KEY_BYTES: u64 = 64;

/// What decides the need of a run.
#[derive(Copy, Clone, Debug, Default, PartialEq)]
struct Need {
    /// Channels between subtasks in all.
    channels: u64,
    subtasks: u64,
    splits: u64,
    /// Keys that are held at a time, each once for every window that is open.
    keys: u64,
}

impl Need {
    fn of(spec: &RunSpec) -> Self {
        let knob = |name| spec.knobs().get_integer(name).map(|value| value.max(1) as u64);
        let setting = |name| spec.settings().get_integer(name).map(|value| value.max(1) as u64);
        let parallelism = u64::from(spec.parallelism);
        let behind = setting("shuffle_partitions").unwrap_or(parallelism);
        // A source's stage and one behind it at least; channels are made by the pipelined engine.
        let channels = if spec.engine.name() == "pipelined" { parallelism * behind } else { 0 };
        let open = match (knob("window_ms"), knob("slide_ms")) {
            (Some(window), Some(slide)) => window.div_ceil(slide),
            _ => 1,
        };
        // No more keys are held than events come.
        let keys = knob("keys").unwrap_or(0).min(spec.events).saturating_mul(open);
        Self { channels, subtasks: parallelism + behind, splits: knob("splits").unwrap_or(0), keys }
    }

    fn bytes(self) -> u64 {
        let parts = [
            self.channels.saturating_mul(CHANNEL_BYTES),
            self.subtasks.saturating_mul(SUBTASK_BYTES),
            self.splits.saturating_mul(SPLIT_BYTES),
            self.keys.saturating_mul(KEY_BYTES),
        ];
        parts.into_iter().fold(0, u64::saturating_add)
    }
}

/// Refuses a run that needs more than [`SHARE`] of the memory that is available.
///
/// # Errors
/// Says how much it needs for what, and how much there is.
pub(super) fn check(spec: &RunSpec) -> Result<()> {
    let need = Need::of(spec);
    // Most runs are small: the system is asked only about those that are not.
    if need.bytes() < 64 << 20 {
        return Ok(());
    }
    check_against(need, available())
}

fn check_against(need: Need, available: Option<u64>) -> Result<()> {
    let Some(available) = available else { return Ok(()) };
    let bytes = need.bytes();
    if bytes as f64 <= available as f64 * SHARE {
        return Ok(());
    }
    let Need { channels, subtasks, splits, keys } = need;
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

    #[test]
    fn what_does_not_fit_is_refused_with_the_figure() {
        let need = Need { channels: 25_000_000, subtasks: 10_000, splits: 8, keys: 0 };
        assert!(check_against(need, Some(1 << 40)).is_ok() && check_against(need, None).is_ok());
        let error = check_against(need, Some(8 << 30)).unwrap_err().to_string();
        for text in ["25,000,000 channels", "8.00 GiB are available", "80 %", "--force"] {
            assert!(error.contains(text), "`{text}` is not in: {error}");
        }
    }

    #[test]
    fn this_machine_tells_how_much_there_is() {
        assert!(available().is_none_or(|bytes| bytes > 1 << 20));
    }
}
