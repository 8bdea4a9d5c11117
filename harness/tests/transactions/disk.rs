//! A disk that can be made to fail: at one operation, with or without its effect, and with or
//! without the process.

use dataflow::exchange::failure::FailureKind;
use std::collections::BTreeMap;
use std::future::{pending, poll_fn};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::Poll;

use dataflow::job::storage::{Storage, StorageError, Stored};

/// What goes wrong with one operation.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Fault {
    /// How many operations go well before.
    pub(crate) after: usize,
    /// Whether it has its effect nevertheless.
    pub(crate) has_effect: bool,
    /// Whether the process ends there; otherwise the operation fails, and the next ones go well.
    pub(crate) kills: bool,
}

impl Fault {
    /// Everything that can happen to the operation after so many.
    pub(crate) fn all(after: usize) -> impl Iterator<Item = Self> {
        [(false, false), (false, true), (true, false), (true, true)]
            .into_iter()
            .map(move |(has_effect, kills)| Self { after, has_effect, kills })
    }
}

/// Files that survive a crash as far as they were made durable.
#[derive(Clone, Default)]
pub(crate) struct Disk(Arc<Mutex<Content>>);

#[derive(Default)]
struct Content {
    files: BTreeMap<String, File>,
    /// Names that operations were about, in their order.
    log: Vec<String>,
    /// The operation that fails, by its place in the log.
    fault: Option<(usize, Fault)>,
    dead: bool,
    /// Appends do not come to their end.
    is_slow: bool,
}

#[derive(Clone, Default)]
struct File {
    bytes: Vec<u8>,
    durable: usize,
}

impl Disk {
    fn lock(&self) -> MutexGuard<'_, Content> {
        self.0.lock().unwrap()
    }

    pub(crate) fn storage(&self) -> Arc<dyn Storage> {
        Arc::new(self.clone())
    }

    pub(crate) fn arm(&self, fault: Fault) {
        let mut content = self.lock();
        content.fault = Some((content.log.len() + fault.after, fault));
    }

    /// Nothing goes wrong any more.
    pub(crate) fn disarm(&self) {
        self.lock().fault = None;
    }

    /// Whether what was armed has not come to pass.
    pub(crate) fn is_armed(&self) -> bool {
        self.lock().fault.is_some()
    }

    /// Something besides the disk that may fail: whether it goes well.
    #[allow(dead_code, reason = "a topic of a true broker is no part of these tests")]
    pub(crate) fn step(&self, name: &str) -> bool {
        matches!(self.lock().operate(name, |_, _| Some(())), Some(Ok(())))
    }

    /// Whether the process has ended.
    #[allow(dead_code, reason = "a topic of a true broker is no part of these tests")]
    pub(crate) fn is_dead(&self) -> bool {
        self.lock().dead
    }

    pub(crate) fn set_slow(&self, is_slow: bool) {
        self.lock().is_slow = is_slow;
    }

    /// The process is gone, and half of what it had not made durable.
    pub(crate) fn crash(&self) {
        let mut content = self.lock();
        content.dead = false;
        for file in content.files.values_mut() {
            file.durable += (file.bytes.len() - file.durable) / 2;
            file.bytes.truncate(file.durable);
        }
    }

    pub(crate) fn log(&self) -> Vec<String> {
        self.lock().log.clone()
    }

    /// Names of all files that begin with `prefix`.
    pub(crate) fn names(&self, prefix: &str) -> Vec<String> {
        self.lock().files.keys().filter(|name| name.starts_with(prefix)).cloned().collect()
    }

    /// Changes a file behind everybody's back.
    pub(crate) fn change(&self, name: &str, change: impl FnOnce(&mut Vec<u8>)) {
        change(&mut self.lock().files.get_mut(name).unwrap().bytes);
    }

    pub(crate) fn content(&self, name: &str) -> Vec<u8> {
        self.lock().files[name].bytes.clone()
    }

    pub(crate) fn lose(&self, name: &str) {
        self.lock().files.remove(name).unwrap();
    }

    /// The rows that a reader of the folder sees, sorted.
    pub(crate) fn rows(&self) -> Vec<String> {
        let content = self.lock();
        let is_visible = |name: &str| !name.starts_with(['.', '_']);
        let files = content.files.iter().filter(|(name, _)| is_visible(name));
        let text: Vec<_> = files.map(|(_, it)| str::from_utf8(&it.bytes).unwrap()).collect();
        let mut rows: Vec<_> =
            text.iter().flat_map(|text| text.lines()).map(str::to_owned).collect();
        rows.sort();
        rows
    }

    fn run<T: Default + Send + 'static>(
        &self,
        name: &str,
        effect: impl FnOnce(&mut Content, &str) -> Option<T> + Send + 'static,
    ) -> Stored<T> {
        let (disk, name) = (self.clone(), name.to_owned());
        Box::pin(async move {
            let Some(result) = disk.lock().operate(&name, effect) else { return pending().await };
            result
        })
    }
}

impl Content {
    /// `None` when the process ends here.
    fn operate<T>(
        &mut self,
        name: &str,
        effect: impl FnOnce(&mut Self, &str) -> Option<T>,
    ) -> Option<Result<T, StorageError>> {
        if self.dead {
            return None;
        }
        let error = |cause: &str| StorageError {
            operation: "use",
            file: format!("disk:{name}"),
            cause: cause.to_owned(),
            kind: FailureKind::Transient,
        };
        let place = self.log.len();
        self.log.push(name.to_owned());
        let Some((_, fault)) = self.fault.take_if(|(at, _)| *at == place) else {
            return Some(effect(self, name).ok_or_else(|| error("there is no such file")));
        };
        if fault.has_effect {
            effect(self, name);
        }
        self.dead = fault.kills;
        (!fault.kills).then(|| Err(error("it was told to fail")))
    }
}

impl Storage for Disk {
    fn locate(&self, name: &str) -> String {
        format!("disk:{name}")
    }

    fn put(&self, name: &str, bytes: Vec<u8>) -> Stored<()> {
        self.run(name, move |content, name| {
            let durable = bytes.len();
            content.files.insert(name.to_owned(), File { bytes, durable });
            Some(())
        })
    }

    fn append(&self, name: &str, bytes: Vec<u8>) -> Stored<()> {
        let disk = self.clone();
        let append = self.run(name, move |content, name| {
            content.files.entry(name.to_owned()).or_default().bytes.extend(bytes);
            Some(())
        });
        Box::pin(async move {
            poll_fn(|_| if disk.lock().is_slow { Poll::Pending } else { Poll::Ready(()) }).await;
            append.await
        })
    }

    fn sync(&self, name: &str) -> Stored<()> {
        self.run(name, |content, name| {
            let file = content.files.get_mut(name)?;
            file.durable = file.bytes.len();
            Some(())
        })
    }

    fn rename(&self, from: &str, to: &str) -> Stored<()> {
        let to = to.to_owned();
        self.run(from, move |content, from| {
            let file = content.files.remove(from)?;
            assert!(content.files.insert(to.clone(), file).is_none(), "{to} is there already");
            Some(())
        })
    }

    fn read(&self, name: &str) -> Stored<Option<Vec<u8>>> {
        self.run(name, |content, name| Some(content.files.get(name).map(|it| it.bytes.clone())))
    }

    fn lengths(&self, prefix: &str) -> Stored<Vec<(String, u64)>> {
        self.run(prefix, |content, prefix| {
            let found = content.files.iter().filter(|(name, _)| name.starts_with(prefix));
            Some(found.map(|(name, file)| (name.clone(), file.bytes.len() as u64)).collect())
        })
    }

    fn remove(&self, name: &str) -> Stored<()> {
        self.run(name, |content, name| {
            content.files.remove(name);
            Some(())
        })
    }
}
