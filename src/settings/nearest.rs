//! Reads the file's text, and makes of what is wrong an error that names the place and the nearest known key.

use std::path::Path;

use cwl2le_forwarder::config::Destination;
use cwl2le_forwarder::secret::redact_uuids;

use super::file::{Settings, place};
use super::service;
use crate::error::{Code, Error, Result};

/// Where each key belongs, to say so when it stands elsewhere.
const SECTIONS: [(&str, &[&str]); 10] = [
    (
        "",
        &[
            "stack",
            "region",
            "profile",
            "default_destination",
            "stream",
            "function",
            "trigger",
            "roles",
            "tags",
            "destinations",
            "routes",
            "routes_from",
            "hash_key",
            "subscriptions",
        ],
    ),
    ("[stream]", &["shards", "on_demand", "retention_hours", "kms_key"]),
    (
        "[function]",
        &[
            "arch",
            "memory",
            "timeout",
            "reserved_concurrency",
            "log_retention_days",
            "metrics",
            "quarantine",
            "bucket_owner",
        ],
    ),
    ("[trigger]", &["batch_size", "batch_window", "parallelization", "on_failure"]),
    ("[roles]", &["path", "permissions_boundary"]),
    ("[[routes]]", &["log_group", "destination", "shape"]),
    ("[routes.shape]", &["include", "exclude", "sample", "redact", "fields", "format"]),
    ("`routes_from`", &["ssm", "secretsmanager", "kms_key"]),
    ("`hash_key`", &["ssm", "secretsmanager", "kms_key"]),
    (
        "[[subscriptions]]",
        &[
            "log_groups",
            "match",
            "exclude",
            "tags",
            "all",
            "per_group",
            "filter_pattern",
            "distribution",
            "destination",
        ],
    ),
];

/// The settings of a file.
pub(super) fn settings(path: &Path, text: &str) -> Result<Settings> {
    let syntax = |error: &toml::de::Error| at(path, text, error, error.message().to_owned(), None);
    let deserializer = toml::Deserializer::parse(text).map_err(|error| syntax(&error))?;
    serde_path_to_error::deserialize(deserializer).map_err(|error| {
        // Values that remember their place are wrapped in a private key of the parser's.
        let keys = error.path().iter().map(ToString::to_string);
        let keys: Vec<String> = keys.filter(|key| !key.starts_with("$__serde")).collect();
        let (problem, hint) = explain(&keys, error.inner().message());
        at(path, text, error.inner(), problem, hint)
    })
}

fn at(path: &Path, text: &str, error: &toml::de::Error, problem: String, hint: Option<String>) -> Error {
    let start = error.span().map_or(0, |span| span.start);
    let message = format!("{}: {}", place(path, text, start), clean(&problem));
    let hint =
        hint.unwrap_or_else(|| "`cwl2le init --to FILE` writes a file with every key explained".to_owned());
    Error::new(Code::Config, message).hint(clean(&hint))
}

/// Without what a parser quotes of the text it refuses, if that is a token.
pub(super) fn clean(text: &str) -> String {
    redact_uuids(text)
}

/// Says in the words of the file what serde says in those of types.
pub(super) fn explain(keys: &[String], message: &str) -> (String, Option<String>) {
    let section = |keys: &[String]| match keys {
        [] => String::new(),
        keys => format!(" in `{}`", keys.concat_path()),
    };
    if let Some((key, known)) = quoted_and_known(message, "unknown field `") {
        // The path ends with the key itself, where the parser got as far as that.
        let above = keys.strip_suffix(std::slice::from_ref(&key)).unwrap_or(keys);
        let problem = format!("unknown key `{key}`{}", section(above));
        return (problem, Some(hint(&key, &known)));
    }
    if let Some((value, known)) = quoted_and_known(message, "unknown variant `") {
        let (problem, hint) = unknown_value(&value, &known, &keys.concat_path());
        return (problem, Some(hint));
    }
    if let Some(key) = message.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`')) {
        return (format!("`{key}` is missing{}", section(keys)), None);
    }
    // Whoever writes a file need not know Rust's types.
    let message = message
        .replace("expected i64", "expected a whole number")
        .replace("expected u32", "expected a whole number")
        .replace("expected usize", "expected a whole number");
    match keys {
        [] => (message, None),
        keys => (format!("`{}`: {message}", keys.concat_path()), None),
    }
}

/// A value that is none of those that are known for a key.
pub(super) fn unknown_value(value: &str, known: &[String], key: &str) -> (String, String) {
    let near = nearest(value, known).map(|near| format!("did you mean `{near}`?"));
    let hint = near.unwrap_or_else(|| format!("known are {}", known.join(", ")));
    (format!("`{value}` is not known for `{key}`"), hint)
}

/// What serde refuses, and what it would have taken, out of its own words.
pub(super) fn quoted_and_known(message: &str, start: &str) -> Option<(String, Vec<String>)> {
    let mut quoted = message.strip_prefix(start)?.split('`');
    let refused = quoted.next()?.to_owned();
    let known = quoted.skip(1).step_by(2).map(ToOwned::to_owned).collect();
    Some((refused, known))
}

pub(super) fn hint(key: &str, known: &[String]) -> String {
    if let Some(near) = nearest(key, known) {
        return format!("did you mean `{near}`?");
    }
    let mut elsewhere: Vec<&str> =
        SECTIONS.iter().filter(|(_, keys)| keys.contains(&key)).map(|(section, _)| *section).collect();
    let of_a_type =
        || Destination::TYPES.iter().any(|kind| service::keys_of(kind).iter().any(|own| own == key));
    if service::COMMON.contains(&key) || of_a_type() {
        elsewhere.push("[destinations.NAME]");
    }
    match elsewhere[..] {
        [] => format!("known keys here are {}", known.join(", ")),
        [""] => format!("`{key}` belongs to the top of the file, before the first [section]"),
        _ => format!("`{key}` belongs into {}", elsewhere.join(" or ")),
    }
}

/// The known word that differs by no more than a slip of the fingers, or by hyphens for underscores.
fn nearest(word: &str, known: &[String]) -> Option<String> {
    let plain = |text: &str| text.replace('-', "_").to_lowercase();
    let word = plain(word);
    let allowed = (word.chars().count() / 3).max(1);
    known
        .iter()
        .map(|candidate| (strsim::damerau_levenshtein(&word, &plain(candidate)), candidate))
        .filter(|(distance, candidate)| *distance <= allowed || is_part(&word, candidate))
        .min()
        .map(|(_, candidate)| candidate.clone())
}

/// `retention` for `retention_hours`, `log_group` for `log_groups`.
fn is_part(word: &str, known: &str) -> bool {
    word.len() > 3 && (known.starts_with(word) || word.starts_with(known))
}

trait ConcatPath {
    /// `destinations.audit.token`, `routes[0].destination`.
    fn concat_path(&self) -> String;
}

impl ConcatPath for [String] {
    fn concat_path(&self) -> String {
        let mut path = String::new();
        for key in self {
            // An index brings its own brackets.
            if !path.is_empty() && !key.starts_with('[') {
                path.push('.');
            }
            path.push_str(key);
        }
        path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The keys that serde says a section has.
    fn known_to_serde(toml: &str) -> Vec<String> {
        let Err(error) = toml::from_str::<Settings>(toml) else { panic!("{toml} was read") };
        let (_, known) = quoted_and_known(error.message(), "unknown field `").expect("an unknown field");
        known
    }

    #[test]
    fn the_sections_are_those_of_the_types() {
        for (section, keys) in SECTIONS {
            let toml = match section {
                "" => "xyz = 1".to_owned(),
                "`routes_from`" | "`hash_key`" => format!("{} = {{ xyz = \"\" }}", section.trim_matches('`')),
                "[routes.shape]" => "[[routes]]\nshape = { xyz = 1 }".to_owned(),
                section => format!("{section}\nxyz = 1"),
            };
            assert_eq!(known_to_serde(&toml), keys, "{section}");
        }
    }

    #[test]
    fn the_nearest_is_a_slip_away() {
        let known: Vec<String> =
            SECTIONS.iter().flat_map(|(_, keys)| *keys).map(|key| (*key).to_owned()).collect();
        for (slip, meant) in [
            ("memroy", "memory"),
            ("batch-size", "batch_size"),
            ("retention", "retention_hours"),
            ("log-groups", "log_groups"),
            ("subscription", "subscriptions"),
            ("Shards", "shards"),
        ] {
            assert_eq!(nearest(slip, &known).as_deref(), Some(meant));
        }
        assert_eq!(nearest("colour", &known), None);
    }
}
