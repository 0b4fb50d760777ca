//! Reads the text of a file into its contents, and finds everything that is wrong on the way.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue, Deserializer};

use super::conform;
use super::contents::Contents;
use super::document::Document;
use super::problems::Problems;
use super::schema::SCHEMA;
use super::{environments, overlay};

/// The contents of a file, as far as they can be used, and what is wrong with the rest. `left_out` are keys of the
/// top of the file that are passed over.
pub(super) fn read(document: &Document, left_out: &[&str]) -> (Contents, Problems) {
    let mut problems = Problems::default();
    let (mut tree, errors) = DeTable::parse_recoverable(&document.text);
    for error in &errors {
        problems.add(document, error.span().unwrap_or(0..0), error.message(), None);
    }
    if !errors.is_empty() {
        // What else seems to be wrong may be so only because of these.
        return (Contents::default(), problems);
    }
    environments::check(document, tree.get_ref(), &mut problems);
    overlay::lay_over(tree.get_mut(), document.environment.as_deref());
    for key in left_out {
        tree.get_mut().remove(*key);
    }
    conform::check(document, tree.get_mut(), &SCHEMA, &mut problems);
    // A reader stops at the first value that it refuses: without that value it finds the next one.
    loop {
        let deserializer = Deserializer::from(tree.clone());
        let error = match serde_path_to_error::deserialize(deserializer) {
            Ok(contents) => return (contents, problems),
            Err(error) => error,
        };
        let span = error.inner().span().unwrap_or(0..0);
        // Values that remember their place are wrapped in a private key of the parser's.
        let keys = error.path().iter().map(ToString::to_string);
        let path = keys.filter(|key| !key.starts_with("$__serde")).fold(String::new(), |path, key| {
            // An index brings its own brackets.
            let dot = if path.is_empty() || key.starts_with('[') { "" } else { "." };
            format!("{path}{dot}{key}")
        });
        let message = error.inner().message();
        let problem = if path.is_empty() { message.to_owned() } else { format!("`{path}`: {message}") };
        // What a section lacks may be what was taken out of it.
        if !problems.is_within(&document.extent_at(&span)) {
            problems.add(document, span.clone(), &problem, None);
        }
        if !take_out(tree.get_mut(), &span) {
            return (Contents::default(), problems);
        }
    }
}

/// Takes the value at a place out of a table, wherever in it. Whether it was there.
fn take_out(table: &mut DeTable<'_>, span: &Range<usize>) -> bool {
    let found =
        table.iter().find(|(_, value)| value.span() == *span).map(|(key, _)| key.get_ref().to_string());
    match found {
        Some(key) => table.remove(key.as_str()).is_some(),
        None => table.iter_mut().any(|(_, value)| take_out_of(value, span)),
    }
}

fn take_out_of(value: &mut Spanned<DeValue<'_>>, span: &Range<usize>) -> bool {
    match value.get_mut() {
        DeValue::Table(table) => take_out(table, span),
        DeValue::Array(values) if values.iter().any(|value| value.span() == *span) => {
            let kept =
                std::mem::replace(values, DeArray::new()).into_iter().filter(|value| value.span() != *span);
            *values = kept.collect();
            true
        }
        DeValue::Array(values) => values.iter_mut().any(|value| take_out_of(value, span)),
        _ => false,
    }
}
