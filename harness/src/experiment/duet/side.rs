//! One side of a duet, in its own process: it reads an order, pins itself to its core, says that it
//! is ready, and runs when it is told to.

use std::io::{Write, stdin, stdout};

use dataflow::StopSignal;
use reports::schema::RunResult;
use serde::Serialize;

use super::cores;
use super::order::{GO, READY, SideOrder, SideReport};
use crate::error::{Error, Result};
use crate::measure::machine::progress::Progress;
use crate::registry::Registry;
use crate::run::answer::Answer;
use crate::run::audience::Silent;
use crate::run::executor::Runner;
use crate::run::real::Real;

/// Serves one order from standard input, and reports on standard output.
///
/// # Errors
/// When nobody talks to it: it is started by `compare --duet`.
pub(crate) fn serve(registry: &Registry, stop: &StopSignal) -> Result<()> {
    let order: SideOrder = serde_json::from_str(&next()?).map_err(|error| {
        Error::Input(format!("`duet-side` is started by `compare --duet` alone: {error}"))
    })?;
    tell(&SideReport::of(run(&order, registry, stop)))
}

fn run(
    order: &SideOrder,
    registry: &Registry,
    stop: &StopSignal,
) -> Result<(RunResult, Option<Progress>)> {
    // Before any thread is started, so that all of them are pinned.
    cores::pin(order.core)?;
    let spec = order.spec(registry)?;
    tell(&READY)?;
    if next()? != GO {
        return Err(Error::input("a side of a duet was told something else than to go"));
    }
    stop_when_left_alone(stop);
    let mut real = Real;
    let executed =
        Runner::new(&mut real, stop, &Silent).run(&spec, Answer::Known(order.right()))?;
    Ok((executed.result, executed.progress))
}

/// Whoever asked for the run is gone, or wants no more of it, once standard input ends.
fn stop_when_left_alone(stop: &StopSignal) {
    let stop = stop.clone();
    let watch = move || {
        let ended = std::io::copy(&mut stdin(), &mut std::io::sink());
        drop(ended);
        stop.request();
    };
    // Without it a side that is left alone runs to its end.
    drop(std::thread::Builder::new().name("streamgauge-stdin".to_owned()).spawn(watch));
}

fn next() -> Result<String> {
    let mut line = String::new();
    match stdin().read_line(&mut line).map_err(Error::run)? {
        0 => Err(Error::input("`duet-side` is started by `compare --duet` alone")),
        _ => Ok(line.trim_end().to_owned()),
    }
}

fn tell(what: &impl Serialize) -> Result<()> {
    let line = serde_json::to_string(what).map_err(Error::run)?;
    let mut out = stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).map_err(Error::run)
}
