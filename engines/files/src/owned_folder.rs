//! Folders that are ours: empty when we came, and marked since.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::folder::make_folder;
use crate::whole_file::{is_unfinished, write_new};

/// The file that marks a folder.
pub const MARKER: &str = ".streamgauge";
/// What the first line of a marker begins with.
const HEAD: &str = "streamgauge folder 1: ";

/// What a folder is for.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Checkpoints, logs and state of a job.
    Checkpoints,
    /// Part files of a job under exactly-once.
    Output,
    /// The results of one command, with their charts.
    Results,
    /// A real system, or what is compiled for one.
    System,
    /// What nobody needs once the process has ended.
    Scratch,
}

impl Kind {
    const ALL: [Self; 5] =
        [Self::Checkpoints, Self::Output, Self::Results, Self::System, Self::Scratch];

    /// As the marker names it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Checkpoints => "checkpoints",
            Self::Output => "output",
            Self::Results => "results",
            Self::System => "systems",
            Self::Scratch => "scratch",
        }
    }
}

/// Why a folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// It holds something and is not marked as ours.
    #[error(
        "{} holds files and is not marked as a folder of this program ({MARKER} is missing), so \
         nothing in it is touched: name a new or an empty folder{}", path.display(),
        if *earlier { "; what an earlier version of the program left there cannot be taken up" }
        else { "" }
    )]
    Foreign {
        /// The folder.
        path: PathBuf,
        /// Whether it looks like one of a version that wrote no markers.
        earlier: bool,
    },
    /// It is ours, for something else.
    #[error("{} is a folder of {found}, and one of {} is needed: name another", path.display(), wanted.name())]
    Another {
        /// The folder.
        path: PathBuf,
        /// What its marker says.
        found: String,
        /// What is wanted.
        wanted: Kind,
    },
    /// It cannot be made, listed or marked.
    #[error("{}: {error}", path.display())]
    Failed {
        /// The folder.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}

/// A folder that is marked as ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnedFolder {
    path: PathBuf,
    /// Whether it was marked just now: it held nothing.
    pub is_new: bool,
}

impl OwnedFolder {
    /// Makes a folder ours, which must be missing, empty or marked already. Nothing that is in it
    /// is touched.
    ///
    /// # Errors
    /// [`FolderError`]: it is somebody else's or cannot be used.
    pub fn claim(path: &Path, kind: Kind) -> Result<Self, FolderError> {
        let failed = |error| FolderError::Failed { path: path.to_owned(), error };
        make_folder(path).map_err(failed)?;
        match Self::look(path, kind)? {
            Found::Marked => Ok(Self { path: path.to_owned(), is_new: false }),
            Found::Empty => {
                let text = format!("{HEAD}{}\n", kind.name());
                match write_new(&path.join(MARKER), text.as_bytes()) {
                    Ok(()) => Ok(Self { path: path.to_owned(), is_new: true }),
                    // Somebody was faster; whose it is now stands in the marker.
                    Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                        Self::look(path, kind)?;
                        Ok(Self { path: path.to_owned(), is_new: false })
                    }
                    Err(error) => Err(failed(error)),
                }
            }
        }
    }

    /// Looks whether a folder that is there could be claimed, and changes nothing.
    ///
    /// # Errors
    /// [`FolderError`]: it is somebody else's or cannot be read.
    pub fn look(path: &Path, kind: Kind) -> Result<Found, FolderError> {
        let failed = |error| FolderError::Failed { path: path.to_owned(), error };
        match fs::read_to_string(path.join(MARKER)) {
            Ok(text) => match kind_of(&text) {
                Some(found) if found == kind => Ok(Found::Marked),
                found => {
                    let found = found.map_or("something unknown", Kind::name).to_owned();
                    Err(FolderError::Another { path: path.to_owned(), found, wanted: kind })
                }
            },
            Err(error) if error.kind() == ErrorKind::NotFound => {
                if Self::others(path).map_err(failed)? == 0 {
                    return Ok(Found::Empty);
                }
                let traces = ["job", "pipelined", "microbatch", "_committed"];
                let earlier = traces.iter().any(|name| path.join(name).exists());
                Err(FolderError::Foreign { path: path.to_owned(), earlier })
            }
            // No text: no marker of ours.
            Err(error) if error.kind() == ErrorKind::InvalidData => {
                let found = "something unknown".to_owned();
                Err(FolderError::Another { path: path.to_owned(), found, wanted: kind })
            }
            Err(error) => Err(failed(error)),
        }
    }

    /// How many entries a folder has besides the marker, and besides markers that a process which
    /// was killed has not finished.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn others(path: &Path) -> io::Result<usize> {
        let mut others = 0;
        for entry in fs::read_dir(path)? {
            let name = entry?.file_name();
            let is_own = name == MARKER || name.to_str().is_some_and(is_unfinished);
            others += usize::from(!is_own);
        }
        Ok(others)
    }

    /// Removes it with everything in it.
    ///
    /// # Errors
    /// When something cannot be removed.
    pub fn remove(self) -> io::Result<()> {
        fs::remove_dir_all(&self.path)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// What a folder is found to be.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// It holds nothing.
    Empty,
    /// It is ours.
    Marked,
}

fn kind_of(marker: &str) -> Option<Kind> {
    let name = marker.lines().next()?.strip_prefix(HEAD)?;
    Kind::ALL.into_iter().find(|kind| kind.name() == name)
}
