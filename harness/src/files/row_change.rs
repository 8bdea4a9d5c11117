//! What a line of NDJSON does to a result that changes.

/// How a line says that its row was put in, or is what another was replaced by.
const PUT_IN: [&[u8]; 2] = [br#"{"op":"+I","#, br#"{"op":"+U","#];
/// How it says that its row was replaced or taken out.
const TAKEN_OUT: [&[u8]; 2] = [br#"{"op":"-U","#, br#"{"op":"-D","#];

/// A row that is put in or taken out.
///
/// ```
/// use streamgauge::internals::RowChange;
/// let change = RowChange::of(br#"{"op":"-U","key":1}"#);
/// assert!(!change.is_put_in);
/// assert_eq!(change.row, RowChange::of(br#"{"op":"+I","key":1}"#).row);
/// assert!(RowChange::of(br#"{"key":1}"#).is_put_in, "a result that only grows");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowChange<'a> {
    /// Otherwise it is taken out.
    pub is_put_in: bool,
    /// The row, equal for equal rows whatever is done with them.
    pub row: &'a [u8],
}

impl<'a> RowChange<'a> {
    /// Of a line that is not empty.
    pub fn of(line: &'a [u8]) -> Self {
        let after =
            |starts: [&'static [u8]; 2]| starts.iter().find_map(|start| line.strip_prefix(*start));
        match after(TAKEN_OUT) {
            Some(row) => Self { is_put_in: false, row },
            None => Self { is_put_in: true, row: after(PUT_IN).unwrap_or(line) },
        }
    }

    /// Each line of a text.
    pub fn each(lines: &'a [u8]) -> impl Iterator<Item = Self> {
        lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).map(Self::of)
    }
}
