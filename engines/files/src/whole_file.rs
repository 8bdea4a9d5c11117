//! Files that are there whole or not at all.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

use crate::folder::{folder_of, sync_folder};
use crate::target_lock::TargetLock;
use crate::unfinished;

/// Links that are followed before a path is taken for a circle, as Linux does.
const MOST_LINKS: u32 = 40;

/// What the names of unfinished files begin and end with; what is between cannot be guessed.
const BEGINNING: &str = ".streamgauge-";
const ENDING: &str = ".part";

/// Whether a name is one that an unfinished file may have.
pub fn is_unfinished(name: &str) -> bool {
    name.starts_with(BEGINNING) && name.ends_with(ENDING)
}

/// Writes a file so that it is there whole or not at all, durably; a link is written through.
///
/// # Errors
/// When the folder is not writable; nothing is left then.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = WholeFile::create(path)?;
    file.write_all(bytes)?;
    file.keep()
}

/// As [`write_whole`], of a file that must not be there.
///
/// # Errors
/// [`ErrorKind::AlreadyExists`] when it is there; as [`write_whole`].
pub(crate) fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = WholeFile::beside(path.to_owned())?;
    file.write_all(bytes)?;
    file.finish(|part, path| part.persist_noclobber(path))
}

/// Writes a file in `folder`, which is on the same disk, and gives it its name when it is whole.
///
/// # Errors
/// As [`write_whole`].
pub fn write_whole_from(folder: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = WholeFile::within(folder, path.to_owned())?;
    file.write_all(bytes)?;
    file.keep()
}

/// Writes to a file that exists, such as one of the system's own.
///
/// # Errors
/// When it does not exist or is not writable.
pub fn write_plain(path: &Path, bytes: &[u8]) -> io::Result<()> {
    File::options().write(true).open(path)?.write_all(bytes)
}

/// A file that takes its name when it is complete and durable. Until then it lies beside it under a
/// name that nobody can guess, and it is removed when dropped.
#[derive(Debug)]
pub struct WholeFile {
    target: Target,
    _lock: Option<TargetLock>,
}

#[derive(Debug)]
enum Target {
    /// A file, and what it will be called.
    Part(NamedTempFile, PathBuf),
    /// A device or a named pipe, which cannot be replaced.
    Device(File),
    Kept,
}

impl WholeFile {
    /// Opens it; a link is written through.
    ///
    /// # Errors
    /// When the folder does not exist or is not writable, or the path is a folder.
    pub fn create(path: &Path) -> io::Result<Self> {
        let path = through_links(path)?;
        match fs::metadata(&path) {
            Ok(found) if found.is_dir() => {
                Err(io::Error::new(ErrorKind::IsADirectory, "it is a folder"))
            }
            Ok(found) if !found.is_file() => {
                let device = File::options().write(true).open(&path)?;
                Ok(Self { target: Target::Device(device), _lock: None })
            }
            _ => Self::beside(path),
        }
    }

    /// As [`WholeFile::create`], of a file that nobody else writes meanwhile.
    ///
    /// # Errors
    /// [`ErrorKind::WouldBlock`] when somebody does; as [`WholeFile::create`].
    pub fn create_alone(path: &Path) -> io::Result<Self> {
        let mut file = Self::create(path)?;
        if let Target::Part(_, path) = &file.target {
            file._lock = Some(TargetLock::take(path)?);
        }
        Ok(file)
    }

    fn beside(path: PathBuf) -> io::Result<Self> {
        let folder = folder_of(&path).to_owned();
        Self::within(&folder, path)
    }

    fn within(folder: &Path, path: PathBuf) -> io::Result<Self> {
        if path.file_name().is_none() {
            return Err(io::Error::new(ErrorKind::InvalidInput, "it names no file"));
        }
        let mut builder = Builder::new();
        builder.prefix(BEGINNING).suffix(ENDING);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            // As any new file: what the user's mask leaves.
            builder.permissions(fs::Permissions::from_mode(0o666));
        }
        let part = builder.tempfile_in(folder).map_err(without_path)?;
        unfinished::made(part.path());
        Ok(Self { target: Target::Part(part, path), _lock: None })
    }

    /// Makes it durable and gives it its name.
    ///
    /// # Errors
    /// When what was written could not be kept; nothing is left then.
    pub fn keep(&mut self) -> io::Result<()> {
        self.finish(|part, path| part.persist(path))
    }

    fn finish(
        &mut self,
        persist: impl FnOnce(NamedTempFile, &Path) -> Result<File, tempfile::PersistError>,
    ) -> io::Result<()> {
        self.flush()?;
        if let Target::Part(part, _) = &self.target {
            part.as_file().sync_all()?;
        }
        match std::mem::replace(&mut self.target, Target::Kept) {
            Target::Part(part, path) => {
                let was = part.path().to_owned();
                let kept = persist(part, &path);
                unfinished::settled(&was);
                kept.map_err(|error| error.error)?;
                sync_folder(folder_of(&path))
            }
            Target::Device(_) | Target::Kept => Ok(()),
        }
    }
}

impl Write for WholeFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.target {
            Target::Part(part, _) => part.as_file_mut().write(bytes),
            Target::Device(device) => device.write(bytes),
            Target::Kept => Err(io::Error::other("it is complete")),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.target {
            Target::Part(part, _) => part.as_file_mut().flush(),
            Target::Device(device) => device.flush(),
            Target::Kept => Ok(()),
        }
    }
}

impl Drop for WholeFile {
    fn drop(&mut self) {
        if let Target::Part(part, _) = &self.target {
            unfinished::settled(part.path());
        }
    }
}

/// An error without the temporary name, which tells the user nothing.
fn without_path(error: io::Error) -> io::Error {
    match error.raw_os_error().or_else(|| inner_code(&error)) {
        Some(code) => io::Error::from_raw_os_error(code),
        None => error,
    }
}

fn inner_code(error: &io::Error) -> Option<i32> {
    let inner = std::error::Error::source(error.get_ref()?)?;
    inner.downcast_ref::<io::Error>()?.raw_os_error()
}

/// Where a path leads to: what is written to a link goes to the file behind it, be it there or not.
fn through_links(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        match fs::symlink_metadata(&path) {
            Ok(found) if found.is_symlink() => {
                let target = fs::read_link(&path)?;
                path = folder_of(&path).join(target);
            }
            _ => return Ok(path),
        }
    }
    Err(io::Error::other("its links lead in a circle"))
}
