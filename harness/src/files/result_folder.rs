//! The folder of a command's results.

use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use ::files::failure::advice;
use ::files::folder::{make_folder, make_new_folder, set_aside};
use ::files::owned_folder::Found;
use ::files::{FolderError, Kind, OwnedFolder};
use reports::schema::read::RESULTS_FILE;
use serde::Serialize;

use crate::error::{Error, Result};
use crate::files;
use crate::files::invocation::wall_time;

/// The folder that the user named for results.
#[derive(Copy, Clone, Debug, Default)]
pub(crate) struct NamedFolder<'a> {
    /// None: a new one in `results/`.
    pub(crate) path: Option<&'a Path>,
    /// Results that it holds already are moved aside.
    pub(crate) force: bool,
}

#[cfg(test)]
impl<'a> NamedFolder<'a> {
    /// One that must be free.
    pub(crate) const fn at(path: &'a Path) -> Self {
        Self { path: Some(path), force: false }
    }
}

/// A folder of one result, and when the command began.
pub(crate) struct ResultFolder {
    path: PathBuf,
    /// Where earlier results of that name are now.
    set_aside: Option<PathBuf>,
    /// UTC, `2026-11-22T17:52:04Z`.
    pub(crate) started: String,
    /// Holds the lock of the folder.
    _lock: Option<File>,
}

impl ResultFolder {
    /// Makes the folder that the user named, else `results/<UTC time>-<name>`, with a number behind
    /// it if need be. It belongs to this result alone.
    ///
    /// # Errors
    /// When it holds anything, unless that is results and `force` is set; when it cannot be made.
    pub(crate) fn make(named: NamedFolder<'_>, name: &str) -> Result<Self> {
        let started = humantime::format_rfc3339_seconds(wall_time()).to_string();
        let mut folder = Self { path: PathBuf::new(), set_aside: None, started, _lock: None };
        match named.path {
            None => folder.path = folder.make_new(name)?,
            Some(path) => {
                folder.path = path.to_owned();
                if path.exists() {
                    // Nobody writes into it, nor takes it away from one who does.
                    drop(lock(path)?);
                }
                if !is_free(path)? {
                    folder.set_aside = Some(make_room(path, named.force)?);
                }
            }
        }
        make_folder(&folder.path).map_err(|error| refused(&folder.path, &error))?;
        folder._lock = Some(lock(&folder.path)?);
        OwnedFolder::claim(&folder.path, Kind::Results).map_err(Error::input)?;
        Ok(folder)
    }

    fn make_new(&self, name: &str) -> Result<PathBuf> {
        let stamp = self.started.replace(':', "-");
        let name = format!("{stamp}-{}", name.replace(['/', ' '], "-"));
        let named = |number: u32| match number {
            1 => PathBuf::from("results").join(&name),
            _ => PathBuf::from("results").join(format!("{name}-{number}")),
        };
        let mut number = 1;
        loop {
            let path = named(number);
            match make_new_folder(&path) {
                Ok(()) => return Ok(path),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => number += 1,
                Err(error) => return Err(refused(&path, &error)),
            }
        }
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Makes a folder inside.
    ///
    /// # Errors
    /// When that is not possible.
    pub(crate) fn inner(&self, name: &str) -> Result<PathBuf> {
        let inner = self.path.join(name);
        files::make_folder(&inner).map_err(|error| refused(&self.path, &error))?;
        Ok(inner)
    }

    /// Writes `results.json`, draws charts and report, and returns what to say of them.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub(crate) fn fill(&self, result: &impl Serialize) -> Result<WrittenResults> {
        let text = serde_json::to_string_pretty(result).map_err(Error::run)?;
        let results = self.path.join(RESULTS_FILE);
        files::write_whole(&results, text.as_bytes())
            .map_err(|error| refused(&self.path, &error))?;
        let drawn = reports::draw(&self.path).map_err(Error::run)?;
        Ok(WrittenResults { text, report: drawn.report, set_aside: self.set_aside.clone() })
    }
}

/// Takes the lock of a folder.
fn lock(path: &Path) -> Result<File> {
    let folder = File::open(path).map_err(|error| refused(path, &error))?;
    match folder.try_lock() {
        Ok(()) => Ok(folder),
        Err(error) => Err(refused(path, &error.into())),
    }
}

/// Whether a folder is missing, empty or marked and nothing else.
fn is_free(path: &Path) -> Result<bool> {
    if !path.exists() {
        return Ok(true);
    }
    match OwnedFolder::look(path, Kind::Results) {
        Ok(Found::Empty) => Ok(true),
        Ok(Found::Marked) => {
            Ok(OwnedFolder::others(path).map_err(|error| refused(path, &error))? == 0)
        }
        // Results of a version that marked no folders are known by their file.
        Err(FolderError::Foreign { .. }) if path.join(RESULTS_FILE).is_file() => Ok(false),
        Err(FolderError::Failed { error, .. }) => Err(refused(path, &error)),
        Err(error) => Err(Error::input(error)),
    }
}

/// Moves earlier results out of the way, if that was asked for. Returns where they are now.
fn make_room(path: &Path, force: bool) -> Result<PathBuf> {
    if !force {
        return Err(Error::Input(format!(
            "{} already holds results; name another folder, or add --force to rename it to {}.old-1",
            path.display(),
            path.display()
        )));
    }
    set_aside(path).map_err(|error| refused(path, &error))
}

fn refused(path: &Path, error: &std::io::Error) -> Error {
    Error::Input(format!("cannot write results to {}: {error}{}", path.display(), advice(error)))
}

/// A folder with its results in it.
pub(crate) struct WrittenResults {
    /// `results.json`, as it was written.
    pub(crate) text: String,
    /// Where the report lies.
    pub(crate) report: PathBuf,
    /// Where earlier results of that name are now.
    pub(crate) set_aside: Option<PathBuf>,
}
