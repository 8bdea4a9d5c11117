//! Inputs of `run`: files, pipes, sockets and topics.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use dataflow::{ProcessingTime, StopSignal};
use kafka::{ClientSettings, Topic, TopicAddress};
use workloads::registry::{AnyEvents, LiveInput};

use crate::error::{Error, Result};
use crate::files::uri::InputUri;
use crate::run::clock::RunClock;
use crate::run::job_input::HeldInput;
use crate::run::spec::RunSpec;

/// Opens a file of lines.
///
/// # Errors
/// When it cannot be read or is a folder.
pub(in crate::commands::runs) fn open_file(path: &Path) -> Result<BufReader<File>> {
    let refused = |cause: String| Error::Input(format!("cannot read {}: {cause}", path.display()));
    let file = File::open(path).map_err(|error| refused(error.to_string()))?;
    match file.metadata() {
        Ok(found) if found.is_dir() => Err(refused("it is a folder".to_owned())),
        Ok(_) => Ok(BufReader::new(file)),
        Err(error) => Err(refused(error.to_string())),
    }
}

/// How long a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Opens an input that is read once, as it comes.
///
/// # Errors
/// When it cannot be opened, or knobs ask for what it cannot have.
pub(super) fn open_live(
    uri: &InputUri,
    spec: &RunSpec,
    run_clock: &RunClock,
    stop: &StopSignal,
) -> Result<Box<dyn AnyEvents>> {
    let input: Box<dyn BufRead + Send> = match uri {
        InputUri::Stdin => Box::new(BufReader::new(std::io::stdin())),
        InputUri::Tcp(address) => Box::new(BufReader::new(connect(address)?)),
        InputUri::File(path) => Box::new(open_file(path)?),
        InputUri::Kafka(_) => return spec.open_events(run_clock),
    };
    let runtime = run_clock.runtime();
    let start = ProcessingTime::ZERO;
    let clock = Arc::new(move || runtime.now());
    let live = LiveInput { name: uri.to_string(), input, clock, stop: stop.clone(), start };
    spec.workload.live(spec.knobs(), live).map_err(Error::input)
}

/// Opens a topic; if it was `held` at earlier starts of a job, at the same offsets.
///
/// # Errors
/// When it cannot be opened, and when it is not the one that was read.
pub(super) fn open_topic(
    address: &TopicAddress,
    settings: &ClientSettings,
    held: Option<&HeldInput>,
) -> Result<Topic> {
    let (named, settings) = (address.clone(), settings.clone());
    let opened = match held {
        // What was named otherwise is refused as such, once it is compared.
        Some(HeldInput::Topic { began, newest }) if began.address == address.without_brokers() => {
            Topic::open_again(named, settings, began, newest)
        }
        _ => Topic::open(named, settings),
    };
    Ok(opened?)
}

fn connect(address: &str) -> Result<TcpStream> {
    use std::net::ToSocketAddrs;
    let refused = |cause: String| Error::Input(format!("cannot connect to tcp:{address}: {cause}"));
    let mut last = "the name has no address".to_owned();
    for target in address.to_socket_addrs().map_err(|error| refused(error.to_string()))? {
        match TcpStream::connect_timeout(&target, CONNECT_TIMEOUT) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error.to_string(),
        }
    }
    Err(refused(last))
}
