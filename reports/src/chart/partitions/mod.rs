//! Charts of how records fall on partitions.

pub(crate) mod partition_load;
pub(crate) mod skew;
