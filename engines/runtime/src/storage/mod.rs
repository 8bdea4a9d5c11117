//! Where files are kept: memory, a folder, or a model of a disk that fails.

pub(crate) mod blocking_operations;
pub(crate) mod directory;
pub(crate) mod durability;
pub(crate) mod faulty;
pub(crate) mod file_name;
pub(crate) mod memory;
pub(crate) mod storage_faults;
pub(crate) mod watched_storage;
