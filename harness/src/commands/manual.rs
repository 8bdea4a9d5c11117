//! `completions` and `man`: shell completions and manual pages, generated from the command line.

use std::path::Path;

use clap::CommandFactory;

use crate::cli::Cli;
use crate::error::{Error, Outcome, Result};
use crate::files;
use crate::terminal::out;

/// Prints the completions of a shell.
///
/// # Errors
/// Never: it has the form of every command.
pub(crate) fn completions(shell: clap_complete::Shell) -> Result<Outcome> {
    let mut command = Cli::command();
    let name = command.get_name().to_owned();
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut command, name, &mut text);
    out::line(String::from_utf8_lossy(&text).trim_end());
    Ok(Outcome::Good)
}

/// Prints the manual page of the program, or writes one for every command into a folder.
///
/// # Errors
/// When a page cannot be written.
pub(crate) fn man(folder: Option<&Path>) -> Result<Outcome> {
    let mut command = Cli::command();
    command.build();
    let Some(folder) = folder else {
        out::line(page(&command)?.trim_end());
        return Ok(Outcome::Good);
    };
    let refused = |error: std::io::Error| {
        Error::Input(format!("cannot write manual pages to {}: {error}", folder.display()))
    };
    files::make_folder(folder).map_err(refused)?;
    for (name, text) in pages(&command)? {
        files::write_whole(&folder.join(name), text.as_bytes()).map_err(refused)?;
    }
    out::line(&format!("Manual pages: {}", folder.display()));
    Ok(Outcome::Good)
}

/// Pages of a command and of those below it, with the names of their files.
fn pages(command: &clap::Command) -> Result<Vec<(String, String)>> {
    let name = command.get_display_name().unwrap_or_else(|| command.get_name());
    let mut pages = vec![(format!("{name}.1"), page(command)?)];
    for below in command.get_subcommands().filter(|it| it.get_name() != "help") {
        pages.extend(self::pages(below)?);
    }
    Ok(pages)
}

fn page(command: &clap::Command) -> Result<String> {
    let mut text = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut text).map_err(Error::run)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}
