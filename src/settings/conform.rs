//! Checks a file against the schema: every key is known, every value has its type and range, nothing is missing.

use std::ops::Range;

use serde_json::{Map, Value};
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::document::{Document, below};
use super::problems::Problems;
use super::words;
use crate::documentation::page;

/// Takes out of a file what does not conform to its schema, and says why.
pub(super) fn check(document: &Document, tree: &mut DeTable<'_>, schema: &Value, problems: &mut Problems) {
    Check { document, problems }.table(tree, schema, "", &(0..0));
}

struct Check<'a> {
    document: &'a Document,
    problems: &'a mut Problems,
}

impl Check<'_> {
    fn add(&mut self, span: Range<usize>, problem: &str, hint: impl Into<Option<String>>) {
        self.problems.add(self.document, span, problem, hint);
    }

    /// Whether a value can be used, after what is wrong within it was taken out.
    fn value(&mut self, value: &mut Spanned<DeValue<'_>>, schema: &Value, path: &str) -> bool {
        let span = value.span();
        let choices = choices(schema);
        let fitting: Vec<&Value> =
            choices.iter().copied().filter(|choice| takes(choice, value.get_ref())).collect();
        if fitting.is_empty() {
            let problem = format!("`{path}`: expected {}", expected(&choices));
            self.add(span, &problem, hint(path));
            return false;
        }
        match value.get_mut() {
            DeValue::String(text) => self.word(text, &fitting, path, span),
            DeValue::Integer(number) => {
                let number = i64::from_str_radix(number.as_str(), number.radix()).ok();
                self.number(number, fitting[0], path, span)
            }
            DeValue::Array(values) => {
                let Some(items) = fitting[0].get("items") else { return true };
                for (at, mut value) in std::mem::replace(values, DeArray::new()).into_iter().enumerate() {
                    if self.value(&mut value, items, &format!("{path}[{at}]")) {
                        values.push(value);
                    }
                }
                true
            }
            DeValue::Table(table) => match self.kind(table, &fitting, path, &span) {
                Some(schema) => self.table(table, schema, path, &span),
                None => false,
            },
            _ => true,
        }
    }

    /// A text that is to be one of several words.
    fn word(&mut self, text: &str, schemas: &[&Value], path: &str, span: Range<usize>) -> bool {
        let known: Vec<&str> = schemas.iter().flat_map(|schema| words_of(schema)).collect();
        if known.is_empty() || known.contains(&text) {
            return true;
        }
        let problem = format!("`{text}` is not known for `{path}`");
        self.add(span, &problem, words::value_hint(text, &known));
        false
    }

    fn number(&mut self, number: Option<i64>, schema: &Value, path: &str, span: Range<usize>) -> bool {
        let Some(low) = schema["minimum"].as_i64() else { return true };
        let problem = match (number, schema["maximum"].as_i64()) {
            (Some(number), Some(high)) if (low..=high).contains(&number) => return true,
            (Some(number), Some(high)) => format!("`{path}`: {number} is not within {low} to {high}"),
            (None, Some(high)) => format!("`{path}`: the number is not within {low} to {high}"),
            // What else is too small for a type, it says itself.
            (Some(number), None) if number >= low.min(0) => return true,
            (Some(number), None) => format!("`{path}`: {number} is below {low}"),
            (None, None) => format!("`{path}`: the number is too large"),
        };
        self.add(span, &problem, hint(path));
        false
    }

    /// The schema of a table: where there are several, the key `type` says which.
    fn kind<'s>(
        &mut self,
        table: &DeTable<'_>,
        schemas: &[&'s Value],
        path: &str,
        span: &Range<usize>,
    ) -> Option<&'s Value> {
        let &[first, _, ..] = schemas else { return schemas.first().copied() };
        let kind_of = |schema: &'s Value| schema["properties"]["type"]["const"].as_str();
        let known: Vec<&str> = schemas.iter().filter_map(|schema| kind_of(schema)).collect();
        if known.is_empty() {
            return Some(first);
        }
        let Some(kind) = table.get("type") else {
            let problem = format!("`type` is missing in `{path}`");
            self.add(span.clone(), &problem, format!("known are {}", known.join(", ")));
            return None;
        };
        let named = kind.get_ref().as_str();
        let found = schemas.iter().copied().find(|schema| named.is_some() && kind_of(schema) == named);
        if found.is_none() {
            let (problem, hint) = match named {
                Some(name) => {
                    (format!("`{name}` is not known for `{path}.type`"), words::value_hint(name, &known))
                }
                None => {
                    (format!("`{path}.type`: expected a text"), format!("known are {}", known.join(", ")))
                }
            };
            self.add(kind.span(), &problem, hint);
        }
        // A key that the type does not have may be one of another type's.
        let schema = found?;
        let known: Vec<&str> = keys_of(schema).collect();
        for key in table.keys().filter(|key| !known.contains(&&**key.get_ref())) {
            let others: Vec<&str> = schemas
                .iter()
                .filter(|schema| schema["properties"].get(&**key.get_ref()).is_some())
                .filter_map(|schema| kind_of(schema))
                .collect();
            let hint = match &others[..] {
                [] => words::hint(key.get_ref(), &known),
                _ => format!(
                    "it is a key of {}; those of `{}` are {}",
                    others.join(", "),
                    named.unwrap_or_default(),
                    known.join(", ")
                ),
            };
            self.add(key.span(), &format!("unknown key `{}` in `{path}`", key.get_ref()), hint);
        }
        Some(schema)
    }

    /// Whether a table can be used: nothing that it needs is missing or wrong.
    fn table(&mut self, table: &mut DeTable<'_>, schema: &Value, path: &str, span: &Range<usize>) -> bool {
        let none = Map::new();
        let properties = schema["properties"].as_object().unwrap_or(&none);
        let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let missing: Vec<&str> = required.clone().filter(|key| !table.contains_key(*key)).collect();
        for key in &missing {
            let problem = format!("`{key}` is missing{}", within(path));
            self.add(span.clone(), &problem, hint(path));
        }
        let keys: Vec<(String, Range<usize>)> =
            table.keys().map(|key| (key.get_ref().to_string(), key.span())).collect();
        for (key, key_span) in &keys {
            let is_fine = match (properties.get(key), &schema["additionalProperties"]) {
                (Some(schema), _) | (None, schema @ Value::Object(_)) => {
                    let value = table.get_mut(key.as_str());
                    value.is_some_and(|value| self.value(value, schema, &below(path, key)))
                }
                (None, Value::Bool(false)) => {
                    // That of a log service has been named before.
                    if !self.problems.is_within(std::slice::from_ref(key_span)) {
                        let known: Vec<&str> = keys_of(schema).collect();
                        let problem = format!("unknown key `{key}`{}", within(path));
                        self.add(key_span.clone(), &problem, words::hint(key, &known));
                    }
                    false
                }
                (None, _) => true,
            };
            if !is_fine {
                table.remove(key.as_str());
            }
        }
        missing.is_empty() && required.into_iter().all(|key| table.contains_key(key))
    }
}

/// Where to look for help where nothing better is known.
fn hint(path: &str) -> Option<String> {
    let examples = || format!("{} has an example of every type", page("destinations.md#examples"));
    path.starts_with("destinations.").then(examples)
}

fn within(path: &str) -> String {
    if path.is_empty() { String::new() } else { format!(" in `{path}`") }
}

fn keys_of(schema: &Value) -> impl Iterator<Item = &str> {
    schema["properties"].as_object().into_iter().flat_map(Map::keys).map(String::as_str)
}

/// The schemas of which one has to fit.
fn choices(schema: &Value) -> Vec<&Value> {
    match schema.get("oneOf").or_else(|| schema.get("anyOf")).and_then(Value::as_array) {
        Some(choices) => choices.iter().flat_map(choices_of).collect(),
        None => vec![schema],
    }
}

fn choices_of(schema: &Value) -> Vec<&Value> {
    choices(schema)
}

/// Whether a schema is for values of this type.
fn takes(schema: &Value, value: &DeValue<'_>) -> bool {
    let name = match value {
        DeValue::String(_) => "string",
        DeValue::Integer(_) => "integer",
        DeValue::Float(_) => "number",
        DeValue::Boolean(_) => "boolean",
        DeValue::Array(_) => "array",
        DeValue::Table(_) => "object",
        DeValue::Datetime(_) => "date",
    };
    let names = types(schema);
    names.is_empty() || names.iter().any(|known| *known == name || *known == "number" && name == "integer")
}

fn types(schema: &Value) -> Vec<&str> {
    match &schema["type"] {
        Value::String(name) => vec![name],
        Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
        _ if !words_of(schema).is_empty() => vec!["string"],
        _ => Vec::new(),
    }
}

/// The words that a schema allows; none where it allows all.
fn words_of(schema: &Value) -> Vec<&str> {
    let listed = schema["enum"].as_array().into_iter().flatten();
    listed.chain(schema.get("const")).filter_map(Value::as_str).collect()
}

fn range(schema: &Value) -> Option<(i64, i64)> {
    Some((schema["minimum"].as_i64()?, schema["maximum"].as_i64()?))
}

/// What one of these schemas allows, in words.
fn expected(schemas: &[&Value]) -> String {
    let mut words: Vec<String> = Vec::new();
    for schema in schemas {
        for name in types(schema) {
            let word = match (name, range(schema)) {
                ("string", _) => "a text".to_owned(),
                ("integer", Some((low, high))) => format!("a whole number from {low} to {high}"),
                ("integer", None) => "a whole number".to_owned(),
                ("number", _) => "a number".to_owned(),
                ("boolean", _) => "true or false".to_owned(),
                ("array", _) => "a list".to_owned(),
                _ => "a table".to_owned(),
            };
            if !words.contains(&word) {
                words.push(word);
            }
        }
    }
    words.join(" or ")
}
