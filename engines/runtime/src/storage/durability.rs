//! What a disk would hold after a crash, beside what a process sees while it lives.

use std::collections::BTreeMap;

use crate::random::Draws;
use crate::storage::file_name::UNFINISHED;

/// A change to files.
#[derive(Clone, Debug)]
pub(crate) enum Effect {
    Put { name: String, bytes: Vec<u8> },
    Append { name: String, bytes: Vec<u8> },
    Sync { name: String },
    Rename { from: String, to: String },
    Remove { name: String },
}

/// Files in two layers: as the living process sees them, and as they are sure to be found after a
/// crash. A plain struct; whatever is left to chance is drawn from what the caller brings.
#[derive(Debug, Default)]
pub(crate) struct Durability {
    files: BTreeMap<String, File>,
    torn: u64,
}

#[derive(Debug, Default)]
struct File {
    /// What is read; `None` where there is no such file.
    written: Option<Vec<u8>>,
    /// What is on disk. Unless the file was lied about, `written` begins with it.
    durable: Option<Vec<u8>>,
    /// A put or sync was reported and is not on disk.
    lied_about: bool,
}

impl File {
    fn durable(bytes: Vec<u8>) -> Self {
        Self { written: Some(bytes.clone()), durable: Some(bytes), lied_about: false }
    }
}

impl Durability {
    /// Names and contents as the living process sees them.
    pub(crate) fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let written = |(name, file): (&String, &File)| Some((name.clone(), file.written.clone()?));
        self.files.iter().filter_map(written).collect()
    }

    pub(crate) fn read(&self, name: &str) -> Option<&Vec<u8>> {
        self.files.get(name)?.written.as_ref()
    }

    /// Brings about the whole of an effect. False when the file to rename is not there.
    pub(crate) fn apply(&mut self, effect: Effect) -> bool {
        match effect {
            Effect::Put { name, bytes } => {
                self.files.insert(name, File::durable(bytes));
            }
            Effect::Append { name, bytes } => {
                let file = self.files.entry(name).or_default();
                file.written.get_or_insert_default().extend(bytes);
            }
            Effect::Sync { name } => {
                if let Some(file) = self.files.get_mut(&name) {
                    file.durable.clone_from(&file.written);
                    file.lied_about = false;
                }
            }
            Effect::Rename { from, to } => {
                if self.read(&from).is_none() {
                    return false;
                }
                if let Some(mut file) = self.files.remove(&from) {
                    // The name is durable now; what was never synced need not be.
                    file.durable.get_or_insert_default();
                    self.files.insert(to, file);
                }
            }
            Effect::Remove { name } => {
                self.files.remove(&name);
            }
        }
        true
    }

    /// Brings about part of a put, under a temporary name, or of an append; of anything else all or
    /// nothing.
    pub(crate) fn tear(&mut self, effect: Effect, draws: &mut Draws) {
        match effect {
            Effect::Put { bytes, .. } => {
                self.torn += 1;
                let name = format!("{UNFINISHED}/{}", self.torn);
                self.files.insert(name, File::durable(prefix(bytes, 0, draws)));
            }
            Effect::Append { name, bytes } => {
                let bytes = prefix(bytes, 0, draws);
                self.apply(Effect::Append { name, bytes });
            }
            other => {
                if draws.happens(0.5) {
                    self.apply(other);
                }
            }
        }
    }

    /// An effect that was in flight: it happens, happens in part, or does not.
    pub(crate) fn interrupt(&mut self, effect: Effect, draws: &mut Draws) {
        match draws.below(3) {
            0 => {}
            1 => self.tear(effect, draws),
            _ => drop(self.apply(effect)),
        }
    }

    /// Brings about a put or sync for the eyes of the living process alone. False, and nothing was
    /// done, when it is another effect or there is nothing to lie about.
    pub(crate) fn lie(&mut self, effect: &Effect, draws: &mut Draws) -> bool {
        let (name, written) = match effect {
            Effect::Put { name, bytes } => (name, bytes.clone()),
            Effect::Sync { name } => match self.files.get(name) {
                Some(File { written: Some(written), durable, .. })
                    if durable.as_ref() != Some(written) =>
                {
                    (name, written.clone())
                }
                _ => return false,
            },
            _ => return false,
        };
        let file = self.files.entry(name.clone()).or_default();
        if draws.happens(0.5) {
            let kept = match effect {
                Effect::Sync { .. } => file.durable.as_ref().map_or(0, Vec::len),
                _ => 0,
            };
            // At least one byte is missing, where there is one.
            let all_but_one = written.len().saturating_sub(1);
            let mut torn = written.clone();
            torn.truncate(all_but_one.max(kept.min(written.len())));
            file.durable = Some(prefix(torn, kept, draws));
        }
        file.written = Some(written);
        file.lied_about = true;
        true
    }

    /// The process dies: what is not durable is lost, and of un-synced appends a drawn part is
    /// there. Returns how many files are not what was read before.
    pub(crate) fn crash(&mut self, draws: &mut Draws) -> u64 {
        let mut damaged = 0;
        self.files.retain(|_, file| {
            let before = file.written.take();
            let found = match (&before, file.durable.take(), file.lied_about) {
                (_, durable, true) => durable,
                (None, durable, false) => durable,
                // Its name need not have reached the disk.
                (Some(_), None, false) if draws.happens(0.5) => None,
                (Some(written), durable, false) => {
                    let kept = durable.map_or(0, |durable| durable.len());
                    Some(prefix(written.clone(), kept, draws))
                }
            };
            damaged += u64::from(found != before);
            match found {
                Some(bytes) => {
                    *file = File::durable(bytes);
                    true
                }
                None => false,
            }
        });
        damaged
    }
}

/// Of the bytes the first `kept` and a drawn number of those that follow.
fn prefix(mut bytes: Vec<u8>, kept: usize, draws: &mut Draws) -> Vec<u8> {
    let unsure = bytes.len().saturating_sub(kept);
    bytes.truncate(kept + draws.below(unsure + 1));
    bytes
}
