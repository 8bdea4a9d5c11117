//! The parts of a latency are its total, on every engine and both clocks, and each is where the
//! model says that it is.

use reports::schema::{PartsOfMean, RunResult};
use streamgauge::internals::Clock;

use crate::job::Job;

const ENGINES: [&str; 3] = ["sequential", "pipelined", "microbatch"];
const WORKLOADS: [&str; 3] = ["forward", "keyed-count", "windowed-count"];

/// Stamps and histograms count in microseconds.
const RESOLUTION_NANOS: f64 = 1_000.0;

/// Checks that all latencies are accounted for within a share, and gives the parts.
fn accounted_for(result: &RunResult, within: f64) -> PartsOfMean {
    let what = format!("{}, {}, {}", result.engine, result.workload, result.guarantee);
    let (parts, all) = (&result.latency_parts, &result.latency_ns.from_planned);
    assert_eq!(parts.without_trail, 0, "{what}");
    assert!(parts.samples > 0, "{what}");
    let mean = all.mean.expect("something was timed");
    let off = (parts.mean.total_ns - mean).abs();
    let allowed = within * mean + RESOLUTION_NANOS;
    assert!(off <= allowed, "{what}: {} of a mean of {mean} ns", parts.mean.total_ns);
    for means in [parts.mean, parts.slowest] {
        let sum: f64 = means.parts().iter().sum();
        assert!((sum - means.total_ns).abs() <= 1e-6 * sum, "{what}: {means:?}");
    }
    parts.mean
}

/// Short windows, so that many close before the end.
fn job(engine: &str, workload: &'static str) -> Job {
    let mut job = Job::new(engine, workload);
    if workload == "windowed-count" {
        job.knobs = vec![("window_ms", 5.into()), ("keys", 100.into())];
    }
    match engine {
        "pipelined" => job.set("buffer_timeout_ms", 10.0).set("watermark_interval_ms", 5),
        "microbatch" => job.set("batch_interval_ms", 20.0),
        _ => job,
    }
}

#[test]
fn parts_are_the_total_on_every_engine_and_both_clocks() {
    for engine in ENGINES {
        for workload in WORKLOADS {
            for clock in [Clock::Virtual, Clock::Wall] {
                let result = Job { clock, ..job(engine, workload) }.run();
                assert_eq!(result.latency_parts.one_in, 1);
                let all = &result.latency_ns.from_planned;
                assert_eq!(result.latency_parts.samples, all.count, "{engine}, {workload}");
                // Histograms keep three digits; trails keep every nanosecond.
                let parts = accounted_for(&result, 0.001);
                assert_eq!(parts.commit_ns, 0.0, "{engine}, {workload}");
            }
        }
    }
}

#[test]
fn parts_of_a_sample_are_the_total_within_a_hundredth() {
    for engine in ENGINES {
        let result = Job { events: 200_000, ..job(engine, "keyed-count") }.run();
        assert_eq!(result.latency_parts.one_in, 10);
        let sampled = result.latency_parts.samples as f64;
        assert!((sampled - 20_000.0).abs() < 1_000.0, "{engine}: {sampled} samples");
        accounted_for(&result, 0.01);
    }
}

#[test]
fn waiting_for_the_commit_is_part_of_it_under_exactly_once() {
    for engine in ["pipelined", "microbatch"] {
        for workload in WORKLOADS {
            let job = job(engine, workload).set("guarantee", "exactly-once");
            let job =
                if engine == "pipelined" { job.set("checkpoint_interval_ms", 20.0) } else { job };
            let parts = accounted_for(&job.run(), 0.001);
            match engine {
                // Half an interval on average, as a record may come at any time in it. What waits
                // for its buffer meanwhile does not wait for the commit, and what waits for its
                // window comes when that closes.
                "pipelined" if workload != "windowed-count" => {
                    let waited = parts.boundary_ns + parts.commit_ns;
                    assert!((9e6..11e6).contains(&waited), "{parts:?}");
                    assert!(parts.commit_ns > 4e6, "{parts:?}");
                }
                "pipelined" => assert!(parts.commit_ns > 4e6, "{parts:?}"),
                // A batch is committed as soon as its last task has ended.
                _ => assert!(parts.commit_ns < 2e6, "{parts:?}"),
            }
        }
    }
}

#[test]
fn each_model_waits_where_it_should() {
    let parts = |engine| job(engine, "keyed-count").run().latency_parts.mean;
    let (sequential, pipelined, microbatch) =
        (parts("sequential"), parts("pipelined"), parts("microbatch"));
    // A buffer waits for half its time-out on average; at this rate none fills up.
    assert!((4.5e6..5.5e6).contains(&pipelined.boundary_ns), "{pipelined:?}");
    // A record waits for half an interval on average until its batch is cut.
    assert!((9e6..11e6).contains(&microbatch.boundary_ns), "{microbatch:?}");
    assert_eq!((sequential.boundary_ns, sequential.state_ns), (0.0, 0.0));
    for parts in [sequential, pipelined, microbatch] {
        // In virtual time work takes what it costs, and nothing else takes any.
        assert!(parts.cost_ns > 0.0 && parts.processing_ns == 0.0, "{parts:?}");
    }
    // Only what waits for a watermark is in state.
    assert_eq!((pipelined.state_ns, microbatch.state_ns), (0.0, 0.0));
    let windows = job("pipelined", "windowed-count").run().latency_parts.mean;
    assert!(windows.state_ns > 1e6, "{windows:?}");
}
