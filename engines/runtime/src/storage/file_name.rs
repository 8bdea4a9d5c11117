//! What a file of a storage may be called.

use dataflow::exchange::failure::FailureKind;
use dataflow::job::storage::StorageError;
use files::owned_folder::MARKER;
use files::whole_file::is_unfinished;

/// The folder of files that are not yet what they will be. It is the storage's own.
pub(crate) const UNFINISHED: &str = ".unfinished";

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
            Err(StorageError { operation, file: locate(), cause, kind: FailureKind::Transient })
        }
    }
}

/// Whether a name is none that a storage was given: its marker, or an unfinished file.
pub(crate) fn is_own(name: &str) -> bool {
    let first = name.split('/').next().unwrap_or_default();
    [UNFINISHED, MARKER].contains(&first) || is_unfinished(first)
}

fn objection(segment: &str) -> Option<&'static str> {
    match segment {
        "" => Some("has an empty segment"),
        "." | ".." => Some("has a segment that is no name"),
        UNFINISHED | MARKER => Some("has a segment that a storage keeps for itself"),
        _ if segment.contains(['\\', '\0']) => Some("has a character that no path takes"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{check, is_own};

    #[test]
    fn plain_segments_are_taken_and_everything_else_is_refused() {
        for name in ["a", "checkpoints/7/metadata", "a.b/c-d", "..."] {
            assert_eq!(check("write", name, String::new), Ok(()), "{name}");
        }
        for name in ["", "/", "/a", "a/", "a//b", "..", "a/../b", "./a", ".unfinished/1", "a\\b"] {
            let refused = check("write", name, || "there".to_owned()).unwrap_err();
            assert_eq!((refused.operation, &*refused.file), ("write", "there"), "{name}");
        }
    }

    #[test]
    fn what_a_storage_keeps_for_itself_is_known_by_its_first_segment() {
        assert!(is_own(".unfinished/1") && is_own(".streamgauge"));
        assert!(!is_own("a/.unfinished") && !is_own(".unfinished-1"));
    }
}
