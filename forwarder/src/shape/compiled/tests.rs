use proptest::prelude::*;

use super::*;
use crate::record::payload;

fn shape(json: &str) -> Shape {
    Shape::compile(&serde_json::from_str(json).unwrap(), None).unwrap()
}

/// The payload with these messages, as JSON.
fn payload(group: &str, stream: &str, messages: &[&str]) -> String {
    let events: Vec<_> =
        messages.iter().map(|message| serde_json::json!({"id": "7", "message": message})).collect();
    serde_json::json!({"messageType": "DATA_MESSAGE", "logGroup": group, "logStream": stream, "logEvents": events})
        .to_string()
}

/// What becomes of each message: its text, or the rule that dropped it.
fn outcomes(shape: &Shape, group: &str, stream: &str, messages: &[&str]) -> Vec<String> {
    let json = payload(group, stream, messages);
    let payload = payload::parse(json.as_bytes()).unwrap();
    let filter = shape.filter(&payload);
    let outcome = |event: &LogEvent<'_>| match filter.drops(event) {
        None => text::unescape(&shape.redact(event, &Budget::default()).message).into_owned(),
        Some(rule) => format!("<{rule}>"),
    };
    payload.events.iter().map(outcome).collect()
}

#[test]
fn rules_apply_in_their_order() {
    let shape = shape(
        r#"{"include":[{"message":"ERROR|WARN"},{"group":"^/audit"}],
            "exclude":[{"rule":"lambda-platform"},{"message":"health$","stream":"canary"}],
            "redact":[{"find":["email"]}]}"#,
    );
    let of = |group, stream, message| outcomes(&shape, group, stream, &[message]).remove(0);
    assert_eq!(of("/app", "s", "INFO fine"), "<include>");
    assert_eq!(of("/app", "s", "ERROR of bob@x.com\n"), "ERROR of [email]\n");
    assert_eq!(of("/audit/x", "s", "INFO bob@x.com"), "INFO [email]");
    assert_eq!(of("/audit/x", "s", "END RequestId: 85c6cfcc-7cc1-11e6-9b6d-0db8a9ae2000\n"), "<exclude[0]>");
    assert_eq!(of("/app", "canary-1", "WARN health\r\n"), "<exclude[1]>");
    assert_eq!(of("/app", "web", "WARN health\n"), "WARN health\n");
}

#[test]
fn without_rules_everything_is_borrowed() {
    let shape = shape("{}");
    let json = payload("g", "s", &["a \"quoted\" bob@x.com\n"]);
    let payload = payload::parse(json.as_bytes()).unwrap();
    let clean = shape.redact(&payload.events[0], &Budget::default());
    assert!(matches!(&clean.message, Cow::Borrowed(same) if *same == payload.events[0].message));
    assert!(shape.labels("g").is_empty());
}

#[test]
fn a_payload_keeps_what_is_wanted_and_cleans_it_in_pieces() {
    let rules = r#"{"exclude":[{"message":"^drop"}],"redact":[{"find":["email"]}],"format":"json","fields":{"group":"^/(?<app>.*)"}}"#;
    let shape = shape(rules);
    let long = "bob@x.com ".repeat(CHUNK / 16);
    let json = payload("/cart", "s", &["drop this", &long, "drop that", &long, "three bob@x.com"]);
    let mut payload = payload::parse(json.as_bytes()).unwrap();
    assert!(shape.select(&mut payload, || true));
    assert_eq!((payload.events.len(), payload.format), (3, Some(Format::Json)));
    assert_eq!(payload.labels, [("app".to_owned(), "cart".to_owned())]);
    let pieces = |events| {
        shape
            .clean(events, &Budget::default(), |clean| {
                clean.iter().map(|event| event.message.len()).collect::<Vec<_>>()
            })
            .0
    };
    let cleaned = long.replace("bob@x.com", "[email]").len();
    assert_eq!(pieces(&payload.events), [cleaned, cleaned]);
    assert_eq!(pieces(&payload.events[2..]), ["three [email]".len()]);
    assert!(pieces(&[]).is_empty());
}

#[test]
fn a_message_that_takes_too_long_is_cut_short_and_leaks_nothing() {
    let shape = shape(r#"{"redact":[{"pattern":"a.*z|a","name":"a"},{"find":["email"]}]}"#);
    let text = format!("bob@x.com {} secret", "a".repeat(100_000));
    let object = format!(r#"{{"k":"{text}","l":["secret",1]}}"#);
    let json = payload("g", "s", &[&text, "a short one", &object, "another"]);
    let payload = payload::parse(json.as_bytes()).unwrap();
    let budget = Budget::default();
    let (mut events, mut cut_short, mut cleaned) = (&payload.events[..], 0, Vec::new());
    while !events.is_empty() {
        let (taken, cut) = shape.clean(events, &budget, |clean| {
            cleaned.extend(clean.iter().map(|event| text::unescape(event.message).into_owned()));
            clean.len()
        });
        cut_short += cut.len();
        events = &events[taken..];
    }
    assert_eq!(cut_short, 2);
    assert!(
        cleaned[0].starts_with("[email] [a][a]") && cleaned[0].ends_with("[a][redacted]"),
        "{}",
        cleaned[0].len()
    );
    assert_eq!((cleaned[1].as_str(), cleaned[3].as_str()), ("[a] short one", "[a]nother"));
    assert!(!cleaned[2].contains("secret") && !cleaned[2].contains("bob"));
    let object: serde_json::Value = serde_json::from_str(&cleaned[2]).unwrap();
    let rest = &object["[redacted]"];
    assert_eq!((&rest[0], &rest[1]), (&"[redacted]".into(), &"[redacted]".into()), "all of the rest");
}

#[test]
fn selecting_among_many_events_stops_when_there_is_no_time() {
    let shape = shape(r#"{"exclude":[{"message":"^drop"}]}"#);
    let messages = vec!["keep this"; 20_000];
    let json = payload("g", "s", &messages);
    let mut payload = payload::parse(json.as_bytes()).unwrap();
    let asked = std::cell::Cell::new(0);
    let in_time = || {
        asked.set(asked.get() + 1);
        asked.get() < 4
    };
    assert!(!shape.select(&mut payload, in_time));
    assert_eq!(asked.get(), 4);
    assert!(payload.events.len() < 4000, "{}", payload.events.len());
}

#[test]
fn extracted_fields_are_redacted_too() {
    let json = r#"{"messageType":"DATA_MESSAGE","logGroup":"g","logStream":"s","logEvents":[
        {"id":"1","message":"bob@x.com","extractedFields":{"$user":"bob@x.com","n":"1"}}]}"#;
    let payload = payload::parse(json.as_bytes()).unwrap();
    let shape = shape(r#"{"redact":[{"find":["email"]}]}"#);
    let clean = shape.redact(&payload.events[0], &Budget::default());
    let event = clean.event(&payload.events[0]);
    assert_eq!((event.message, event.extracted), ("[email]", Some(r#"{"$user":"[email]","n":"1"}"#)));
    assert_eq!(event.id, "1");
}

#[test]
fn a_sample_by_field_keeps_what_has_no_field() {
    let shape = shape(r#"{"sample":{"rate":0.000001,"field":"request.id"}}"#);
    let kept = outcomes(
        &shape,
        "g",
        "s",
        &[
            r#"{"request":{"id":"a"}}"#,
            r#"{"request":{"id":7}}"#,
            r#"{"request":{}}"#,
            r#"{"request":{"id":null}}"#,
            "text",
        ],
    );
    assert_eq!(kept, ["<sample>", "<sample>", r#"{"request":{}}"#, r#"{"request":{"id":null}}"#, "text"]);
}

#[test]
fn rules_that_cannot_be_are_refused_with_their_key() {
    for (json, says) in [
        (r#"{"include":[{}]}"#, "include[0]: give `message`"),
        (r#"{"exclude":[{"message":"a"},{"group":"("}]}"#, "exclude[1].group: `(` is no valid expression"),
        (r#"{"sample":{"rate":0.1,"field":""}}"#, "sample.field: give the name"),
        (r#"{"fields":{"group":"x"}}"#, "fields.group: it names nothing"),
    ] {
        let error = Shape::compile(&serde_json::from_str(json).unwrap(), None).unwrap_err().to_string();
        assert!(error.starts_with(says), "{error}");
    }
    for json in [
        r#"{"sample":{"rate":0}}"#,
        r#"{"sample":{"rate":1}}"#,
        r#"{"sample":{"rate":-0.5}}"#,
        r#"{"sample":{}}"#,
        r#"{"redact":[{"find":["passport"]}]}"#,
        r#"{"exclude":[{"rule":"x"}]}"#,
        r#"{"filter":[]}"#,
    ] {
        assert!(serde_json::from_str::<config::Rules>(json).is_err(), "{json}");
    }
}

#[test]
fn rules_are_written_as_they_were_read() {
    for json in [
        "{}",
        r#"{"include":[{"message":"a","stream":"b"}],"exclude":[{"rule":"lambda-platform"}],"sample":{"rate":0.25,"field":"id"},"redact":[{"find":["email","aws-key"],"as":"hash"},{"pattern":"x","name":"n"}],"fields":{"set":{"a":"b"},"group":"(?<c>.)"},"format":"json"}"#,
    ] {
        let rules: config::Rules = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&rules).unwrap(), json);
    }
}

proptest! {
    #[test]
    fn include_and_exclude_mean_what_they_say(
        messages in prop::collection::vec("[abc\n]{0,6}", 1..20), include in any::<bool>(), stream in "[xy]",
    ) {
        let rules = if include { r#"{"include":[{"message":"a"},{"stream":"x"}],"exclude":[{"message":"b","stream":"x"}]}"# }
                    else { r#"{"exclude":[{"message":"b","stream":"x"}]}"# };
        let messages: Vec<&str> = messages.iter().map(String::as_str).collect();
        for (message, outcome) in messages.iter().zip(outcomes(&shape(rules), "g", &stream, &messages)) {
            let expected = if include && !message.contains('a') && stream != "x" { "<include>" }
                           else if message.contains('b') && stream == "x" { "<exclude[0]>" }
                           else { message };
            prop_assert_eq!(outcome, expected);
        }
    }

    #[test]
    fn all_of_a_key_is_kept_or_none(
        keys in prop::collection::vec("[a-z0-9-]{1,3}|日", 1..40), rate in 0.000001..0.999999_f64, more in 0.0..1.0_f64,
    ) {
        let with_rate = |rate: f64, field| shape(&format!(r#"{{"sample":{{"rate":{rate:.6}{field}}}}}"#));
        let by_field = with_rate(rate, r#","field":"id""#);
        let by_stream = with_rate(rate, "");
        let larger = with_rate((rate + more).clamp(rate, 0.999999), "");
        for key in &keys {
            let texts = [format!(r#"{{"id":"{key}","n":1}}"#), format!("INFO {{\"n\":2,\"id\":\"{key}\"}} end\n"),
                         format!(r#"{{"x":{{"id":0}},"id" : {}}}"#, serde_json::to_string(key).unwrap())];
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            let kept = |shape: &Shape, stream: &str| outcomes(shape, "g", stream, &texts).iter().map(|one| one != "<sample>").collect::<Vec<_>>();
            let one = sample::is_kept(key, rate.try_into().unwrap());
            prop_assert_eq!(kept(&by_field, "any"), vec![one; 3]);
            prop_assert_eq!(kept(&by_stream, key), vec![one; 3]);
            prop_assert!(!one || kept(&larger, key)[0], "a larger rate keeps everything that a smaller one keeps");
        }
    }

    #[test]
    fn a_shaped_message_is_valid_and_its_envelope_is_json(message in any::<String>(), json in any::<bool>()) {
        let message = if json { serde_json::json!({"m": message, "user": "bob@x.com", "n": 4111111111111111_u64}).to_string() } else { message };
        let text = payload("g", "s", &[&message]);
        let payload = payload::parse(text.as_bytes()).unwrap();
        let shape = shape(r#"{"redact":[{"find":["email","card"]},{"pattern":"[\"\\\\{}:,]|[a-z]+"}]}"#);
        let clean = shape.redact(&payload.events[0], &Budget::default());
        let event = clean.event(&payload.events[0]);
        let mut out = Vec::new();
        crate::line::format::write(Format::Json, &payload, &event, &mut out);
        let line: serde_json::Value = serde_json::from_slice(&out).unwrap();
        prop_assert_eq!(json, line["message"].is_object());
        prop_assert!(!String::from_utf8(out).unwrap().contains("4111"));
    }
}
