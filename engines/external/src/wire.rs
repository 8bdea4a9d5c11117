//! The frames on the connections between the harness and a system's process.
//!
//! All of them lead to a port of the harness on the loopback interface and begin with a [`Hello`].
//! Numbers are little-endian; what has fields is MessagePack. The other side is in `java/common`.
//! - *Control*, one: messages both ways, each behind its length ([`crate::control`]).
//! - *Source*, one per subtask: blocks of records to the process ([`block_head`]), and how far each
//!   split has been read back to the harness ([`Acknowledgement`]).
//! - *Sink*, one per subtask: frames of rows and of commits to the harness ([`SinkFrame`]).

use std::io::{self, Read};

use dataflow::exchange::foreign::{ForeignRow, RowChange};
use dataflow::{EventTime, Stamps};

/// Begins every connection.
const MAGIC: [u8; 4] = *b"SGX1";
/// The split of the block that ends an input.
const END: u32 = u32::MAX;
/// Bytes that a frame of rows has at most: a process that sends more is out of step.
const LONGEST_FRAME: u32 = 64 * 1024 * 1024;

/// What a connection is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Requests and reports.
    Control,
    /// Takes events: of each split that is read, how many events have been read before.
    Source(Vec<(u32, u64)>),
    /// Brings rows.
    Sink,
}

/// With what a connection begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hello {
    /// The run that it belongs to; 0 for control.
    pub(crate) run: u32,
    /// The subtask.
    pub(crate) subtask: u32,
    /// What it is for.
    pub(crate) role: Role,
}

fn number<const N: usize>(from: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    from.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn u32_of(from: &mut impl Read) -> io::Result<u32> {
    number(from).map(u32::from_le_bytes)
}

fn u64_of(from: &mut impl Read) -> io::Result<u64> {
    number(from).map(u64::from_le_bytes)
}

fn out_of_step(what: impl std::fmt::Display) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("{what}: the process is out of step"))
}

impl Hello {
    /// Reads it.
    ///
    /// # Errors
    /// When somebody else connects: without the secret of this process.
    pub(crate) fn read(from: &mut impl Read, secret: u64) -> io::Result<Self> {
        if number(from)? != MAGIC || u64_of(from)? != secret {
            return Err(out_of_step("an unknown connection"));
        }
        let [role] = number(from)?;
        let (run, subtask) = (u32_of(from)?, u32_of(from)?);
        let role = match role {
            0 => Role::Control,
            1 => {
                let splits = u32_of(from)?;
                let splits = (0..splits).map(|_| Ok((u32_of(from)?, u64_of(from)?)));
                Role::Source(splits.collect::<io::Result<_>>()?)
            }
            2 => Role::Sink,
            other => return Err(out_of_step(format_args!("a connection of kind {other}"))),
        };
        Ok(Self { run, subtask, role })
    }
}

/// The head of a block: its split, how many records it has, and how many bytes they take. A block
/// without records says that its split has ended.
pub(crate) fn block_head(split: u32, records: u32, bytes: u32) -> [u8; 12] {
    let mut head = [0; 12];
    head[..4].copy_from_slice(&split.to_le_bytes());
    head[4..8].copy_from_slice(&records.to_le_bytes());
    head[8..].copy_from_slice(&bytes.to_le_bytes());
    head
}

/// The head of the block that ends the input.
pub(crate) fn end_of_input() -> [u8; 12] {
    block_head(END, 0, 0)
}

/// How far a split has been read.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) struct Acknowledgement {
    /// The split.
    pub(crate) split: u32,
    /// Events that have been read of it, from where the job began.
    pub(crate) events: u64,
}

impl Acknowledgement {
    /// Reads the next one; `None` at the end.
    ///
    /// # Errors
    /// When the connection breaks.
    pub(crate) fn read(from: &mut impl Read) -> io::Result<Option<Self>> {
        match u32_of(from) {
            Ok(split) => Ok(Some(Self { split, events: u64_of(from)? })),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// A frame of a sink.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum SinkFrame {
    /// Rows, which are in the buffer: see [`Rows`].
    Rows,
    /// What came before belongs to a checkpoint.
    PreCommit(u64),
    /// A checkpoint is complete.
    Commit(u64),
    /// Nothing more will come.
    Finish,
}

impl SinkFrame {
    /// Reads the next one, its rows into `rows`.
    ///
    /// # Errors
    /// When the connection ends or breaks.
    pub(crate) fn read(from: &mut impl Read, rows: &mut Vec<u8>) -> io::Result<Self> {
        let [kind] = number(from)?;
        let length = u32_of(from)?;
        if kind == 0 {
            if length > LONGEST_FRAME {
                return Err(out_of_step(format_args!("a frame of {length} bytes")));
            }
            rows.resize(length as usize, 0);
            from.read_exact(rows)?;
            return Ok(Self::Rows);
        }
        let id = u64_of(from)?;
        match kind {
            1 => Ok(Self::PreCommit(id)),
            2 => Ok(Self::Commit(id)),
            3 => Ok(Self::Finish),
            other => Err(out_of_step(format_args!("a frame of kind {other}"))),
        }
    }
}

/// What a row does: a change, or to take the place of the row with the same key, whatever that is.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum WireChange {
    /// A change.
    Change(RowChange),
    /// An upsert; its key is that many of the row's first bytes.
    Upsert(usize),
}

/// The rows of a frame, one after another.
pub(crate) struct Rows<'a>(pub(crate) &'a [u8]);

/// Bytes of a row before its fields.
const ROW_HEAD: usize = 25;

impl<'a> Rows<'a> {
    /// The next row; `None` at the end of the frame. Its change is that of an insert where it is an
    /// upsert.
    ///
    /// # Errors
    /// When the bytes are no rows.
    pub(crate) fn next(&mut self) -> io::Result<Option<(WireChange, ForeignRow<'a>)>> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let Some((head, rest)) = self.0.split_first_chunk::<ROW_HEAD>() else {
            return Err(out_of_step("a row without an end"));
        };
        let u32_at =
            |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        let (key, length) = (u32_at(1) as usize, u32_at(5) as usize);
        let event_time = i64::from(u32_at(9)) | i64::from(u32_at(13)) << 32;
        let stamps = Stamps { planned: u32_at(17), ingested: u32_at(21) };
        if length > rest.len() || key > length {
            return Err(out_of_step("a row longer than its frame"));
        }
        let (fields, rest) = rest.split_at(length);
        self.0 = rest;
        let change = match head[0] {
            0 => WireChange::Change(RowChange::Insert),
            1 => WireChange::Change(RowChange::UpdateBefore),
            2 => WireChange::Change(RowChange::UpdateAfter),
            3 => WireChange::Change(RowChange::Delete),
            4 => WireChange::Upsert(key),
            other => return Err(out_of_step(format_args!("a row of kind {other}"))),
        };
        let does = match change {
            WireChange::Change(does) => does,
            WireChange::Upsert(_) => RowChange::Insert,
        };
        let event_time = EventTime(event_time);
        Ok(Some((change, ForeignRow { change: does, event_time, stamps, events: &[], fields })))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn row(kind: u8, key: u32, fields: &[u8]) -> Vec<u8> {
        let mut bytes = vec![kind];
        bytes.extend(key.to_le_bytes());
        bytes.extend((fields.len() as u32).to_le_bytes());
        bytes.extend((-7i64).to_le_bytes());
        bytes.extend(4u32.to_le_bytes());
        bytes.extend(6u32.to_le_bytes());
        bytes.extend(fields);
        bytes
    }

    #[test]
    fn rows_come_out_as_they_went_in() {
        let bytes = [row(4, 2, &[0x92, 1, 2]), row(3, 0, &[0x90])].concat();
        let mut rows = Rows(&bytes);
        let (change, first) = rows.next().unwrap().unwrap();
        assert_eq!(change, WireChange::Upsert(2));
        assert_eq!((first.event_time, first.fields), (EventTime(-7), &[0x92, 1, 2][..]));
        assert_eq!(first.stamps, Stamps { planned: 4, ingested: 6 });
        let (change, second) = rows.next().unwrap().unwrap();
        assert_eq!(change, WireChange::Change(RowChange::Delete));
        assert_eq!(second.change, RowChange::Delete);
        assert!(rows.next().unwrap().is_none());
    }

    #[test]
    fn who_does_not_know_the_secret_is_refused() {
        let hello = |secret: u64| {
            let mut bytes = MAGIC.to_vec();
            bytes.extend(secret.to_le_bytes());
            bytes.push(1);
            bytes.extend(3u32.to_le_bytes());
            bytes.extend(1u32.to_le_bytes());
            bytes.extend(1u32.to_le_bytes());
            bytes.extend(9u32.to_le_bytes());
            bytes.extend(70u64.to_le_bytes());
            bytes
        };
        let read = Hello::read(&mut &hello(5)[..], 5).unwrap();
        assert_eq!(read, Hello { run: 3, subtask: 1, role: Role::Source(vec![(9, 70)]) });
        assert!(Hello::read(&mut &hello(5)[..], 6).is_err());
    }

    proptest! {
        /// Whatever a process sends, it is read or refused.
        #[test]
        fn no_bytes_bring_the_reader_down(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut rows = Rows(&bytes);
            while let Ok(Some(_)) = rows.next() {}
            let mut buffer = Vec::new();
            drop(SinkFrame::read(&mut &bytes[..], &mut buffer));
            drop(Hello::read(&mut &bytes[..], 0));
            drop(Acknowledgement::read(&mut &bytes[..]));
        }
    }
}
