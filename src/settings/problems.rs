//! What is wrong in the file: all of it, each with its place, and the part of the file that it is about.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use cwl2le_forwarder::secret::redact_uuids;
use cwl2le_forwarder::secret::redactor;

use super::document::Document;
use crate::error::{Code, Error, InFile};

/// Where to look for help where nothing better is known.
const TEMPLATE_HINT: &str = "`cwl2le init --to FILE` writes a file with every key explained";

/// What is wrong so far, each with its place.
#[derive(Debug, Default)]
pub(super) struct Problems(Vec<(Range<usize>, Error)>);

impl Problems {
    /// Adds one. Where there is no hint, it is the one for every key.
    pub(super) fn add(
        &mut self,
        document: &Document,
        span: Range<usize>,
        message: &str,
        hint: impl Into<Option<String>>,
    ) {
        let hint = hint.into().unwrap_or_else(|| TEMPLATE_HINT.to_owned());
        self.push(span.clone(), error(document, &span, message, &hint));
    }

    /// Adds the error of a part of the file.
    pub(super) fn push(&mut self, span: Range<usize>, error: Error) {
        self.0.push((span, error));
    }

    /// Whether there is one within this part of the file. What depends on that part cannot be judged then.
    pub(super) fn is_within(&self, part: &Range<usize>) -> bool {
        self.0.iter().any(|(span, _)| part.start <= span.start && span.end <= part.end)
    }

    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them as one error, in the order of the file; none where there are none.
    pub(super) fn into_error(mut self) -> Option<Error> {
        self.0.sort_by_key(|(span, _)| span.start);
        let mut errors = self.0.into_iter().map(|(_, error)| error);
        let mut first = errors.next()?;
        first.in_file.get_or_insert_default().also = errors.collect();
        Some(first)
    }
}

/// An error at a part of a file.
pub(super) fn error(document: &Document, span: &Range<usize>, message: &str, hint: &str) -> Error {
    // A parser quotes what it refuses, and that may be a token.
    let message = redact_uuids(&format!("{}: {message}", document.place(span)));
    let error = Error::new(Code::Config, message).hint(redact_uuids(hint));
    let in_file = InFile { snippet: snippet(document, span), also: Vec::new() };
    Error { in_file: Some(Box::new(in_file)), ..error }
}

/// The line that a part of a file begins in, with the part marked; none where nothing is there to be shown.
fn snippet(document: &Document, span: &Range<usize>) -> Option<String> {
    let text = &document.text;
    let start = text.get(..span.start)?.rfind('\n').map_or(0, |end| end + 1);
    let line = text.get(start..)?.lines().next()?;
    let from = span.start - start;
    let to = (span.end - start).clamp(from, line.len().max(from));
    let (shown, mark) = match document.is_toml {
        true => redacted([line.get(..from)?, line.get(from..to)?, line.get(to..)?], line)?,
        false => {
            let end = without_values(line);
            (redact_uuids(line.get(..end)?), from.min(end)..to.min(end))
        }
    };
    if shown.trim().is_empty() {
        return None;
    }
    let line_number = text.get(..start)?.matches('\n').count() + 1;
    let source =
        Snippet::source(shown).line_start(line_number).annotation(AnnotationKind::Primary.span(mark));
    Some(Renderer::plain().render(&[Group::with_level(Level::ERROR).element(source)]))
}

/// A line whose middle part is marked, without secrets: the redactor has learned those of a file that is TOML. None
/// where one stands across the ends of the part.
fn redacted(parts: [&str; 3], line: &str) -> Option<(String, Range<usize>)> {
    let hide = |text: &str| redactor::redact(&redact_uuids(text)).into_owned();
    let parts = parts.map(hide);
    let mark = parts[0].len()..parts[0].len() + parts[1].len();
    let shown = parts.concat();
    (hide(line) == shown).then_some((shown, mark))
}

/// The length of what stands before the value of a line. In a file that is no TOML, nobody knows which values are
/// secrets.
fn without_values(line: &str) -> usize {
    line.find(['=', '"', '\'']).unwrap_or(line.len())
}
