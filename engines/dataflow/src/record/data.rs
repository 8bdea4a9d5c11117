//! What a value must be able to do to leave its stage, and what a key must be able to do besides.

use std::hash::Hash;
use std::sync::Arc;

use serde::{Serialize, de::DeserializeOwned};

use crate::record::hash::{java_string_hash, spark_bytes, spark_int, spark_long};

/// A value that can cross an exchange, live in state and reach a sink.
///
/// ```
/// #[derive(Clone, serde::Serialize, serde::Deserialize)]
/// struct Click { user: u64, page: String }
/// impl dataflow::Data for Click {
///     fn size_bytes(&self) -> usize { size_of::<Self>() + self.page.len() }
/// }
/// ```
pub trait Data: Clone + Send + Serialize + DeserializeOwned + 'static {
    /// Bytes this value takes in a buffer, with what it owns on the heap. Buffers are bounded by
    /// this figure and [`crate::Record::STAMP_BYTES`] per record.
    fn size_bytes(&self) -> usize {
        size_of::<Self>()
    }
}

/// A value by which records are brought together.
pub trait Key: Data + Eq + Hash + Ord + std::fmt::Debug {
    /// The integer itself, else a fixed 64-bit hash: what `modulo` placement takes.
    fn number(&self) -> u64;
    /// What the key's Java `hashCode` would be: what Flink's key groups and Spark's RDD
    /// `HashPartitioner` take.
    fn java_hash(&self) -> i32;
    /// Spark SQL's Murmur3 of the key, from `seed` (42, or the hash of the column before).
    fn spark_hash(&self, seed: i32) -> i32;
}

macro_rules! plain_data {
    ($($plain:ty),*) => { $(impl Data for $plain {})* };
}
plain_data!(u8, u16, u32, u64, u128, i8, i16, i32, i64, i128, f32, f64, bool, char, ());

impl Data for String {
    fn size_bytes(&self) -> usize {
        size_of::<Self>() + self.len()
    }
}
impl Data for Arc<str>
where
    Self: DeserializeOwned + Send,
{
    fn size_bytes(&self) -> usize {
        size_of::<Self>() + self.len()
    }
}
impl<T: Data> Data for Option<T> {
    fn size_bytes(&self) -> usize {
        size_of::<Self>()
            + self.as_ref().map_or(0, |it| {
                // A tuple counts its fields and not its padding, so this can be below 0.
                it.size_bytes().saturating_sub(size_of::<T>())
            })
    }
}
impl<T: Data> Data for Vec<T> {
    fn size_bytes(&self) -> usize {
        size_of::<Self>() + self.iter().map(Data::size_bytes).sum::<usize>()
    }
}
impl<T: Data, const N: usize> Data for [T; N]
where
    Self: Serialize + DeserializeOwned,
{
    fn size_bytes(&self) -> usize {
        self.iter().map(Data::size_bytes).sum()
    }
}
impl<A: Data, B: Data> Data for (A, B) {
    fn size_bytes(&self) -> usize {
        self.0.size_bytes() + self.1.size_bytes()
    }
}
impl<A: Data, B: Data, C: Data> Data for (A, B, C) {
    fn size_bytes(&self) -> usize {
        self.0.size_bytes() + self.1.size_bytes() + self.2.size_bytes()
    }
}
impl<A: Data, B: Data, C: Data, D: Data> Data for (A, B, C, D) {
    fn size_bytes(&self) -> usize {
        self.0.size_bytes() + self.1.size_bytes() + self.2.size_bytes() + self.3.size_bytes()
    }
}

macro_rules! integer_keys {
    ($($plain:ty as $java:ident),*) => { $(
        impl Key for $plain {
            #[inline]
            fn number(&self) -> u64 {
                *self as u64
            }
            #[inline]
            fn java_hash(&self) -> i32 {
                $java(*self as i64)
            }
            fn spark_hash(&self, seed: i32) -> i32 {
                if size_of::<Self>() > 4 {
                    spark_long(*self as i64, seed)
                } else {
                    spark_int(*self as i32, seed)
                }
            }
        }
    )* };
}
integer_keys!(u8 as java_int, u16 as java_int, u32 as java_int, u64 as java_long);
integer_keys!(i8 as java_int, i16 as java_int, i32 as java_int, i64 as java_long);

/// `Integer.hashCode`: the value itself.
fn java_int(value: i64) -> i32 {
    value as i32
}

/// `Long.hashCode`: the low word exclusive-or the high word.
#[inline]
fn java_long(value: i64) -> i32 {
    (value ^ (value >> 32)) as i32
}

impl Key for String {
    fn number(&self) -> u64 {
        xxhash_rust::xxh3::xxh3_64(self.as_bytes())
    }
    fn java_hash(&self) -> i32 {
        java_string_hash(self)
    }
    fn spark_hash(&self, seed: i32) -> i32 {
        spark_bytes(self.as_bytes(), seed)
    }
}
impl Key for Arc<str>
where
    Self: Data,
{
    fn number(&self) -> u64 {
        xxhash_rust::xxh3::xxh3_64(self.as_bytes())
    }
    fn java_hash(&self) -> i32 {
        java_string_hash(self)
    }
    fn spark_hash(&self, seed: i32) -> i32 {
        spark_bytes(self.as_bytes(), seed)
    }
}
impl<A: Key, B: Key> Key for (A, B) {
    fn number(&self) -> u64 {
        let words = [self.0.number().to_le_bytes(), self.1.number().to_le_bytes()].concat();
        xxhash_rust::xxh3::xxh3_64(&words)
    }
    /// As `java.util.Arrays.hashCode` and Flink's tuples: 31 times the first, plus the second.
    fn java_hash(&self) -> i32 {
        self.0.java_hash().wrapping_mul(31).wrapping_add(self.1.java_hash())
    }
    fn spark_hash(&self, seed: i32) -> i32 {
        self.1.spark_hash(self.0.spark_hash(seed))
    }
}
