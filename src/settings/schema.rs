//! The JSON schema of the file, which comes from the types of its settings. Editors use it, and so does cwl2le itself
//! to check a file.

use std::sync::LazyLock;

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::contents::Contents;
use super::overlay;

/// The schema, in draft 7 of JSON Schema, which every editor knows.
pub static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
    let settings = SchemaSettings::draft07().with(|settings| settings.inline_subschemas = true);
    let mut schema = settings.into_generator().into_root_schema_for::<Contents>().to_value();
    tidy(&mut schema);
    add_environments(&mut schema);
    // Whether a map keeps its order depends on the build.
    schema.sort_all_objects();
    schema
});

/// The keys whose values are no secrets: those of the file itself, and the type of a log service.
pub(super) static PLAIN_KEYS: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let mut plain = vec!["type"];
    for (key, schema) in SCHEMA["properties"].as_object().into_iter().flatten() {
        let nested = [&schema["properties"], &schema["items"]["properties"]];
        plain
            .extend(nested.iter().filter_map(|keys| keys.as_object()).flatten().map(|(key, _)| key.as_str()));
        if schema["type"] == "string" {
            plain.push(key.as_str());
        }
    }
    plain
});

/// Every key of the file may stand in an environment, too. Of a destination that has its type in the base, any key may
/// stand there by itself.
fn add_environments(schema: &mut Value) {
    let every = |keys: &Value| keys.as_object().into_iter().flatten().map(|(key, _)| key.clone()).collect();
    let names: Vec<String> = every(&schema["properties"]);
    let names = names.into_iter().filter(|name| name != overlay::KEY);
    let mut keys: Map<String, Value> =
        names.map(|name| (name.clone(), json!({ "$ref": format!("#/properties/{name}") }))).collect();
    let types = &schema["properties"]["destinations"]["additionalProperties"]["oneOf"];
    let any: Map<String, Value> = types
        .as_array()
        .into_iter()
        .flatten()
        .flat_map(|kind| every(&kind["properties"]) as Vec<String>)
        .filter(|key| key != "type")
        .map(|key| (key, Value::Bool(true)))
        .collect();
    let whole = json!({ "$ref": "#/properties/destinations/additionalProperties" });
    let part = json!({ "type": "object", "additionalProperties": false, "properties": any });
    let destinations = json!({ "type": "object", "additionalProperties": { "anyOf": [whole, part] } });
    keys.insert("destinations".to_owned(), destinations);
    schema["properties"][overlay::KEY]["additionalProperties"] =
        json!({ "type": "object", "additionalProperties": false, "properties": keys });
}

/// Takes out what TOML does not have, which is `null`, and what says nothing to a reader.
fn tidy(schema: &mut Value) {
    let Value::Object(keys) = schema else { return };
    keys.remove("format");
    keys.retain(|key, value| key != "default" || !(value.is_null() || value.is_array() || value.is_object()));
    if let Some(Value::Array(types)) = keys.get_mut("type") {
        types.retain(|name| name != "null");
        if let [one] = &types[..] {
            let one = one.clone();
            keys.insert("type".to_owned(), one);
        }
    }
    if let Some(Value::Array(values)) = keys.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
    if let Some(Value::String(text)) = keys.get_mut("description") {
        *text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    }
    unwrap_optional(keys);
    for (key, value) in keys {
        match value {
            Value::Object(properties) if key == "properties" => properties.values_mut().for_each(tidy),
            Value::Array(schemas) if key.ends_with("Of") => schemas.iter_mut().for_each(tidy),
            Value::Object(_) if matches!(key.as_str(), "items" | "additionalProperties") => tidy(value),
            _ => {}
        }
    }
}

/// Puts a schema that stands beside `null` in the place of the choice between the two.
fn unwrap_optional(keys: &mut Map<String, Value>) {
    let Some(Value::Array(choices)) = keys.get_mut("anyOf") else { return };
    choices.retain(|choice| choice.get("type").is_none_or(|name| name != "null"));
    if let [Value::Object(one)] = &mut choices[..] {
        let one = std::mem::take(one);
        keys.remove("anyOf");
        for (key, value) in one {
            keys.entry(key).or_insert(value);
        }
    }
}
