//! Credit-based flow control: who may send a buffer.

use std::collections::VecDeque;

/// The credits of an input gate: a few buffers that belong to each channel, and some floating
/// ones that go to whichever channel has a backlog.
///
/// Mirrors Flink's `BufferManager`: 2 exclusive buffers a channel and 8 floating ones a gate. One
/// credit stands for one buffer, however few bytes it carries.
#[derive(Debug)]
pub(crate) struct CreditLedger {
    exclusive_per_channel: u32,
    channels: Vec<Account>,
    floating: u32,
    floating_total: u32,
    /// Channels that asked in vain, in the order in which they asked.
    waiting: VecDeque<usize>,
}

#[derive(Clone, Debug)]
struct Account {
    /// Exclusive credits left.
    exclusive: u32,
    /// Floating credits in use.
    borrowed: u32,
    waiting: bool,
}

impl CreditLedger {
    /// For a gate of `channels` channels.
    pub(crate) fn new(channels: usize, exclusive_per_channel: u32, floating: u32) -> Self {
        assert!(exclusive_per_channel + floating > 0, "without a credit nothing can be sent");
        let account = Account { exclusive: exclusive_per_channel, borrowed: 0, waiting: false };
        Self {
            exclusive_per_channel,
            channels: vec![account; channels],
            floating,
            floating_total: floating,
            waiting: VecDeque::new(),
        }
    }

    /// Takes a credit for a buffer on `channel`, exclusive ones first. Without one the channel
    /// waits its turn.
    pub(crate) fn take(&mut self, channel: usize) -> bool {
        let account = &mut self.channels[channel];
        if account.exclusive > 0 {
            account.exclusive -= 1;
        } else if self.floating > 0 {
            self.floating -= 1;
            account.borrowed += 1;
        } else {
            if !account.waiting {
                account.waiting = true;
                self.waiting.push_back(channel);
            }
            return false;
        }
        true
    }

    /// A buffer of `channel` has been consumed. Floating credits go back first, to the gate;
    /// returns a channel that waited and may try again.
    ///
    /// # Panics
    /// When more comes back than was taken.
    pub(crate) fn give(&mut self, channel: usize) -> Option<usize> {
        let account = &mut self.channels[channel];
        if account.borrowed > 0 {
            account.borrowed -= 1;
            self.floating += 1;
            assert!(self.floating <= self.floating_total, "a floating credit came back twice");
            let next = self.waiting.pop_front()?;
            self.channels[next].waiting = false;
            return Some(next);
        }
        account.exclusive += 1;
        assert!(account.exclusive <= self.exclusive_per_channel, "a credit came back twice");
        if !account.waiting {
            return None;
        }
        account.waiting = false;
        self.waiting.retain(|&waiting| waiting != channel);
        Some(channel)
    }

    /// Credits that buffers hold at the moment, over all channels.
    #[cfg(test)]
    pub(crate) fn in_use(&self) -> u32 {
        let exclusive = self.channels.iter().map(|it| self.exclusive_per_channel - it.exclusive);
        exclusive.sum::<u32>() + (self.floating_total - self.floating)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exclusive_first_then_floating_then_wait() {
        let mut ledger = CreditLedger::new(2, 2, 1);
        assert!([0, 0, 0].map(|channel| ledger.take(channel)).iter().all(|&granted| granted));
        assert!(!ledger.take(0), "2 exclusive and 1 floating are all there is for channel 0");
        assert!(ledger.take(1) && ledger.take(1), "channel 1 keeps its own");
        assert!(!ledger.take(1));
        assert_eq!(ledger.in_use(), 5);
    }

    #[test]
    fn a_floating_credit_goes_to_the_channel_that_has_waited_longest() {
        let mut ledger = CreditLedger::new(2, 1, 1);
        assert!(ledger.take(0) && ledger.take(0) && ledger.take(1));
        assert!(!ledger.take(1) && !ledger.take(0));
        assert_eq!(ledger.give(0), Some(1), "the borrowed credit of channel 0 comes back first");
        assert!(ledger.take(1));
        assert_eq!(ledger.give(0), Some(0), "now its own");
    }

    #[test]
    fn a_channel_that_got_its_own_credit_back_waits_for_no_floating_one() {
        let mut ledger = CreditLedger::new(2, 1, 1);
        assert!(ledger.take(0) && ledger.take(1) && ledger.take(1));
        assert!(!ledger.take(0) && !ledger.take(1), "0 asked first");
        assert_eq!(ledger.give(0), Some(0), "its own");
        assert!(ledger.take(0));
        assert_eq!(ledger.give(1), Some(1), "the floating one, for which only 1 still waits");
    }

    #[test]
    #[should_panic(expected = "came back twice")]
    fn a_credit_that_was_never_taken_cannot_come_back() {
        CreditLedger::new(1, 1, 0).give(0);
    }
}
