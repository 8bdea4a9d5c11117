//! Closed forms of P = N/M: how many records the fullest partition has.

pub mod balls_in_bins;
pub mod hot_key;
pub mod hot_multiples;
pub mod key_group_shares;
pub mod mean_load;
pub mod skewed_batch_latency;
pub mod skewed_throughput;
pub mod split_key;
pub mod zipf;
