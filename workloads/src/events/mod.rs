//! What events are made of: keys, payloads and words.

pub(crate) mod alias_table;
pub mod key_distribution;
pub mod key_file;
pub mod keyed_event;
pub mod payload;
pub(crate) mod payload_lengths;
pub mod transfer;
pub mod word_lines;
