//! The jars of a system: in our cache, or in a folder of the user's.

use std::env;
use std::path::{Path, PathBuf};

use external::{System, program};

use ::files::{Kind, OwnedFolder};

/// Where a system's jars are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Home {
    /// In our cache, of the version that is pinned.
    Cache(PathBuf),
    /// In a folder that the environment names.
    Own {
        /// The variable: `FLINK_HOME`.
        variable: &'static str,
        /// The folder of its jars.
        jars: PathBuf,
    },
}

impl Home {
    /// Of a system; whether anything is there is another question.
    ///
    /// # Errors
    /// One line, when the environment names a folder without jars, or no folder for the cache.
    pub(crate) fn of(system: System) -> Result<Self, String> {
        let (variable, below) = match system {
            System::Flink => ("FLINK_HOME", "lib"),
            System::Spark => ("SPARK_HOME", "jars"),
        };
        let Some(home) = env::var_os(variable).filter(|home| !home.is_empty()) else {
            return cache_of(system).map(Self::Cache);
        };
        let jars = PathBuf::from(home).join(below);
        if jars_in(&jars).is_empty() {
            return Err(format!(
                "{variable} is set, and there are no jars in {}; name the folder of \
                 {}, or unset it",
                jars.display(),
                system.title()
            ));
        }
        Ok(Self::Own { variable, jars })
    }

    /// The version of the system, by its jars where they are the user's.
    pub(crate) fn version(&self, system: System) -> Option<String> {
        let Self::Own { jars, .. } = self else { return Some(program(system).version.to_owned()) };
        let of_system = match system {
            // A distribution has its jars in one.
            System::Flink => ["flink-dist-", "flink-clients-"],
            System::Spark => ["spark-core_2.13-", "spark-core_2.12-"],
        };
        let names = jars_in(jars);
        let names = names.iter().filter_map(|jar| jar.file_stem()?.to_str());
        let version =
            |name: &str| of_system.iter().find_map(|it| name.strip_prefix(it).map(str::to_owned));
        names.filter_map(version).next()
    }

    /// The folder of the jars.
    pub(crate) fn jars(&self) -> PathBuf {
        match self {
            Self::Cache(folder) => folder.join("lib"),
            Self::Own { jars, .. } => jars.clone(),
        }
    }
}

/// The folder of our cache: `STREAMGAUGE_CACHE`, else `streamgauge` in the user's cache.
fn cache() -> Result<PathBuf, String> {
    let from = |name: &str| env::var_os(name).filter(|it| !it.is_empty()).map(PathBuf::from);
    from("STREAMGAUGE_CACHE")
        .or_else(|| from("XDG_CACHE_HOME").map(|it| it.join("streamgauge")))
        .or_else(|| from("HOME").map(|it| it.join(".cache/streamgauge")))
        .ok_or_else(|| "no folder for the cache is known; set STREAMGAUGE_CACHE".to_owned())
}

/// Where a system of the pinned version is kept.
fn cache_of(system: System) -> Result<PathBuf, String> {
    let name = format!("{}-{}", system.name(), program(system).version);
    Ok(cache()?.join("systems").join(name))
}

/// Where what is compiled is kept, made and marked as ours.
///
/// # Errors
/// When it cannot be made, or holds what is not ours.
pub(crate) fn program_folder() -> Result<PathBuf, String> {
    owned(&cache()?.join("programs"))
}

/// A folder that is made and marked as ours.
///
/// # Errors
/// When it cannot be made, or holds what is not ours.
pub(crate) fn owned(folder: &Path) -> Result<PathBuf, String> {
    OwnedFolder::claim(folder, Kind::System).map_err(|error| error.to_string())?;
    Ok(folder.to_owned())
}

/// The jars in a folder, by name.
pub(crate) fn jars_in(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let is_jar = |path: &PathBuf| path.extension().is_some_and(|it| it == "jar");
    let mut jars: Vec<PathBuf> = entries.map(|it| it.path()).filter(is_jar).collect();
    jars.sort();
    jars
}
