//! Log services of every type: read, described, granted, documented.

use cwl2le_forwarder::config::Destination;

use super::describe_tests::account;
use super::tests::{TOKEN, parse, stack};
use super::*;
use crate::resources::Observed;

/// A file with a destination of every type, and secrets in every place.
const EVERY_TYPE: &str = r#"
default_destination = "default"
[destinations.default]
type = "insight-webhook"
region = "eu"
token = { ssm = "/webhook", kms_key = "arn:aws:kms:eu-west-1:123456789012:key/k" }
[destinations.loggly]
type = "loggly"
tags = ["aws"]
token = { secretsmanager = "loggly#token" }
[destinations.otlp]
type = "otlp"
endpoint = "https://h:4318"
headers = { Api-Key = { ssm = "/otlp" }, X-Team = "payments" }
[destinations.syslog]
type = "syslog"
endpoint = "h:6514"
max_line_bytes = 2048
[destinations.http]
type = "http"
url = "https://h/in"
headers = { Authorization = "Bearer s3cret", "X.Y" = { secretsmanager = "lake" } }
gzip = false
"#;

#[test]
fn every_type_is_read_described_and_granted_what_it_refers_to() {
    let made = stack(&[], EVERY_TYPE, &Observed::default()).expect("a stack");
    let config = made.function.config.clone().expect("a configuration");
    let json: serde_json::Value = serde_json::from_str(&config.to_json()).expect("JSON");
    insta::with_settings!({sort_maps => true}, { insta::assert_json_snapshot!(json) });
    let policy = made.function_role.policy.to_string();
    for resource in
        ["parameter/webhook", "parameter/otlp", "secret:loggly-??????", "secret:lake-??????", "key/k"]
    {
        assert!(policy.contains(resource), "{resource}: {policy}");
    }
    let file = parse(EVERY_TYPE).expect("a file");
    let warnings = file.warnings();
    assert_eq!(warnings.len(), 1, "a header that names no secret is none: {warnings:?}");
    assert!(warnings[0].contains("`headers.Authorization` of `http`") && !warnings[0].contains("s3cret"));
    assert!(!format!("{:?}", file.contents).contains("s3cret"));

    // The file that `init --from-account` writes of it says the same, once the variable is set.
    let (described, variables) = describe(&made, &account(&made).0);
    insta::assert_snapshot!(described.split_once("[destinations").expect("destinations").1);
    assert_eq!(variables, ["CWL2LE_AUTHORIZATION_HTTP"]);
    let again = described.replace("{ env = \"CWL2LE_AUTHORIZATION_HTTP\" }", "\"Bearer s3cret\"");
    let again = stack(&[], &again, &Observed::default()).expect("the same stack");
    assert_eq!(again.function.config, Some(config));
    assert_eq!(again.function_role.policy, made.function_role.policy);
}

#[test]
fn flags_give_a_token_only_to_what_has_one() {
    let text = "[destinations.default]\ntype = \"loggly\"\ntoken = { env = \"CWL2LE_TEST_UNSET\" }\n";
    let stack_of = |flags: &[&str], text: &str| stack(flags, text, &Observed::default());
    let config =
        stack_of(&["--token", TOKEN], text).expect("a stack").function.config.expect("a configuration");
    assert!(config.to_json().contains(TOKEN));
    let moved = stack_of(&["--token", TOKEN, "--logentries-region", "eu"], text).expect_err("refused");
    assert!(moved.message.contains("is of type `loggly`"), "{}", moved.message);
    let none = "[destinations.default]\ntype = \"syslog\"\nendpoint = \"h:1\"\n";
    let error = stack_of(&["--token", TOKEN], none).expect_err("refused");
    assert!(error.message.contains("of type `syslog` has none"), "{}", error.message);
    assert!(stack_of(&[], none).is_ok());
}

#[test]
fn the_documentation_names_every_type_and_its_keys() {
    let document = include_str!("../../docs/destinations.md");
    let rows = |section: &str| {
        let table = document.split_once(section).expect("the section").1;
        let table = table.split("\n## ").next().unwrap_or_default();
        let rows = table.lines().filter(|line| line.starts_with("| `"));
        rows.map(|row| row.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect())
            .collect::<Vec<Vec<_>>>()
    };
    let types: Vec<String> = Destination::TYPES.iter().map(|name| format!("`{name}`")).collect();
    let documented = |rows: &[Vec<String>]| rows.iter().map(|row| row[0].clone()).collect::<Vec<_>>();
    assert_eq!(documented(&rows("## Types")), types);
    let keys = rows("## Keys");
    assert_eq!(documented(&keys), types);
    for (row, name) in keys.iter().zip(Destination::TYPES) {
        let tls = super::service::has_url(name).then(|| "tls".to_owned());
        let known = Destination::keys(name).iter().map(|key| (*key).to_owned()).chain(tls);
        let known: Vec<String> = known.map(|key| format!("`{key}`")).collect();
        assert_eq!(row[1], known.join(", "), "{name}");
        assert!(document.contains(&format!("type = \"{name}\"")), "there is no example of {name}");
        assert!(template().contains(*name), "the template does not name {name}");
    }
}

/// A text without the line ends of the window.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_url_with_a_key_is_kept_elsewhere_or_at_least_not_shown() {
    let url = "https://hooks.example.com/services/x7Gh2kLmN9pQ4rSt?team=a&key=opensesame";
    let inline = format!("[destinations.hook]\ntype = \"http\"\nurl = \"{url}\"\n");
    let warnings = parse(&inline).expect("a file").warnings();
    assert!(warnings.len() == 1 && warnings[0].contains("`url` of `hook`"), "{warnings:?}");
    let made = stack(&[], &inline, &Observed::default()).expect("a stack");
    let before = "[destinations.hook]\ntype = \"http\"\nurl = \"https://h/in\"\n";
    let before = stack(&[], before, &Observed::default()).expect("a stack");
    let plan = crate::resources::setup(&made, &account(&before).0, false).to_string();
    let said = "config destinations.hook.url: https://h/in -> https://hooks.example.com/services/[redacted]?team=[redacted]";
    assert!(words(&plan).contains(said), "{plan}");
    // `init` describes it by a variable.
    let (described, variables) = describe(&made, &account(&made).0);
    assert_eq!(variables, ["CWL2LE_URL_HOOK"]);
    for text in [&plan, &described, &format!("{made:?} {:?}", parse(&inline).expect("a file").contents)] {
        for secret in ["x7Gh2kLmN9pQ4rSt", "opensesame", "team=a"] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
    }

    let kept = "[destinations.hook]\ntype = \"http\"\nurl = { ssm = \"/hook\" }\n\
                [destinations.otlp]\ntype = \"otlp\"\nendpoint = { secretsmanager = \"otlp#url\" }\n";
    assert!(parse(kept).expect("a file").warnings().is_empty());
    let made = stack(&[], &format!("default_destination = \"hook\"\n{kept}"), &Observed::default())
        .expect("a stack");
    let policy = made.function_role.policy.to_string();
    assert!(policy.contains("parameter/hook") && policy.contains("secret:otlp-??????"), "{policy}");
    let config = made.function.config.expect("a configuration").to_json();
    assert!(config.contains(r#""url":{"ssm":"/hook"}"#), "{config}");
}

#[test]
fn a_change_in_what_a_url_hides_is_a_change() {
    let config = |key: &str| {
        let text = format!("[destinations.hook]\ntype = \"http\"\nurl = \"https://h/in?key={key}\"\n");
        stack(&[], &text, &Observed::default()).expect("a stack")
    };
    let (before, after) = (config("before"), config("later1"));
    let plan = crate::resources::setup(&after, &account(&before).0, false).to_string();
    let said = "https://h/in?key=[redacted] (changed, not shown)";
    assert!(words(&plan).contains(said), "{plan}");
}

#[test]
fn plain_http_has_to_be_allowed_unless_it_stays_on_the_machine() {
    let token = format!("token = \"{TOKEN}\"");
    for (kind, key, more) in [
        ("http", "url", "headers = { Authorization = { ssm = \"/a\" } }"),
        ("otlp", "endpoint", "headers = { Api-Key = { ssm = \"/a\" } }"),
        ("loggly", "endpoint", token.as_str()),
        ("insight-webhook", "endpoint", token.as_str()),
    ] {
        let file = |url: &str, tls: &str| {
            parse(&format!("[destinations.a]\ntype = \"{kind}\"\n{key} = \"{url}\"\n{more}\n{tls}\n"))
        };
        let error = file("http://collector.example.com", "").expect_err("refused");
        assert!(error.message.contains("begins with http://"), "{kind}: {}", error.message);
        assert!(error.message.contains(":3:"), "the place of the URL: {}", error.message);
        assert!(error.hint.is_some_and(|hint| hint.contains("`tls = false`")), "{kind}");
        assert!(file("http://collector.example.com", "tls = true").is_err(), "{kind}");
        for (url, tls) in [
            ("http://collector.example.com", "tls = false"),
            ("http://127.0.0.1:4318", ""),
            ("http://localhost:4318", "tls = false"),
            ("https://collector.example.com", ""),
            ("https://collector.example.com", "tls = true"),
        ] {
            assert!(file(url, tls).is_ok(), "{kind}: {url} {tls}: {:?}", file(url, tls));
        }
        let error = file("https://collector.example.com", "tls = false").expect_err("refused");
        assert!(error.message.contains("begins with https://"), "{kind}: {}", error.message);
    }
    // What is allowed is described as it is.
    let text = "[destinations.a]\ntype = \"otlp\"\nendpoint = \"http://collector:4318\"\ntls = false\n";
    let made = stack(&[], text, &Observed::default()).expect("a stack");
    let (described, _) = describe(&made, &account(&made).0);
    assert!(described.contains("tls = false") && parse(&described).is_ok(), "{described}");
}

#[test]
fn variables_of_aws_are_no_secrets_for_a_log_service() {
    for name in ["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "aws_access_key_id"] {
        let text = format!(
            "[destinations.a]\ntype = \"http\"\nurl = \"https://h/\"\nheaders = {{ X-A = {{ env = \"{name}\" }} }}\n"
        );
        let error = parse(&text).expect_err("refused");
        assert!(error.message.contains("variable of AWS"), "{}", error.message);
    }
}
