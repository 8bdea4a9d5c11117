//! The table that rows make which take the place of one another: what a row updates is known only
//! here, where a system tells the new row alone.

use std::collections::HashMap;

use dataflow::exchange::foreign::{ForeignRow, RowChange};
use foldhash::fast::FixedState;

/// The newest row of each key, by the key's bytes.
#[derive(Debug, Default)]
pub(crate) struct Upserts(HashMap<Box<[u8]>, Vec<u8>, FixedState>);

impl Upserts {
    /// Puts a row in the place of the one with the same key, which is its first `key` bytes. Hands
    /// on what that changes.
    ///
    /// # Errors
    /// What `write` says.
    pub(crate) fn put<E>(
        &mut self,
        key: usize,
        row: ForeignRow<'_>,
        mut write: impl FnMut(&ForeignRow<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let Some(newest) = self.0.get_mut(&row.fields[..key]) else {
            self.0.insert(row.fields[..key].into(), row.fields.to_vec());
            return write(&ForeignRow { change: RowChange::Insert, ..row });
        };
        write(&ForeignRow { change: RowChange::UpdateBefore, fields: newest, ..row })?;
        newest.clear();
        newest.extend_from_slice(row.fields);
        write(&ForeignRow { change: RowChange::UpdateAfter, ..row })
    }
}

#[cfg(test)]
mod tests {
    use dataflow::{EventTime, Stamps};

    use super::*;

    #[test]
    fn a_row_takes_the_place_of_the_one_with_its_key() {
        let mut upserts = Upserts::default();
        let mut seen = Vec::new();
        for fields in [[7, 1], [8, 1], [7, 2]] {
            let event_time = EventTime::MIN;
            let change = RowChange::Insert;
            let row = ForeignRow {
                change,
                event_time,
                stamps: Stamps::UNTIMED,
                events: &[],
                fields: &fields,
            };
            let put = upserts.put(1, row, |row| {
                seen.push((row.change, row.fields.to_vec()));
                Ok::<(), ()>(())
            });
            put.unwrap();
        }
        let expected = [
            (RowChange::Insert, vec![7, 1]),
            (RowChange::Insert, vec![8, 1]),
            (RowChange::UpdateBefore, vec![7, 1]),
            (RowChange::UpdateAfter, vec![7, 2]),
        ];
        assert_eq!(seen, expected);
    }
}
