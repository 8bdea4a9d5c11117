//! Parses lines of text.

/// Parses the bytes of a line; they may include its end.
///
/// # Errors
/// Column, from 1 and in bytes (0 when the line as a whole is meant), and cause.
pub(crate) fn parse_line<E>(
    bytes: &[u8],
    parse: impl Fn(&str) -> Result<E, (u64, String)>,
) -> Result<E, (u64, String)> {
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
        parse_line(bytes, |line| Ok(line.to_owned()))
    }

    #[test]
    fn the_end_of_a_line_is_not_part_of_it() {
        for bytes in [&b"to be"[..], b"to be\n", b"to be\r\n"] {
            assert_eq!(plain(bytes).unwrap(), "to be");
        }
        assert_eq!(plain(b"\n").unwrap(), "");
    }

    #[test]
    fn bytes_that_are_no_text_are_pointed_at() {
        assert_eq!(plain(b"ab\xffc\n"), Err((3, "not UTF-8: byte 0xff".to_owned())));
        assert_eq!(plain(b"ab\xc3\n"), Err((3, "not UTF-8: byte 0xc3".to_owned())));
    }
}
