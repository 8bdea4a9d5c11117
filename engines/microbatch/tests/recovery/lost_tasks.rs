//! A task vanishes, or cannot make its state durable, and is tried again within the run.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use dataflow::job::observer::Observer;
use dataflow::{EngineError, ProcessingTime};

use crate::attempt::{Attempt, World};
use crate::events::mix;
use crate::faults::{Fault, Strikes};

const EVENTS: u64 = 60;

/// Turns that all tasks take when nothing is lost.
fn turns(guarantee: &'static str) -> u64 {
    let strikes = Strikes::at(|_, _| false);
    let attempt = Attempt { guarantee, strikes: Arc::clone(&strikes), ..Attempt::fresh() };
    World::new(EVENTS).run(attempt).completion();
    strikes.turns.load(Ordering::Relaxed)
}

/// Hears of restarts.
#[derive(Default)]
struct Restarts(Mutex<Vec<String>>);

impl Observer for Restarts {
    fn restarting(&self, _: ProcessingTime, cause: &str) {
        self.0.lock().unwrap().push(cause.to_owned());
    }
}

#[test]
fn whichever_task_vanishes_the_answer_is_the_same() {
    let (mut restarts, mut of_source) = (0, 0);
    for at in 0..turns("exactly-once") {
        let world = World::new(EVENTS);
        let heard = Arc::new(Restarts::default());
        let strikes = Strikes::at(move |turn, _| turn == at);
        let attempt = Attempt { strikes, observer: heard.clone(), ..Attempt::fresh() };
        let completion = world.run(attempt).completion();
        assert_eq!(world.seen.rows(), world.events.expected(), "turn {at}");
        assert_eq!(completion.records_in, EVENTS, "turn {at}");
        assert_eq!(completion.records_out, world.events.expected().len() as u64, "turn {at}");
        assert_eq!(world.seen.pending(), 0, "turn {at}");
        let heard = heard.0.lock().unwrap();
        assert_eq!(heard.len() as u64, completion.restarts, "turn {at}");
        restarts += completion.restarts;
        of_source += heard.iter().filter(|it| it.starts_with("task source")).count() as u64;
    }
    assert!(of_source > 10 && restarts > of_source + 10, "{of_source} of {restarts}");
}

#[test]
fn what_is_read_again_counts_in_events_though_offsets_have_gaps() {
    let mut replayed = 0;
    for at in 0..turns("exactly-once") {
        let mut world = World::new(EVENTS);
        world.events.spacing = 3;
        let strikes = Strikes::at(move |turn, _| turn == at);
        let completion = world.run(Attempt { strikes, ..Attempt::fresh() }).completion();
        assert_eq!(world.seen.rows(), world.events.expected(), "turn {at}");
        assert_eq!(completion.records_in, EVENTS, "turn {at}");
        // Twelve offsets of three splits hold no more.
        assert!(completion.replayed <= 6 * completion.restarts, "turn {at}: {completion:?}");
        replayed += completion.replayed;
    }
    assert!(replayed > 20, "{replayed}");
}

#[test]
fn at_least_once_loses_nothing_either() {
    for at in 0..turns("at-least-once") {
        let world = World::new(EVENTS);
        let strikes = Strikes::at(move |turn, _| turn == at);
        let guarantee = "at-least-once";
        world.run(Attempt { guarantee, strikes, ..Attempt::fresh() }).completion();
        assert!(world.seen.rows().keys().eq(world.events.expected().keys()), "turn {at}");
    }
}

#[test]
fn many_losses_in_one_run_and_more_partitions_than_slots() {
    let mut restarts = 0;
    for seed in 0..20 {
        let world = World::new(EVENTS);
        let strikes = Strikes::at(move |turn, _| mix(turn * 20 + seed).is_multiple_of(30));
        let mut attempt = Attempt { strikes, ..Attempt::fresh() };
        attempt.settings.push(("shuffle_partitions", 5.into()));
        attempt.settings.push(("max_task_failures", 1000.into()));
        restarts += world.run(attempt).completion().restarts;
        assert_eq!(world.seen.rows(), world.events.expected(), "seed {seed}");
    }
    assert!(restarts > 100, "{restarts}");
}

#[test]
fn a_task_that_keeps_vanishing_ends_the_run_by_its_name() {
    // A slot's first turn takes a task, and at its second turn the slot vanishes.
    let heard = Arc::new(Restarts::default());
    let strikes = Strikes::at(|_, own_turn| own_turn == 1);
    let attempt = Attempt { strikes, observer: heard.clone(), ..Attempt::fresh() };
    let error = World::new(EVENTS).run(attempt).error();
    assert!(matches!(&error, EngineError::Lost(name) if name == "source/0"), "{error}");
    assert_eq!(heard.0.lock().unwrap().len(), 3, "it was tried four times by default");

    let strikes = Strikes::at(|_, own_turn| own_turn == 1);
    let mut attempt = Attempt { strikes, ..Attempt::fresh() };
    attempt.settings.push(("max_task_failures", 1.into()));
    let error = World::new(EVENTS).run(attempt).error();
    assert!(matches!(&error, EngineError::Lost(name) if name == "source/0"), "{error}");
}

#[test]
fn without_a_guarantee_the_first_lost_task_ends_the_run() {
    let mut lost = 0;
    for at in 0..turns("none") {
        let strikes = Strikes::at(move |turn, _| turn == at);
        let world = World::new(EVENTS);
        let ended = world.run(Attempt { guarantee: "none", strikes, ..Attempt::fresh() });
        match ended.result.unwrap() {
            Err(EngineError::Lost(name)) => {
                lost += 1;
                assert!(name.contains('/'), "{name}");
            }
            Err(error) => panic!("turn {at}: {error}"),
            Ok(_) => assert_eq!(world.seen.rows(), world.events.expected(), "turn {at}"),
        }
    }
    assert!(lost > 10, "{lost}");
}

#[test]
fn state_that_cannot_be_written_is_a_failure_of_its_task() {
    for put in 0..30 {
        let world = World::new(EVENTS);
        let fault = Some((put, Fault::FailedPut));
        let completion = world.run(Attempt { fault, ..Attempt::fresh() }).completion();
        assert_eq!(completion.restarts, 1, "put {put}");
        assert_eq!(world.seen.rows(), world.events.expected(), "put {put}");
    }
    let mut attempt = Attempt { fault: Some((3, Fault::FailedPut)), ..Attempt::fresh() };
    attempt.settings.push(("max_task_failures", 1.into()));
    let error = World::new(EVENTS).run(attempt).error();
    assert!(matches!(error, EngineError::Storage(_)), "{error}");
}
