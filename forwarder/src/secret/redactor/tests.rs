use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::secret::{hides_secret, shown_url};

const SECRET: &str = "s3cr3t/\"key\"+of a log";

fn redacted(secret: &str, text: &str) -> String {
    Redactor::of([secret]).redact(text).into_owned()
}

#[test]
fn a_secret_is_found_in_every_form() {
    let json = json!({ "a": SECRET }).to_string();
    let twice = json!({ "b": json }).to_string();
    let url = format!("https://h/?k={}", utf8_percent_encode(SECRET, NON_ALPHANUMERIC));
    for text in [format!("x{SECRET}x"), json, twice, url, SECRET.to_uppercase()] {
        let clean = redacted(SECRET, &text);
        assert!(clean.contains(REDACTED) && !clean.to_lowercase().contains("s3cr3t"), "{clean}");
    }
}

#[test]
fn a_short_secret_stands_alone_and_a_shorter_one_is_none() {
    assert_eq!(redacted("info", "info: information, info-mail"), "[redacted]: information, [redacted]-mail");
    assert_eq!(redacted("abc", "abc"), "abc");
    assert_eq!(redacted("abcdefgh", "xabcdefghy"), "x[redacted]y");
}

#[test]
fn the_key_of_a_header_is_a_secret_without_its_scheme() {
    assert_eq!(redacted("Bearer abcdefgh", "key abcdefgh is wrong"), "key [redacted] is wrong");
    let basic = format!("Basic {}", STANDARD.encode("me:hunter2hunter"));
    assert_eq!(redacted(&basic, "no: hunter2hunter"), "no: [redacted]");
}

#[test]
fn a_uuid_is_found_without_its_hyphens() {
    let uuid = "01234567-89ab-cdef-0123-456789abcdef";
    assert_eq!(redacted(uuid, "no log 0123456789ABCDEF0123456789abcdef"), "no log [redacted]");
}

#[test]
fn signatures_of_requests_to_aws_are_secrets_that_nobody_has_to_learn() {
    let signature = "0123456789abcdef".repeat(4);
    for redactor in [Redactor::default(), Redactor::of(["hunter2hunter"])] {
        let clean = redactor.redact("hunter, Signature=x, Signature=é");
        assert!(matches!(clean, Cow::Borrowed(_)), "{clean}");
        let text = format!("SignedHeaders=host, Signature={signature}, X-Amz-Signature={signature}&x");
        let clean = "SignedHeaders=host, Signature=[redacted], X-Amz-Signature=[redacted]&x";
        assert_eq!(redactor.redact(&text), clean);
    }
}

#[test]
fn strings_and_keys_of_a_document_are_redacted_and_names_of_fields_are_not() {
    let mut document = json!({"message": "message", "Se-cret1": ["a Se-cret1"]});
    Redactor::of(["message", "Se-cret1"]).redact_json(&mut document);
    assert_eq!(document, json!({"message": "[redacted]", "[redacted]": ["a [redacted]"]}));
}

#[test]
fn urls_show_where_they_lead_and_nothing_else() {
    for (url, shown) in [
        ("https://h:1/ingest", "https://h:1/ingest"),
        ("https://me:pw@h/x", "https://[redacted]@h/x"),
        ("https://h/x?key=a&format=json&flag", "https://h/x?key=[redacted]&format=[redacted]&[redacted]"),
        (
            "https://hooks.h/services/T0A1B2C3/x7Gh2kLmN9pQ4rSt",
            "https://hooks.h/services/T0A1B2C3/[redacted]",
        ),
        ("https://h/bulk/01234567-89ab-cdef-0123-456789abcdef/", "https://h/bulk/[redacted]/"),
        ("https://h/a-rather-long-path-of-words/v2", "https://h/a-rather-long-path-of-words/v2"),
    ] {
        assert_eq!(shown_url(url), shown);
        assert_eq!(hides_secret(url), url != shown, "{url}");
    }
    let secrets = secrets_of_url("https://me:p%40ssword@h/x?api_key=abcd&format=json");
    assert!(
        ["p%40ssword", "p@ssword", "abcd"].iter().all(|one| secrets.iter().any(|s| s == one)),
        "{secrets:?}"
    );
    assert!(!secrets.iter().any(|secret| secret == "json"), "{secrets:?}");
}

#[test]
fn a_configuration_that_cannot_be_read_has_secrets_all_the_same() {
    learn_config(&json!({"unknown": 1, "hash_key": "the-key-of-the-hashes", "destinations": {
        "new": {"type": "later", "api_key": "key-of-a-later-version", "headers": {"X-Team": "team-of-the-headers"}},
    }}));
    let text = redact("the-key-of-the-hashes key-of-a-later-version team-of-the-headers").into_owned();
    assert_eq!(text, "[redacted] [redacted] team-of-the-headers");
}

proptest! {
    #[test]
    fn no_encoding_lets_a_secret_through(secret in "[ -~]{8,40}", before in ".{0,9}", after in ".{0,9}") {
        prop_assume!(secret.trim() == secret && secret.chars().count() >= 8);
        let text = format!("{before}{secret}{after}");
        let redactor = Redactor::of([secret.as_str()]);
        for encoded in [
            text.clone(),
            json!(text).to_string(),
            json!(json!(text).to_string()).to_string(),
            utf8_percent_encode(&text, NON_ALPHANUMERIC).to_string(),
            STANDARD.encode(&text),
            base64::engine::general_purpose::URL_SAFE.encode(&text),
        ] {
            prop_assert!(redactor.redact(&encoded).contains(REDACTED), "{}", encoded);
        }
        prop_assert!(!redactor.redact(&text).contains(&secret));
    }
}
