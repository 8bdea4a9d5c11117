//! Payloads: bytes that events carry and nothing computes on.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::events::payload_lengths::{PayloadLengths, VARIANTS};
use crate::random::{Draws, below};

/// Text of a given length, or nothing: a pointer of 8 bytes to what many events share.
///
/// Serialized as an optional string.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Payload(Option<Arc<String>>);

impl Payload {
    /// Length in bytes; 0 without a payload.
    #[inline]
    pub fn len(&self) -> usize {
        self.0.as_ref().map_or(0, |text| text.len())
    }

    /// Whether the payload is empty.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl From<String> for Payload {
    fn from(text: String) -> Self {
        Self((!text.is_empty()).then(|| Arc::new(text)))
    }
}

/// Payloads made once and shared by all events of a generator.
#[derive(Clone, Debug)]
pub struct PayloadPool {
    /// None, or a power of two.
    payloads: Box<[Payload]>,
}

impl PayloadPool {
    /// Of payloads of these lengths, all lower-case letters; nothing if all are 0.
    pub fn new(lengths: &PayloadLengths, seed: u64) -> Self {
        let draws = Draws::new(seed, "payloads");
        let letter = |number| char::from(b'a' + below(draws.at(number), 26) as u8);
        let mut next = 0;
        let payload = |bytes: u64| {
            let letters = next..next + bytes;
            next = letters.end;
            Payload::from(letters.map(letter).collect::<String>())
        };
        let lengths = (0..VARIANTS).map(|draw| lengths.pick(draw)).filter(|_| !lengths.is_empty());
        Self { payloads: lengths.map(payload).collect() }
    }

    /// The payload of a draw, of which the lowest bits count.
    #[inline]
    pub fn pick(&self, draw: u64) -> Payload {
        let index = (draw % VARIANTS) as usize;
        self.payloads.get(index).cloned().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pool_holds_different_payloads_of_the_length_asked_for() {
        let pool = PayloadPool::new(&PayloadLengths::fixed(100), 1);
        assert_eq!(pool.pick(0).len(), 100);
        assert_eq!(pool.pick(0), pool.pick(64));
        assert_ne!(pool.pick(0), pool.pick(1));
    }

    #[test]
    fn no_bytes_are_no_payload() {
        assert!(PayloadPool::new(&PayloadLengths::fixed(0), 1).pick(5).is_empty());
        assert_eq!(Payload::from(String::new()), Payload::default());
    }
}
