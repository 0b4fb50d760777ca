use std::rc::Rc;

use proptest::prelude::*;

use super::*;
use crate::record::payload::parse;

fn written(format: Format, message: &str) -> String {
    let event = serde_json::json!({"id": "7", "timestamp": 1_474_108_129_663_u64, "message": message});
    let json = serde_json::json!({"messageType": "DATA_MESSAGE", "owner": "1", "logGroup": "/g", "logStream": "s", "logEvents": [event]}).to_string();
    let payload = parse(json.as_bytes()).unwrap();
    let mut out = b"before\n".to_vec();
    frame(Style { format, max_bytes: LARGEST_EVENT }, &payload, &payload.events[0], &mut out);
    String::from_utf8(out).unwrap().strip_prefix("before\n").unwrap().to_owned()
}

#[test]
fn line_ends_inside_an_event_are_carriage_returns() {
    assert_eq!(written(Format::Message, "two\nlines\r\nthree\n"), "two\rlines\rthree\n");
    assert_eq!(written(Format::Message, "a\u{2028}b"), "a\u{2028}b\n", "what is no line end stays");
    assert_eq!(written(Format::Prefix, "a\nb"), "2016-09-17T10:28:49.663Z /g s a\rb\n");
    let json = r#"{"time":"2016-09-17T10:28:49.663Z","id":"7","owner":"1","group":"/g","stream":"s","message":"a\nb"}"#;
    assert_eq!(written(Format::Json, "a\nb"), format!("{json}\n"));
}

#[test]
fn tags_have_allowed_characters_only() {
    for (text, expected) in [
        ("/aws/lambda/cart_1.x", "aws-lambda-cart_1.x"),
        ("--x", "x"),
        ("a b,c", "a-b-c"),
        ("日本語", ""),
        ("caf\u{e9}", "caf-"),
    ] {
        assert_eq!(tag(text), expected);
    }
    assert_eq!(tag(&"x".repeat(100)).len(), 64);
    let mut payload = parse(br#"{"messageType":"DATA_MESSAGE","logGroup":"/aws/lambda/cart"}"#).unwrap();
    payload.labels = vec![("env".to_owned(), "prod".to_owned())];
    let configured = ["prod".to_owned(), "cwl".to_owned(), "prod".to_owned(), "/".to_owned()];
    assert_eq!(tags(&configured, &payload), "prod,cwl,aws-lambda-cart,env.prod");
    payload.owner = "222222222222".into();
    payload.is_of_other_account = true;
    assert_eq!(tags(&configured, &payload), "prod,cwl,aws-lambda-cart,account.222222222222,env.prod");
}

proptest! {
    #[test]
    fn an_event_is_one_line(message in any::<String>(), tagged in any::<String>()) {
        for format in [Format::Message, Format::Prefix, Format::Json] {
            let line = written(format, &message);
            prop_assert_eq!(line.matches('\n').count(), 1);
            prop_assert!(line.ends_with('\n'));
        }
        let tag = tag(&tagged);
        prop_assert!(tag.is_empty() || tag.starts_with(|c: char| c.is_ascii_alphanumeric()));
        prop_assert!(tag.len() <= 64 && tag.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte)));
    }
}

#[test]
fn any_other_response_than_ok_is_a_no() {
    let service = Bulk {
        base: String::new(),
        token: Held::new(
            &Secret::Inline("01234567-89ab-cdef-0123-456789abcdef".parse().unwrap()),
            &Rc::default(),
        )
        .unwrap(),
        tags: Vec::new(),
        style: Style { format: Format::Message, max_bytes: LARGEST_EVENT },
    };
    let read = |body: &str| {
        let body = Bytes::copy_from_slice(body.as_bytes());
        let (host, status, headers) = (String::new(), http::StatusCode::OK, http::HeaderMap::new());
        service.read(&Answer { host, status, headers, body, is_whole: true }, 3)
    };
    for body in ["", "ok", r#"{"response":"ok"}"#, r#"{"response" : "ok", "more": 1}"#, r#"{"more":"x"}"#] {
        assert_eq!(read(body), Reading::Accepted, "{body}");
    }
    let long = "quota exceeded ".repeat(10);
    for value in ["\"failed\"", "\"\"", "null", "0", "true", "[\"ok\"]", "{\"a\":1}", &format!("\"{long}\"")]
    {
        let body = format!("{{\"response\":{value}}}");
        assert_eq!(read(&body), Reading::No("with a body that says no"), "{body}");
    }
}
