//! The commands of the guides: each can be read, and none is foreseen to have no valid run.

use std::path::Path;

use clap::Parser;

use crate::cli::{Cli, Command};
use crate::commands::runs::{compare, run, sweep};
use crate::error::{Error, Result};
use crate::experiment::foresight;
use crate::registry::Registry;

/// Every command line of the shell blocks of a page, as words.
fn commands(page: &str) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(page));
    let mut commands = Vec::new();
    for block in text.unwrap().split("```sh\n").skip(1) {
        let block = block.split("```").next().unwrap_or_default().replace("\\\n", " ");
        for line in block.lines().filter(|line| line.starts_with("streamgauge ")) {
            let line = line.split(" #").next().unwrap_or_default();
            let line = line.split(" | ").next().unwrap_or_default();
            commands.push(words(line));
        }
    }
    commands
}

/// Words as a shell makes them: quotes hold them together.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut quote, mut open) = (vec![String::new()], None, false);
    for letter in line.chars() {
        match (letter, quote) {
            ('\'' | '"', None) => (quote, open) = (Some(letter), true),
            (_, Some(ends)) if letter == ends => quote = None,
            (' ', None) => {
                if open || words.last().is_some_and(|word| !word.is_empty()) {
                    words.push(String::new());
                }
                open = false;
            }
            _ => words.last_mut().expect("there is one").push(letter),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn foresee(command: &Command, registry: &Registry) -> Result<Vec<String>> {
    match command {
        Command::Compare(args) => foresight::check_suite(&compare::suite(args, registry)?),
        Command::Sweep(args) => foresight::check_suite(&sweep::planned(args, registry)?.0),
        Command::Run(args) => run::foresee(args, registry),
        _ => Ok(Vec::new()),
    }
}

#[test]
fn every_command_of_the_guides_can_have_a_valid_run() {
    let registry = Registry::standard();
    let mut seen = 0;
    for page in ["README.md", "docs/tour.md"] {
        for words in commands(page) {
            let line = words.join(" ");
            let cli = Cli::try_parse_from(&words).unwrap_or_else(|error| panic!("{line}: {error}"));
            match foresee(&cli.command, &registry) {
                Ok(missing) => assert_eq!(missing, [""; 0], "{line}"),
                // A file that the reader writes first.
                Err(Error::Input(text)) if text.starts_with("cannot read ") => {}
                Err(error) => panic!("{line}: {error}"),
            }
            seen += 1;
        }
    }
    assert!(seen >= 30, "{seen} commands");
}
