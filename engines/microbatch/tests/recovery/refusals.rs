//! Storage that a job must not go on from.

use dataflow::EngineError;
use dataflow::exchange::failure::FailureKind;
use dataflow::job::engine::Start;
use dataflow::job::storage::Storage;

use crate::attempt::{Attempt, World};
use crate::faults::Fault;

const EVENTS: u64 = 60;

/// A world in which a first attempt went down at this operation.
fn down_at(at: u64) -> World {
    let world = World::new(EVENTS);
    let fault = Some((at, Fault::After));
    assert!(world.run(Attempt { fault, ..Attempt::fresh() }).result.is_none());
    world
}

fn put(world: &World, name: &str, bytes: Vec<u8>) {
    drop(world.files.put(name, bytes));
}

fn latest(world: &World, log: &str) -> String {
    let names = world.names();
    let batches = names.iter().filter_map(|name| name.strip_prefix(log)?.parse::<u64>().ok());
    format!("{log}{}", batches.max().unwrap())
}

const OFFSETS: &str = "microbatch/offsets/";
const COMMITS: &str = "microbatch/commits/";

fn refused(world: &World, start: Start) -> String {
    match world.run(Attempt { start, ..Attempt::fresh() }).error() {
        EngineError::Refused(cause) => cause,
        other => panic!("{other}"),
    }
}

#[test]
fn a_fresh_start_over_an_old_job_says_where_and_how_to_go_on() {
    let cause = refused(&down_at(20), Start::Fresh);
    assert!(cause.contains("memory:microbatch/") && cause.contains("--resume"), "{cause}");
}

#[test]
fn exactly_once_needs_transactions() {
    let world = World::new(EVENTS);
    let error = world.run(Attempt { transactional: false, ..Attempt::fresh() }).error();
    assert!(error.to_string().contains("exactly-once needs a transactional sink"), "{error}");
    assert!(world.names().is_empty(), "nothing was begun");
}

#[test]
fn a_missing_log_names_the_file_that_needs_it() {
    // A commit log is gone: two batches seem to be open.
    let world = down_at(40);
    let open = latest(&world, OFFSETS);
    drop(world.files.remove(&latest(&world, COMMITS)));
    let names = world.names();
    if names.contains(&open.replace(OFFSETS, COMMITS)) {
        panic!("the attempt went down between two batches: choose another operation");
    }
    let cause = refused(&world, Start::Resume);
    assert!(cause.contains(&format!("memory:{open}")), "{cause}");

    // The offset logs are gone.
    let world = down_at(40);
    let committed = latest(&world, COMMITS);
    for name in world.names().iter().filter(|name| name.starts_with(OFFSETS)) {
        drop(world.files.remove(name));
    }
    let cause = refused(&world, Start::Resume);
    assert!(cause.contains(&format!("memory:{committed}")), "{cause}");

    // All logs are gone, and there is state.
    for name in world.names().iter().filter(|name| name.starts_with(COMMITS)) {
        drop(world.files.remove(name));
    }
    let cause = refused(&world, Start::Resume);
    assert!(cause.contains("memory:microbatch/state/0-0/"), "{cause}");

    // A file that nobody here writes.
    let world = World::new(EVENTS);
    put(&world, "microbatch/notes", Vec::new());
    assert!(refused(&world, Start::Resume).contains("memory:microbatch/notes"));
}

#[test]
fn a_logged_batch_whose_first_events_are_gone_is_not_run_again_without_them() {
    let is_open = |world: &World| {
        let names = world.names();
        names.contains(&format!("{OFFSETS}0")) && !names.contains(&format!("{COMMITS}0"))
    };
    let mut world = (1..20).map(down_at).find(is_open).expect("a batch was logged");
    // The first batch holds the first event of split 0, and ends behind it.
    world.events.begins_at = 1;
    let cause = refused(&world, Start::Resume);
    assert!(cause.starts_with("offset 0 is gone") && cause.contains("offsets/0"), "{cause}");
}

#[test]
fn output_of_another_job_is_refused() {
    let world = down_at(40);
    for name in world.names() {
        drop(world.files.remove(&name));
    }
    let cause = refused(&world, Start::Resume);
    assert!(cause.contains("knows no such thing"), "{cause}");
    assert!(refused(&world, Start::Fresh).contains("knows no such thing"));
}

#[test]
fn lost_output_is_missed_wherever_the_attempt_went_down() {
    let (mut missed, mut again) = (0, 0);
    for at in 1..World::new(EVENTS).run(Attempt::fresh()).operations {
        let world = down_at(at);
        let is_open = !world.names().contains(&latest(&world, OFFSETS).replace(OFFSETS, COMMITS));
        world.seen.lose();
        let ended = world.run(Attempt::resumed());
        match ended.result.expect("it was not dropped") {
            // No batch before the open one had a commit, and that one runs once more.
            Ok(_) => assert_eq!(world.seen.rows(), world.events.expected(), "operation {at}"),
            Err(EngineError::Sink(error)) => {
                assert!(
                    error.kind == FailureKind::Damaged && error.target.starts_with("commit "),
                    "{at}: {error}"
                );
                missed += 1;
                again += u32::from(is_open);
            }
            Err(other) => panic!("operation {at}: {other}"),
        }
    }
    assert!(again > 20 && missed > again, "{again} of {missed}");
}

#[test]
fn another_jobs_logs_are_refused() {
    let world = down_at(40);
    let error = world.run(Attempt { filtered: true, ..Attempt::resumed() }).error();
    assert!(error.to_string().contains("is of the job `source | window`"), "{error}");
}

#[test]
fn a_torn_offset_log_of_a_batch_that_never_began_is_dropped() {
    for cut in [0, 1, 17, 25] {
        let mut dropped = 0;
        for at in 1..60 {
            let world = World::new(EVENTS);
            let fault = Some((at, Fault::After));
            world.run(Attempt { fault, ..Attempt::fresh() });
            let name = latest(&world, OFFSETS);
            let batch: u64 = name[OFFSETS.len()..].parse().unwrap();
            let names = world.names();
            let began = names.iter().any(|it| it.ends_with(&format!("/{}", batch + 1)));
            let committed = names.contains(&format!("{COMMITS}{batch}"));
            let mut bytes = world.files.files().remove(&name).unwrap();
            bytes.truncate(cut);
            put(&world, &name, bytes);
            let ended = world.run(Attempt::resumed());
            if began || committed {
                let error = ended.error();
                assert!(matches!(error, EngineError::Storage(_)), "{at}: {error}");
                assert!(error.to_string().contains(&name), "{error}");
            } else {
                dropped += 1;
                ended.completion();
                assert_eq!(world.seen.rows(), world.events.expected(), "operation {at}");
            }
        }
        assert!(dropped > 2, "{dropped}");
    }
}

#[test]
fn any_other_damage_names_its_file() {
    let world = down_at(40);
    for name in [latest(&world, COMMITS), latest(&world, "microbatch/state/1-0/")] {
        let whole = world.files.files().remove(&name).unwrap();
        let mut bytes = whole.clone();
        *bytes.last_mut().unwrap() ^= 1;
        put(&world, &name, bytes);
        let batch_runs_again = name.contains("/state/");
        let ended = world.run(Attempt::resumed());
        match ended.result.unwrap() {
            Err(EngineError::Storage(error)) => {
                assert!(
                    error.kind == FailureKind::Damaged && error.file.ends_with(&name),
                    "{error}"
                );
            }
            Err(other) => panic!("{other}"),
            // A version that the batch to be run again has written is written again.
            Ok(_) => assert!(batch_runs_again, "{name}"),
        }
        put(&world, &name, whole);
    }
}
