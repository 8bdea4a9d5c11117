//! Reads files of text from outside, as far as they may be long.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Largest file of results: 1 GiB. One of 200 runs has some megabytes.
pub const LARGEST_RESULTS: u64 = 1 << 30;

/// How much is read before it is looked at.
const PIECE: usize = 1 << 16;

/// The text of a file of at most so many bytes, without the byte order mark that it may begin with.
/// What is no text is noticed at its first zero byte, so that a device without an end takes neither
/// time nor memory.
///
/// # Errors
/// The system's reason; or that it is no text, where not, or longer.
pub fn read_text(path: &Path, most_bytes: u64) -> io::Result<String> {
    let wrong = |cause: String| io::Error::new(io::ErrorKind::InvalidData, cause);
    let mut file = File::open(path)?.take(most_bytes.saturating_add(1));
    let mut bytes = Vec::new();
    loop {
        let from = bytes.len();
        let read = file.by_ref().take(PIECE as u64).read_to_end(&mut bytes)?;
        if let Some(zero) = bytes[from..].iter().position(|byte| *byte == 0) {
            return Err(wrong(format!("it is no text: byte {} is 0", from + zero + 1)));
        }
        if bytes.len() as u64 > most_bytes {
            return Err(wrong(format!("it has more than {most_bytes} bytes")));
        }
        if read == 0 {
            break;
        }
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let before = &error.as_bytes()[..at];
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let column = before.iter().rev().take_while(|byte| **byte != b'\n').count() + 1;
        let byte = error.as_bytes()[at];
        wrong(format!("line {line}, column {column} is not UTF-8: byte 0x{byte:02x}"))
    })?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::disallowed_methods, reason = "these tests write the files that are read")]

    use super::*;

    fn read(bytes: &[u8], most: u64) -> Result<String, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("it.json");
        std::fs::write(&path, bytes).unwrap();
        read_text(&path, most).map_err(|error| error.to_string())
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_a_text() {
        assert_eq!(read("\u{feff}{}".as_bytes(), 9).unwrap(), "{}");
        assert_eq!(read(b"{}", 2).unwrap(), "{}");
        assert_eq!(read(b"", 0).unwrap(), "");
    }

    #[test]
    fn what_is_no_text_or_too_long_is_refused() {
        assert_eq!(read(b"{}x", 2), Err("it has more than 2 bytes".to_owned()));
        assert_eq!(read(b"{}\n{\0", 9), Err("it is no text: byte 5 is 0".to_owned()));
        let refused = "line 2, column 2 is not UTF-8: byte 0xff".to_owned();
        assert_eq!(read(b"{}\n{\xff", 9), Err(refused));
        // In a later piece, too.
        let long = [&vec![b' '; PIECE + 7][..], b"\0"].concat();
        assert_eq!(read(&long, 1 << 20), Err(format!("it is no text: byte {} is 0", PIECE + 8)));
    }
}
