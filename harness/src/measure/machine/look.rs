//! A look at the machine before anything is measured on it.

use std::sync::Arc;

use dataflow::job::runtime::{Runtime, sleep_until};
use reports::schema::Measures;

use super::judge::{FOREIGN_ALLOWED, judge};
use super::probe::MachineProbe;

/// How long it is looked at, in nanoseconds.
const LOOK_NANOS: u64 = 300_000_000;

/// The share of the cores that others have now; `None` where the system does not tell.
pub(crate) fn foreign_share(runtime: &Arc<dyn Runtime>) -> Option<f64> {
    let probe = MachineProbe::start(Arc::clone(runtime), false, Vec::new(), || 0)?;
    let from = runtime.now();
    let own = Arc::clone(runtime);
    let waited = runtime.block_on(Box::pin(async move {
        sleep_until(&*own, from.after(LOOK_NANOS)).await;
    }));
    let trace = probe.stop()?;
    waited.ok()?;
    judge(&trace, (from, runtime.now()), Measures::Throughput, FOREIGN_ALLOWED).foreign_share
}
