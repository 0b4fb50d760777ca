use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::record::payload::parse_any;

/// A whole payload of one event with this message.
fn with_message(message: &str) -> String {
    format!(
        r#"{{"messageType":"DATA_MESSAGE","owner":"986450805757","logGroup":"/aws/lambda/f","logStream":"2016/09/17/[$LATEST]06e1","subscriptionFilters":["cloudwatchLogsFilter","f@eu"],"logEvents":[{{"id":"32873709799603268440457947462687113445296974780970237952","timestamp":1474108129883,"message":{}}}],"policyLevel":"ACCOUNT_LEVEL_POLICY"}}"#,
        json!(message)
    )
}

/// What is read here is what serde_json reads.
fn assert_agrees(json: &str) -> bool {
    let read = payload(json, usize::MAX);
    if let Some(payload) = &read {
        assert_eq!(Ok(payload), parse_any(json, usize::MAX).as_ref(), "{json}");
    }
    read.is_some()
}

#[test]
fn what_cloudwatch_logs_writes_is_read() {
    let fixture = include_str!("../../../../fuzz/corpus/payload/article.json");
    assert!(assert_agrees(fixture), "the record of the article");
    assert!(
        assert_agrees(include_str!("../../../../fuzz/corpus/payload/control.json").trim_end()),
        "a control message"
    );
    assert!(assert_agrees(&with_message("text\twith \"quotes\", \\ and 日本語\n\u{1}")));
    let extracted = r#"{"messageType":"DATA_MESSAGE","logEvents":[{"id":"1","timestamp":0,"message":"","extractedFields":{"a":"1","b":"\""}},{"id":"","timestamp":9,"message":"m","extractedFields":{}}]}"#;
    assert!(assert_agrees(extracted));
}

#[test]
fn anything_else_is_left_to_serde_json() {
    let whole = with_message("m");
    for (from, to) in [
        ("\"logGroup\"", "\"messageType\":\"DATA_MESSAGE\",\"logGroup\""),
        ("\"DATA_MESSAGE\"", "\"OTHER\""),
        ("\"DATA_MESSAGE\"", "7"),
        (",\"owner\"", ", \"owner\""),
        ("986450805757", "98645080575\\u0037"),
        ("/aws/lambda/f", "/aws/é"),
        ("1474108129883", "01474108129883"),
        ("1474108129883", "-1"),
        ("1474108129883", "1.5"),
        ("1474108129883", "12345678901234567890"),
        ("\"message\"", "\"more\":1,\"message\""),
        ("\"m\"", "\"\\x\""),
        ("\"m\"", "\"\\u12g4\""),
        ("\"m\"", "\"\t\""),
        ("\"m\"", "\"m"),
        ("\"policyLevel\"", "\"another\""),
    ] {
        let json = whole.replace(from, to);
        assert_ne!(json, whole, "{from}");
        assert_eq!(payload(&json, usize::MAX), None, "{json}");
    }
    for length in 0..whole.len() {
        assert_eq!(payload(&whole[..length], usize::MAX), None);
    }
    assert_eq!(payload(&format!("{whole} "), usize::MAX), None);
}

proptest! {
    #[test]
    fn any_message_is_read_as_serde_json_reads_it(message in r#"([ -~]|[\\"/]|\\n|日|😀|[\x00-\x1f]){0,300}"#) {
        prop_assert!(assert_agrees(&with_message(&message)));
    }

    /// Escapes that serde_json accepts and never writes, and those that it refuses.
    #[test]
    fn any_escapes_are_judged_as_by_serde_json(escapes in r#"(\\[nrtbf/"\\xu"]|\\u[0-9a-fA-F]{4}|[a-z "]|é){0,80}"#) {
        let json = with_message("MESSAGE").replace("MESSAGE", &escapes);
        assert_agrees(&json);
    }

    #[test]
    fn a_changed_payload_is_read_alike_or_not_at_all(at in 0..400_usize, byte in any::<u8>(), cut in any::<bool>()) {
        let mut json = with_message("a \"message\" of words").into_bytes();
        let at = at % json.len();
        if cut { json.truncate(at) } else { json[at] = byte }
        if let Ok(json) = std::str::from_utf8(&json) {
            assert_agrees(json);
        }
    }
}
