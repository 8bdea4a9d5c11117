//! Two threads and nothing else, written by hand: what an engine for this machine could reach.
//!
//! Each thread is a source and a counter. Half of its records have keys of its own, and never leave
//! it; the others go into a buffer, which travels to the other thread over a ring and comes back
//! empty over another one. No locks, and no allocation once the buffers are there.

use std::thread;

use rtrb::{Consumer, Producer, RingBuffer};

use crate::work::{Contender, Counts, Outcome, Record, WORKERS, Work, route};

/// Records in a buffer: 32 KiB.
const BUFFER: usize = 1_024;
/// Buffers each way. Few, so that they stay in the cache.
const BUFFERS: usize = 8;

/// Thread per core, SPSC rings, recycled buffers.
pub struct Rings;

impl Contender for Rings {
    fn name(&self) -> &str {
        "rings"
    }

    fn run(&self, work: &Work) -> Outcome {
        const { assert!(WORKERS == 2, "a thread has one peer") };
        let (a, b) = lanes();
        thread::scope(|scope| {
            let other = scope.spawn(|| b.run(work, 1));
            let outcome = a.run(work, 0);
            outcome.and(other.join().expect("a thread of the rings panicked"))
        })
    }
}

/// One thread's ends of the four rings.
struct Lane {
    to_peer: Producer<Vec<Record>>,
    empties: Consumer<Vec<Record>>,
    inbox: Inbox,
}

fn lanes() -> (Lane, Lane) {
    let one_way = || {
        let (to_peer, from_peer) = RingBuffer::new(BUFFERS);
        let (mut give_back, empties) = RingBuffer::new(BUFFERS);
        for _ in 0..BUFFERS {
            give_back.push(Vec::with_capacity(BUFFER)).expect("the ring holds all buffers");
        }
        (to_peer, empties, Inbox { from_peer, give_back })
    };
    let (to_b, a_empties, inbox_of_b) = one_way();
    let (to_a, b_empties, inbox_of_a) = one_way();
    let a = Lane { to_peer: to_b, empties: a_empties, inbox: inbox_of_a };
    let b = Lane { to_peer: to_a, empties: b_empties, inbox: inbox_of_b };
    (a, b)
}

impl Lane {
    fn run(mut self, work: &Work, me: usize) -> Outcome {
        let mut counter = Counter { work, counts: Counts::new(), outcome: Outcome::default() };
        // Own records are buffered too: which of the two it will be cannot be predicted, so the
        // choice had better be an index than a branch.
        let mut open = [const { Vec::new() }; WORKERS];
        open[me].reserve_exact(BUFFER);
        open[1 - me] = self.empties.pop().expect("filled before the start");
        let end = work.source_len(me);
        let mut place = 0;
        while place < end {
            let next = end.min(place + BUFFER as u64);
            for record in work.source(me, place..next) {
                let worker = route(record.key) as usize % WORKERS;
                open[worker].push(record);
                if open[worker].len() < BUFFER {
                    continue;
                }
                if worker == me {
                    counter.drain(&mut open[me]);
                } else {
                    let empty = self.wait_for_empty(&mut counter);
                    self.send(std::mem::replace(&mut open[worker], empty));
                }
            }
            place = next;
            self.inbox.receive(&mut counter);
        }
        counter.drain(&mut open[me]);
        self.send(std::mem::take(&mut open[1 - me]));
        // This end of the ring goes first: that tells the peer nothing more will come.
        drop(self.to_peer);
        let mut idle = Idle::default();
        loop {
            let last = self.inbox.from_peer.is_abandoned();
            if self.inbox.receive(&mut counter) {
                idle = Idle::default();
            } else if last {
                return counter.outcome;
            } else {
                idle.wait();
            }
        }
    }

    fn send(&mut self, buffer: Vec<Record>) {
        self.to_peer.push(buffer).expect("the ring holds all buffers");
    }

    /// Goes on counting until the peer has given a buffer back: two threads that wait for each
    /// other's buffers would wait for ever.
    fn wait_for_empty(&mut self, counter: &mut Counter<'_>) -> Vec<Record> {
        let mut idle = Idle::default();
        loop {
            if let Ok(empty) = self.empties.pop() {
                return empty;
            }
            if self.inbox.receive(counter) {
                idle = Idle::default();
            } else {
                idle.wait();
            }
        }
    }
}

/// What the peer sends, and where its buffers go when they are empty again.
struct Inbox {
    from_peer: Consumer<Vec<Record>>,
    give_back: Producer<Vec<Record>>,
}

impl Inbox {
    /// Counts what has arrived, and says whether anything had.
    fn receive(&mut self, counter: &mut Counter<'_>) -> bool {
        let mut any = false;
        while let Ok(mut buffer) = self.from_peer.pop() {
            counter.drain(&mut buffer);
            self.give_back.push(buffer).expect("the ring holds all buffers");
            any = true;
        }
        any
    }
}

struct Counter<'a> {
    work: &'a Work,
    counts: Counts,
    outcome: Outcome,
}

impl Counter<'_> {
    fn drain(&mut self, buffer: &mut Vec<Record>) {
        for record in buffer.drain(..) {
            let count = self.counts.count(record.key);
            self.outcome.absorb(self.work.sink, record.key, count);
        }
    }
}

/// Spins for a while, then lets others have the core.
#[derive(Default)]
struct Idle(u32);

impl Idle {
    fn wait(&mut self) {
        self.0 += 1;
        if self.0 < 64 { std::hint::spin_loop() } else { thread::yield_now() }
    }
}
