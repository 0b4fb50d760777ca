//! The commented file that `init` writes: every setting with its explanation and its default behind a `#`.

use cwl2le_forwarder::schema::keys;
use serde_json::Value;

use super::accounts::Accounts;
use super::alarms::Alarms;
use super::contents::{Contents, Route, Subscription};
use super::cost::Cost;
use super::dashboard::Dashboard;
use super::describe::as_toml;
use super::function::Function;
use super::member::Member;
use super::roles::Roles;
use super::schema::SCHEMA;
use super::stream::Stream;
use super::trigger::Trigger;

/// The text before the first key.
const HEAD: &str = "\
# The configuration of cwl2le. `cwl2le plan` shows what it would change, `cwl2le setup` does it.
#
# Settings behind a single # show their defaults, or an example. Flags win over environment variables, and these over
# this file. What is not set here is left as it is in the account.
";

/// Examples of log services. What each type takes is up to the type: docs/destinations.md has all of it.
const DESTINATIONS: &str = include_str!("destinations.toml");

/// An example of an environment.
const ENVIRONMENT: &str = "#[env.prod]\n#stack = \"prod\"\n#[env.prod.stream]\n#shards = 4\n";

/// Maximum width of a comment, in characters.
const WIDTH: usize = 118;

/// The text of the file.
pub fn template() -> String {
    let mut text = HEAD.to_owned();
    for key in keys::<Contents>() {
        let schema = &SCHEMA["properties"][key];
        match *key {
            "stream" => section(&mut text, "[stream]", keys::<Stream>(), schema),
            "function" => section(&mut text, "[function]", keys::<Function>(), schema),
            "trigger" => section(&mut text, "[trigger]", keys::<Trigger>(), schema),
            "cost" => section(&mut text, "[cost]", keys::<Cost>(), schema),
            "accounts" => section(&mut text, "[accounts]", keys::<Accounts>(), schema),
            "alarms" => section(&mut text, "[alarms]", keys::<Alarms>(), schema),
            "dashboard" => section(&mut text, "[dashboard]", keys::<Dashboard>(), schema),
            "member" => section(&mut text, "[member]", keys::<Member>(), schema),
            "roles" => section(&mut text, "[roles]", keys::<Roles>(), schema),
            "routes" => section(&mut text, "#[[routes]]", keys::<Route>(), schema),
            "subscriptions" => section(&mut text, "#[[subscriptions]]", keys::<Subscription>(), schema),
            "tags" => {
                section(&mut text, "[tags]", &[], schema);
                for (key, value) in schema["examples"][0].as_object().into_iter().flatten() {
                    text += &format!("#{key} = {}\n", as_toml(value));
                }
            }
            "env" => {
                text += "\n";
                comment(&mut text, schema);
                text += ENVIRONMENT;
            }
            "destinations" => {
                text += "\n";
                comment(&mut text, schema);
                text += DESTINATIONS;
            }
            _ => {
                text += if text.len() == HEAD.len() { "\n" } else { "" };
                setting(&mut text, key, schema);
            }
        }
    }
    text
}

fn section(text: &mut String, header: &str, keys: &[&str], schema: &Value) {
    *text += "\n";
    comment(text, schema);
    *text += &format!("{header}\n");
    let schema = schema.get("items").unwrap_or(schema);
    for key in keys {
        // What has only a flag is no key of the file.
        if let Some(schema) = schema["properties"].get(key) {
            setting(text, key, schema);
        }
    }
}

fn setting(text: &mut String, key: &str, schema: &Value) {
    comment(text, schema);
    let value = schema.get("default").or_else(|| schema["examples"].get(0));
    match value {
        // One of several forms, which would exclude another setting.
        Some(Value::Object(keys)) => {
            let keys: Vec<String> =
                keys.iter().map(|(key, value)| format!("{key} = {}", as_toml(value))).collect();
            *text += &format!("# {key} = {{ {} }}\n", keys.join(", "));
        }
        Some(value) => *text += &format!("#{key} = {}\n", as_toml(value)),
        None => *text += &format!("# {key} = ...\n"),
    }
}

fn comment(text: &mut String, schema: &Value) {
    let mut line = "#".to_owned();
    for word in schema["description"].as_str().unwrap_or_default().split_whitespace() {
        if line.chars().count() + 1 + word.chars().count() > WIDTH {
            *text += &format!("{line}\n");
            line = "#".to_owned();
        }
        line += " ";
        line += word;
    }
    *text += &format!("{line}\n");
}
