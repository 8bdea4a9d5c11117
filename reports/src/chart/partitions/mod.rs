//! Charts of how records fall on partitions.

pub mod partition_load;
pub mod skew;
