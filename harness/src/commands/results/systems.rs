//! `systems`: gets, lists and removes the real systems.

use serde_json::{Value, json};

use external::{System, program};

use crate::cli::{SystemName, SystemsArgs, SystemsCommand};
use crate::error::{Error, Outcome, Result};
use crate::systems::installed::{install, look, remove, said};
use crate::systems::jars::Home;
use crate::systems::tools::{Jdk, maven};
use crate::systems::{prepare_program, what_is_there};
use crate::terminal::out;

/// Runs the command.
///
/// # Errors
/// When something that it needs is missing, and when it fails.
pub(crate) fn systems(args: &SystemsArgs) -> Result<Outcome> {
    match &args.command {
        SystemsCommand::Install { systems } => {
            for system in SystemName::meant(systems) {
                install_one(system).map_err(Error::Input)?;
            }
        }
        SystemsCommand::List { json: false } => {
            what_is_there().iter().for_each(|line| out::line(line));
        }
        SystemsCommand::List { json: true } => {
            let systems: Vec<Value> = System::ALL.into_iter().map(described).collect();
            let jdk = Jdk::find().map(|jdk| jdk.version);
            out::json(&json!({
                "systems": systems, "jdk": jdk.as_ref().ok(), "maven": maven().is_ok(),
            }));
        }
        SystemsCommand::Remove { systems } => {
            for system in SystemName::meant(systems) {
                let home = Home::of(system).map_err(Error::Input)?;
                let removed = remove(&home).map_err(Error::Input)?;
                let what = if removed { "removed" } else { "was not there" };
                out::line(&format!("{}: {what}", system.title()));
            }
        }
    }
    Ok(Outcome::Good)
}

fn install_one(system: System) -> std::result::Result<(), String> {
    let home = Home::of(system)?;
    let jdk = Jdk::find()?;
    jdk.compiler()?;
    let installed = install(system, &home)?;
    prepare_program(system, &home, &jdk)?;
    out::line(&format!(
        "{} {}: {}",
        system.title(),
        program(system).version,
        said(&installed, &home)
    ));
    Ok(())
}

fn described(system: System) -> Value {
    let home = Home::of(system);
    let installed = home.as_ref().ok().and_then(look);
    json!({
        "name": system.name(),
        "pinned": program(system).version,
        "folder": home.as_ref().ok().map(|home| home.jars().display().to_string()),
        "jars": installed.as_ref().map(|it| it.jars),
        "bytes": installed.as_ref().map(|it| it.bytes),
        "problem": home.err(),
    })
}
