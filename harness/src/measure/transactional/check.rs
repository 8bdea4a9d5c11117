//! Holds what was committed against the files.

use std::collections::BTreeMap;

use dataflow::exchange::sink::SinkError;
use dataflow::record::content_hash::Content;

use super::ledger::Entry;
use crate::measure::transactional::file_names as place;
use crate::measure::transactional::file_names::{OutputFolder, VISIBLE};

/// What a check has read.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckedOutput {
    /// Files.
    pub parts: u64,
    /// Their bytes in all.
    pub bytes: u64,
}

/// Refuses visible files that are missing, have another length, or are listed by no commit.
pub(super) async fn lengths(place: &OutputFolder, entries: &[&Entry]) -> Result<(), SinkError> {
    let mut there: BTreeMap<String, u64> = place.lengths(VISIBLE).await?.into_iter().collect();
    for entry in entries {
        let Some(rows) = entry.rows else { continue };
        let name = entry.key.visible();
        match there.remove(&name) {
            None => {
                let pending = place.locate(&entry.pending());
                let what = format!("it was committed, and neither it nor {pending} is there");
                return Err(place.damage(&name, &what));
            }
            Some(length) => check_length(place, &name, rows, length)?,
        }
    }
    match there.into_keys().next() {
        None => Ok(()),
        Some(name) => Err(unlisted(place, &name)),
    }
}

/// A visible file that no commit lists.
fn unlisted(place: &OutputFolder, name: &str) -> SinkError {
    let digits = name.strip_prefix(VISIBLE).and_then(|rest| rest.split('-').next());
    let listed = digits.and_then(|digits| digits.parse().ok()).map(|id| {
        let manifest = place.locate(&place::manifest(dataflow::operator::snapshot::Version(id)));
        format!(", as {manifest} is missing or lists others")
    });
    let listed = listed.unwrap_or_default();
    place.damage(name, &format!("no commit lists it{listed}, and a reader would read it"))
}

fn check_length(
    place: &OutputFolder,
    name: &str,
    rows: Content,
    length: u64,
) -> Result<(), SinkError> {
    if length == rows.length {
        return Ok(());
    }
    let expected = rows.length;
    Err(place.damage(name, &format!("it has {length} bytes and was written with {expected}")))
}

/// Refuses visible files whose content is not what was written.
pub(super) async fn contents(
    place: &OutputFolder,
    entries: &[&Entry],
) -> Result<CheckedOutput, SinkError> {
    let mut checked = CheckedOutput::default();
    for entry in entries {
        let Some(rows) = entry.rows else { continue };
        let name = entry.key.visible();
        match place.content(&name).await? {
            None => return Err(place.damage(&name, "it was committed, and it is missing")),
            Some(content) => check_content(place, &name, rows, content)?,
        }
        checked.parts += 1;
        checked.bytes += rows.length;
    }
    Ok(checked)
}

fn check_content(
    place: &OutputFolder,
    name: &str,
    rows: Content,
    there: Content,
) -> Result<(), SinkError> {
    check_length(place, name, rows, there.length)?;
    if there.hash == rows.hash {
        return Ok(());
    }
    let [expected, found] = [rows.hash, there.hash];
    let what = format!("its content has changed: XXH3-128 is {found} and was {expected}");
    Err(place.damage(name, &what))
}

/// Refuses files that are still to be committed and are not what was written.
pub(super) async fn pending(place: &OutputFolder, entries: &[Entry]) -> Result<(), SinkError> {
    for entry in entries {
        let Some(rows) = entry.rows else { continue };
        let name = entry.pending();
        match place.content(&name).await? {
            None => return Err(missing_pending(place, entry)),
            Some(content) => check_content(place, &name, rows, content)?,
        }
    }
    Ok(())
}

/// Refuses what was read of a pending file, and is not what was written.
pub(super) fn check_pending(
    place: &OutputFolder,
    entry: &Entry,
    there: Content,
) -> Result<(), SinkError> {
    let Some(written) = entry.rows else { return Ok(()) };
    check_content(place, &entry.pending(), written, there)
}

/// A file that is still to be committed and is not there.
pub(super) fn missing_pending(place: &OutputFolder, entry: &Entry) -> SinkError {
    let what = "it holds rows that are to be committed, and it is missing";
    place.damage(&entry.pending(), what)
}
