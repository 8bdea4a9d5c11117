//! Under virtual time a run is a function of its seed, and its answer is the wall clock's.

use dataflow::Engine;
use dataflow::operators::Count;
use serde_json::json;

use crate::fixture::{Clock, Events, Finished, Setup, key_of, pick, run};

fn traced(engine: &dyn Engine, clock: Clock) -> Finished {
    let events = Events::new(3_000).disordered(40).paced(100_000);
    let settings = [("batch_interval_ms", json!(25)), ("buffer_timeout_ms", json!(10))];
    run(Setup::new(engine, 3, clock).settings(&settings), |sink| {
        let windows = events.stream().key_by(key_of).window(100_000_000);
        windows.aggregate(Count::default()).sink(sink)
    })
}

#[test]
fn the_same_seed_makes_the_same_run_and_another_seed_another() {
    for name in ["pipelined", "microbatch"] {
        let engine = pick(name);
        let first = traced(&*engine, Clock::seeded(7));
        let again = traced(&*engine, Clock::seeded(7));
        let other = traced(&*engine, Clock::seeded(8));
        assert!(first.trace.lines().count() > 5, "{name}: {}", first.trace);
        assert!(first.trace == again.trace, "{name}: one seed, two runs");
        assert_eq!(first.completion, again.completion);
        assert_eq!(first.collected.text, again.collected.text, "to the order of rows");
        assert_eq!(first.collected.emitted, again.collected.emitted, "to the nanosecond");
        assert!(first.trace != other.trace, "{name}: phases are drawn from the seed");
        assert_eq!(first.digest, other.digest);
        assert_eq!(first.digest, traced(&*engine, Clock::Wall).digest, "{name}");
    }
}
