//! What a failed operation tells the user to do, and whether it passes by itself.

use std::io::{Error, ErrorKind};

/// Whether it stays so until somebody does something about it.
pub fn is_permanent(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::StorageFull
            | ErrorKind::QuotaExceeded
            | ErrorKind::FileTooLarge
            | ErrorKind::ReadOnlyFilesystem
            | ErrorKind::PermissionDenied
            | ErrorKind::NotADirectory
            | ErrorKind::IsADirectory
            | ErrorKind::AlreadyExists
            | ErrorKind::NotFound
            | ErrorKind::BrokenPipe
    )
}

/// What to do about it, to stand behind its message; empty where that is not known.
pub fn advice(error: &Error) -> &'static str {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            "; free some space, or choose a folder on another disk"
        }
        ErrorKind::FileTooLarge => "; the limit on the size of files (ulimit -f) is too low",
        ErrorKind::PermissionDenied => "; choose a folder that this user may write to",
        ErrorKind::ReadOnlyFilesystem => "; choose a folder on a disk that can be written to",
        ErrorKind::NotADirectory | ErrorKind::AlreadyExists => {
            "; a file is where a folder is needed: remove it, or choose another folder"
        }
        ErrorKind::IsADirectory => {
            "; a folder is where a file is needed: remove it, or choose another folder"
        }
        ErrorKind::WouldBlock => {
            "; another run has it open: wait for its end, or choose another folder"
        }
        _ => "",
    }
}
