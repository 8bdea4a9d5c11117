//! Work takes its time before anybody sees what came of it.

use runtime::VirtualOptions;

use crate::fixture::{Clock, Event, Events, MILLI, Setup, engines, per_record, run};

/// Results of one record: more than an output holds, so that a chunk is handed over in parts.
const FAN_OUT: usize = 2_000;

#[test]
fn what_a_turn_took_in_is_charged_before_its_output_is_handed_over_on_every_engine() {
    let costs = per_record(MILLI as f64);
    for engine in engines() {
        let clock = Clock::Virtual(VirtualOptions { costs, ..VirtualOptions::default() });
        let finished = run(Setup::new(&*engine, 1, clock), |sink| {
            let events = Events::new(20).splits(1).stream();
            events.flat_map(|(_, number): Event| std::iter::repeat_n(number, FAN_OUT)).sink(sink)
        });
        assert_eq!(finished.collected.emitted.len(), 20 * FAN_OUT, "{}", engine.name());
        for (place, (at, ..)) in finished.collected.emitted.iter().enumerate() {
            let records = (place / FAN_OUT + 1) as u64;
            assert!(at.0 >= records * MILLI, "{}: {} ns, record {records}", engine.name(), at.0);
        }
    }
}
