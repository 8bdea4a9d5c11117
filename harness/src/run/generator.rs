//! How fast the generator of a run is by itself.

use workloads::schedule::arrival::Schedule;

use crate::error::{Error, Result};
use crate::measure::sink::measuring;
use crate::run::clock::{Clock, clock};
use crate::run::spec::RunSpec;

/// A series of readings that lasts this long tells a rate.
const LONG_ENOUGH_NANOS: u64 = 50_000_000;
/// Events that a generator is asked for at a time, as engines do.
const CHUNK: u64 = 256;

/// Series of readings. What disturbs one makes it slower, never faster: the best counts.
const SERIES: usize = 3;

/// Events per second that the generator makes on one core when nobody does anything with them, in
/// the best of three series; `None` if nothing was read or no time went by.
///
/// # Errors
/// When an event cannot be read.
pub(super) fn per_s(spec: &RunSpec) -> Result<Option<f64>> {
    let mut best = 0.0;
    for _ in 0..SERIES {
        best = f64::max(best, one_series(spec)?.unwrap_or_default());
    }
    Ok((best > 0.0).then_some(best))
}

fn one_series(spec: &RunSpec) -> Result<Option<f64>> {
    let generated = spec.generate();
    let run_clock = clock(Clock::Wall, spec.seed, spec.parallelism, false)?;
    let source = generated.plan(Schedule::at_once(spec.events), measuring(None, None).0).source;
    let (mut reader, splits) = (source.reader(), u64::from(source.splits.splits()));
    let mut batch = reader.batch();
    let runtime = run_clock.runtime();
    let (began, mut read) = (runtime.now(), 0);
    let per_split = spec.events / splits;
    for from in (0..per_split).step_by(CHUNK as usize) {
        let upto = per_split.min(from + CHUNK);
        for split in 0..splits {
            reader.read(split as u32, from..upto, &mut batch).map_err(Error::run)?;
            read += upto - from;
        }
        if runtime.now().since(began) >= LONG_ENOUGH_NANOS {
            break;
        }
    }
    let nanos = runtime.now().since(began);
    Ok((read > 0 && nanos > 0).then(|| read as f64 * 1e9 / nanos as f64))
}
