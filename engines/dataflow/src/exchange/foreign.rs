//! Rows that another process has made: read, and written to the sink as our own are.

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use crate::exchange::row_change::RowChange;
use crate::exchange::sink::{Output, Wants};
use crate::record::Stamps;
use crate::record::time::EventTime;

/// A row that another process has made.
#[derive(Copy, Clone, Debug)]
pub struct ForeignRow<'a> {
    /// What it does to the result.
    pub change: RowChange,
    /// When it happened; [`EventTime::MIN`] if nobody knows.
    pub event_time: EventTime,
    /// Those of the newest event behind it.
    pub stamps: Stamps,
    /// Those of all events behind it that no row had shown before, where they are known: each is timed.
    pub events: &'a [Stamps],
    /// Its fields in their order, as an array of MessagePack.
    pub fields: &'a [u8],
}

/// A row that is no row of the result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a row of {bytes} bytes is no row of the result: {cause}")]
pub struct RowError {
    /// Its length.
    pub bytes: usize,
    /// What is wrong.
    pub cause: String,
}

/// Writes a foreign row of a result to an output. An update counts once.
pub type WriteRow = fn(&ForeignRow<'_>, Wants, &mut Output) -> Result<(), RowError>;

/// A row of this type, of an `append` result.
///
/// # Errors
/// When its bytes are no such row.
pub fn append_row<T: Serialize + DeserializeOwned>(
    row: &ForeignRow<'_>,
    wants: Wants,
    output: &mut Output,
) -> Result<(), RowError> {
    write_row::<T>(row, wants, output, true)
}

/// A row of this type, of an `upsert` or `retract` result.
///
/// # Errors
/// When its bytes are no such row.
pub fn change_row<T: Serialize + DeserializeOwned>(
    row: &ForeignRow<'_>,
    wants: Wants,
    output: &mut Output,
) -> Result<(), RowError> {
    write_row::<T>(row, wants, output, false)
}

fn write_row<T: Serialize + DeserializeOwned>(
    row: &ForeignRow<'_>,
    wants: Wants,
    output: &mut Output,
    appends: bool,
) -> Result<(), RowError> {
    let mut fields = rmp_serde::Deserializer::from_read_ref(row.fields).with_human_readable();
    let read = T::deserialize(&mut fields)
        .map_err(|error| RowError { bytes: row.fields.len(), cause: error.to_string() })?;
    if wants.stamps && row.change != RowChange::UpdateBefore {
        let event_time = if wants.event_times { row.event_time } else { EventTime::MIN };
        if row.events.is_empty() {
            output.times.take(output.written, event_time, row.stamps);
        } else {
            output.times.take_all(output.written, event_time, row.events);
        }
    }
    output.foreign(row.change, &read, wants, appends);
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};

    use super::*;
    use crate::record::change::Change;
    use crate::record::digest::Digest;

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Row {
        key: u64,
        name: Option<String>,
        at: i64,
    }

    const ROWS: Wants = Wants { stamps: true, event_times: false, rows: true, trails: None };

    fn packed(row: &Row) -> Vec<u8> {
        rmp_serde::to_vec(row).expect("a row can be written")
    }

    #[test]
    fn a_foreign_row_counts_as_our_own() {
        let row = |key| Row { key, name: (key > 1).then(|| "x".to_owned()), at: -5 };
        let mut foreign = Output::default();
        let mut write = |change, key| {
            let fields = packed(&row(key));
            let stamps = Stamps { planned: 2, ingested: 2 };
            let row = ForeignRow {
                change,
                event_time: EventTime(7),
                stamps,
                events: &[],
                fields: &fields,
            };
            change_row::<Row>(&row, ROWS, &mut foreign).unwrap();
        };
        write(RowChange::Insert, u64::MAX);
        write(RowChange::Insert, 1);
        write(RowChange::UpdateBefore, 1);
        write(RowChange::UpdateAfter, 2);
        write(RowChange::Delete, 2);
        let mut own = Output::default();
        let update = Change::Update { before: row(1), after: row(2) };
        let insert = Change::Insert;
        for change in [insert(row(u64::MAX)), insert(row(1)), update, Change::Delete(row(2))] {
            own.change(&change, ROWS);
        }
        let mut only = Digest::default();
        only.insert(&row(u64::MAX));
        assert_eq!(foreign.digest, only);
        assert_eq!((foreign.written, &foreign.digest), (own.written, &own.digest));
        assert_eq!(foreign.text, own.text);
        let timed: u32 = foreign.timed().iter().map(|it| it.records).sum();
        assert_eq!(u64::from(timed), own.written, "an update is timed once");
    }

    #[test]
    fn each_event_behind_a_row_is_timed() {
        let stamps = |planned| Stamps { planned, ingested: planned };
        let mut output = Output::default();
        let mut write = |events: &[Stamps], key| {
            let fields = packed(&Row { key, name: None, at: 0 });
            let (change, event_time) = (RowChange::Insert, EventTime::MIN);
            let row = ForeignRow { change, event_time, stamps: stamps(8), events, fields: &fields };
            change_row::<Row>(&row, ROWS, &mut output).unwrap();
        };
        write(&[stamps(2), stamps(4), stamps(8)], 1);
        write(&[], 2);
        write(&[stamps(6)], 3);
        assert_eq!(output.written, 3);
        let timed = output.timed().iter().map(|it| (it.stamps.planned, it.records));
        assert_eq!(timed.collect::<Vec<_>>(), [(2, 1), (4, 1), (8, 1), (8, 1), (6, 1)]);
    }

    #[test]
    fn bytes_that_are_no_row_are_refused() {
        let mut output = Output::default();
        let stamps = Stamps::UNTIMED;
        let bytes = [0x92, 0x01, 0x02];
        let event_time = EventTime::MIN;
        let row = ForeignRow {
            change: RowChange::Insert,
            event_time,
            stamps,
            events: &[],
            fields: &bytes,
        };
        let error = change_row::<Row>(&row, ROWS, &mut output).unwrap_err();
        assert!(error.to_string().starts_with("a row of 3 bytes is no row"), "{error}");
        assert!(output.is_empty());
    }
}
