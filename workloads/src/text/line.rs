//! Parses lines of text.

/// What programs of Windows put at the start of a text in UTF-8. It is no part of the text.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// The bytes of line `number`, from 1, without the byte order mark that a first line may begin with.
pub(crate) fn without_mark(number: u64, bytes: &[u8]) -> &[u8] {
    match bytes.strip_prefix(BYTE_ORDER_MARK) {
        Some(rest) if number == 1 => rest,
        _ => bytes,
    }
}

/// Parses the bytes of line `number`, from 1; they may include its end, and a byte order mark if it
/// is the first.
///
/// # Errors
/// Column, from 1 and in bytes (0 when the line as a whole is meant), and cause.
pub(crate) fn parse_line<E>(
    number: u64,
    bytes: &[u8],
    parse: impl FnOnce(&str) -> Result<E, (u64, String)>,
) -> Result<E, (u64, String)> {
    let bytes = without_mark(number, bytes);
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
    let line = str::from_utf8(bytes).map_err(|error| {
        let at = error.valid_up_to();
        (at as u64 + 1, format!("not UTF-8: byte 0x{:02x}", bytes[at]))
    })?;
    parse(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(bytes: &[u8]) -> Result<String, (u64, String)> {
        parse_line(1, bytes, |line| Ok(line.to_owned()))
    }

    #[test]
    fn the_end_of_a_line_is_not_part_of_it() {
        for bytes in [&b"to be"[..], b"to be\n", b"to be\r\n"] {
            assert_eq!(plain(bytes).unwrap(), "to be");
        }
        assert_eq!(plain(b"\n").unwrap(), "");
    }

    #[test]
    fn a_byte_order_mark_is_part_of_no_text() {
        assert_eq!(plain("\u{feff}to be\n".as_bytes()).unwrap(), "to be");
        // Elsewhere it is a character.
        let second = parse_line(2, "\u{feff}be".as_bytes(), |line| Ok(line.to_owned()));
        assert_eq!(second.unwrap(), "\u{feff}be");
    }

    #[test]
    fn bytes_that_are_no_text_are_pointed_at() {
        assert_eq!(plain(b"ab\xffc\n"), Err((3, "not UTF-8: byte 0xff".to_owned())));
        assert_eq!(plain(b"ab\xc3\n"), Err((3, "not UTF-8: byte 0xc3".to_owned())));
    }
}
