//! What the body of a 2xx says: an answer that says no is not a receipt.

use std::fmt;

use serde::Deserializer as _;
use serde::de::{MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::http::Answer;

/// Maximum bytes of a value that can say no.
const LONGEST_NO: usize = 100;

/// What a service with a 2xx has done with the events of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// It has accepted all of them.
    Accepted,
    /// It refused this many, and accepted the others.
    Refused(usize),
    /// It has not, or not surely, accepted them, as these words say.
    No(&'static str),
}

/// A web page is not the answer of a log service: a login page, a proxy that asks for consent.
pub(super) fn page(answer: &Answer) -> Reading {
    let start = answer.body.trim_ascii_start();
    let tags: [&[u8]; 4] = [b"<!doctype html", b"<html", b"<head", b"<body"];
    let is_page =
        tags.iter().any(|tag| start.get(..tag.len()).is_some_and(|start| start.eq_ignore_ascii_case(tag)));
    if is_page { Reading::No("with a web page, which no log service does") } else { Reading::Accepted }
}

/// As [`page`]; and a JSON object one of whose members `says_no`. One that ends too early was cut off on its way. Of an
/// answer that is too long only the beginning is looked at.
pub(super) fn json(answer: &Answer, says_no: fn(&str, &Value) -> bool) -> Reading {
    if !answer.body.trim_ascii_start().starts_with(b"{") {
        return page(answer);
    }
    let mut said_no = false;
    let mut reader = serde_json::Deserializer::from_slice(&answer.body);
    let result = reader.deserialize_map(Members { says_no, said_no: &mut said_no });
    match result {
        _ if said_no => Reading::No("with a body that says no"),
        Err(error) if error.is_eof() && answer.is_whole => Reading::No("with a body that is cut off"),
        _ => Reading::Accepted,
    }
}

struct Members<'r> {
    says_no: fn(&str, &Value) -> bool,
    said_no: &'r mut bool,
}

impl<'de> Visitor<'de> for Members<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<(), M::Error> {
        while let Some((name, value)) = map.next_entry::<String, &RawValue>()? {
            // Lists and objects can be long, and no answer says no by one.
            if value.get().len() <= LONGEST_NO {
                *self.said_no |=
                    serde_json::from_str(value.get()).is_ok_and(|value| (self.says_no)(&name, &value));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderMap, StatusCode};

    use super::*;

    fn answer(body: &'static str, is_whole: bool) -> Answer {
        let body = Bytes::from_static(body.as_bytes());
        Answer { host: String::new(), status: StatusCode::OK, headers: HeaderMap::new(), body, is_whole }
    }

    #[test]
    fn a_page_is_no_receipt() {
        for body in ["<!DOCTYPE html><title>Log in</title>", " \n<html>", "<Head>"] {
            assert!(matches!(page(&answer(body, true)), Reading::No(_)), "{body}");
        }
        for body in ["", "ok", "<ok/>", "{}"] {
            assert_eq!(page(&answer(body, true)), Reading::Accepted, "{body}");
        }
    }

    #[test]
    fn an_object_may_say_no_or_be_cut_off() {
        let read =
            |body, is_whole| json(&answer(body, is_whole), |name, value| name == "errors" && *value == true);
        for body in [
            r#"{"errors":true}"#,
            r#"{"took":1,"items":[{"a":[1]}],"errors":true,"x":"#,
            r#" {"errors":true"#,
        ] {
            assert_eq!(read(body, true), Reading::No("with a body that says no"), "{body}");
        }
        for body in [r#"{"took":1,"items":[{"a""#, r#"{"errors":"#, "{"] {
            assert_eq!(read(body, true), Reading::No("with a body that is cut off"), "{body}");
            assert_eq!(read(body, false), Reading::Accepted, "{body}: the rest was not read");
        }
        for body in [r#"{"errors":false}"#, r#"{"items":{"errors":true}}"#, "[]", "", "fine", "{1}", "{}{}"] {
            assert_eq!(read(body, true), Reading::Accepted, "{body}");
        }
        assert!(matches!(read("<html>", true), Reading::No(_)));
    }
}
