//! Saved events: whatever form they are in, records come out.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;
use serde_json::value::RawValue;

use super::bounded::{Allowance, Bounded};
use super::document::Reader;
use super::hints::Hints;
use super::listed::Export;
use super::record::Record;
use super::unusable::{broken, too_large, unknown, unreadable};
use crate::error::{Code, Error, Result};
use crate::text;

/// Maximum size of one JSON document, in bytes after decompression. A document is held in memory as a whole.
const DOCUMENT: u64 = 128 << 20;

/// How a gzip member begins.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Records, one after the other; JSON documents are read one at a time, lines of an export a few at a time.
pub(crate) struct Input {
    form: Form,
    hints: Hints,
    /// Those that are read and not yet handed out, the next one last.
    ready: Vec<Record>,
    /// How many documents have been read.
    documents: usize,
    /// How many more bytes of JSON may be read until the document in hand has to end.
    allowance: Allowance,
}

enum Form {
    Json(Box<dyn Iterator<Item = serde_json::Result<Box<RawValue>>>>),
    Export(Export<Box<dyn BufRead>>),
    Empty,
}

impl Input {
    /// Opens a file, `-` for standard input, and finds out what form it has.
    ///
    /// # Errors
    /// [`Code::Usage`]: it cannot be opened or is in no form that is known.
    pub(crate) fn open(path: &Path, hints: Hints) -> Result<Self> {
        let reader: Box<dyn Read> = if path == Path::new("-") {
            Box::new(io::stdin())
        } else {
            let opened = File::open(path).and_then(|file| match file.metadata()?.is_dir() {
                true => Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder")),
                false => Ok(file),
            });
            Box::new(opened.map_err(|error| {
                Error::new(Code::Usage, format!("the input cannot be read: {error}"))
                    .on(path.display().to_string())
                    .hint("give a file that you can read with --input, or - for standard input")
            })?)
        };
        Self::new(reader, hints).map_err(|error| error.on(path.display().to_string()))
    }

    /// As [`Input::open`], from anything that can be read.
    pub(crate) fn new(reader: impl Read + 'static, hints: Hints) -> Result<Self> {
        let mut reader = BufReader::new(reader);
        let (first, reader) = peek(&mut reader, 2).map(|first| (first, reader)).map_err(unreadable)?;
        let plain: Box<dyn Read> = if first == GZIP {
            Box::new(MultiGzDecoder::new(BufReader::new(first_then(first, reader))))
        } else {
            Box::new(first_then(first, reader))
        };
        let mut plain: Box<dyn BufRead> =
            Box::new(BufReader::new(text::without_mark(plain).map_err(unreadable)?));
        let allowance = Allowance::default();
        let form = match first_character(&mut plain).map_err(unreadable)? {
            None => Form::Empty,
            Some(b'{' | b'[') => {
                let bounded = BufReader::new(Bounded::new(plain, &allowance));
                Form::Json(Box::new(serde_json::Deserializer::from_reader(bounded).into_iter()))
            }
            Some(b'0'..=b'9') => {
                hints.origin()?;
                Form::Export(Export::new(plain))
            }
            Some(_) => return Err(unknown("it is neither JSON nor an export of CloudWatch Logs")),
        };
        Ok(Self { form, hints, ready: Vec::new(), documents: 0, allowance })
    }

    /// The next record; none at the end.
    ///
    /// # Errors
    /// [`Code::Usage`]: what comes next cannot be understood.
    pub(crate) fn next(&mut self) -> Result<Option<Record>> {
        loop {
            if let Some(record) = self.ready.pop() {
                return Ok(Some(record));
            }
            match &mut self.form {
                Form::Empty => return Ok(None),
                Form::Export(export) => {
                    let events = export.next().map_err(unreadable)?;
                    if events.is_empty() {
                        self.form = Form::Empty;
                    } else {
                        self.ready.push(Record::of(self.hints.origin()?, &events));
                    }
                }
                Form::Json(documents) => {
                    self.allowance.set(DOCUMENT);
                    let Some(document) = documents.next() else { return Ok(None) };
                    self.documents += 1;
                    let at = |error: Error| {
                        let message = format!("document {} of the input: {}", self.documents, error.message);
                        Error { message, ..error }
                    };
                    let document = document.map_err(|error| match self.allowance.is_used_up() {
                        true => at(too_large(DOCUMENT)),
                        false => at(broken(&error)),
                    })?;
                    self.ready = Reader::read(document.get(), &self.hints).map_err(at)?;
                    self.ready.reverse();
                }
            }
        }
    }
}

/// The first bytes, up to `count`, which are taken out of the reader.
fn peek(reader: &mut impl Read, count: u64) -> io::Result<Vec<u8>> {
    let mut first = Vec::new();
    reader.take(count).read_to_end(&mut first)?;
    Ok(first)
}

fn first_then(first: Vec<u8>, rest: impl Read) -> impl Read {
    io::Cursor::new(first).chain(rest)
}

/// The first character that is no space, which stays in the reader.
fn first_character(reader: &mut impl BufRead) -> io::Result<Option<u8>> {
    loop {
        let buffer = reader.fill_buf()?;
        let Some(&first) = buffer.first() else { return Ok(None) };
        if !first.is_ascii_whitespace() {
            return Ok(Some(first));
        }
        reader.consume(1);
    }
}
