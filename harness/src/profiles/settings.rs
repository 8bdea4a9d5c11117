//! Settings of every engine that runs in this process: which profile its work is priced by.

use dataflow::job::runtime::CostKind;
use dataflow::job::settings::{Default, Kind, Setting};
use runtime::HIGHEST_PRICE_NANOS;

/// What this program's own engines cost.
pub(crate) const BARE: &str = "bare";

/// The profile of a run.
pub(crate) const PROFILE: Setting = Setting {
    name: "profile",
    kind: Kind::Text,
    default: Default::Name(BARE),
    default_at_max: None,
    help: "what work costs: `bare` is our own engines, others an implementation that was measured \
           (`list profiles`), or a file of your own (.toml); on the wall clock what it takes beyond \
           our own work is waited for",
    mirrors: None,
};

const RANGE: (f64, f64) = (0.0, HIGHEST_PRICE_NANOS);

const fn price(name: &'static str, help: &'static str) -> Setting {
    Setting::number(name, RANGE, 0.0, help).derived()
}

/// [`PROFILE`], and a price for each kind of work in the place of the profile's.
pub(crate) static COST_SETTINGS: [Setting; 1 + CostKind::COUNT] = [
    PROFILE,
    price(
        "cost.record",
        "price of a record that a stage takes in, in ns; by default the profile's",
    ),
    price(
        "cost.exchange_byte",
        "price of a byte that is sent to the next stage, in ns; by default the profile's",
    ),
    price(
        "cost.state_access",
        "price of a record that a keyed stage looks up, in ns; by default the profile's",
    ),
    price(
        "cost.updated_key",
        "price of a key that has changed in a unit of work, in ns; by default the profile's",
    ),
    price("cost.buffer", "price of a buffer or block received, in ns; by default the profile's"),
    price("cost.task", "price of a task of a micro-batch, in ns; by default the profile's"),
    price("cost.stage", "price of a stage of a micro-batch, in ns; by default the profile's"),
    price("cost.batch", "price of planning a micro-batch, in ns; by default the profile's"),
    price(
        "cost.log_write",
        "price of logging the offsets of a micro-batch, in ns; by default the profile's",
    ),
    price(
        "cost.commit",
        "price of logging the end of a micro-batch, in ns; by default the profile's",
    ),
    price("cost.checkpoint", "price of beginning a checkpoint, in ns; by default the profile's"),
    price(
        "cost.snapshot",
        "price of a subtask's part in a checkpoint, in ns; by default the profile's",
    ),
];

/// The setting for the price of a kind.
pub(crate) fn of(kind: CostKind) -> &'static Setting {
    &COST_SETTINGS[1 + kind as usize]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_the_setting_of_its_name() {
        for kind in CostKind::ALL {
            assert_eq!(of(kind).name, format!("cost.{kind}"));
        }
    }
}
