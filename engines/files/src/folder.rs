//! Folders, and what is durable in them.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// The folder that a path lies in.
pub fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Makes a folder and those above it, each durably.
///
/// # Errors
/// When that is not possible.
pub fn make_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let above = folder_of(folder);
    make_folder(above)?;
    match fs::create_dir(folder) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists || !folder.is_dir() => Err(error),
        _ => sync_folder(above),
    }
}

/// Makes a folder that was not there, and those above it if need be.
///
/// # Errors
/// [`ErrorKind::AlreadyExists`] when anything has that name; when it cannot be made.
pub fn make_new_folder(folder: &Path) -> io::Result<()> {
    let above = folder_of(folder);
    make_folder(above)?;
    fs::create_dir(folder)?;
    sync_folder(above)
}

/// Makes the names of a folder's files durable.
///
/// # Errors
/// When that is not possible.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Removes a file durably; one that is not there is removed already.
///
/// # Errors
/// When it cannot be removed.
pub fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Ok(()) => sync_folder(folder_of(path)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// As [`remove_if_there`], of many, in their order: each of their folders is synced once.
///
/// # Errors
/// When one cannot be removed, which is named; those behind it are still there.
pub fn remove_all_there(paths: &[impl AsRef<Path>]) -> io::Result<()> {
    let mut folders = BTreeSet::new();
    for path in paths.iter().map(AsRef::as_ref) {
        match fs::remove_file(path) {
            Ok(()) => drop(folders.insert(folder_of(path))),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => {
                let cause = format!("{}: {error}", path.display());
                return Err(io::Error::new(error.kind(), cause));
            }
        }
    }
    folders.into_iter().try_for_each(sync_folder)
}

/// Gives a file another name durably, in the place of whatever had it.
///
/// # Errors
/// When that is not possible.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)?;
    sync_folder(folder_of(to))?;
    if folder_of(from) == folder_of(to) { Ok(()) } else { sync_folder(folder_of(from)) }
}

/// Whether two entries are the same file or folder; true where the system does not tell.
pub fn is_same(a: &fs::Metadata, b: &fs::Metadata) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        (a.dev(), a.ino()) == (b.dev(), b.ino())
    }
    #[cfg(not(unix))]
    {
        let _ = (a, b);
        true
    }
}

/// Adds to the end of a file, made if need be.
///
/// # Errors
/// When that is not possible.
pub fn append(path: &Path, bytes: &[u8]) -> io::Result<()> {
    io::Write::write_all(&mut File::options().append(true).create(true).open(path)?, bytes)
}

/// Moves a folder out of the way: `NAME.old-1`, or the next number that is free. Returns where it
/// is now.
///
/// # Errors
/// When it cannot be renamed.
pub fn set_aside(folder: &Path) -> io::Result<PathBuf> {
    let folder = folder.canonicalize()?;
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    for number in 1.. {
        let aside = folder.with_file_name(format!("{name}.old-{number}"));
        // Made first, so that two of us do not take the same name; a rename replaces an empty one.
        match fs::create_dir(&aside) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
            Ok(()) => {
                rename(&folder, &aside)?;
                return Ok(aside);
            }
        }
    }
    unreachable!("some number is free")
}
