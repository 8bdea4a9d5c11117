//! What a file of a storage may be called.

use dataflow::job::storage::StorageError;

/// How the names of files begin that are not yet what they will be.
pub(crate) const TEMPORARY: &str = ".tmp-";

/// Refuses a name that is not a path of plain segments: an empty one, an absolute one, one that
/// leaves the storage or one that is kept for unfinished files. `locate` names the file.
pub(crate) fn check(
    operation: &'static str,
    name: &str,
    locate: impl FnOnce() -> String,
) -> Result<(), StorageError> {
    match name.split('/').find_map(objection) {
        None => Ok(()),
        Some(cause) => {
            let cause = format!("the name `{name}` {cause}; use plain segments, as in `a/b`");
            Err(StorageError { operation, file: locate(), cause, damaged: false })
        }
    }
}

/// Whether a name is that of an unfinished file.
pub(crate) fn is_temporary(name: &str) -> bool {
    name.rsplit('/').next().is_some_and(|segment| segment.starts_with(TEMPORARY))
}

fn objection(segment: &str) -> Option<&'static str> {
    match segment {
        "" => Some("has an empty segment"),
        "." | ".." => Some("has a segment that is no name"),
        _ if segment.starts_with(TEMPORARY) => Some("is kept for unfinished files"),
        _ if segment.contains(['\\', '\0']) => Some("has a character that no path takes"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{check, is_temporary};

    #[test]
    fn plain_segments_are_taken_and_everything_else_is_refused() {
        for name in ["a", "checkpoints/7/metadata", "a.b/c-d", "..."] {
            assert_eq!(check("write", name, String::new), Ok(()), "{name}");
        }
        for name in ["", "/", "/a", "a/", "a//b", "..", "a/../b", "./a", "a/.tmp-1", "a\\b"] {
            let refused = check("write", name, || "there".to_owned()).unwrap_err();
            assert_eq!((refused.operation, &*refused.file), ("write", "there"), "{name}");
        }
    }

    #[test]
    fn unfinished_files_are_known_by_their_last_segment() {
        assert!(is_temporary(".tmp-1") && is_temporary("a/.tmp-1"));
        assert!(!is_temporary("a/tmp-1") && !is_temporary("a"));
    }
}
