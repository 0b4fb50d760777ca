use proptest::prelude::*;

use super::*;
use crate::record::payload::parse;

fn framed(format: Format, event: &str, labels: &[(&str, &str)], limit: usize) -> String {
    let json = format!(
        r#"{{"messageType":"DATA_MESSAGE","owner":"123456789012","logGroup":"/aws/lambda/caf\u00e9 one","logStream":"2026/[$LATEST]\"5f\\","logEvents":[{event}]}}"#
    );
    let mut payload = parse(json.as_bytes()).unwrap();
    payload.labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let mut out = Vec::new();
    frame(format, &payload, &payload.events[0], limit, &mut out);
    String::from_utf8(out).unwrap()
}

/// The messages of a stream of frames: each is as long as the number before it says.
fn messages(mut stream: &str) -> Vec<&str> {
    let mut messages = Vec::new();
    while !stream.is_empty() {
        let (length, rest) = stream.split_once(' ').unwrap();
        let (message, after) = rest.split_at(length.parse().unwrap());
        messages.push(message);
        stream = after;
    }
    messages
}

#[test]
fn a_frame_is_a_length_and_a_message() {
    let event = r#"{"id":"7","timestamp":1474108129663,"message":"[ERROR]\t2016-09-17T10:28:49.663Z\tid\ttwo\nlines\n"}"#;
    let labels = [("team", "a]b\nc"), ("x".repeat(40).leak() as &str, "")];
    assert_eq!(
        framed(Format::Message, event, &labels, 8192),
        "247 <11>1 2016-09-17T10:28:49.663Z - caf__one - - [cwl2le@32473 group=\"/aws/lambda/café one\" \
         stream=\"2026/[$LATEST\\]\\\"5f\\\\\" account=\"123456789012\" id=\"7\" team=\"a\\]b c\" \
         xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx=\"\"] [ERROR]\t2016-09-17T10:28:49.663Z\tid\ttwo\nlines"
    );
    let json = framed(Format::Json, r#"{"message":"{\"level\":20}"}"#, &[], 8192);
    let [message] = messages(&json)[..] else { panic!("{json}") };
    assert!(message.starts_with("<15>1 - - caf__one - - [cwl2le@32473 group="), "{message}");
    let envelope: serde_json::Value = serde_json::from_str(body(message)).unwrap();
    assert_eq!(envelope["message"]["level"], 20);
}

#[test]
fn the_account_that_an_event_comes_from_and_extracted_fields_stand_in_structured_data() {
    let event = |fields: &str| format!(r#"{{"id":"7","message":"m","extractedFields":{fields}}}"#);
    let central = event(r#"{"@aws.account":"444455556666","@aws.region":"eu-central-1"}"#);
    let frame = framed(Format::Message, &central, &[], 8192);
    assert!(frame.contains(r#" account="444455556666" region="eu-central-1" id="7"] m"#), "{frame}");
    let own = event(r#"{"account":"1","a b=\"]":"x\"]\\\n","n":5}"#);
    let frame = framed(Format::Message, &own, &[], 8192);
    assert!(
        frame.contains(
            r#" account="123456789012" id="7"][fields@32473 a_b___="x\"\]\\ " account="1" n="5"] m"#
        ),
        "{frame}"
    );
    let long = event(&format!(r#"{{"a":"1","b":"{}","c":"2"}}"#, "x".repeat(600)));
    let frame = framed(Format::Message, &long, &[], 1024);
    assert!(frame.contains(r#"[fields@32473 a="1"] m"#), "{frame}");
}

#[test]
fn a_long_message_is_cut_into_frames() {
    let event = format!(r#"{{"id":"7","timestamp":1474108129663,"message":"{}"}}"#, "é".repeat(500));
    let stream = framed(Format::Message, &event, &[], 512);
    let messages = messages(&stream);
    assert!(messages.len() > 2 && messages.iter().all(|message| message.len() <= 512));
    assert!(messages[1].contains(&format!("] part=2/{} id=7 é", messages.len())), "{}", messages[1]);
}

/// What stands behind the structured data.
fn body(message: &str) -> &str {
    let data = message.find(" [cwl2le@32473").unwrap();
    let (mut quoted, mut escaped) = (false, false);
    for (at, character) in message[data..].char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            ']' if !quoted => return message[data + at + 1..].strip_prefix(' ').unwrap(),
            _ => {}
        }
    }
    panic!("{message}")
}

proptest! {
    #[test]
    fn frames_hold_the_whole_message(message in any::<String>(), label in any::<String>(), limit in 300..2000usize) {
        let event = serde_json::json!({"id": "7", "message": message}).to_string();
        let framed = framed(Format::Message, &event, &[("label", &label)], limit);
        let all = messages(&framed);
        let mut text = String::new();
        for (number, part) in all.iter().enumerate() {
            prop_assert!(part.starts_with("<14>1 - - caf__one - - [cwl2le@32473 group="));
            let mark = format!("part={}/{} id=7 ", number + 1, all.len());
            let body = body(part);
            text.push_str(if all.len() > 1 { body.strip_prefix(&mark).unwrap() } else { body });
        }
        prop_assert_eq!(text, text::without_end(&message));
    }
}
