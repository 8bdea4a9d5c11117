//! What a job promises when something fails.

/// Values of the setting `guarantee`, as [`Guarantee::named`] takes them.
pub const GUARANTEES: &[&str] = &["none", "at-least-once", "exactly-once"];

/// What a job promises about each event's effect when something fails.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Guarantee {
    /// Nothing: no checkpoints, no logs; a failure ends the run.
    #[default]
    None,
    /// It is not lost; its results may be seen more than once.
    AtLeastOnce,
    /// Its results are as if it had been processed once.
    ExactlyOnce,
}

impl Guarantee {
    /// By the name that settings and results carry.
    ///
    /// # Panics
    /// When the name is not in [`GUARANTEES`]: settings are checked when they are resolved.
    pub fn named(name: &str) -> Self {
        match GUARANTEES.iter().position(|known| *known == name) {
            Some(0) => Self::None,
            Some(1) => Self::AtLeastOnce,
            Some(2) => Self::ExactlyOnce,
            _ => panic!("{name} is no guarantee"),
        }
    }

    /// The name that settings and results carry.
    pub fn name(self) -> &'static str {
        GUARANTEES[self as usize]
    }
}
