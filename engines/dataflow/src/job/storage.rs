//! Where a job's durable part lives: named files, and the only way an engine reaches a disk.
//!
//! Names are paths of plain segments, `checkpoints/7/metadata`. The runtime brings the
//! implementations: memory, a directory, and one that fails by seed.

use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::future::BoxFuture;

/// What a storage operation comes to.
pub type Stored<T> = BoxFuture<Result<T, StorageError>>;

/// Named files.
///
/// A future that is dropped before it is ready may or may not have had its effect, as with a
/// process that is killed; so may the operation that a failure is reported for.
pub trait Storage: Send + Sync {
    /// A file's place as a person finds it: a path, or the name with `memory:` before it.
    fn locate(&self, name: &str) -> String;
    /// Puts a whole file in the place of whatever was there. Once ready it survives a crash;
    /// before that the old one or the new one is there, never a mixture.
    fn put(&self, name: &str, bytes: Vec<u8>) -> Stored<()>;
    /// Adds to the end of a file, made if need be. It survives a crash only once
    /// [`Storage::sync`] is ready.
    fn append(&self, name: &str, bytes: Vec<u8>) -> Stored<()>;
    /// Makes what was appended to a file durable.
    fn sync(&self, name: &str) -> Stored<()>;
    /// Gives a file another name, atomically and durably, in the place of whatever had it.
    fn rename(&self, from: &str, to: &str) -> Stored<()>;
    /// A file's contents; `None` when no file has that name.
    fn read(&self, name: &str) -> Stored<Option<Vec<u8>>>;
    /// The names of all files that begin with `prefix`, sorted.
    fn list(&self, prefix: &str) -> Stored<Vec<String>>;
    /// Removes a file; one that is not there is removed already.
    fn remove(&self, name: &str) -> Stored<()>;
}

/// A file that cannot be written or read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot {operation} {file}: {cause}")]
pub struct StorageError {
    /// The operation, as a verb.
    pub operation: &'static str,
    /// The file, as [`Storage::locate`] names it.
    pub file: String,
    /// What is wrong, and what to do about it where that is known.
    pub cause: String,
    /// Whether the file is there and is not what was written: a restart finds it so again.
    pub damaged: bool,
}

/// First bytes of every sealed file.
const MAGIC: [u8; 4] = *b"SGSF";
/// Version of the layout behind [`MAGIC`] and of everything sealed in it.
const FORMAT: u16 = 4;
/// Magic, format, checksum, length.
const HEADER_BYTES: usize = 4 + 2 + 4 + 8;

/// Writes a value as a sealed file: magic, format version, CRC-32 and length of the body, then
/// the body in postcard.
///
/// # Errors
/// When it cannot be serialized or stored.
pub async fn save<T: Serialize>(
    storage: &Arc<dyn Storage>,
    name: &str,
    value: &T,
) -> Result<(), StorageError> {
    let bytes = seal(value).map_err(|cause| StorageError {
        operation: "write",
        file: storage.locate(name),
        cause,
        damaged: false,
    })?;
    storage.put(name, bytes).await
}

/// Reads a sealed file; `None` when there is no such file.
///
/// # Errors
/// When it cannot be read, and when it is not what was written.
pub async fn load<T: DeserializeOwned>(
    storage: &Arc<dyn Storage>,
    name: &str,
) -> Result<Option<T>, StorageError> {
    let Some(bytes) = storage.read(name).await? else { return Ok(None) };
    unseal(&bytes).map(Some).map_err(|cause| StorageError {
        operation: "restore from",
        file: storage.locate(name),
        cause,
        damaged: true,
    })
}

/// As [`load`] of a file that must be there.
///
/// # Errors
/// As [`load`], and when there is no such file.
pub async fn load_existing<T: DeserializeOwned>(
    storage: &Arc<dyn Storage>,
    name: &str,
) -> Result<T, StorageError> {
    load(storage, name).await?.ok_or_else(|| StorageError {
        operation: "restore from",
        file: storage.locate(name),
        cause: format!("it is missing, and something that was completed needs it; {ADVICE}"),
        damaged: true,
    })
}

/// What to do about a damaged file.
const ADVICE: &str =
    "put back an undamaged copy, or begin again with an empty checkpoint directory and output";

fn seal<T: Serialize>(value: &T) -> Result<Vec<u8>, String> {
    let mut bytes = vec![0; HEADER_BYTES];
    bytes = postcard::to_extend(value, bytes).map_err(|error| error.to_string())?;
    let (header, body) = bytes.split_at_mut(HEADER_BYTES);
    header[..4].copy_from_slice(&MAGIC);
    header[4..6].copy_from_slice(&FORMAT.to_le_bytes());
    header[6..10].copy_from_slice(&crc32fast::hash(body).to_le_bytes());
    header[10..].copy_from_slice(&(body.len() as u64).to_le_bytes());
    Ok(bytes)
}

fn unseal<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    let Some((header, body)) = bytes.split_at_checked(HEADER_BYTES) else {
        let len = bytes.len();
        return Err(format!("it is torn: only {len} bytes long; {ADVICE}"));
    };
    if header[..4] != MAGIC {
        return Err(format!("it is no file of this program; {ADVICE}"));
    }
    let format = u16::from_le_bytes([header[4], header[5]]);
    if format != FORMAT {
        return Err(format!(
            "it has format version {format} and this program reads {FORMAT}; use the version of \
             the program that wrote it"
        ));
    }
    let field = |range: std::ops::Range<usize>| {
        header[range].iter().rev().fold(0_u64, |number, &byte| number << 8 | u64::from(byte))
    };
    let (checksum, length) = (field(6..10), field(10..18));
    if length != body.len() as u64 {
        let len = body.len();
        return Err(format!("it is torn: {len} of {length} bytes are there; {ADVICE}"));
    }
    if checksum != u64::from(crc32fast::hash(body)) {
        return Err(format!("it is damaged: its checksum does not match; {ADVICE}"));
    }
    postcard::from_bytes(body)
        .map_err(|error| format!("it holds something else than expected ({error}); {ADVICE}"))
}

#[cfg(test)]
mod tests {
    use super::{seal, unseal};

    #[test]
    fn what_was_sealed_comes_back() {
        let value = (7_u32, "seven".to_owned(), vec![1_u8, 2, 3]);
        assert_eq!(unseal(&seal(&value).unwrap()), Ok(value));
    }

    #[test]
    fn every_flipped_bit_and_every_missing_byte_is_noticed() {
        let whole = seal(&(1_u64, "a value".to_owned())).unwrap();
        for byte in 0..whole.len() {
            for bit in 0..8 {
                let mut damaged = whole.clone();
                damaged[byte] ^= 1 << bit;
                let read: Result<(u64, String), String> = unseal(&damaged);
                assert!(read.is_err(), "byte {byte}, bit {bit}");
            }
            let read: Result<(u64, String), String> = unseal(&whole[..byte]);
            assert!(read.unwrap_err().contains("torn"), "{byte} bytes");
        }
    }

    #[test]
    fn another_type_and_another_format_are_told_apart() {
        let whole = seal(&1_u8).unwrap();
        assert!(unseal::<String>(&whole).unwrap_err().contains("something else"));
        let mut newer = whole;
        newer[4] = 9;
        assert!(unseal::<u8>(&newer).unwrap_err().contains("format version 9"));
    }
}
