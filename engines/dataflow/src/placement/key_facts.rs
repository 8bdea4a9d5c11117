//! A key as placements know it, whatever its type.

use serde::{Deserialize, Serialize};

use crate::record::data::{Data, Key};
use crate::record::hash::SPARK_SEED;

/// All that placements know of a key: a key of its own, which is placed as the other is.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct KeyFacts {
    /// [`Key::number`].
    pub number: u64,
    /// [`Key::java_hash`].
    pub java_hash: i32,
    /// [`Key::spark_hash`] from Spark's seed.
    pub spark_hash: i32,
}

impl KeyFacts {
    /// Of a key.
    pub fn of<K: Key>(key: &K) -> Self {
        let (number, java_hash) = (key.number(), key.java_hash());
        Self { number, java_hash, spark_hash: key.spark_hash(SPARK_SEED) }
    }
}

impl Data for KeyFacts {}

impl Key for KeyFacts {
    fn number(&self) -> u64 {
        self.number
    }
    fn java_hash(&self) -> i32 {
        self.java_hash
    }
    /// From Spark's seed, whatever is asked for: it is not part of a compound key.
    fn spark_hash(&self, _: i32) -> i32 {
        self.spark_hash
    }
}
