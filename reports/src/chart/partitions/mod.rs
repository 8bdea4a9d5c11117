//! Charts of how records fall on partitions.

mod columns;
pub(crate) mod partition_load;
pub(crate) mod skew;
