//! Commits that are published to a topic of a true broker, ended between any two steps: each row is
//! there once. The broker's address is in `KAFKA_BROKERS`; `scripts/kafka with` starts one.

#[allow(dead_code, reason = "the disk is that of the tests of transactions")]
#[path = "../transactions/disk.rs"]
mod disk;
mod job;

use std::sync::atomic::{AtomicU64, Ordering};

use disk::Disk;
use job::{Broker, Process, Stop, run};

/// How many seeds are tried: `SEEDS`, or 24.
fn seeds() -> u64 {
    std::env::var("SEEDS").map_or(24, |text| text.parse().expect("SEEDS is a number"))
}

#[test]
#[ignore = "needs a broker: scripts/kafka with cargo test -p streamgauge --features kafka --test broker -- --ignored"]
fn a_commit_that_is_ended_between_two_steps_is_published_once() {
    let (broker, next) = (Broker::new(), AtomicU64::new(0));
    let ended: Vec<u64> = std::thread::scope(|scope| {
        let work = || {
            let mut faults = 0;
            loop {
                let seed = next.fetch_add(1, Ordering::Relaxed);
                if seed >= seeds() {
                    return faults;
                }
                faults += run(&broker, seed);
            }
        };
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let faults: u64 = ended.iter().sum();
    println!("{} seeds, {faults} of their faults struck: every row is there once", seeds());
    assert!(faults > seeds() / 2, "{faults} faults in {} seeds", seeds());
}

#[test]
#[ignore = "needs a broker"]
fn whoever_was_taken_over_publishes_no_more() {
    let broker = Broker::new();
    let topic = broker.topic("taken-over", 1);
    let disk = Disk::default();
    let former = Process::start(&broker, &topic, &disk).unwrap();
    former.write_and_commit(1).unwrap();
    let latter = Process::start(&broker, &topic, &disk).unwrap();
    latter.take_up(&[]).unwrap();
    latter.write_and_commit(2).unwrap();
    let Err(Stop::Failed(error)) = former.write_and_commit(3) else { panic!("it was taken over") };
    assert!(error.contains("another process owns this job now"), "{error}");
    assert_eq!(broker.rows(&topic), job::rows_through(2));
}

#[test]
#[ignore = "needs a broker"]
fn rows_that_were_altered_on_the_disk_are_not_seen_and_hold_no_reader_up() {
    let broker = Broker::new();
    let topic = broker.topic("altered", 1);
    let disk = Disk::default();
    let process = Process::start(&broker, &topic, &disk).unwrap();
    process.take_up(&[]).unwrap();
    let Err(Stop::Failed(error)) = process.commit_altered(1, 2) else { panic!("it was altered") };
    assert!(error.contains("its content has changed"), "{error}");
    // Sink 1 has a transaction of its own.
    assert!(broker.rows(&topic).iter().all(|row| row.starts_with("1 1 ")));
}
