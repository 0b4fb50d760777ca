//! Words for keys and values that are not known: what was probably meant, and where a key belongs.

use std::collections::BTreeMap;

use serde_json::Value;

use super::overlay;
use super::schema::SCHEMA;
use crate::error::{did_you_mean, listed, nearest};

/// What to do about a key that is not known here, where these are.
pub(super) fn hint(key: &str, known: &[&str]) -> String {
    if let Some(question) = did_you_mean(key, known.iter().copied()) {
        return question;
    }
    let homes = homes();
    if let Some(of_key) = homes.get(key) {
        return format!("`{key}` belongs {}", places(of_key));
    }
    // Elsewhere, a short key is near to too many.
    let near = nearest(key, homes.keys().map(String::as_str)).filter(|_| key.len() > 3);
    match near.and_then(|near| homes.get_key_value(near)) {
        Some((near, of_near)) => format!("did you mean `{near}`? It belongs {}", places(of_near)),
        None => format!("known keys here are {}", known.join(", ")),
    }
}

/// Where a key belongs that has a home in these sections.
fn places(homes: &[String]) -> String {
    match homes {
        [top] if top.is_empty() => "at the top of the file, before the first [section]".to_owned(),
        homes => {
            let homes = homes.iter().filter(|home| !home.is_empty());
            format!("in {}", homes.map(String::as_str).collect::<Vec<_>>().join(" or "))
        }
    }
}

/// What to do about a value that is none of those that are known.
pub(super) fn value_hint(value: &str, known: &[&str]) -> String {
    did_you_mean(value, known.iter().copied())
        .unwrap_or_else(|| format!("known are {}", listed(known.iter().copied())))
}

/// The sections that each key belongs in; the top of the file is empty.
fn homes() -> BTreeMap<String, Vec<String>> {
    let mut found = BTreeMap::new();
    collect(&SCHEMA, "", &mut found);
    found
}

fn collect(schema: &Value, section: &str, found: &mut BTreeMap<String, Vec<String>>) {
    let choices = schema.get("oneOf").or_else(|| schema.get("anyOf")).and_then(Value::as_array);
    for choice in choices.into_iter().flatten() {
        collect(choice, section, found);
    }
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return };
    let header = match section {
        "" => String::new(),
        section => format!("[{section}]"),
    };
    for key in properties.keys() {
        let homes = found.entry(key.clone()).or_default();
        if !homes.contains(&header) {
            homes.push(header.clone());
        }
    }
    for (name, property) in properties.iter().filter(|(name, _)| *name != overlay::KEY) {
        // The keys of secrets are no settings of their own.
        let is_section = section.is_empty() || (section, name.as_str()) == ("[routes]", "shape");
        let (inner, path) = match (property.get("items"), property.get("additionalProperties")) {
            (Some(items), _) => (items, format!("[{name}]")),
            (_, Some(named @ Value::Object(_))) => (named, format!("{name}.NAME")),
            _ if section.is_empty() => (property, name.clone()),
            _ => (property, format!("{}.{name}", section.trim_matches(['[', ']']))),
        };
        if is_section {
            collect(inner, &path, found);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_is_a_slip_away() {
        let mut known: Vec<&str> = Vec::new();
        for section in ["function", "trigger", "stream"] {
            let section = SCHEMA["properties"][section]["properties"].as_object().expect("a section");
            known.extend(section.keys().map(String::as_str));
        }
        known.extend(["subscriptions", "log_groups"]);
        for (slip, meant) in [
            ("memroy", "memory"),
            ("batch-size", "batch_size"),
            ("retention", "retention_hours"),
            ("log-groups", "log_groups"),
            ("subscription", "subscriptions"),
            ("Shards", "shards"),
        ] {
            assert_eq!(nearest(slip, known.iter().copied()), Some(meant));
        }
        assert_eq!(nearest("colour", known.iter().copied()), None);
    }

    #[test]
    fn a_key_is_known_by_its_sections() {
        for (key, sections) in [
            ("memory", &["[function]"][..]),
            ("region", &["", "[destinations.NAME]"]),
            ("filter_pattern", &["[[subscriptions]]"]),
            ("redact", &["[routes.shape]"]),
            ("isolated", &["[destinations.NAME]"]),
            ("colour", &[]),
        ] {
            let mut found = homes().remove(key).unwrap_or_default();
            found.sort();
            assert_eq!(found, sections, "{key}");
        }
    }
    #[test]
    fn a_slip_in_the_wrong_section_is_found() {
        assert_eq!(hint("shard", &["stack", "region"]), "did you mean `shards`? It belongs in [stream]");
        assert_eq!(hint("memory", &["shards"]), "`memory` belongs in [function]");
        assert_eq!(hint("colour", &["stack"]), "known keys here are stack");
    }
}
