//! What events are made of: keys, payloads and words.

pub mod alias_table;
pub mod key_distribution;
pub mod key_file;
pub mod keyed_event;
pub mod payload;
pub mod payload_lengths;
pub mod random;
pub mod word_lines;
