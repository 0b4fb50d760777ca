//! The table of settings and the copy of the schema in `docs/` are those of the types.

use std::path::Path;

use clap::{Args, Command};
use cwl2le_forwarder::schema::keys;
use serde_json::Value;

use super::accounts::Accounts;
use super::alarms::Alarms;
use super::contents::{Contents, Route, Subscription};
use super::dashboard::Dashboard;
use super::describe::as_toml;
use super::member::Member;
use super::wanted::Wanted;
use super::{Cost, Function, SCHEMA, Stream, Trigger};
use crate::settings::roles::Roles;

/// Compares a file of `docs/` with what it should be, or writes it.
fn is_in_docs(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name);
    if std::env::var_os("CWL2LE_WRITE_DOCS").is_some() {
        std::fs::write(&path, text).expect("written");
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
    assert!(there == text, "docs/{name} is old: run this test with CWL2LE_WRITE_DOCS=1");
}

#[test]
fn the_schema_in_the_docs_is_that_of_the_types() {
    is_in_docs("cwl2le.schema.json", &format!("{:#}\n", *SCHEMA));
}

#[test]
fn the_table_in_the_docs_is_that_of_the_types() {
    let top: Vec<&str> = keys::<Contents>().iter().copied().filter(|key| !is_section(key)).collect();
    let tables = [
        table("The top of the file", &SCHEMA, &top, true),
        section("stream", "[stream]", keys::<Stream>(), true),
        section("function", "[function]", keys::<Function>(), true),
        section("trigger", "[trigger]", keys::<Trigger>(), true),
        section("cost", "[cost]", keys::<Cost>(), true),
        section("accounts", "[accounts]", keys::<Accounts>(), true),
        section("alarms", "[alarms]", keys::<Alarms>(), true),
        section("dashboard", "[dashboard]", keys::<Dashboard>(), true),
        section("member", "[member]", keys::<Member>(), true),
        section("roles", "[roles]", keys::<Roles>(), true),
        section("routes", "[[routes]]", keys::<Route>(), false),
        section("subscriptions", "[[subscriptions]]", keys::<Subscription>(), false),
    ];
    let page = include_str!("settings.md").replace("TABLES\n", &tables.join("\n"));
    is_in_docs("settings.md", &page);
}

fn is_section(key: &str) -> bool {
    let schema = &SCHEMA["properties"][key];
    let holds = ["items", "additionalProperties"].iter().any(|key| schema[*key].is_object());
    holds
        || ["stream", "function", "trigger", "cost", "accounts", "alarms", "dashboard", "member", "roles"]
            .contains(&key)
}

fn section(name: &str, header: &str, keys: &[&str], has_flags: bool) -> String {
    let schema = &SCHEMA["properties"][name];
    table(&format!("`{header}`"), schema.get("items").unwrap_or(schema), keys, has_flags)
}

/// A heading and a row for each key that the file has.
fn table(heading: &str, schema: &Value, keys: &[&str], has_flags: bool) -> String {
    let all = Wanted::augment_args(Command::new(""));
    let rows = keys.iter().filter_map(|key| {
        let schema = schema["properties"].get(*key)?;
        let flag = all.get_arguments().find(|flag| has_flags && flag.get_id() == *key);
        let flag =
            flag.and_then(|flag| flag.get_long()).map(|long| format!("`--{long}`")).unwrap_or_default();
        let default = schema.get("default").map(|value| format!("`{}`", as_toml(value))).unwrap_or_default();
        let text = schema["description"].as_str().unwrap_or_default();
        // The table has a column for it.
        let text = text.split(" [default").next().unwrap_or_default().replace('|', "\\|");
        Some(format!("| `{key}` | {flag} | {} | {default} | {text} |\n", values(schema)))
    });
    let head = "| key | flag | values | default | what it is |\n| --- | --- | --- | --- | --- |\n";
    format!("### {heading}\n\n{head}{}", rows.collect::<String>())
}

/// What a setting takes, in short.
fn values(schema: &Value) -> String {
    if let (Some(low), Some(high)) = (schema["minimum"].as_i64(), schema["maximum"].as_i64()) {
        return format!("{low} to {high}");
    }
    let each = schema["oneOf"].as_array().into_iter().flatten().filter_map(|choice| choice.get("const"));
    let words: Vec<&Value> = schema["enum"].as_array().into_iter().flatten().chain(each).collect();
    if !words.is_empty() {
        return words
            .into_iter()
            .map(|word| format!("`{}`", word.as_str().map_or(word.to_string(), ToOwned::to_owned)))
            .collect::<Vec<_>>()
            .join(", ");
    }
    let choices =
        schema["anyOf"].as_array().map(|all| all.iter().map(values).collect::<Vec<_>>().join(" or "));
    let word = |kind: &Value| match kind.as_str() {
        Some("string") => "text",
        Some("boolean") => "`true`, `false`",
        Some("array") => "list",
        Some("integer") => "number",
        _ => "table",
    };
    choices.unwrap_or_else(|| match &schema["type"] {
        Value::Array(kinds) => kinds.iter().map(word).collect::<Vec<_>>().join(" or "),
        kind => word(kind).to_owned(),
    })
}

/// The help says in words what the type of a setting says.
#[test]
fn the_text_of_a_setting_says_its_range_and_its_default() {
    for name in ["stream", "function", "trigger"] {
        for (key, schema) in SCHEMA["properties"][name]["properties"].as_object().expect("a section") {
            let text = schema["description"].as_str().expect("a text");
            let range = [schema["minimum"].as_i64(), schema["maximum"].as_i64()];
            // Who asks for shards or for concurrency is limited by the quota of the account long before.
            if let [Some(low), Some(high)] = range
                && !["shards", "reserved_concurrency"].contains(&key.as_str())
            {
                assert!(text.contains(&format!("{low} to {high}")), "{key}: {text}");
            }
            if let Some(number) = schema["default"].as_i64() {
                assert!(text.contains(&format!("[default: {number}]")), "{key}: {text}");
            }
        }
    }
}
