//! `systems`: gets, lists and removes the real systems.

use reports::words::units;
use serde_json::{Value, json};

use external::{System, program};

use crate::cli::{SystemName, SystemsArgs, SystemsCommand};
use crate::error::{Error, Outcome, Result};
use crate::systems::installed::{Installed, install, look, remove};
use crate::systems::jars::Home;
use crate::systems::prepare_program;
use crate::systems::tools::{Jdk, maven};
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
            System::ALL.into_iter().for_each(|system| out::line(&line(system)));
            out::line(&tool("JDK", Jdk::find().map(|jdk| jdk.version)));
            out::line(&tool("Maven", maven().map(|_| "found".to_owned())));
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
    out::line(&format!("{} {}: {}", system.title(), program(system).version, said(&installed, &home)));
    Ok(())
}

fn said(Installed { jars, bytes }: &Installed, home: &Home) -> String {
    format!("{jars} jars, {}, in {}", units::bytes(*bytes as f64), home.jars().display())
}

fn line(system: System) -> String {
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

fn tool(name: &str, found: std::result::Result<String, String>) -> String {
    found.map_or_else(|missing| format!("{name}: {missing}"), |found| format!("{name}: {found}"))
}
