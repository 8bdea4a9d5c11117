//! The real systems on this machine: got by Maven or brought by the user, and ready to be started.

mod compiled;
pub(crate) mod installed;
pub(crate) mod jars;
mod launch;
pub(crate) mod tools;

use std::sync::Arc;

use external::{Installations, System};

use crate::systems::jars::Home;
use crate::systems::tools::Jdk;

/// Compiles the program of a system, if it has not been.
///
/// # Errors
/// One line: what the compiler says, or what is missing.
pub(crate) fn prepare_program(system: System, home: &Home, jdk: &Jdk) -> Result<(), String> {
    compiled::compiled(system, &home.jars(), jdk).map(drop)
}

/// The systems and the tools that they need, a line for each: what is there, or how to get it.
pub(crate) fn what_is_there() -> Vec<String> {
    let tool = |name: &str, found: Result<String, String>| {
        let found = found.unwrap_or_else(|missing| missing);
        format!("{name}: {found}")
    };
    let systems = System::ALL.into_iter().map(installed::line);
    let tools = [
        tool("JDK", Jdk::find().map(|jdk| jdk.version)),
        tool("Maven", tools::maven().map(|_| "found".to_owned())),
    ];
    systems.chain(tools).collect()
}

/// What is installed on this machine, as engines ask for it.
pub(crate) fn installations() -> Arc<dyn Installations> {
    Arc::new(launch::OnThisMachine::default())
}
