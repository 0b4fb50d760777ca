use proptest::prelude::*;

use super::*;

fn redactor(json: &str) -> Redactor {
    let rules: Vec<Redact> = serde_json::from_str(json).unwrap();
    Redactor::compile(&rules, None).unwrap().unwrap()
}

impl Redactor {
    /// With a budget that is never used up.
    fn all<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let budget = Budget::default();
        budget.begin(text.len());
        self.redact(text, &budget)
    }
}

fn hashing(json: &str) -> Redactor {
    let key = "0123456789abcdef".parse::<HashKey>().unwrap();
    Redactor::compile(&serde_json::from_str::<Vec<Redact>>(json).unwrap(), Some(&key)).unwrap().unwrap()
}

const ALL: &str = r#"[{"find":["email","ipv4","ipv6","bearer","aws-key","card"]}]"#;

#[test]
fn values_are_replaced_in_text_and_json() {
    let redactor = redactor(ALL);
    for (text, expected) in [
        ("from 10.0.0.1 by bob@x.com", "from [ipv4] by [email]"),
        ("nothing here", "nothing here"),
        (
            r#"{"ip":"10.0.0.1","n":4111111111111111,"bob@x.com":1.50}"#,
            r#"{"ip":"[ipv4]","n":"[card]","[email]":1.50}"#,
        ),
        // What is not replaced stays byte for byte.
        (
            "{ \"a\" : \"\\u0041\\/\" ,\"m\":\"x\\n10.0.0.1\" }",
            "{ \"a\" : \"\\u0041\\/\" ,\"m\":\"x\\n[ipv4]\" }",
        ),
        // Behind escapes, in JSON in a string, and after Lambda's own fields.
        (r#"{"m":"bob\u0040x.com"}"#, r#"{"m":"[email]"}"#),
        (
            r#"{"body":"{\"m\":\"bob\\u0040x.com\",\"n\":4111111111111111}"}"#,
            r#"{"body":"{\"m\":\"[email]\",\"n\":\"[card]\"}"}"#,
        ),
        (
            "2026-01-01T00:00:00Z\tid\tINFO\t{\"pan\":4111111111111111}",
            "2026-01-01T00:00:00Z\tid\tINFO\t{\"pan\":\"[card]\"}",
        ),
        // A value that is known by the name before it.
        (
            r#"{"SecretAccessKey":"wJalrXUtnFEMI\/K7MDENG+bPxRfiCYEXAMPLEKEY","SessionToken":""}"#,
            r#"{"SecretAccessKey":"[aws-key]","SessionToken":""}"#,
        ),
        // Arrays, in each other and in text.
        (
            r#"["bob\u0040x.com",["10.0.0\u002e1",{"bob\u0040x.com":4111111111111111}]]"#,
            r#"["[email]",["[ipv4]",{"[email]":"[card]"}]]"#,
        ),
        (r#"INFO ["bob\u0040x.com"] [10.0.0.1] 7"#, r#"INFO ["[email]"] [[ipv4]] 7"#),
        ("[4111111111111111]", r#"["[card]"]"#),
        // What is no strict JSON: Python's NaN, a trailing comma, a raw tab, single quotes, a line that was cut off,
        // braces.
        (r#"{"n":NaN,"m":"bob\u0040x.com","o":"bob@x.com"}"#, r#"{"n":NaN,"m":"[email]","o":"[email]"}"#),
        (r#"{"m":["bob\u0040x.com",]}"#, r#"{"m":["[email]",]}"#),
        ("{\"t\":\"a\tb\",\"m\":\"bob\\u0040x.com\"}", "{\"t\":\"a\tb\",\"m\":\"[email]\"}"),
        (r"{'m':'bob\u0040x.com'}", "{'m':'[email]'}"),
        (r#"{"m":"bob\u0040x.com","n":"bo"#, r#"{"m":"[email]","n":"bo"#),
        (r#"{"body":"{\"m\":\"bob\\u0040x.com\",\"n"#, r#"{"body":"{\"m\":\"[email]\",\"n"#),
        (r"path C:\new\bob@x.com", "path C:\\new\\[email]"),
        (r#"{"cut":[{"m":"bob\u0040x.com"},{"m":"#, r#"{"cut":[{"m":"[email]"},{"m":"#),
        ("日本語10.0.0.1です", "日本語[ipv4]です"),
    ] {
        assert_eq!(redactor.all(text), expected);
    }
}

#[test]
fn stray_braces_and_depth_hide_nothing() {
    let redactor = redactor(ALL);
    let object = r#"{"m":"bob\u0040x.com","n":4111111111111111}"#;
    for before in ["{ ".repeat(70), "[x] {y} ".repeat(200), "{\"a\":[".repeat(70)] {
        let clean = redactor.all(&(before.clone() + object)).into_owned();
        assert_eq!(clean, before + r#"{"m":"[email]","n":"[card]"}"#);
    }
    let deep = format!("{}{object}{}", r#"{"a":["#.repeat(200), "]}".repeat(200));
    let clean = redactor.all(&deep).into_owned();
    assert!(!clean.contains("u0040") && !clean.contains("4111"), "{clean}");
}

#[test]
fn own_expressions_replace_what_they_capture_or_match() {
    for (rule, text, expected) in [
        (r#"{"pattern":"\\d{3}-\\d{2}-\\d{4}","name":"ssn"}"#, "ssn 123-45-6789.", "ssn [ssn]."),
        (r#"{"pattern":"password=(\\S+)"}"#, "password=hunter2 x", "password=[redacted] x"),
        (r#"{"pattern":"password=\\S+","as":"drop"}"#, "a password=hunter2 x", "a  x"),
        // Written for the text of JSON: names and strings go, what holds them together stays.
        (
            r#"{"pattern":"\"password\":\\s*\"([^\"]*)\""}"#,
            r#"{"password": "hunter2"}"#,
            r#"{"password": "[redacted]"}"#,
        ),
        (
            r#"{"pattern":"\"password\":\\s*\"[^\"]*\""}"#,
            r#"{"password": "hunter2"}"#,
            r#"{"[redacted]": "[redacted]"}"#,
        ),
        (r#"{"pattern":"\"ok\":(\\w+)"}"#, r#"{"ok":true,"n":1}"#, r#"{"ok":"[redacted]","n":1}"#),
        // Anchored to a string of JSON.
        (
            r#"{"pattern":"^\\d{6}$"}"#,
            r#"{"code":"123456","n":654321,"x":"1234567"}"#,
            r#"{"code":"[redacted]","n":"[redacted]","x":"1234567"}"#,
        ),
    ] {
        assert_eq!(redactor(&format!("[{rule}]")).all(text), expected);
    }
}

#[test]
fn equal_values_have_equal_hashes() {
    let redactor = hashing(r#"[{"find":["email"],"as":"hash"},{"pattern":"user=\\S+"}]"#);
    // The first 16 digits of HMAC-SHA256 of the address with the key.
    assert_eq!(redactor.all("bob@x.com"), "[email:ed29d2f04d4888d9]");
    let text = redactor.all("{\"a\":\"bob@x.com\",\"b\":\"x\\nbob\\u0040x.com\"} bob@x.com").into_owned();
    assert_eq!(text.matches("[email:ed29d2f04d4888d9]").count(), 3, "{text}");
    // Behind escapes of what is no JSON.
    assert_eq!(redactor.all(r#"{"m":"bob\u0040x.com",}"#), r#"{"m":"[email:ed29d2f04d4888d9]",}"#);
    // The rule that stands first says how, over all that overlaps.
    assert!(!redactor.all("user=bob@x.com").contains("user="));
}

#[test]
fn rules_that_cannot_be_are_refused() {
    for (rules, says) in [
        ("[{}]", "redact[0]: give `find` or `pattern`"),
        (
            r#"[{"find":["email"]},{"find":["card"],"pattern":"x"}]"#,
            "redact[1]: give `find` or `pattern`, not both",
        ),
        (r#"[{"find":["card"],"name":"x"}]"#, "redact[0].name: a name belongs"),
        (r#"[{"pattern":"x","name":"a b"}]"#, "redact[0].name: a name is 1 to 32"),
        (r#"[{"pattern":"("}]"#, "redact[0].pattern: `(` is no valid"),
        (r#"[{"pattern":"y"},{"pattern":"x","as":"hash"}]"#, "redact[1].as: this needs `hash_key`"),
    ] {
        let rules: Vec<Redact> = serde_json::from_str(rules).unwrap();
        let error = Redactor::compile(&rules, None).unwrap_err().to_string();
        assert!(error.starts_with(says), "{error}");
    }
    assert!("0123456789abcde".parse::<HashKey>().is_err());
    assert_eq!(format!("{:?}", "0123456789abcdef".parse::<HashKey>().unwrap()), "[redacted]");
}

/// A value that a rule knows, with the kind it is of.
fn value() -> impl Strategy<Value = String> {
    let card =
        ("[3-6][0-9]{11,17}", prop_oneof![Just(""), Just(" "), Just("-")]).prop_map(|(digits, between)| {
            let check =
                (0..10).map(|check| format!("{digits}{check}")).find(|number| is_luhn(number)).unwrap();
            check
                .as_bytes()
                .chunks(4)
                .map(|group| std::str::from_utf8(group).unwrap())
                .collect::<Vec<_>>()
                .join(between)
        });
    prop_oneof![
        "[a-z0-9._+-]{1,12}@[a-z0-9-]{1,8}\\.(com|io|co\\.uk)",
        any::<[u8; 4]>().prop_map(|octets| std::net::Ipv4Addr::from(octets).to_string()),
        any::<[u16; 8]>().prop_map(|groups| std::net::Ipv6Addr::from(groups).to_string()),
        "[Bb]earer [A-Za-z0-9._~+/-]{20,60}=?",
        "(AKIA|ASIA)[A-Z2-7]{16}",
        "aws_secret_access_key ?= ?[A-Za-z0-9/+]{40}",
        card,
    ]
}

fn is_luhn(number: &str) -> bool {
    let sum: u32 = number
        .bytes()
        .rev()
        .enumerate()
        .map(|(at, digit)| {
            let digit = u32::from(digit - b'0') * if at % 2 == 1 { 2 } else { 1 };
            digit / 10 + digit % 10
        })
        .sum();
    sum.is_multiple_of(10)
}

/// The part of a value that must not be seen: without the words that only announce it.
fn secret(value: &str) -> &str {
    value
        .rsplit([' ', '='])
        .find(|part| part.len() >= 20)
        .filter(|_| value.starts_with(['B', 'b', 'a']))
        .unwrap_or(value)
}

/// Text around values: nothing that goes on with one.
const AROUND: &str = "[ \\t\\n,;\"'<>(){}日é|]{0,20}|( [a-z]{1,9} ){0,3}";

/// JSON with a text somewhere in it, in one of many forms.
fn embedded(text: &str, form: u8) -> String {
    let string = serde_json::to_string(text).unwrap();
    let unicode: String = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
    match form % 14 {
        0 => text.to_owned(),
        1 => format!(r#"{{"m":{string}}}"#),
        2 => format!(r#"{{ "a" : [1, {{"b":{string}}} ],"z":null}}"#),
        3 => format!(r#"{{{string}:true}}"#),
        4 => format!(r#"{{"m":"{unicode}"}}"#),
        5 => format!("INFO\t{{\"m\":{string}}} {{\"n\":2}}"),
        6 => format!(r#"{{"body":{}}}"#, serde_json::to_string(&format!(r#"{{"m":{string}}}"#)).unwrap()),
        7 => format!(r#"{{"body":{}}}"#, serde_json::to_string(&format!(r#"{{"m":"{unicode}"}}"#)).unwrap()),
        8 => format!(r#"["{unicode}",[{string}]]"#),
        9 => format!(r#"{{"n":NaN,"m":"{unicode}"}}"#),
        10 => format!(r#"{{"a":[1],"m":"{unicode}","cut"#),
        11 => format!("{}{{\"m\":\"{unicode}\",}}", "{".repeat(100)),
        12 => format!(r#"{{"body":{}"#, serde_json::to_string(&format!(r#"{{"m":"{unicode}""#)).unwrap()),
        _ => format!("'{unicode}' [\"{unicode}\"]"),
    }
}

proptest! {
    #[test]
    fn no_value_survives(value in value(), before in AROUND, after in AROUND, form in any::<u8>()) {
        let secret = secret(&value);
        let text = embedded(&format!("{before}{value}{after}"), form);
        for rules in [ALL, r#"[{"find":["email","ipv4","ipv6","bearer","aws-key","card"],"as":"drop"},{"pattern":"never this"}]"#] {
            let clean = redactor(rules).all(&text).into_owned();
            prop_assert!(!clean.contains(secret), "{} in {}", secret, clean);
            // What the text means must not hold it either.
            let mut meant = clean.clone();
            for _ in 0..3 {
                meant = unescape_all(&meant);
                prop_assert!(!meant.contains(secret), "{} in {}", secret, meant);
            }
            prop_assert!(!is_object(&text) || is_object(&clean), "{}", clean);
        }
    }

    #[test]
    fn own_expressions_leave_nothing_and_json_stays_json(
        value in "[a-z\"\\\\\n日@ ]{1,6}[0-9]{5,9}", other in any::<String>(), form in any::<u8>(),
    ) {
        let text = embedded(&format!("{other} {value} {other}"), form);
        let digits = value.trim_start_matches(|c: char| !c.is_ascii_digit());
        for rule in [r#"[{"pattern":"[0-9]{5,9}"}]"#, r#"[{"pattern":"m\"\\s*:\\s*\".*\"|[a-z ]?([0-9]{5,})","as":"drop"},{"find":["card"]}]"#] {
            let clean = redactor(rule).all(&text).into_owned();
            prop_assert!(!clean.contains(digits), "{}", clean);
            prop_assert!(!is_object(&text) || is_object(&clean), "{}", clean);
        }
    }

    #[test]
    fn what_holds_no_value_is_not_touched(text in "([a-zA-Z \\n\"\\\\{}\\[\\],日😀]|:[ \"]){0,200}") {
        prop_assert_eq!(redactor(r#"[{"find":["email","ipv4","ipv6","card"]}]"#).all(&text), &*text);
    }

    #[test]
    fn anything_at_all_is_taken(text in any::<String>(), pattern in prop_oneof![Just("."), Just("\\\\w+"), Just("(.)(.)?"), Just("[^a]*")]) {
        let rule = format!(r#"[{{"pattern":"{pattern}"}},{{"find":["email","ipv4","ipv6","bearer","aws-key","card"]}}]"#);
        redactor(&rule).all(&text);
        redactor(&rule).all(&embedded(&text, 6));
    }
}

/// Whether a text is a JSON object or array.
fn is_object(text: &str) -> bool {
    text.starts_with(['{', '[']) && serde_json::from_str::<serde_json::Value>(text).is_ok()
}

/// Undoes every escape that stands anywhere in a text.
fn unescape_all(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let (character, after) = text::first_escape(&rest.as_bytes()[at..]);
        out.extend(character);
        rest = std::str::from_utf8(after).unwrap_or_default();
    }
    out + rest
}
