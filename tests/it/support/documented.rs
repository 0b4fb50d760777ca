//! The fields of JSON documents, as `docs/json.md` lists them.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::Value;

/// The tables of the page, by the anchor of their heading.
static SECTIONS: LazyLock<BTreeMap<String, Section>> =
    LazyLock::new(|| read(include_str!("../../../docs/json.md")));

#[derive(Default)]
struct Section {
    /// The fields, and what is in each.
    fields: BTreeMap<String, Inside>,
    is_of_verb: bool,
}

enum Inside {
    /// A text, a number, a boolean, null, or a list of these.
    Plain,
    /// Anything.
    Any,
    /// One or several objects with the fields of another table.
    Objects(String),
}

/// What is wrong with a document by that page; nothing for what is no document.
pub(crate) fn problems(document: &Value) -> Vec<String> {
    let mut problems = Vec::new();
    if document.get("format_version").is_none() {
        return problems;
    }
    let common = SECTIONS["every-document"].fields.keys();
    let lacks = common.filter(|name| document.get(name.as_str()).is_none());
    problems.extend(lacks.map(|name| format!("{name} is missing")));
    let command = document["command"].as_str().unwrap_or_default();
    let section = match document {
        _ if document.get("environments").is_some() => "environments",
        _ if document.get("error").is_some() => "errors",
        _ => command,
    };
    look(document, section, section, &mut problems);
    let documents = objects(&document["environments"]).into_iter().map(|one| &one["document"]);
    problems.extend(documents.flat_map(self::problems));
    problems
}

/// What a resource in a document reads, and its name: `/app/a -> cloudwatchLogsFilter`.
pub(crate) fn place(resource: &Value) -> String {
    let text = |name: &str| resource[name].as_str();
    let source = text("log_group").or_else(|| text("stream")).map(|source| format!("{source} -> "));
    format!("{}{}", source.unwrap_or_default(), text("name").unwrap_or_default())
}

/// The same with its kind.
pub(crate) fn named(resource: &Value) -> String {
    format!("{} {}", resource["kind"].as_str().unwrap_or_default(), place(resource))
}

fn look(value: &Value, section: &str, path: &str, problems: &mut Vec<String>) {
    let Some(Section { fields, is_of_verb }) = SECTIONS.get(section) else {
        return problems.push(format!("{path}: there is no table"));
    };
    let common = &SECTIONS["every-document"].fields;
    for (name, value) in value.as_object().into_iter().flatten() {
        let path = format!("{path}.{name}");
        let is_common = *is_of_verb && (common.contains_key(name) || name == "event");
        match fields.get(name) {
            None if is_common => {}
            None => problems.push(format!("{path} is not documented")),
            Some(Inside::Any) => {}
            Some(Inside::Plain) if objects(value).is_empty() => {}
            Some(Inside::Plain) => problems.push(format!("{path} has fields that are not documented")),
            Some(Inside::Objects(section)) => {
                objects(value).into_iter().for_each(|object| look(object, section, &path, problems));
            }
        }
    }
}

/// The objects in a value that is one, or that is a list.
fn objects(value: &Value) -> Vec<&Value> {
    match value {
        Value::Object(_) => vec![value],
        Value::Array(items) => items.iter().flat_map(objects).collect(),
        _ => Vec::new(),
    }
}

fn read(page: &str) -> BTreeMap<String, Section> {
    let mut sections: BTreeMap<String, Section> = BTreeMap::new();
    let (mut names, mut is_of_verb) = (Vec::new(), false);
    for line in page.lines() {
        if let Some(heading) = line.strip_prefix("## ").or_else(|| line.strip_prefix("### ")) {
            is_of_verb = line.starts_with("## ");
            names = heading.split(", ").map(|name| name.to_lowercase().replace(' ', "-")).collect();
        } else if let Some((name, meaning)) = line.strip_prefix("| `").and_then(|row| row.split_once("` | "))
        {
            for section in &names {
                let section: &mut Section = sections.entry(section.clone()).or_default();
                section.is_of_verb = is_of_verb;
                section.fields.insert(name.to_owned(), inside(meaning));
            }
        }
    }
    sections
}

fn inside(meaning: &str) -> Inside {
    let link = meaning.split_once("see [").and_then(|(_, link)| link.split_once("](#"));
    match link.and_then(|(_, link)| link.split_once(')')) {
        Some((section, _)) => Inside::Objects(section.to_owned()),
        None if meaning.contains("any JSON") => Inside::Any,
        None => Inside::Plain,
    }
}

#[test]
fn each_table_that_another_one_names_is_there_and_a_field_that_is_not_documented_is_found() {
    for (name, section) in SECTIONS.iter() {
        for (field, inside) in &section.fields {
            if let Inside::Objects(other) = inside {
                assert!(SECTIONS.contains_key(other), "{name}.{field} names {other}");
            }
        }
    }
    let mut document = serde_json::json!({
        "format_version": 1, "command": "init", "stack": null, "account": null, "region": null,
        "file": "a", "from_account": true, "tokens": [],
    });
    assert_eq!(problems(&document), Vec::<String>::new());
    document["tokens"] = serde_json::json!([{"name": "a"}]);
    document["more"] = serde_json::json!(1);
    document.as_object_mut().expect("an object").remove("stack");
    let found =
        ["stack is missing", "init.tokens has fields that are not documented", "init.more is not documented"];
    let mut problems = problems(&document);
    problems.sort();
    let mut found = found.map(ToOwned::to_owned);
    found.sort();
    assert_eq!(problems, found);
}
