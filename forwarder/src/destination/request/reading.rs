//! What the body of a 2xx says: an answer that says no is not a receipt.

use std::fmt;

use http::{StatusCode, header};
use memchr::memmem;
use serde::Deserializer as _;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::net::http::Answer;

/// How a text in UTF-8 may begin without a meaning.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// What a service with a 2xx has done with the events of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    /// It has accepted all of them.
    Accepted,
    /// It refused this many, and accepted the others.
    Refused(usize),
    /// It has not, or not surely, accepted them, as these words say.
    No(&'static str),
}

/// What `read` makes of an answer, unless one of any type of service is no receipt: a part of something, a body that
/// cannot be read, a web page.
pub(crate) fn is_receipt(answer: &Answer, read: impl FnOnce(&Answer) -> Reading) -> Reading {
    match answer.status {
        StatusCode::PARTIAL_CONTENT => return Reading::No("with a part of something"),
        // It may be that each of the several says no, and there is no common form of them.
        StatusCode::MULTI_STATUS => return Reading::No("with a status for each of several things"),
        _ if answer.body.is_empty() => return read(answer),
        _ => {}
    }
    let header = |name| answer.headers.get(name).map(|value| value.as_bytes().trim_ascii());
    if header(header::CONTENT_ENCODING).is_some_and(|encoding| !is_any_of(encoding, &[b"", b"identity"])) {
        return Reading::No("with a body in an encoding that it was not asked for");
    }
    let kind = header(header::CONTENT_TYPE).and_then(|kind| kind.split(|byte| *byte == b';').next());
    let is_page = kind
        .is_some_and(|kind| is_any_of(kind.trim_ascii(), &[b"text/html", b"application/xhtml+xml"]))
        || looks_like_a_page(text(answer));
    if is_page { Reading::No("with a web page, which no log service does") } else { read(answer) }
}

fn is_any_of(text: &[u8], others: &[&[u8]]) -> bool {
    others.iter().any(|other| text.eq_ignore_ascii_case(other))
}

/// A body from where its text begins.
pub(crate) fn text(answer: &Answer) -> &[u8] {
    answer.body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&answer.body).trim_ascii_start()
}

/// Whether a text is a web page: a login page, or that of a proxy that asks for consent.
fn looks_like_a_page(mut text: &[u8]) -> bool {
    // Comments and the declaration of XML may come first.
    for (start, end) in [(b"<?".as_slice(), b"?>".as_slice()), (b"<!--", b"-->")].into_iter().cycle().take(16)
    {
        if let Some(rest) = text.strip_prefix(start) {
            let Some(length) = memmem::find(rest, end) else { return false };
            text = rest[length + end.len()..].trim_ascii_start();
        }
    }
    let tags: [&[u8]; 7] = [b"<!doctype html", b"<html", b"<head", b"<body", b"<script", b"<title", b"<meta"];
    tags.iter().any(|tag| text.get(..tag.len()).is_some_and(|start| start.eq_ignore_ascii_case(tag)))
}

/// A JSON object says no if one of its members `says_no`, by its name and the JSON of its value. One that ends too
/// early was cut off on its way, and in one that cannot be read there may be a no. Of an answer that is too long only
/// the beginning is looked at. Every other text is believed.
pub(crate) fn json(answer: &Answer, says_no: fn(&str, &str) -> bool) -> Reading {
    let text = text(answer);
    if !text.starts_with(b"{") {
        return Reading::Accepted;
    }
    let mut said_no = false;
    let mut reader = serde_json::Deserializer::from_slice(text);
    let result = reader.deserialize_map(Members { says_no, said_no: &mut said_no });
    match result {
        _ if said_no => Reading::No("with a body that says no"),
        Ok(()) => Reading::Accepted,
        Err(error) if error.is_eof() && !answer.is_whole => Reading::Accepted,
        Err(error) if error.is_eof() => Reading::No("with a body that is cut off"),
        Err(_) => Reading::No("with a JSON object that cannot be read"),
    }
}

/// Whether a value is there and says more than none: neither `null`, `false`, a zero nor empty.
pub(crate) fn is_some(json: &str) -> bool {
    let is_empty = |inside: &str, end| inside.trim_ascii_start().starts_with(end);
    match json.as_bytes().first() {
        Some(b'[') => !is_empty(&json[1..], ']'),
        Some(b'{') => !is_empty(&json[1..], '}'),
        Some(b'"') => {
            let inside = json.trim_matches('"');
            !inside.is_empty() && inside.parse() != Ok(0.0)
        }
        _ => json != "null" && json != "false" && json.parse() != Ok(0.0),
    }
}

struct Members<'r> {
    says_no: fn(&str, &str) -> bool,
    said_no: &'r mut bool,
}

impl<'de> Visitor<'de> for Members<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<(), M::Error> {
        while let Some((name, value)) = map.next_entry::<String, &RawValue>()? {
            *self.said_no |= (self.says_no)(&name, value.get());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderMap, HeaderName, HeaderValue};

    use super::*;

    fn answer(body: &'static [u8], is_whole: bool) -> Answer {
        let body = Bytes::from_static(body);
        Answer { host: String::new(), status: StatusCode::OK, headers: HeaderMap::new(), body, is_whole }
    }

    fn with(body: &'static [u8], name: HeaderName, value: &'static str) -> Answer {
        let mut answer = answer(body, true);
        answer.headers.insert(name, HeaderValue::from_static(value));
        answer
    }

    #[test]
    fn a_page_is_no_receipt() {
        let read = |answer: &Answer| is_receipt(answer, |_| Reading::Accepted);
        for body in [
            "<!DOCTYPE html><title>Log in</title>",
            " \n<html>",
            "<Head>",
            "\u{feff}<!DOCTYPE html><html>log in</html>",
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE html PUBLIC \"x\"><html>log in</html>",
            "<!-- portal --><!-- <ok> -->\n<html>log in</html>",
            "<?xml?><!-- portal --><html>",
            "<script>location='/login'</script>",
        ] {
            assert!(matches!(read(&answer(body.as_bytes(), true)), Reading::No(_)), "{body}");
        }
        for body in ["", "ok", "<ok/>", "{}", "<?xml version='1.0'?><ok/>", "<!-- html", "<!---->"] {
            assert_eq!(read(&answer(body.as_bytes(), true)), Reading::Accepted, "{body}");
        }
        for kind in ["text/html", "Text/HTML; charset=utf-8", "application/xhtml+xml"] {
            assert!(matches!(read(&with(b"please log in", header::CONTENT_TYPE, kind)), Reading::No(_)));
            assert_eq!(read(&with(b"", header::CONTENT_TYPE, kind)), Reading::Accepted, "it says nothing");
        }
        assert_eq!(read(&with(b"ok", header::CONTENT_TYPE, "text/plain")), Reading::Accepted);
    }

    #[test]
    fn what_cannot_be_read_or_is_a_part_is_no_receipt() {
        let read = |answer: &Answer| is_receipt(answer, |_| Reading::Accepted);
        for encoding in ["gzip", "br", "deflate", "identity, gzip"] {
            assert!(
                matches!(read(&with(b"ok", header::CONTENT_ENCODING, encoding)), Reading::No(_)),
                "{encoding}"
            );
            assert_eq!(read(&with(b"", header::CONTENT_ENCODING, encoding)), Reading::Accepted, "{encoding}");
        }
        assert_eq!(read(&with(b"ok", header::CONTENT_ENCODING, "Identity")), Reading::Accepted);
        for (status, is_receipt) in
            [(200, true), (201, true), (202, true), (204, true), (206, false), (207, false)]
        {
            let answer = Answer { status: StatusCode::from_u16(status).unwrap(), ..answer(b"", true) };
            assert_eq!(read(&answer) == Reading::Accepted, is_receipt, "{status}");
        }
    }

    #[test]
    fn an_object_may_say_no_or_be_cut_off() {
        let read = |body: &'static str, is_whole| {
            json(&answer(body.as_bytes(), is_whole), |name, value| name == "errors" && is_some(value))
        };
        for body in [
            r#"{"errors":true}"#,
            r#"{"took":1,"items":[{"a":[1]}],"errors":true,"x":"#,
            r#" {"errors":true"#,
            "\u{feff}{\"errors\":true}",
            r#"{"errors":[{"status":400}]}"#,
            r#"{"errors":{"a":1}}"#,
            r#"{"errors":3}"#,
            r#"{"errors":"quota"}"#,
        ] {
            assert_eq!(read(body, true), Reading::No("with a body that says no"), "{body}");
        }
        for body in [r#"{"took":1,"items":[{"a""#, r#"{"errors":"#, "{"] {
            assert_eq!(read(body, true), Reading::No("with a body that is cut off"), "{body}");
            assert_eq!(read(body, false), Reading::Accepted, "{body}: the rest was not read");
        }
        let unreadable = Reading::No("with a JSON object that cannot be read");
        assert_eq!(read("{1}", true), unreadable);
        assert_eq!(json(&answer(b"{\"a\":\"\xe4\",\"errors\":true}", true), |_, _| false), unreadable);
        for body in [
            r#"{"errors":false}"#,
            r#"{"errors":[ ]}"#,
            r#"{"errors": {}}"#,
            r#"{"errors":0}"#,
            r#"{"errors":"0"}"#,
            r#"{"errors":""}"#,
            r#"{"errors":null}"#,
            r#"{"items":{"errors":true}}"#,
            "[]",
            "",
            "fine",
            "{}{}",
        ] {
            assert_eq!(read(body, true), Reading::Accepted, "{body}");
        }
    }
}
