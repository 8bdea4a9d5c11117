//! The queue of timers that both clocks share.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::task::Waker;

use dataflow::record::time::ProcessingTime;

/// Timers that tasks wait for, popped by (time, arming sequence).
///
/// A plain struct without a clock. Each timer owns a slot and has at most one valid entry in the
/// heap, so re-arming is cheap: to a later time it only notes the new time, and the old entry is
/// moved there when it comes up; to an earlier time it adds an entry and invalidates the old one.
/// Invalid entries are dropped when they come up, without firing, or all at once as soon as they
/// outnumber the timers.
#[derive(Default)]
pub(crate) struct TimerQueue {
    slots: Vec<Slot>,
    free: Vec<SlotId>,
    heap: BinaryHeap<Reverse<Entry>>,
    sequence: u64,
}

/// One timer's place in the queue.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SlotId(u32);

/// Once a timer has changed.
#[derive(Default)]
pub(crate) struct Change {
    /// The queue's earliest entry is now this timer's new one: whoever sleeps until the earliest
    /// must look again.
    pub(crate) earliest: bool,
    /// A waker no longer needed, to be dropped by the caller once the queue is unlocked.
    pub(crate) replaced: Option<Waker>,
}

/// When a timer fires, and after which others of the same instant. No two armings are equal.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    at: ProcessingTime,
    sequence: u64,
}

#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    key: Key,
    slot: SlotId,
}

/// Invariant: where both are present, `queued` is at or before the key waited for.
#[derive(Default)]
struct Slot {
    waiting: Option<(Key, Waker)>,
    /// The key of the timer's valid entry in the heap.
    queued: Option<Key>,
    /// How late it was popped the last time.
    late_nanos: u64,
}

/// Invalid entries allowed beyond twice the number of timers, in entries.
const SLACK: usize = 64;

impl TimerQueue {
    /// A slot for a new timer, which nobody waits for yet.
    pub(crate) fn insert(&mut self) -> SlotId {
        self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot::default());
            SlotId(u32::try_from(self.slots.len() - 1).expect("fewer than 2^32 timers"))
        })
    }

    /// Gives the slot back.
    pub(crate) fn remove(&mut self, id: SlotId) -> Option<Waker> {
        let slot = std::mem::take(&mut self.slots[id.0 as usize]);
        self.free.push(id);
        slot.waiting.map(|(_, waker)| waker)
    }

    /// Will pop `waker` at `at`, in place of whatever this timer waited for.
    pub(crate) fn wait(&mut self, id: SlotId, at: ProcessingTime, waker: &Waker) -> Change {
        let waiting = &mut self.slots[id.0 as usize].waiting;
        if let Some((key, old)) = waiting
            && key.at == at
        {
            let renewed = (!old.will_wake(waker)).then(|| waker.clone());
            let replaced = renewed.map(|new| std::mem::replace(old, new));
            return Change { earliest: false, replaced };
        }
        let replaced = waiting.take().map(|(_, old)| old);
        Change { earliest: self.queue(id, at, waker.clone()), replaced }
    }

    /// Whoever waits for this timer now waits until `at`; nothing happens if nobody does. Tells
    /// whether the queue's earliest entry is now this timer's new one.
    pub(crate) fn rearm(&mut self, id: SlotId, at: ProcessingTime) -> bool {
        match self.slots[id.0 as usize].waiting.take() {
            Some((_, waker)) => self.queue(id, at, waker),
            None => false,
        }
    }

    /// Nobody waits for this timer any more.
    pub(crate) fn forget(&mut self, id: SlotId) -> Option<Waker> {
        self.slots[id.0 as usize].waiting.take().map(|(_, waker)| waker)
    }

    /// Takes the earliest timer off the queue if it is at or before `until`.
    pub(crate) fn pop(&mut self, until: ProcessingTime) -> Option<(ProcessingTime, Waker)> {
        let entry = self.settle().filter(|entry| entry.key.at <= until)?;
        self.heap.pop();
        let slot = &mut self.slots[entry.slot.0 as usize];
        slot.queued = None;
        slot.late_nanos = until.since(entry.key.at);
        slot.waiting.take().map(|(key, waker)| (key.at, waker))
    }

    /// By how much the time until which timers were popped had passed the one of this timer.
    pub(crate) fn late_nanos(&self, id: SlotId) -> u64 {
        self.slots[id.0 as usize].late_nanos
    }

    /// The time of the earliest timer.
    pub(crate) fn earliest(&mut self) -> Option<ProcessingTime> {
        self.settle().map(|entry| entry.key.at)
    }

    fn queue(&mut self, id: SlotId, at: ProcessingTime, waker: Waker) -> bool {
        self.sequence += 1;
        let key = Key { at, sequence: self.sequence };
        let slot = &mut self.slots[id.0 as usize];
        slot.waiting = Some((key, waker));
        slot.late_nanos = 0;
        if slot.queued.is_some_and(|queued| queued <= key) {
            return false;
        }
        slot.queued = Some(key);
        if self.heap.len() >= 2 * self.slots.len() + SLACK {
            let slots = &self.slots;
            self.heap
                .retain(|Reverse(entry)| slots[entry.slot.0 as usize].queued == Some(entry.key));
        }
        self.heap.push(Reverse(Entry { key, slot: id }));
        self.heap.peek().is_some_and(|Reverse(entry)| entry.key == key)
    }

    /// Drops and moves entries until the top one is a timer that somebody waits for.
    fn settle(&mut self) -> Option<Entry> {
        while let Some(mut top) = self.heap.peek_mut() {
            let Reverse(entry) = *top;
            let slot = &mut self.slots[entry.slot.0 as usize];
            let wanted = slot.waiting.as_ref().map(|(key, _)| *key);
            if slot.queued != Some(entry.key) {
                PeekMut::pop(top);
            } else if wanted == Some(entry.key) {
                return Some(entry);
            } else {
                slot.queued = wanted;
                match wanted {
                    Some(key) => *top = Reverse(Entry { key, slot: entry.slot }),
                    None => drop(PeekMut::pop(top)),
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests;
