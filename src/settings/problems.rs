//! What is wrong in the file: all of it, each with its place, and the part of the file that it is about.

use std::ops::Range;

use cwl2le_forwarder::secret::redact_uuids;

use super::document::Document;
use super::snippet::snippet;
use crate::error::{Code, Error, More};

/// Where to look for help where nothing better is known.
const TEMPLATE_HINT: &str = "`cwl2le init --to FILE` writes a file with every key explained";

/// So many problems are reported; of more, the number.
const MOST: usize = 20;

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
    pub(super) fn is_within(&self, part: &[Range<usize>]) -> bool {
        let is_in = |span: &Range<usize>| part.iter().any(|of| of.start <= span.start && span.end <= of.end);
        self.0.iter().any(|(span, _)| is_in(span))
    }

    /// Adds what is wrong only with another environment. What stands outside of its section is right by itself, so the
    /// environment is named.
    pub(super) fn add_of(&mut self, document: &Document, name: &str, others: Self) {
        for (span, mut error) in others.0 {
            if self.0.iter().any(|(known, _)| *known == span) {
                continue;
            }
            if !document.is_overlaid(&span) {
                error.message.push_str(&format!(" (in environment `{name}`)"));
            }
            self.push(span, error);
        }
    }

    /// Says of what is missing in the base which of the environments give it.
    pub(super) fn name_choice(&mut self, environments: &[(String, Self)]) {
        for (span, error) in &mut self.0 {
            let gives = |problems: &Self| problems.0.iter().all(|(other, _)| other != span);
            let names = environments.iter().filter(|(_, problems)| gives(problems));
            let names: Vec<&str> = names.map(|(name, _)| name.as_str()).collect();
            if !names.is_empty() {
                let hint = error.hint.clone().unwrap_or_default();
                error.hint =
                    Some(format!("{hint}; or choose an environment with --env: {}", names.join(", ")));
            }
        }
    }

    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them as one error, in the order of the file; none where there are none.
    pub(super) fn into_error(mut self) -> Option<Error> {
        self.0.sort_by_key(|(span, _)| span.start);
        let more = self.0.len().saturating_sub(MOST);
        let mut errors = self.0.into_iter().map(|(_, error)| error).take(MOST);
        let first = errors.next()?;
        let rest = (more > 0).then(|| {
            Error::new(Code::Config, format!("{more} more mistakes are not shown")).hint("fix these first")
        });
        Some(first.and(errors).and(rest))
    }
}

/// An error at a part of a file.
pub(super) fn error(document: &Document, span: &Range<usize>, message: &str, hint: &str) -> Error {
    // A parser quotes what it refuses, and that may be a token.
    let message = redact_uuids(&format!("{}: {message}", document.place(span)));
    let error = Error::new(Code::Config, message).hint(redact_uuids(hint));
    let more = More { snippet: snippet(document, span), also: Vec::new() };
    Error { more: Some(Box::new(more)), ..error }
}
