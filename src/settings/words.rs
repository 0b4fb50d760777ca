//! Words for keys and values that are not known: what was probably meant, and where a key belongs.

use serde_json::Value;

use super::schema::SCHEMA;

/// What to do about a key that is not known here, where these are.
pub(super) fn hint(key: &str, known: &[&str]) -> String {
    if let Some(near) = nearest(key, known) {
        return format!("did you mean `{near}`?");
    }
    match &homes(key)[..] {
        [] => format!("known keys here are {}", known.join(", ")),
        [home] if home.is_empty() => {
            format!("`{key}` belongs at the top of the file, before the first [section]")
        }
        homes => {
            let homes = homes.iter().filter(|home| !home.is_empty());
            format!("`{key}` belongs in {}", homes.map(String::as_str).collect::<Vec<_>>().join(" or "))
        }
    }
}

/// What to do about a value that is none of those that are known.
pub(super) fn value_hint(value: &str, known: &[&str]) -> String {
    match nearest(value, known) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("known are {}", known.join(", ")),
    }
}

/// The known word that differs by no more than a slip of the fingers, or by hyphens for underscores.
fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let plain = |text: &str| text.replace('-', "_").to_lowercase();
    let word = plain(word);
    let allowed = (word.chars().count() / 3).max(1);
    let distances = known
        .iter()
        .map(|candidate| (strsim::damerau_levenshtein(&word, &plain(candidate)), *candidate))
        .filter(|(distance, candidate)| *distance <= allowed || is_part(&word, candidate));
    distances.min().map(|(_, candidate)| candidate)
}

/// `retention` for `retention_hours`, `log_group` for `log_groups`.
fn is_part(word: &str, known: &str) -> bool {
    word.len() > 3 && (known.starts_with(word) || word.starts_with(known))
}

/// The sections that a key belongs in; the top of the file is empty.
fn homes(key: &str) -> Vec<String> {
    let mut found = Vec::new();
    collect(&SCHEMA, "", key, &mut found);
    found
}

fn collect(schema: &Value, section: &str, key: &str, found: &mut Vec<String>) {
    let choices = schema.get("oneOf").or_else(|| schema.get("anyOf")).and_then(Value::as_array);
    for choice in choices.into_iter().flatten() {
        collect(choice, section, key, found);
    }
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return };
    let header = match section {
        "" => String::new(),
        section => format!("[{section}]"),
    };
    if properties.contains_key(key) && !found.contains(&header) {
        found.push(header);
    }
    for (name, property) in properties {
        // The keys of secrets are no settings of their own.
        let is_section = section.is_empty() || (section, name.as_str()) == ("[routes]", "shape");
        let (inner, path) = match (property.get("items"), property.get("additionalProperties")) {
            (Some(items), _) => (items, format!("[{name}]")),
            (_, Some(named @ Value::Object(_))) => (named, format!("{name}.NAME")),
            _ if section.is_empty() => (property, name.clone()),
            _ => (property, format!("{}.{name}", section.trim_matches(['[', ']']))),
        };
        if is_section {
            collect(inner, &path, key, found);
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
            assert_eq!(nearest(slip, &known), Some(meant));
        }
        assert_eq!(nearest("colour", &known), None);
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
            let mut found = homes(key);
            found.sort();
            assert_eq!(found, sections, "{key}");
        }
    }
}
