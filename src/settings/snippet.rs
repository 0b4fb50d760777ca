//! The line of a file that a mistake is in, with the mistake marked, and without what may be a secret.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use cwl2le_forwarder::secret::{redact_uuids, redactor};

use super::document::Document;

/// A longer line is not shown.
const LONGEST: usize = 300;
/// A number or a word of at most so many bytes is shown whatever its key is: no secret is that short.
const SHORT: usize = 8;
/// What stands in the place of a value that is not shown.
const HIDDEN: &str = "…";

/// The line that a part of a file begins in, with the part marked; none where nothing of it may be shown. In a text that
/// is not TOML, nobody knows what a value is.
pub(super) fn snippet(document: &Document, span: &Range<usize>) -> Option<String> {
    let text = (document.is_toml && document.has_lines).then_some(&document.text)?;
    let start = text.get(..span.start)?.rfind('\n').map_or(0, |end| end + 1);
    let line = text.get(start..)?.lines().next().filter(|line| line.len() <= LONGEST)?;
    let (shown, mark) =
        shown(line, span.start - start..span.end.max(span.start) - start, document.plain_keys)?;
    let line_number = text.get(..start)?.matches('\n').count() + 1;
    let source =
        Snippet::source(shown).line_start(line_number).annotation(AnnotationKind::Primary.span(mark));
    Some(Renderer::plain().render(&[Group::with_level(Level::ERROR).element(source)]))
}

/// What may be shown of a line, and where the mark is in it.
fn shown(line: &str, mark: Range<usize>, plain_keys: &[&str]) -> Option<(String, Range<usize>)> {
    let up_to = |end: usize| (line[..end].to_owned(), mark.start.min(end)..mark.end.min(end));
    let Some((key, value)) = line.split_once('=') else {
        // A section. Any other line goes on with the value of a line before it.
        let section = line.split('#').next().unwrap_or_default().trim_end();
        let may_be_shown = section.trim_start().starts_with('[') && is_name(section);
        return may_be_shown.then(|| up_to(section.len()));
    };
    if !is_name(key) {
        return None;
    }
    let value = value.split('#').next().unwrap_or_default().trim_end();
    let has_table = value.trim_start().starts_with(['{', '[']) && value.contains('{');
    let is_known = !has_table && plain_keys.contains(&key.trim());
    let with_value = up_to(key.len() + 1 + value.len());
    if (is_known || is_short(value.trim())) && !has_secret(&with_value.0) {
        return Some(with_value);
    }
    let place = key.len() + 2;
    let mark = match mark.start < key.len() {
        true => mark.start..mark.end.min(key.len()),
        false => place..place + HIDDEN.len(),
    };
    Some((format!("{key}= {HIDDEN}"), mark))
}

/// Whether the name of a section or key may be shown: no value begins in it, and no secret stands there.
fn is_name(text: &str) -> bool {
    !text.contains(['"', '\'', '#']) && !has_secret(text)
}

/// Whether a text has a secret that the redactor knows, or a UUID, which may be a token.
fn has_secret(text: &str) -> bool {
    redactor::redact(&redact_uuids(text)) != text
}

fn is_short(value: &str) -> bool {
    value.len() <= SHORT && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-._".contains(&byte))
}
