//! Folders for what nobody needs once the process has ended.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::folder::make_new_folder;
use crate::owned_folder::{Kind, OwnedFolder};

static NUMBER: AtomicU64 = AtomicU64::new(0);

/// A folder among the system's temporary files, which goes with this value.
#[derive(Debug)]
pub struct ScratchFolder(PathBuf);

impl ScratchFolder {
    /// Makes one whose name says what it is for.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn new(what_for: &str) -> io::Result<Self> {
        let process = std::process::id();
        loop {
            let number = NUMBER.fetch_add(1, Ordering::Relaxed);
            let name = format!("streamgauge-{what_for}-{process}-{number}");
            let path = std::env::temp_dir().join(name);
            match make_new_folder(&path) {
                // Of a process that was killed.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
                Ok(()) => {
                    OwnedFolder::claim(&path, Kind::Scratch).map_err(io::Error::other)?;
                    return Ok(Self(path));
                }
            }
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for ScratchFolder {
    fn drop(&mut self) {
        // Nothing can be done about what will not go.
        drop(std::fs::remove_dir_all(&self.0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_goes_with_all_that_is_in_it() {
        let (one, other) =
            (ScratchFolder::new("test").unwrap(), ScratchFolder::new("test").unwrap());
        assert_ne!(one.path(), other.path());
        let path = one.path().to_owned();
        make_new_folder(&path.join("deep")).unwrap();
        drop(one);
        assert!(!path.exists() && other.path().exists());
    }
}
