//! When and how the program was called, as results say it.

use std::time::{SystemTime, UNIX_EPOCH};

/// The date and time: for the name of a results folder and the age of a job.
#[allow(clippy::disallowed_methods, reason = "a date is no measurement, and is read only here")]
pub(crate) fn wall_time() -> SystemTime {
    SystemTime::now()
}

/// Nanoseconds since 1970.
pub(crate) fn unix_nanos() -> u64 {
    wall_time().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as u64)
}

/// The command line, quoted for a shell where needed. A path that is not UTF-8 stands in it as well
/// as text can show it.
pub(crate) fn command_line() -> String {
    let arguments = std::env::args_os().skip(1).map(|argument| {
        let argument = argument.to_string_lossy().into_owned();
        let plain = argument.chars().all(|it| it.is_ascii_alphanumeric() || "-_=.,/:".contains(it));
        if plain { argument } else { format!("'{argument}'") }
    });
    std::iter::once("streamgauge".to_owned()).chain(arguments).collect::<Vec<_>>().join(" ")
}
