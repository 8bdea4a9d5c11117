//! Results that change: a row put in, replaced or taken out.

use serde::{Deserialize, Serialize};

use crate::record::data::Data;

/// One change of a result table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Change<T> {
    /// A row that was not there; `+I` in NDJSON.
    Insert(T),
    /// A row in the place of another; `-U` and `+U` in NDJSON.
    Update {
        /// The row that was there.
        before: T,
        /// The row that is there now.
        after: T,
    },
    /// A row taken away; `-D` in NDJSON.
    Delete(T),
}

impl<T: Data> Data for Change<T> {
    fn size_bytes(&self) -> usize {
        match self {
            Self::Insert(row) | Self::Delete(row) => row.size_bytes(),
            Self::Update { before, after } => before.size_bytes() + after.size_bytes(),
        }
    }
}

/// What a workload's result means, and so what is compared.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ResultKind {
    /// The multiset of emitted records.
    #[default]
    Append,
    /// The table left when the last change per key is kept.
    Upsert,
    /// The multiset left when every retraction has cancelled one earlier record.
    Retract,
}

impl ResultKind {
    /// As `list` and results name it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Append => "append",
            Self::Upsert => "upsert",
            Self::Retract => "retract",
        }
    }
}
