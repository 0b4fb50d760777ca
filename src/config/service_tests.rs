//! Log services of every type: read, described, granted, documented.

use cwl2le_forwarder::config::Destination;

use super::describe_tests::account;
use super::tests::{TOKEN, parse, stack};
use super::*;

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
    assert!(!format!("{:?}", file.settings).contains("s3cret"));

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
    assert_eq!(documented(&rows("# Log services")), types);
    let keys = rows("## Keys");
    assert_eq!(documented(&keys), types);
    for (row, name) in keys.iter().zip(Destination::TYPES) {
        let known: Vec<String> = super::service::keys_of(name).iter().map(|key| format!("`{key}`")).collect();
        assert_eq!(row[1], known.join(", "), "{name}");
        assert!(document.contains(&format!("type = \"{name}\"")), "there is no example of {name}");
        assert!(TEMPLATE.contains(*name), "the template does not name {name}");
    }
}
