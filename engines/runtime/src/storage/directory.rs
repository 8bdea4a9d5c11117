//! Storage in a folder of the machine.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read as _, Seek as _, SeekFrom};
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dataflow::exchange::failure::FailureKind;
use dataflow::job::storage::{Storage, StorageError, Stored};
use dataflow::record::content_hash::{Content, ContentHasher};
use files::failure::{advice, is_permanent};
use files::folder::{
    append, folder_of, is_same, make_folder, remove_all_there, remove_if_there, rename, sync_folder,
};
use files::owned_folder::MARKER;
use files::whole_file::write_whole_from;
use files::{FolderError, Kind, OwnedFolder};

use crate::storage::blocking_operations::BlockingOperations;
use crate::storage::file_name;
use crate::storage::file_name::UNFINISHED;

/// Files in a folder of ours, durable as far as the machine's disk keeps what it promises.
///
/// A file is put by writing it in the folder `.unfinished` and renaming it; whatever is made,
/// renamed or removed is followed by a sync of its folder. On the wall clock the work is done by
/// tokio's threads for blocking work, so no worker waits for the disk; under virtual time it is done
/// at once and takes no time. What a task had begun when it was killed is over, or will never
/// happen, before any later operation has an effect.
///
/// A folder is open once at a time: a second one who opens it, of this process or another, is
/// refused. A process that is killed holds nothing.
#[derive(Debug)]
pub struct DirectoryStorage {
    root: PathBuf,
    operations: Arc<BlockingOperations>,
    /// Holds the lock of the folder.
    lock: Arc<File>,
}

impl DirectoryStorage {
    /// Opens a folder, which must be missing, empty or marked for this, and removes the unfinished
    /// files that a process which was killed has left in it.
    ///
    /// # Errors
    /// When the folder is somebody else's, can be neither made nor read, or is open already; then
    /// nothing in it was touched.
    pub fn open(path: &Path, kind: Kind) -> Result<Arc<Self>, StorageError> {
        let failed = |error: io::Error| failure("open", path, &error);
        make_folder(path).map_err(failed)?;
        let root = path.canonicalize().map_err(failed)?;
        let lock = File::open(&root).map_err(failed)?;
        lock.try_lock().map_err(|error| failed(error.into()))?;
        OwnedFolder::claim(&root, kind).map_err(|error| match error {
            FolderError::Failed { error, .. } => failed(error),
            refused => StorageError {
                operation: "open",
                file: path.display().to_string(),
                cause: refused.to_string(),
                kind: FailureKind::Permanent,
            },
        })?;
        let unfinished = root.join(UNFINISHED);
        let left = walk(&root, UNFINISHED).map_err(failed)?;
        let left: Vec<PathBuf> = left.into_iter().map(|name| root.join(name)).collect();
        remove_all_there(&left).map_err(failed)?;
        make_folder(&unfinished).map_err(failed)?;
        Ok(Arc::new(Self { root, operations: Arc::default(), lock: Arc::new(lock) }))
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
        let (operations, root) = (Arc::clone(&self.operations), self.root.clone());
        let lock = Arc::clone(&self.lock);
        Box::pin(async move {
            let (_waiting, performing) = operations.begin();
            let work = move || {
                let done = || {
                    let done = still_ours(&root, &lock).and_then(|()| work(&path));
                    done.map_err(|error| failure(operation, &path, &error))
                };
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
        let unfinished = self.root.join(UNFINISHED);
        self.run("write", name, move |path| {
            make_folder(folder_of(path))?;
            write_whole_from(&unfinished, path, &bytes)
        })
    }

    fn append(&self, name: &str, bytes: Vec<u8>) -> Stored<()> {
        self.run("append to", name, move |path| {
            make_folder(folder_of(path))?;
            append(path, &bytes)
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
                return Err(io::Error::other("there is no such file"));
            }
            make_folder(folder_of(&target))?;
            rename(path, &target)
        })
    }

    fn read(&self, name: &str) -> Stored<Option<Vec<u8>>> {
        self.run("read", name, |path| match fs::read(path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        })
    }

    fn read_from(&self, name: &str, offset: u64, most: usize) -> Stored<Option<Vec<u8>>> {
        self.run("read", name, move |path| {
            let mut file = match File::open(path) {
                Ok(file) => file,
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
                Err(error) => return Err(error),
            };
            file.seek(SeekFrom::Start(offset))?;
            let mut bytes = Vec::new();
            file.take(most as u64).read_to_end(&mut bytes)?;
            Ok(Some(bytes))
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

    fn remove_all(&self, names: Vec<String>) -> Stored<()> {
        for name in &names {
            if let Err(refused) = file_name::check("remove", name, || self.locate(name)) {
                return Box::pin(std::future::ready(Err(refused)));
            }
        }
        self.run_at("remove files of", self.root.clone(), move |root| {
            let paths: Vec<PathBuf> = names.iter().map(|name| root.join(name)).collect();
            remove_all_there(&paths)
        })
    }
}

/// Refuses to go on in a folder that is gone, or in another that has its place; `lock` is the one
/// that was opened.
fn still_ours(root: &Path, lock: &File) -> io::Result<()> {
    let is_it = match (fs::symlink_metadata(root), root.join(MARKER).try_exists()?) {
        (Ok(there), true) => is_same(&lock.metadata()?, &there),
        (Err(error), _) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => false,
    };
    if is_it {
        return Ok(());
    }
    let cause = format!("the folder {} is gone, or another has its place", root.display());
    Err(io::Error::new(ErrorKind::NotFound, cause))
}

/// The names of a storage's files that begin with `prefix`, sorted.
fn walk_prefix(root: &Path, prefix: &str) -> io::Result<Vec<String>> {
    // Only the folder that the prefix names needs to be walked.
    let folder = prefix.rsplit_once('/').map_or("", |(folder, _)| folder);
    if !folder.is_empty() && file_name::check("list", folder, String::new).is_err() {
        return Ok(Vec::new());
    }
    let mut names = walk(root, folder)?;
    names.retain(|name| name.starts_with(prefix) && !file_name::is_own(name));
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
    let kind = if is_permanent(error) { FailureKind::Permanent } else { FailureKind::Transient };
    let (file, cause) = (path.display().to_string(), format!("{error}{}", advice(error)));
    StorageError { operation, file, cause, kind }
}
