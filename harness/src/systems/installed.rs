//! Gets the jars of a system, looks at what is there, and removes it.

use std::fs;
use std::path::Path;
use std::process::Command;

use ::files::{Kind, OwnedFolder, ScratchFolder};
use external::{System, program};
use reports::words::units;
use sha2::{Digest, Sha256};

use crate::files::{rename, write_whole};
use crate::systems::jars::{Home, jars_in, owned};
use crate::systems::tools::{maven, output};

/// A system that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Installed {
    /// Jars.
    pub(crate) jars: usize,
    /// Their bytes.
    pub(crate) bytes: u64,
}

/// What is there of a system; `None` if nothing is.
pub(crate) fn look(home: &Home) -> Option<Installed> {
    let jars = jars_in(&home.jars());
    let bytes = jars.iter().filter_map(|jar| fs::metadata(jar).ok()).map(|it| it.len()).sum();
    (!jars.is_empty()).then_some(Installed { jars: jars.len(), bytes })
}

/// What is there, for people.
pub(crate) fn said(Installed { jars, bytes }: &Installed, home: &Home) -> String {
    format!("{jars} jars, {}, in {}", units::bytes(*bytes as f64), home.jars().display())
}

/// A system in one line: what is there, or how to get it.
pub(super) fn line(system: System) -> String {
    let state = match Home::of(system) {
        Err(why) => why,
        Ok(home) => match (look(&home), &home) {
            (None, _) => {
                format!("not installed; `streamgauge systems install {}` gets it", system.name())
            }
            (Some(installed), Home::Cache(_)) => {
                format!("{}, {}", program(system).version, said(&installed, &home))
            }
            (Some(installed), Home::Own { variable, .. }) => {
                format!("by {variable}, {}", said(&installed, &home))
            }
        },
    };
    format!("{}: {state}", system.title())
}

/// Whether a system is there.
///
/// # Errors
/// One line with the command that gets it, when it is not.
pub(super) fn check(system: System, home: &Home) -> Result<(), String> {
    if look(home).is_some() {
        return Ok(());
    }
    Err(format!(
        "{} is not installed; `streamgauge systems install {}` gets it by Maven, or {}_HOME names \
         a folder of it",
        system.title(),
        system.name(),
        system.name().to_uppercase()
    ))
}

/// Gets the jars of a system by Maven, and compares each with its checksum. What is there already
/// and whole stays.
///
/// # Errors
/// One line: what is missing on this machine, what Maven says, or which jar is another than the one
/// that is known.
pub(crate) fn install(system: System, home: &Home) -> Result<Installed, String> {
    let Home::Cache(folder) = home else {
        return Err(format!(
            "{} is taken from {}; unset that variable to install another",
            system.title(),
            home.jars().display()
        ));
    };
    let lib = home.jars();
    if lib.is_dir() {
        compare(system, &lib)?;
        return look(home).ok_or_else(|| format!("{} holds no jars", lib.display()));
    }
    let mvn = maven()?;
    let folder = owned(folder)?;
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    let scratch = ScratchFolder::new("install").map_err(failed)?;
    let pom = scratch.path().join("pom.xml");
    write_whole(&pom, program(system).pom.as_bytes()).map_err(failed)?;
    // On the disk of its place, so that it comes there whole.
    let unfinished = folder.join("lib.unfinished");
    if unfinished.is_dir() {
        OwnedFolder::claim(&unfinished, Kind::Scratch)
            .map_err(|error| error.to_string())?
            .remove()
            .map_err(failed)?;
    }
    OwnedFolder::claim(&unfinished, Kind::Scratch).map_err(|error| error.to_string())?;
    let mut command = Command::new(mvn);
    command.args(["--batch-mode", "--quiet", "--file"]).arg(&pom);
    command.arg(format!("-DoutputDirectory={}", unfinished.display()));
    command.args(["-DincludeScope=runtime", "dependency:copy-dependencies"]);
    output(&mut command)
        .map_err(|error| format!("the jars of {} cannot be got: {error}", system.title()))?;
    compare(system, &unfinished)?;
    rename(&unfinished, &lib).map_err(failed)?;
    look(home).ok_or_else(|| format!("{} holds no jars", lib.display()))
}

/// Compares jars with their checksums.
fn compare(system: System, jars: &Path) -> Result<(), String> {
    for line in program(system).checksums.lines() {
        let (known, name) = line.split_once("  ").unwrap_or((line, ""));
        let path = jars.join(name);
        let again = format!(
            "; `streamgauge systems remove {0}` and `streamgauge systems install {0}` get all of \
             them again",
            system.name()
        );
        let bytes =
            fs::read(&path).map_err(|error| format!("{}: {error}{again}", path.display()))?;
        let found: String = Sha256::digest(&bytes).iter().map(|it| format!("{it:02x}")).collect();
        if found != known {
            return Err(format!(
                "{} is another file than the one that is known{again}",
                path.display()
            ));
        }
    }
    Ok(())
}

/// Removes what we have got of a system. Whether there was something.
///
/// # Errors
/// When it is not ours to remove, or cannot be removed.
pub(crate) fn remove(home: &Home) -> Result<bool, String> {
    let Home::Cache(folder) = home else {
        return Err(format!("{} is yours, and not removed", home.jars().display()));
    };
    if !folder.is_dir() {
        return Ok(false);
    }
    let claimed = OwnedFolder::claim(folder, Kind::System).map_err(|error| error.to_string())?;
    claimed.remove().map_err(|error| format!("{}: {error}", folder.display()))?;
    Ok(true)
}
