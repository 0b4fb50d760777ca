//! What an HTTP service's answer means, and what may be shown of it.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, StatusCode, header};
use memchr::memmem;

use crate::net::FailureKind;
use crate::net::http::Answer;
use crate::secret::redact_uuids;
use crate::secret::redactor::{Redactor, redact};

/// Maximum number of characters of an answer's body to look at, and to show.
const LOOKED_AT: usize = 400;
const SHOWN: usize = 200;

/// So many characters in a row that were sent as well are taken for contents.
const CONTENTS: usize = 8;

/// A longer pause than this is no pause but an outage; the stream keeps the records.
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

/// What a status means for the events of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The service has them.
    Taken,
    /// The secret is refused.
    Secret,
    /// There is something wrong with one of them, or there are too many; or with the service, see `evidence.rs`.
    TooMuch,
    /// None of them is taken.
    Failed(FailureKind),
}

impl Meaning {
    pub(super) fn of(status: StatusCode) -> Self {
        match status.as_u16() {
            200..300 => Self::Taken,
            401 | 403 => Self::Secret,
            // 406 is what some services answer to a body that they cannot read.
            400 | 406 | 413 | 422 => Self::TooMuch,
            408 | 429 => Self::Failed(FailureKind::Throttled),
            500.. => Self::Failed(FailureKind::Unavailable),
            _ => Self::Failed(FailureKind::Refused),
        }
    }
}

/// How long the service wants to be left alone: `Retry-After` in seconds or as a date.
pub(super) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    let pause = match text.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => httpdate::parse_http_date(text).ok()?.duration_since(now).unwrap_or_default(),
    };
    Some(pause.min(LONGEST_PAUSE))
}

/// Status and words of an answer: on one line, bounded, without the secrets of the request, without UUIDs, which tokens
/// are, and without what repeats contents of the events that were `sent`.
pub(super) fn words<'s>(answer: &Answer, sent: &[&[u8]], secrets: impl Iterator<Item = &'s str>) -> String {
    let body = String::from_utf8_lossy(&answer.body);
    let clean = Redactor::of(secrets).redact(&body).into_owned();
    // Cut only now: half of a secret would not be found.
    let text: String = redact(&clean).chars().take(LOOKED_AT).collect();
    let text = redact_uuids(&without_contents(&text, sent));
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let mut words: String = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    if words.chars().count() > SHOWN {
        words = words.chars().take(SHOWN).chain(['\u{2026}']).collect();
    }
    match words.as_str() {
        "" => answer.status.to_string(),
        words => format!("{}: {words}", answer.status),
    }
}

/// The text with `[...]` for whatever it has in common with what was sent.
fn without_contents(text: &str, sent: &[&[u8]]) -> String {
    let starts: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    let mut is_common = vec![false; starts.len()];
    for window in starts.windows(CONTENTS + 1).enumerate() {
        let (first, ends) = window;
        let piece = &text.as_bytes()[ends[0]..ends[CONTENTS]];
        let is_blank = piece.iter().all(|byte| !byte.is_ascii_alphanumeric() && byte.is_ascii());
        if !is_blank && sent.iter().any(|sent| memmem::find(sent, piece).is_some()) {
            is_common[first..first + CONTENTS].fill(true);
        }
    }
    let mut clean = String::new();
    let mut before = false;
    for (character, common) in text.chars().zip(is_common) {
        match (common, before) {
            (false, _) => clean.push(character),
            (true, false) => clean.push_str("[...]"),
            (true, true) => {}
        }
        before = common;
    }
    clean
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn answer(status: u16, body: impl Into<Bytes>) -> Answer {
        let status = StatusCode::from_u16(status).unwrap();
        Answer { host: String::new(), status, headers: HeaderMap::new(), body: body.into(), is_whole: true }
    }

    #[test]
    fn every_status_has_a_meaning() {
        for (status, meaning) in [
            (200, Meaning::Taken),
            (204, Meaning::Taken),
            (301, Meaning::Failed(FailureKind::Refused)),
            (400, Meaning::TooMuch),
            (401, Meaning::Secret),
            (403, Meaning::Secret),
            (404, Meaning::Failed(FailureKind::Refused)),
            (408, Meaning::Failed(FailureKind::Throttled)),
            (413, Meaning::TooMuch),
            (406, Meaning::TooMuch),
            (415, Meaning::Failed(FailureKind::Refused)),
            (422, Meaning::TooMuch),
            (429, Meaning::Failed(FailureKind::Throttled)),
            (500, Meaning::Failed(FailureKind::Unavailable)),
            (503, Meaning::Failed(FailureKind::Unavailable)),
        ] {
            assert_eq!(Meaning::of(StatusCode::from_u16(status).unwrap()), meaning, "{status}");
        }
    }

    #[test]
    fn a_service_says_when_to_come_again() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_474_108_129);
        let said = |text: &str| {
            let headers = HeaderMap::from_iter([(header::RETRY_AFTER, text.parse().unwrap())]);
            retry_after(&headers, now).map(|pause| pause.as_secs())
        };
        assert_eq!(said("7"), Some(7));
        assert_eq!(said("Sat, 17 Sep 2016 10:28:59 GMT"), Some(10));
        assert_eq!(said("Sat, 17 Sep 2016 10:00:00 GMT"), Some(0));
        assert_eq!(said("99999999"), Some(3600));
        assert_eq!(said("soon"), None);
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }

    #[test]
    fn an_answer_shows_neither_secrets_nor_contents_and_little() {
        let token = "01234567-89ab-cdef-0123-456789abcdef";
        let sent: [&[u8]; 2] =
            [b"{\"card\":\"4111 1111 1111 1111\"}\n", "{\"name\":\"Jürgen Müller\"}".as_bytes()];
        let said = |body: &str| words(&answer(400, body.to_owned()), &sent, ["hunter22"].into_iter());
        assert_eq!(said(""), "400 Bad Request");
        assert_eq!(said("line 1:\n  no time"), "400 Bad Request: line 1: no time");
        assert_eq!(said(&format!("{token} has no access")), "400 Bad Request: [redacted] has no access");
        assert_eq!(said("key hunter22 is wrong"), "400 Bad Request: key [redacted] is wrong");
        // Also where the text is cut: half of a secret is one, too.
        let long = format!("{}hunter22", " x".repeat(LOOKED_AT / 2 - 2));
        assert!(!words(&answer(400, long), &[], ["hunter22"].into_iter()).contains("hunt"));
        let encoded = "no such key: aHVudGVyMjI=";
        assert_eq!(said(encoded), "400 Bad Request: no such key: [redacted]=");
        assert_eq!(
            said("cannot parse '4111 1111 1111 1111' as time"),
            "400 Bad Request: cannot parse '[...]' as time"
        );
        assert_eq!(said("unknown Jürgen Müller!"), "400 Bad Request: unknown [...]!");
        assert_eq!(said(&"é!".repeat(3000)).chars().count(), "400 Bad Request: ".len() + SHOWN + 1);
    }
}
