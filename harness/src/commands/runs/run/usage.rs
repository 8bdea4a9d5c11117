//! What goes together on the command line of `run`. An option that would have no effect is refused.

use std::time::Duration;

use kafka::Until;

use crate::cli::RunArgs;
use crate::error::{Error, Result};
use crate::experiment::sizing::{MOST_EVENTS, events_in};
use crate::files::uri::{InputUri, OutputUri};
use crate::quantity::Rate;
use crate::run::clock::Clock;
use crate::run::job_file::JobFile;
use crate::run::job_input::JobInput;

/// Refuses options that contradict one another, or of which one would be ignored.
///
/// # Errors
/// Says what to leave out.
pub(super) fn check(args: &RunArgs) -> Result<()> {
    check_terminal(args)?;
    if args.trace.is_some() && args.clock == Clock::Wall {
        return wrong("--trace needs --clock virtual");
    }
    check_recovery(args)?;
    check_topics(args)?;
    match &args.input {
        Some(input) => check_input(args, input),
        None => check_pilot(args),
    }
}

fn wrong<T>(what: impl Into<String>) -> Result<T> {
    Err(Error::Input(what.into()))
}

/// What goes with topics alone, and what they do not have.
fn check_topics(args: &RunArgs) -> Result<()> {
    let reads = matches!(args.input, Some(InputUri::Kafka(_)));
    let writes = matches!(args.output, Some(OutputUri::Kafka(_)));
    if args.kafka_config.is_some() && !reads && !writes {
        return wrong(
            "--kafka-config goes with --input or --output kafka:HOST:PORT/TOPIC; leave it out",
        );
    }
    if let Some(output) = args.output.as_ref().filter(|_| writes && args.clock == Clock::Virtual) {
        return wrong(format!("{output} has no virtual time; write to file:PATH instead"));
    }
    Ok(())
}

/// What is printed or drawn in the same place.
fn check_terminal(args: &RunArgs) -> Result<()> {
    let prints = args.output == Some(OutputUri::Print);
    if args.json && prints {
        return wrong(
            "--json and an output to standard output exclude one another: both are printed there",
        );
    }
    if args.live && prints {
        return wrong(
            "--live draws where --output print writes its rows; write them to file:PATH, or leave \
             --live out",
        );
    }
    Ok(())
}

/// What cannot go together with recovery.
fn check_recovery(args: &RunArgs) -> Result<()> {
    let repeats = args.shared.repeats.is_some_and(|repeats| repeats > 1);
    if args.checkpoint_dir.is_some() && args.input.as_ref().is_some_and(is_read_once) {
        return wrong("--checkpoint-dir needs an input that can be read again: a file, or none");
    }
    if args.checkpoint_dir.is_some() && repeats {
        return wrong("--checkpoint-dir holds one job; --repeats would need several");
    }
    if args.stop_after.is_some() && repeats {
        return wrong("--stop-after ends the first run; leave --repeats out");
    }
    Ok(())
}

fn is_read_once(input: &InputUri) -> bool {
    matches!(input, InputUri::Stdin | InputUri::Tcp(_))
}

/// Whether events come when they come, and nobody knows how many.
fn sets_the_pace(input: &InputUri) -> bool {
    match input {
        InputUri::File(_) => false,
        InputUri::Kafka(topic) => topic.until == Until::Never,
        InputUri::Stdin | InputUri::Tcp(_) => true,
    }
}

/// An input has its own length, and a live one its own pace.
fn check_input(args: &RunArgs, input: &InputUri) -> Result<()> {
    let shared = &args.shared;
    if shared.duration.is_some() {
        return wrong(format!(
            "--duration is the length of generated events, and {input} has its own; leave it out{}",
            if !matches!(input, InputUri::File(_)) {
                ""
            } else {
                ", or take the first events of the file by --events"
            }
        ));
    }
    if shared.warm_up.is_some() {
        return wrong(format!("--warm-up is for generated events, not for {input}; leave it out"));
    }
    let is_topic = matches!(input, InputUri::Kafka(_));
    if is_topic && shared.events.is_some() {
        return wrong(format!(
            "--events does not say which messages of {input} are read; write until=OFFSET there"
        ));
    }
    if args.clock == Clock::Virtual && !matches!(input, InputUri::File(_)) {
        return wrong(format!("{input} has no virtual time; read a file instead"));
    }
    if !sets_the_pace(input) {
        return Ok(());
    }
    if is_read_once(input) && shared.repeats.is_some_and(|repeats| repeats > 1) {
        return wrong(format!("{input} can be read once; --repeats needs a file"));
    }
    if shared.rate.is_some() {
        return wrong(format!("events of {input} come when they come; leave --rate out"));
    }
    if let Some(fault) = args.faults.iter().find(|it| it.strikes_at_share()) {
        return wrong(format!(
            "--fault {fault} strikes at a share of the events, and nobody knows how many will come \
             from {input}; write a time, as in @2s"
        ));
    }
    Ok(())
}

/// A sizing run turns times at `max` into numbers of events; in virtual time there is none.
fn check_pilot(args: &RunArgs) -> Result<()> {
    let shared = &args.shared;
    if args.resume || args.clock == Clock::Wall || !shared.rate.unwrap_or_default().is_max() {
        return Ok(());
    }
    if shared.duration.is_some() {
        return wrong(
            "a duration in virtual time needs --rate: there is no pilot there; or give --events",
        );
    }
    if shared.warm_up.is_some() {
        return wrong(
            "--warm-up in virtual time needs --rate: there is no pilot there; or leave it out",
        );
    }
    Ok(())
}

/// Refuses what a job that is taken up has fixed otherwise. Of an input, what it holds is compared
/// elsewhere.
///
/// # Errors
/// Names what differs, or what cannot be compared.
pub(super) fn check_resumed(args: &RunArgs, job: &JobFile) -> Result<()> {
    let (shared, rate) = (&args.shared, Rate::planned(job.rate));
    if let Some(given) = shared.rate.filter(|given| *given != rate) {
        return differs("rate", &shown(rate), &shown(given));
    }
    let timed = job.events.saturating_sub(job.warm_up);
    if let Some(given) =
        shared.events.filter(|given| job.input == JobInput::Generated && *given != timed)
    {
        return differs("number of events", &timed.to_string(), &given.to_string());
    }
    let in_events = |time: Duration| job.rate.map(|rate| events_in(time, rate));
    let duration = shared.duration.map(|it| in_events(it).map(|it| it.clamp(1, MOST_EVENTS)));
    let warm_up = shared.warm_up.map(in_events);
    for (option, given, own) in [("duration", duration, timed), ("warm-up", warm_up, job.warm_up)] {
        match given {
            Some(Some(given)) if given != own => {
                let what = format!("{option} in events");
                return differs(&what, &own.to_string(), &given.to_string());
            }
            Some(None) => {
                return wrong(format!(
                    "at --rate max a sizing run has made {option} into {own} events when the job \
                     began; leave --{option} out with --resume"
                ));
            }
            _ => {}
        }
    }
    Ok(())
}

fn differs(what: &str, own: &str, given: &str) -> Result<()> {
    wrong(format!(
        "--checkpoint-dir holds a job whose {what} is {own}, and {given} was given; --resume needs \
         the same"
    ))
}

fn shown(rate: Rate) -> String {
    rate.per_second().map_or("max".to_owned(), |rate| rate.to_string())
}
