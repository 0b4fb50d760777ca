//! Text files as people save them: UTF-8 with or without a byte order mark, and UTF-16 with one.
//!
//! Windows PowerShell writes UTF-16 for `>` and `Out-File`; Notepad adds a byte order mark to UTF-8.

use std::cell::Cell;
use std::char::{DecodeUtf16, REPLACEMENT_CHARACTER, decode_utf16};
use std::fs::File;
use std::io::{self, BufReader, Bytes, Cursor, Read};
use std::path::Path;
use std::rc::Rc;

/// Reads a whole text file.
///
/// # Errors
/// The file cannot be read, or is neither UTF-8 nor UTF-16 with a byte order mark.
pub(crate) fn read(path: &Path) -> io::Result<String> {
    read_from(File::open(path)?)
}

/// Like [`read`], from any reader.
///
/// # Errors
/// Like [`read`].
pub(crate) fn read_from(reader: impl Read) -> io::Result<String> {
    let mut text = String::new();
    without_mark(reader)?.read_to_string(&mut text)?;
    Ok(text)
}

/// Removes a byte order mark and turns UTF-16 into UTF-8. Bytes without a mark pass unchanged, whatever they are.
///
/// # Errors
/// The first bytes cannot be read.
pub(crate) fn without_mark<'r>(mut reader: impl Read + 'r) -> io::Result<Box<dyn Read + 'r>> {
    let mut first = Vec::new();
    reader.by_ref().take(3).read_to_end(&mut first)?;
    let rest = |length| Cursor::new(first[length..].to_vec());
    Ok(match first[..] {
        [0xff, 0xfe, ..] => Box::new(Utf16::new(rest(2).chain(reader), u16::from_le_bytes)),
        [0xfe, 0xff, ..] => Box::new(Utf16::new(rest(2).chain(reader), u16::from_be_bytes)),
        [0xef, 0xbb, 0xbf] => Box::new(reader),
        _ => Box::new(rest(0).chain(reader)),
    })
}

/// Reads UTF-16 as UTF-8. Anything that is not valid UTF-16 becomes U+FFFD.
struct Utf16<R: Read> {
    characters: DecodeUtf16<Units<R>>,
    /// Why the units ended, if not at the end of the input.
    failed: Failed,
    /// The UTF-8 bytes of the character that did not fit into the caller's buffer.
    left: Vec<u8>,
}

/// An error that the iterator of units cannot return.
type Failed = Rc<Cell<Option<io::Error>>>;

/// The 16-bit units of the input.
struct Units<R> {
    bytes: Bytes<BufReader<R>>,
    unit: fn([u8; 2]) -> u16,
    failed: Failed,
}

impl<R: Read> Iterator for Units<R> {
    type Item = u16;

    fn next(&mut self) -> Option<u16> {
        let unit = match (self.bytes.next()?, self.bytes.next()) {
            (Ok(first), Some(Ok(second))) => (self.unit)([first, second]),
            // Half a unit at the end: the file was cut.
            (Ok(_), None) => 0xfffd,
            (Err(error), _) | (_, Some(Err(error))) => {
                self.failed.set(Some(error));
                return None;
            }
        };
        Some(unit)
    }
}

impl<R: Read> Utf16<R> {
    fn new(reader: R, unit: fn([u8; 2]) -> u16) -> Self {
        let failed = Failed::default();
        let units = Units { bytes: BufReader::new(reader).bytes(), unit, failed: Rc::clone(&failed) };
        Self { characters: decode_utf16(units), failed, left: Vec::new() }
    }
}

impl<R: Read> Read for Utf16<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut count = 0;
        while count < buffer.len() {
            if self.left.is_empty() {
                let Some(next) = self.characters.next() else { break };
                let next = next.unwrap_or(REPLACEMENT_CHARACTER);
                self.left.extend_from_slice(next.encode_utf8(&mut [0; 4]).as_bytes());
            }
            let fits = self.left.len().min(buffer.len() - count);
            buffer[count..count + fits].copy_from_slice(&self.left[..fits]);
            self.left.drain(..fits);
            count += fits;
        }
        match self.failed.take() {
            Some(error) if count == 0 => Err(error),
            failed => {
                self.failed.set(failed);
                Ok(count)
            }
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// UTF-16 with a byte order mark.
    pub(crate) fn utf16(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
        "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(unit).collect()
    }

    proptest! {
        #[test]
        fn a_text_is_the_same_in_every_encoding(text in ".{0,40}") {
            prop_assume!(!text.starts_with('\u{feff}'));
            for bytes in [
                text.clone().into_bytes(),
                format!("\u{feff}{text}").into_bytes(),
                utf16(&text, u16::to_le_bytes),
                utf16(&text, u16::to_be_bytes),
            ] {
                prop_assert_eq!(&read_from(&bytes[..]).expect("a text"), &text);
                // Also into a buffer that no character fits into.
                let (mut reader, mut byte, mut single) = (without_mark(&bytes[..]).expect("read"), [0], Vec::new());
                while reader.read(&mut byte).expect("read") > 0 {
                    single.extend(byte);
                }
                prop_assert_eq!(single, text.as_bytes());
            }
        }
    }

    #[test]
    fn damaged_utf16_is_marked_and_other_bytes_are_left_alone() {
        assert_eq!(read_from(&b"\xff\xfea\0\0\xd8b\0c"[..]).expect("a text"), "a\u{fffd}b\u{fffd}");
        let mut bytes = Vec::new();
        without_mark(&b"\xc0\xff"[..]).expect("read").read_to_end(&mut bytes).expect("read");
        assert_eq!(bytes, b"\xc0\xff");
        assert_eq!(read_from(&b"\xc0\xff"[..]).expect_err("no text").kind(), io::ErrorKind::InvalidData);
    }

    #[test]
    fn a_failure_behind_the_mark_is_reported() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("gone"))
            }
        }
        let reader = (&b"\xff\xfea\0"[..]).chain(Broken);
        assert_eq!(read_from(reader).expect_err("gone").to_string(), "gone");
    }
}
