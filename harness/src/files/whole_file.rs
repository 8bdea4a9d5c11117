//! The one place where the harness writes files.

#![allow(
    clippy::disallowed_methods,
    reason = "clippy.toml forbids writes elsewhere, so that all of them are here"
)]

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Writes a file so that it is there whole or not at all: under another name first, then renamed.
///
/// # Errors
/// When the folder is not writable.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = WholeFile::create(path)?;
    file.write_all(bytes)?;
    file.keep()
}

/// Writes to a file that exists, such as one of the system's own.
///
/// # Errors
/// When it does not exist or is not writable.
pub(crate) fn write_plain(path: &Path, bytes: &[u8]) -> io::Result<()> {
    File::options().write(true).open(path)?.write_all(bytes)
}

/// Makes a folder and those above it.
///
/// # Errors
/// When that is not possible.
pub(crate) fn make_folder(path: &Path) -> io::Result<()> {
    std::fs::create_dir_all(path)
}

/// A file that takes its name when it is complete; until then it lies beside it as `.NAME.part`
/// and is removed when dropped.
#[derive(Debug)]
pub(crate) struct WholeFile {
    file: File,
    /// Where it lies, and what it will be called; `None` once it has its name or never had
    /// another (a device, a pipe).
    rename: Option<(PathBuf, PathBuf)>,
}

impl WholeFile {
    /// Opens it.
    ///
    /// # Errors
    /// When the folder does not exist or is not writable, or the path is a folder.
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        match std::fs::metadata(path) {
            Ok(found) if found.is_dir() => {
                return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder"));
            }
            // A device or a named pipe cannot be replaced.
            Ok(found) if !found.is_file() => {
                let file = File::options().write(true).open(path)?;
                return Ok(Self { file, rename: None });
            }
            _ => {}
        }
        let Some(name) = path.file_name() else {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it names no file"));
        };
        let part = path.with_file_name(format!(".{}.part", name.to_string_lossy()));
        let file = File::create(&part)?;
        Ok(Self { file, rename: Some((part, path.to_owned())) })
    }

    /// Gives it its name.
    ///
    /// # Errors
    /// When what was written could not be kept.
    pub(crate) fn keep(&mut self) -> io::Result<()> {
        self.file.flush()?;
        match self.rename.take() {
            Some((part, path)) => std::fs::rename(part, path),
            None => Ok(()),
        }
    }
}

impl Write for WholeFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for WholeFile {
    fn drop(&mut self) {
        if let Some((part, _)) = &self.rename {
            // Nothing can be done about a part that will not go.
            drop(std::fs::remove_file(part));
        }
    }
}
