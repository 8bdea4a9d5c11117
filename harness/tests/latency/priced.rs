//! Prices in virtual time: what is booked is what passes, and waits are those of the closed forms.

use dataflow::job::runtime::CostKind;
use reports::schema::RunResult;
use runtime::{CostTable, Place};

use crate::job::Job;

const MILLI: f64 = 1e6;

/// What the cores and the driver were paid, in nanoseconds.
fn booked(result: &RunResult, place: Place) -> f64 {
    let kinds = result.costs.iter().flat_map(|costs| &costs.kinds);
    let own = kinds.filter(|kind| kind.place == place.name());
    own.map(|kind| kind.count as f64 * kind.price_ns).sum()
}

fn mean_ns(result: &RunResult) -> f64 {
    result.latency_ns.from_planned.mean.expect("latency was measured")
}

#[track_caller]
fn is_close(found: f64, expected: f64, within: f64) {
    assert!((found / expected - 1.0).abs() <= within, "{found}, not {expected}");
}

/// One server with a fixed time of service, and arrivals without memory: the state of one subtask is
/// looked up in a millisecond, and nothing else costs anything.
#[test]
fn a_priced_subtask_has_the_waits_of_md1() {
    for (load, events) in [(0.5, 100_000), (0.8, 300_000)] {
        let costs = CostTable::FREE.with(CostKind::StateAccess, MILLI, Place::Core);
        let job = Job {
            costs,
            rate: load * 1_000.0,
            events,
            parallelism: 1,
            knobs: vec![("load_shape", "poisson".into()), ("splits", 1.into())],
            ..Job::new("pipelined", "keyed-count")
        };
        let result = job.set("buffer_timeout_ms", 0.0).run();
        let waited = mean_ns(&result) - MILLI;
        is_close(waited, load * MILLI / (2.0 * (1.0 - load)), 0.05);
        // A record costs its price, and is held up by that of others.
        let parts = &result.latency_parts.mean;
        assert!(parts.cost_ns >= MILLI && parts.processing_ns == 0.0, "{parts:?}");
    }
}

/// More events than two cores can do: whoever pays, they are never idle.
#[test]
fn a_saturated_run_lasts_as_long_as_what_was_booked() {
    for engine in ["pipelined", "microbatch"] {
        let costs = CostTable::FREE.with(CostKind::Record, 100_000.0, Place::Core);
        let job = Job { costs, rate: 1e6, events: 100_000, ..Job::new(engine, "forward") };
        let result = job.run();
        let cores = f64::from(result.costs.as_ref().expect("prices").cores);
        is_close(booked(&result, Place::Core) / cores, result.elapsed_ns as f64, 0.01);
    }
}

/// Batches of a driver that takes F for each, and of records that fill a share ρ of the time: back to
/// back they last F/(1−ρ), and a record waits for one and a half of them; at an interval I for half of
/// it and a batch.
#[test]
fn batches_of_a_priced_driver_last_as_long_as_the_forms_say() {
    const PER_RECORD: f64 = 100_000.0;
    const FIXED: f64 = 50.0 * MILLI;
    let costs = CostTable::FREE
        .with(CostKind::Batch, 30.0 * MILLI, Place::Driver)
        .with(CostKind::LogWrite, 10.0 * MILLI, Place::Driver)
        .with(CostKind::Stage, 5.0 * MILLI, Place::Driver)
        .with(CostKind::Commit, 5.0 * MILLI, Place::Driver)
        .with(CostKind::Record, PER_RECORD, Place::Core);
    let job = |rate: f64, interval: f64| {
        let job = Job {
            costs,
            rate,
            // Many batches, so that the first are few.
            events: (rate * 60.0) as u64,
            parallelism: 1,
            knobs: vec![("splits", 1.into())],
            ..Job::new("microbatch", "forward")
        };
        job.set("batch_interval_ms", interval).set("polling_delay_ms", 0).run()
    };
    for load in [0.2, 0.5] {
        let rate = load * 1e9 / PER_RECORD;
        let result = job(rate, 0.0);
        let settled = &result.batches[result.batches.len() / 2..result.batches.len() - 1];
        let mean = settled.iter().map(|it| it.total_ns as f64).sum::<f64>() / settled.len() as f64;
        is_close(mean, FIXED / (1.0 - load), 0.01);
        // Records are seen before the commit of their batch: that much earlier.
        let seen = 1.5 * FIXED / (1.0 - load) - 5.0 * MILLI;
        is_close(mean_ns(&result), seen, 0.01);
        let interval = 200.0;
        let result = job(rate, interval);
        let batch = FIXED + load * interval * MILLI;
        is_close(mean_ns(&result), interval / 2.0 * MILLI + batch - 5.0 * MILLI, 0.01);
        // What the driver took is a part of the latency, and no wait of another name.
        let parts = &result.latency_parts.mean;
        is_close(parts.boundary_ns, interval / 2.0 * MILLI, 0.02);
        is_close(parts.cost_ns, batch - 5.0 * MILLI, 0.02);
    }
}
