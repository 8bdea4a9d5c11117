//! What else goes on on the machine while a run is on: a probe that belongs to no engine, and the
//! rules by which its trace says that a run was disturbed.

pub(crate) mod cpu_times;
pub(crate) mod judge;
pub(crate) mod look;
pub(crate) mod probe;
pub(crate) mod progress;
