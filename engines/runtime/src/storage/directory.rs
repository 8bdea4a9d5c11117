//! Storage in a folder of the machine.
#![expect(clippy::disallowed_methods, reason = "what engines keep is written to disk here alone")]

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use dataflow::job::storage::{Storage, StorageError, Stored};
use dataflow::record::content_hash::{Content, ContentHasher};

use crate::storage::blocking_operations::BlockingOperations;
use crate::storage::file_name;
use crate::storage::file_name::TEMPORARY;

/// Files in a folder, durable as far as the machine's disk keeps what it promises.
///
/// A file is put by writing it beside its place under a temporary name (beginning with `.tmp-`)
/// and renaming it; whatever is made, renamed or removed is followed by a sync of its folder. On
/// the wall clock the work is done by tokio's threads for blocking work, so no worker waits for the
/// disk; under virtual time it is done at once and takes no time. What a task had begun when it was
/// killed is over, or will never happen, before any later operation has an effect.
///
/// A folder is open once at a time: a second one who opens it, of this process or another, is
/// refused. A process that is killed holds nothing.
#[derive(Debug)]
pub struct DirectoryStorage {
    root: PathBuf,
    /// Names the next temporary file.
    temporary: Arc<AtomicU64>,
    operations: Arc<BlockingOperations>,
    /// Holds the lock of the folder.
    _lock: File,
}

impl DirectoryStorage {
    /// Opens a folder, makes it if need be, and removes the temporary files that a process which
    /// was killed has left in it.
    ///
    /// # Errors
    /// When the folder can be neither made nor read, or is open already.
    pub fn open(path: &Path) -> Result<Arc<Self>, StorageError> {
        let opened = || -> io::Result<(PathBuf, File)> {
            make_folder(path)?;
            let root = path.canonicalize()?;
            let lock = File::open(&root)?;
            lock.try_lock()?;
            for name in walk(&root, "")?.into_iter().filter(|name| file_name::is_temporary(name)) {
                remove_if_there(&root.join(name))?;
            }
            Ok((root, lock))
        };
        let (root, lock) = opened().map_err(|error| failure("open", path, &error))?;
        let (temporary, operations) = Default::default();
        Ok(Arc::new(Self { root, temporary, operations, _lock: lock }))
    }

    /// Does `work` where it may block; it gets the file's path.
    fn run<T: Send + 'static>(
        &self,
        operation: &'static str,
        name: &str,
        work: impl FnOnce(&Path) -> io::Result<T> + Send + 'static,
    ) -> Stored<T> {
        let path = self.root.join(name);
        if let Err(refused) = file_name::check(operation, name, || self.locate(name)) {
            return Box::pin(std::future::ready(Err(refused)));
        }
        self.run_at(operation, path, work)
    }

    fn run_at<T: Send + 'static>(
        &self,
        operation: &'static str,
        path: PathBuf,
        work: impl FnOnce(&Path) -> io::Result<T> + Send + 'static,
    ) -> Stored<T> {
        let operations = Arc::clone(&self.operations);
        Box::pin(async move {
            let (_waiting, performing) = operations.begin();
            let work = move || {
                let done = || work(&path).map_err(|error| failure(operation, &path, &error));
                performing.perform(done)
            };
            let performed = match tokio::runtime::Handle::try_current() {
                Err(_) => work(),
                Ok(tokio) => match tokio.spawn_blocking(work).await {
                    Ok(performed) => performed,
                    Err(error) if error.is_panic() => resume_unwind(error.into_panic()),
                    // The runtime is being shut down, and this task with it.
                    Err(_) => None,
                },
            };
            match performed {
                Some(done) => done,
                None => std::future::pending().await,
            }
        })
    }
}

impl Storage for DirectoryStorage {
    fn locate(&self, name: &str) -> String {
        self.root.join(name).display().to_string()
    }

    fn put(&self, name: &str, bytes: Vec<u8>) -> Stored<()> {
        let number = self.temporary.fetch_add(1, Ordering::Relaxed);
        self.run("write", name, move |path| {
            let folder = folder_of(path);
            make_folder(folder)?;
            let temporary = folder.join(format!("{TEMPORARY}{}-{number}", std::process::id()));
            let written = || -> io::Result<()> {
                let mut file = File::create_new(&temporary)?;
                file.write_all(&bytes)?;
                file.sync_all()?;
                fs::rename(&temporary, path)
            };
            if let Err(error) = written() {
                // It is in nobody's way if it stays; the next `open` tries again.
                let _left_over = remove_if_there(&temporary);
                return Err(error);
            }
            sync_folder(folder)
        })
    }

    fn append(&self, name: &str, bytes: Vec<u8>) -> Stored<()> {
        self.run("append to", name, move |path| {
            make_folder(folder_of(path))?;
            File::options().append(true).create(true).open(path)?.write_all(&bytes)
        })
    }

    fn sync(&self, name: &str) -> Stored<()> {
        self.run("sync", name, |path| match File::open(path) {
            Ok(file) => {
                file.sync_all()?;
                sync_folder(folder_of(path))
            }
            // Nothing was appended.
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        })
    }

    fn rename(&self, from: &str, to: &str) -> Stored<()> {
        if let Err(refused) = file_name::check("rename", to, || self.locate(to)) {
            return Box::pin(std::future::ready(Err(refused)));
        }
        let target = self.root.join(to);
        self.run("rename", from, move |path| {
            if !path.try_exists()? {
                return Err(io::Error::new(ErrorKind::NotFound, "there is no such file"));
            }
            make_folder(folder_of(&target))?;
            fs::rename(path, &target)?;
            sync_folder(folder_of(&target))?;
            if folder_of(path) == folder_of(&target) {
                Ok(())
            } else {
                sync_folder(folder_of(path))
            }
        })
    }

    fn read(&self, name: &str) -> Stored<Option<Vec<u8>>> {
        self.run("read", name, |path| match fs::read(path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        })
    }

    fn lengths(&self, prefix: &str) -> Stored<Vec<(String, u64)>> {
        let prefix = prefix.to_owned();
        self.run_at("list", self.root.clone(), move |root| {
            let names = walk_prefix(root, &prefix)?.into_iter();
            let measured = names.map(|name| {
                let length = fs::symlink_metadata(root.join(&name))?.len();
                Ok((name, length))
            });
            measured.collect()
        })
    }

    fn list(&self, prefix: &str) -> Stored<Vec<String>> {
        let prefix = prefix.to_owned();
        self.run_at("list", self.root.clone(), move |root| walk_prefix(root, &prefix))
    }

    fn content(&self, name: &str) -> Stored<Option<Content>> {
        self.run("read", name, |path| {
            let mut file = match File::open(path) {
                Ok(file) => file,
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
                Err(error) => return Err(error),
            };
            let (mut hasher, mut piece) = (ContentHasher::default(), vec![0; 1 << 18]);
            loop {
                match file.read(&mut piece)? {
                    0 => return Ok(Some(hasher.content())),
                    read => hasher.update(&piece[..read]),
                }
            }
        })
    }

    fn remove(&self, name: &str) -> Stored<()> {
        self.run("remove", name, remove_if_there)
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Makes a folder and those above it, each durably.
fn make_folder(folder: &Path) -> io::Result<()> {
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

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Ok(()) => sync_folder(folder_of(path)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// The names of a storage's files that begin with `prefix`, sorted.
fn walk_prefix(root: &Path, prefix: &str) -> io::Result<Vec<String>> {
    // Only the folder that the prefix names needs to be walked.
    let folder = prefix.rsplit_once('/').map_or("", |(folder, _)| folder);
    if !folder.is_empty() && file_name::check("list", folder, String::new).is_err() {
        return Ok(Vec::new());
    }
    let mut names = walk(root, folder)?;
    names.retain(|name| name.starts_with(prefix) && !file_name::is_temporary(name));
    names.sort_unstable();
    Ok(names)
}

/// The names of all files in a folder and below, the folder itself being `name` under `root`.
fn walk(root: &Path, name: &str) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    let mut folders = vec![name.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = match fs::read_dir(root.join(&folder)) {
            Ok(entries) => entries,
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) =>
            {
                continue;
            }
            Err(error) => return Err(error),
        };
        for entry in entries {
            let entry = entry?;
            // A name that is no text was not given by a storage.
            let Ok(segment) = entry.file_name().into_string() else { continue };
            let name = if folder.is_empty() { segment } else { format!("{folder}/{segment}") };
            if entry.file_type()?.is_dir() { &mut folders } else { &mut names }.push(name);
        }
    }
    Ok(names)
}

fn failure(operation: &'static str, path: &Path, error: &io::Error) -> StorageError {
    let advice = match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            "; free some space, or choose a folder on another disk"
        }
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
    };
    let (file, cause) = (path.display().to_string(), format!("{error}{advice}"));
    StorageError { operation, file, cause, damaged: false }
}
