//! Labels for events: static ones, and parts of the log group's name.

use regex::Regex;

use super::config::Fields;
use super::expression::{InvalidRule, compile};
use crate::record::payload::Labels;

/// The labels of a route, compiled.
#[derive(Debug)]
pub(super) struct Labeler {
    set: Labels,
    group: Option<Regex>,
}

impl Labeler {
    pub(super) fn compile(fields: &Fields) -> Result<Self, InvalidRule> {
        let group = fields.group.as_ref().map(|text| compile(text, "fields.group")).transpose()?;
        let captured: Vec<&str> = group.iter().flat_map(Regex::capture_names).flatten().collect();
        if group.is_some() && captured.is_empty() {
            let why = "it names nothing; write a named group like (?<service>[^/]+)";
            return Err(InvalidRule::new("fields.group", why));
        }
        for name in fields.set.keys().map(String::as_str).chain(captured.iter().copied()) {
            if !is_label_name(name) {
                let why = format!("`{name}` is no name of a label: 1 to 64 letters, digits, `_`, `-` or `.`");
                return Err(InvalidRule::new("fields", why));
            }
        }
        if let Some(twice) = captured.iter().find(|name| fields.set.contains_key(**name)) {
            return Err(InvalidRule::new("fields", format!("`{twice}` is in `set` and a group of `group`")));
        }
        let set = fields.set.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        Ok(Self { set, group })
    }

    /// The labels of a log group's events. A group of the expression that captures nothing makes no label.
    pub(super) fn labels(&self, log_group: &str) -> Labels {
        let mut labels = self.set.clone();
        if let Some((regex, captures)) =
            self.group.as_ref().and_then(|regex| Some((regex, regex.captures(log_group)?)))
        {
            for name in regex.capture_names().flatten() {
                if let Some(value) = captures.name(name) {
                    labels.push((name.to_owned(), value.as_str().to_owned()));
                }
            }
            labels.sort();
        }
        labels
    }
}

fn is_label_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labeler(json: &str) -> Result<Labeler, InvalidRule> {
        Labeler::compile(&serde_json::from_str(json).unwrap())
    }

    #[test]
    fn labels_are_set_and_captured() {
        let labeler = labeler(
            r#"{"set":{"team":"payments"},"group":"^/aws/(?<kind>[^/]+)/(?<name>.+?)(-(?<env>dev|prod))?$"}"#,
        )
        .unwrap();
        let of = |group: &str| {
            labeler
                .labels(group)
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert_eq!(of("/aws/lambda/cart-prod"), "env=prod kind=lambda name=cart team=payments");
        assert_eq!(of("/aws/lambda/cart"), "kind=lambda name=cart team=payments");
        assert_eq!(of("other"), "team=payments");
    }

    #[test]
    fn labels_that_cannot_be_are_refused() {
        for (json, says) in [
            (r#"{"group":"^/aws/(.*)$"}"#, "fields.group: it names nothing"),
            (r#"{"set":{"a b":"x"}}"#, "`a b` is no name of a label"),
            (r#"{"set":{"":"x"}}"#, "`` is no name of a label"),
            (r#"{"set":{"a":"x"},"group":"(?<a>.)"}"#, "`a` is in `set` and a group"),
            (r#"{"group":"("}"#, "fields.group: `(` is no valid expression"),
        ] {
            let error = labeler(json).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
    }
}
