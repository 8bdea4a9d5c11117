//! The folder of a command's results.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::error::{Error, Result};
use crate::files;
use crate::files::invocation::wall_time;

/// A folder that is there, and when the command began.
pub(crate) struct ResultFolder {
    path: PathBuf,
    /// UTC, `2026-11-22T17:52:04Z`.
    pub(crate) started: String,
}

impl ResultFolder {
    /// Makes the folder that the user named, else `results/<UTC time>-<name>`.
    ///
    /// # Errors
    /// When that is not possible.
    pub(crate) fn make(named: Option<&Path>, name: &str) -> Result<Self> {
        let started = humantime::format_rfc3339_seconds(wall_time()).to_string();
        let default = || {
            let stamp = started.replace(':', "-");
            PathBuf::from("results").join(format!("{stamp}-{}", name.replace(['/', ' '], "-")))
        };
        let folder = Self { path: named.map_or_else(default, Path::to_path_buf), started };
        files::make_folder(&folder.path).map_err(|error| folder.refused(&error))?;
        Ok(folder)
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
        files::make_folder(&inner).map_err(|error| self.refused(&error))?;
        Ok(inner)
    }

    /// Writes `results.json`, draws charts and report, and returns what to say of them.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub(crate) fn fill(&self, result: &impl Serialize) -> Result<WrittenResults> {
        let text = serde_json::to_string_pretty(result).map_err(Error::run)?;
        let results = self.path.join(reports::schema::read::RESULTS_FILE);
        files::write_whole(&results, text.as_bytes()).map_err(|error| self.refused(&error))?;
        let drawn = reports::draw(&self.path).map_err(Error::run)?;
        Ok(WrittenResults { text, report: drawn.report })
    }

    fn refused(&self, error: &std::io::Error) -> Error {
        Error::Input(format!("cannot write results to {}: {error}", self.path.display()))
    }
}

/// A folder with its results in it.
pub(crate) struct WrittenResults {
    /// `results.json`, as it was written.
    pub(crate) text: String,
    /// Where the report lies.
    pub(crate) report: PathBuf,
}
