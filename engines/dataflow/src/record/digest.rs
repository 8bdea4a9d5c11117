//! The digest of a result: a count and an order-free 128-bit sum of one hash per record.
//!
//! A sum rather than an exclusive or, which would hide a record written twice. Because it can be
//! subtracted as well, the digest of a table kept by changes needs no table at the sink.

use std::fmt;

use serde::de::DeserializeOwned;
use serde::ser::{self, Serialize};

/// Count and hash sum of the records in a result.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct Digest {
    /// Records put in minus records taken out.
    pub records: i64,
    /// Wrapping sum of their hashes.
    pub sum: u128,
}

impl Digest {
    /// Puts a record in.
    #[inline]
    pub fn insert<T: Serialize + ?Sized>(&mut self, row: &T) {
        self.records += 1;
        self.sum = self.sum.wrapping_add(hash_of(row));
    }

    /// Takes a record out.
    #[inline]
    pub fn remove<T: Serialize + ?Sized>(&mut self, row: &T) {
        self.records -= 1;
        self.sum = self.sum.wrapping_sub(hash_of(row));
    }

    /// Adds what another part of the result holds.
    pub fn merge(&mut self, other: &Self) {
        self.records += other.records;
        self.sum = self.sum.wrapping_add(other.sum);
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{:032x}", self.records, self.sum)
    }
}

/// The hash of one record, fed field by field: no buffer is written.
///
/// The mixing is the folded multiplication of the wyhash family on two words of state. It is our
/// own because nothing published is at once fixed for ever, 128 bits wide and fed by fields in
/// about a nanosecond; it guards against mistakes, not against an adversary.
#[inline]
pub fn hash_of<T: Serialize + ?Sized>(row: &T) -> u128 {
    let mut hasher = FieldHasher::NEW;
    // The serializer below fails only on a sequence of unknown length, which it accepts.
    let fed = row.serialize(&mut hasher);
    debug_assert!(fed.is_ok(), "a field hasher accepts every value");
    hasher.finish()
}

/// The hash of the record that a line of JSON is.
///
/// # Errors
/// When it is no such record.
pub fn hash_of_line<T: Serialize + DeserializeOwned>(line: &str) -> serde_json::Result<u128> {
    serde_json::from_str::<T>(line).map(|row| hash_of(&row))
}

/// A serializer that hashes what it is given: two words by one multiplication of 64 by 64 bits.
///
/// Whether a word waits is known to the compiler wherever the fields of a row are, so the branch
/// costs nothing there.
struct FieldHasher {
    low: u64,
    high: u64,
    /// Low halves of the products, which `low` and `high` hold only mixed.
    rest: u64,
    waiting: Option<u64>,
}

/// Never made; serde asks for an error type.
#[derive(Debug)]
pub struct NeverFails;

impl fmt::Display for NeverFails {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a custom Serialize implementation refused to serialize")
    }
}
impl std::error::Error for NeverFails {}
impl ser::Error for NeverFails {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

impl FieldHasher {
    /// Digits of pi.
    const NEW: Self =
        Self { low: 0x243f_6a88_85a3_08d3, high: 0x1319_8a2e_0370_7344, rest: 0, waiting: None };

    #[inline(always)]
    fn word(&mut self, word: u64) {
        match self.waiting.take() {
            None => self.waiting = Some(word),
            Some(first) => self.pair(first, word),
        }
    }

    #[inline(always)]
    fn pair(&mut self, first: u64, second: u64) {
        let product = u128::from(first ^ self.low) * u128::from(second ^ self.high);
        let (low, high) = (product as u64, (product >> 64) as u64);
        self.rest = self.rest.rotate_left(27).wrapping_add(low);
        self.low = low ^ high;
        // With the second word once more: a product of 0 would lose it.
        self.high = high ^ second.rotate_left(32) ^ 0xa409_3822_299f_31d0;
    }

    /// Whole words, then the last eight bytes if some are left over, then the length, which tells
    /// by how much the two overlap. Copying the rest into a word would cost a call.
    #[inline]
    fn bytes(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for &word in words {
            self.word(u64::from_le_bytes(word));
        }
        if !rest.is_empty() {
            self.word(
                bytes.last_chunk().map_or_else(|| short(rest), |&last| u64::from_le_bytes(last)),
            );
        }
        self.word(bytes.len() as u64);
    }

    #[inline(always)]
    fn finish(mut self) -> u128 {
        if let Some(last) = self.waiting.take() {
            self.pair(last, 0x082e_fa98_ec4e_6c89);
        }
        let product = u128::from(self.low) * u128::from(self.high);
        let (low, high) = (product as u64, (product >> 64) as u64);
        u128::from(low ^ high) | u128::from(high ^ low.rotate_left(32) ^ self.rest) << 64
    }
}

/// One to seven bytes in a word, every one of them at least once.
fn short(bytes: &[u8]) -> u64 {
    match (bytes.first_chunk(), bytes.last_chunk()) {
        (Some(&first), Some(&last)) => {
            u64::from(u32::from_le_bytes(first)) | u64::from(u32::from_le_bytes(last)) << 32
        }
        _ => {
            let byte = |position: usize| u64::from(bytes[position]);
            byte(0) | byte(bytes.len() / 2) << 8 | byte(bytes.len() - 1) << 16
        }
    }
}

type Fed = Result<(), NeverFails>;

macro_rules! feed_integers {
    ($($method:ident: $integer:ty),*) => { $(
        #[inline(always)]
        fn $method(self, value: $integer) -> Fed {
            self.word(value as u64);
            Ok(())
        }
    )* };
}

impl ser::Serializer for &mut FieldHasher {
    type Ok = ();
    type Error = NeverFails;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Self;
    type SerializeMap = Self;
    type SerializeStruct = Self;
    type SerializeStructVariant = Self;

    feed_integers!(serialize_bool: bool, serialize_i8: i8, serialize_i16: i16, serialize_i32: i32);
    feed_integers!(serialize_i64: i64, serialize_u8: u8, serialize_u16: u16, serialize_u32: u32);
    feed_integers!(serialize_u64: u64, serialize_char: char);

    fn serialize_i128(self, value: i128) -> Fed {
        self.serialize_u128(value as u128)
    }
    fn serialize_u128(self, value: u128) -> Fed {
        self.word(value as u64);
        self.word((value >> 64) as u64);
        Ok(())
    }
    fn serialize_f32(self, value: f32) -> Fed {
        self.word(u64::from(value.to_bits()));
        Ok(())
    }
    fn serialize_f64(self, value: f64) -> Fed {
        self.word(value.to_bits());
        Ok(())
    }
    fn serialize_str(self, value: &str) -> Fed {
        self.bytes(value.as_bytes());
        Ok(())
    }
    fn serialize_bytes(self, value: &[u8]) -> Fed {
        self.bytes(value);
        Ok(())
    }
    fn serialize_none(self) -> Fed {
        self.word(0);
        Ok(())
    }
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Fed {
        self.word(1);
        value.serialize(self)
    }
    fn serialize_unit(self) -> Fed {
        Ok(())
    }
    fn serialize_unit_struct(self, _: &'static str) -> Fed {
        Ok(())
    }
    fn serialize_unit_variant(self, _: &'static str, index: u32, _: &'static str) -> Fed {
        self.word(u64::from(index));
        Ok(())
    }
    #[inline(always)]
    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Fed {
        value.serialize(self)
    }
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        index: u32,
        _: &'static str,
        value: &T,
    ) -> Fed {
        self.word(u64::from(index));
        value.serialize(self)
    }
    fn serialize_seq(self, length: Option<usize>) -> Result<Self, NeverFails> {
        self.word(length.map_or(u64::MAX, |length| length as u64));
        Ok(self)
    }
    #[inline(always)]
    fn serialize_tuple(self, _: usize) -> Result<Self, NeverFails> {
        Ok(self)
    }
    #[inline(always)]
    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self, NeverFails> {
        Ok(self)
    }
    fn serialize_tuple_variant(
        self,
        _: &'static str,
        index: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self, NeverFails> {
        self.word(u64::from(index));
        Ok(self)
    }
    fn serialize_map(self, length: Option<usize>) -> Result<Self, NeverFails> {
        self.serialize_seq(length)
    }
    #[inline(always)]
    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self, NeverFails> {
        Ok(self)
    }
    fn serialize_struct_variant(
        self,
        _: &'static str,
        index: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self, NeverFails> {
        self.word(u64::from(index));
        Ok(self)
    }
}

macro_rules! feed_compound {
    ($($compound:ident $method:ident),*) => { $(
        impl ser::$compound for &mut FieldHasher {
            type Ok = ();
            type Error = NeverFails;
            #[inline(always)]
            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Fed {
                value.serialize(&mut **self)
            }
            #[inline(always)]
            fn end(self) -> Fed {
                Ok(())
            }
        }
    )* };
}
feed_compound!(SerializeSeq serialize_element, SerializeTuple serialize_element);
feed_compound!(SerializeTupleStruct serialize_field, SerializeTupleVariant serialize_field);

macro_rules! feed_named {
    ($($compound:ident),*) => { $(
        impl ser::$compound for &mut FieldHasher {
            type Ok = ();
            type Error = NeverFails;
            #[inline(always)]
            fn serialize_field<T: Serialize + ?Sized>(&mut self, _: &'static str, value: &T) -> Fed {
                value.serialize(&mut **self)
            }
            #[inline(always)]
            fn end(self) -> Fed {
                Ok(())
            }
        }
    )* };
}
feed_named!(SerializeStruct, SerializeStructVariant);

impl ser::SerializeMap for &mut FieldHasher {
    type Ok = ();
    type Error = NeverFails;
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Fed {
        key.serialize(&mut **self)
    }
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Fed {
        value.serialize(&mut **self)
    }
    fn end(self) -> Fed {
        Ok(())
    }
}
