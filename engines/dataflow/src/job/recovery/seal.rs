//! Sealed files: what an engine keeps, bound to its name and to the content that was promised.
//!
//! A sealed file tells by itself whether it is whole and of that name. Whether it is the one that
//! was completed, and no older one and none of another job, is told by whoever refers to it: every
//! reference holds the [`ContentHash`] that [`save`] gave.

use crate::exchange::failure::FailureKind;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::job::storage::{Storage, StorageError};
use crate::record::content_hash::{ContentHash, ContentHasher};

/// First bytes of every sealed file.
const MAGIC: [u8; 4] = *b"SGSF";
/// Version of the layout behind [`MAGIC`] and of everything sealed in it.
const FORMAT: u16 = 6;
/// Magic, format, hash, length of the body.
const HEADER_BYTES: usize = 4 + 2 + 16 + 8;

/// What to do about a damaged file.
const ADVICE: &str =
    "put back an undamaged copy, or begin again with an empty checkpoint directory and output";

/// A file that was sealed, and its seal: what refers to it by both is not deceived.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct SealedFile {
    /// Its name in the storage.
    pub name: String,
    /// What [`save`] gave for it.
    pub seal: ContentHash,
}

/// Writes a value as a sealed file: magic, format version, XXH3-128 of name and body, length of the
/// body, then the body in postcard. Returns that hash.
///
/// # Errors
/// When it cannot be serialized or stored.
pub async fn save<T: Serialize>(
    storage: &Arc<dyn Storage>,
    name: &str,
    value: &T,
) -> Result<ContentHash, StorageError> {
    let body = postcard::to_stdvec(value).map_err(|error| StorageError {
        operation: "write",
        file: storage.locate(name),
        cause: error.to_string(),
        kind: FailureKind::Transient,
    })?;
    let (bytes, seal) = seal(name, &body);
    storage.put(name, bytes).await?;
    Ok(seal)
}

/// Reads a sealed file and tells its seal; `None` when there is no such file.
///
/// # Errors
/// When it cannot be read, and when it is not what was written under this name.
pub async fn load<T: DeserializeOwned>(
    storage: &Arc<dyn Storage>,
    name: &str,
) -> Result<Option<(T, ContentHash)>, StorageError> {
    let Some(bytes) = storage.read(name).await? else { return Ok(None) };
    let opened = unseal(name, &bytes).and_then(|(body, seal)| {
        let value = postcard::from_bytes(body)
            .map_err(|error| format!("it holds something else than expected ({error}); {ADVICE}"));
        Ok((value?, seal))
    });
    opened.map(Some).map_err(|cause| damaged(storage, name, cause))
}

/// As [`load`] of a file that must be there.
///
/// # Errors
/// As [`load`], and when there is no such file.
pub async fn load_existing<T: DeserializeOwned>(
    storage: &Arc<dyn Storage>,
    name: &str,
) -> Result<(T, ContentHash), StorageError> {
    let missing = || {
        let cause = format!("it is missing, and something that was completed needs it; {ADVICE}");
        damaged(storage, name, cause)
    };
    load(storage, name).await?.ok_or_else(missing)
}

/// As [`load_existing`] of a file that must have this seal.
///
/// # Errors
/// As [`load_existing`], and when it is another file, however whole.
pub async fn load_promised<T: DeserializeOwned>(
    storage: &Arc<dyn Storage>,
    file: &SealedFile,
) -> Result<T, StorageError> {
    let (value, seal) = load_existing(storage, &file.name).await?;
    if seal == file.seal {
        return Ok(value);
    }
    let cause = format!(
        "it is whole and not the one that was completed: it is of another attempt or another job; \
         {ADVICE}"
    );
    Err(damaged(storage, &file.name, cause))
}

fn damaged(storage: &Arc<dyn Storage>, name: &str, cause: String) -> StorageError {
    StorageError {
        operation: "restore from",
        file: storage.locate(name),
        cause,
        kind: FailureKind::Damaged,
    }
}

/// The hash of a body under a name: what [`save`] gives for it.
pub fn seal_of(name: &str, body: &[u8]) -> ContentHash {
    let mut hasher = ContentHasher::default();
    hasher.update(&(name.len() as u64).to_le_bytes());
    hasher.update(name.as_bytes());
    hasher.update(body);
    hasher.hash()
}

/// The bytes of a sealed file of this name around a body, and its seal.
pub fn seal(name: &str, body: &[u8]) -> (Vec<u8>, ContentHash) {
    let seal = seal_of(name, body);
    let mut bytes = Vec::with_capacity(HEADER_BYTES + body.len());
    bytes.extend_from_slice(&MAGIC);
    bytes.extend_from_slice(&FORMAT.to_le_bytes());
    bytes.extend_from_slice(&seal.0);
    bytes.extend_from_slice(&(body.len() as u64).to_le_bytes());
    bytes.extend_from_slice(body);
    (bytes, seal)
}

/// The body of a sealed file of this name, and its seal.
///
/// # Errors
/// When the bytes are not what was sealed under this name; the message says how that shows.
pub fn unseal<'a>(name: &str, bytes: &'a [u8]) -> Result<(&'a [u8], ContentHash), String> {
    let Some((header, body)) = bytes.split_at_checked(HEADER_BYTES) else {
        let len = bytes.len();
        return Err(format!("it is torn: only {len} bytes long; {ADVICE}"));
    };
    let (magic, header) = header.split_at(4);
    let (format, header) = header.split_at(2);
    let (hash, length) = header.split_at(16);
    if magic != MAGIC {
        return Err(format!("it is no file of this program; {ADVICE}"));
    }
    let format = u16::from_le_bytes([format[0], format[1]]);
    if format != FORMAT {
        return Err(format!(
            "it has format version {format} and this program reads {FORMAT}; use the version of \
             the program that wrote it"
        ));
    }
    if length != (body.len() as u64).to_le_bytes() {
        let (len, length) = (body.len(), u64::from_le_bytes(length.try_into().unwrap_or_default()));
        return Err(format!("it is torn: {len} of {length} bytes are there; {ADVICE}"));
    }
    let seal = seal_of(name, body);
    if hash != seal.0 {
        return Err(format!(
            "it is damaged, or another file under this name: its checksum does not match; {ADVICE}"
        ));
    }
    Ok((body, seal))
}

#[cfg(test)]
mod tests {
    use super::{FORMAT, seal, unseal};

    #[test]
    fn what_was_sealed_comes_back() {
        let (bytes, hash) = seal("a/name", b"a body");
        assert_eq!(unseal("a/name", &bytes), Ok((&b"a body"[..], hash)));
    }

    #[test]
    fn every_flipped_bit_and_every_missing_byte_is_noticed() {
        let (whole, _) = seal("name", b"some value");
        for byte in 0..whole.len() {
            for bit in 0..8 {
                let mut damaged = whole.clone();
                damaged[byte] ^= 1 << bit;
                assert!(unseal("name", &damaged).is_err(), "byte {byte}, bit {bit}");
            }
            assert!(unseal("name", &whole[..byte]).unwrap_err().contains("torn"), "{byte} bytes");
        }
    }

    #[test]
    fn a_file_under_another_name_and_another_format_are_refused() {
        let (mut whole, _) = seal("state/1", b"a body");
        assert!(unseal("state/2", &whole).unwrap_err().contains("another file under this name"));
        whole[4] = FORMAT as u8 - 1;
        assert!(unseal("state/1", &whole).unwrap_err().contains("format version 5"));
    }
}
