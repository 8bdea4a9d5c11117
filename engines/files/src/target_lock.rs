//! One writer for each file that takes long to write.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::folder::is_same;
use crate::unfinished;

/// Held while a file is being written. A process that is killed holds nothing.
#[derive(Debug)]
pub(crate) struct TargetLock {
    path: PathBuf,
    /// Has the lock.
    _file: File,
}

impl TargetLock {
    /// Takes the lock of a file, `.NAME.lock` beside it.
    ///
    /// # Errors
    /// [`ErrorKind::WouldBlock`] while somebody else has it.
    pub(crate) fn take(target: &Path) -> io::Result<Self> {
        let name = target.file_name().unwrap_or_default().to_string_lossy();
        let path = target.with_file_name(format!(".{name}.lock"));
        loop {
            let file = match File::options().write(true).create_new(true).open(&path) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                    // Ours are empty files.
                    let in_the_way = |found: fs::Metadata| !found.is_file() || found.len() > 0;
                    if fs::symlink_metadata(&path).is_ok_and(in_the_way) {
                        let cause = format!("{} is in the way: remove it", path.display());
                        return Err(io::Error::new(ErrorKind::AlreadyExists, cause));
                    }
                    match File::options().write(true).open(&path) {
                        Err(error) if error.kind() == ErrorKind::NotFound => continue,
                        opened => opened?,
                    }
                }
                opened => opened?,
            };
            file.try_lock().map_err(|_| {
                io::Error::new(
                    ErrorKind::WouldBlock,
                    "another run is writing it; name another file",
                )
            })?;
            // Whoever had it before may have removed the file between our open and our lock.
            if is_there(&file, &path)? {
                unfinished::made(&path);
                return Ok(Self { path, _file: file });
            }
        }
    }
}

/// Whether the file of this name is the one that was opened.
fn is_there(file: &File, path: &Path) -> io::Result<bool> {
    match fs::symlink_metadata(path) {
        Ok(there) => Ok(is_same(&file.metadata()?, &there)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

impl Drop for TargetLock {
    fn drop(&mut self) {
        // Removed while it is locked: nobody else has it now.
        drop(fs::remove_file(&self.path));
        unfinished::settled(&self.path);
    }
}
