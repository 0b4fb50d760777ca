//! Whether two IAM documents mean the same.

use std::collections::BTreeMap;

use serde_json::Value;

/// Compares two policy documents by meaning: a string and a list of it are the same, order within lists does not
/// matter, and `logs.REGION.amazonaws.com`, the service principal of 2016, is `logs.amazonaws.com`.
pub fn same_meaning(a: &Value, b: &Value) -> bool {
    statements(a) == statements(b)
}

/// The statements in normal form, sorted. The order of keys is made the same by hand: a JSON object keeps the order
/// in which it was written as soon as any crate of the build asks for that.
fn statements(policy: &Value) -> Vec<String> {
    let list = match policy.get("Statement") {
        Some(Value::Array(items)) => items.iter().collect(),
        Some(one) => vec![one],
        None => Vec::new(),
    };
    let mut normal: Vec<String> = list.into_iter().map(|s| statement(s).to_string()).collect();
    normal.sort();
    normal.dedup();
    normal
}

fn statement(value: &Value) -> Value {
    let Some(fields) = value.as_object() else { return value.clone() };
    let mut normal = BTreeMap::new();
    for (key, field) in fields {
        let field = match key.as_str() {
            "Sid" => continue,
            "Action" | "NotAction" => list(field, str::to_ascii_lowercase),
            "Resource" | "NotResource" => list(field, str::to_owned),
            "Principal" | "NotPrincipal" => nested(field, service_principal),
            "Condition" => condition(field),
            _ => field.clone(),
        };
        normal.insert(key.clone(), field);
    }
    object(normal)
}

fn object(fields: BTreeMap<String, Value>) -> Value {
    Value::Object(fields.into_iter().collect())
}

fn condition(value: &Value) -> Value {
    let Some(operators) = value.as_object() else { return value.clone() };
    let normal = operators.iter().map(|(operator, keys)| {
        let keys = match keys.as_object() {
            // Condition keys are case-insensitive, values are not.
            Some(keys) => {
                object(keys.iter().map(|(k, v)| (k.to_ascii_lowercase(), list(v, str::to_owned))).collect())
            }
            None => keys.clone(),
        };
        (operator.clone(), keys)
    });
    object(normal.collect())
}

fn nested(value: &Value, map: fn(&str) -> String) -> Value {
    match value.as_object() {
        Some(fields) => object(fields.iter().map(|(k, v)| (k.clone(), list(v, map))).collect()),
        None => value.clone(),
    }
}

fn list(value: &Value, map: fn(&str) -> String) -> Value {
    let text = |v: &Value| match v {
        Value::String(s) => map(s),
        other => other.to_string(),
    };
    let mut items: Vec<String> = match value {
        Value::Array(items) => items.iter().map(text).collect(),
        one => vec![text(one)],
    };
    items.sort();
    items.dedup();
    Value::from(items)
}

fn service_principal(name: &str) -> String {
    let regional = name.strip_prefix("logs.").and_then(|rest| rest.strip_suffix(".amazonaws.com"));
    if regional.is_some() { "logs.amazonaws.com".to_owned() } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::resources::*;

    #[test]
    fn form_does_not_matter() {
        let ours = json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": ["kinesis:PutRecord"], "Resource": "arn:a"},
            {"Effect": "Allow", "Action": ["b:B", "a:A"], "Resource": ["y", "x"]}]});
        let theirs = json!({"Statement": [
            {"Sid": "x", "Resource": ["x", "y"], "Effect": "Allow", "Action": ["a:a", "b:B"]},
            {"Action": "kinesis:putrecord", "Effect": "Allow", "Resource": ["arn:a"]}]});
        assert!(same_meaning(&ours, &theirs));
    }

    #[test]
    fn the_principal_of_2016_is_accepted() {
        let trust = |p: &str| json!({"Statement": {"Effect": "Allow", "Principal": {"Service": p}, "Action": "sts:AssumeRole"}});
        assert!(same_meaning(&trust("logs.ap-northeast-1.amazonaws.com"), &trust("logs.amazonaws.com")));
        assert!(!same_meaning(&trust("lambda.amazonaws.com"), &trust("logs.amazonaws.com")));
    }

    #[test]
    fn meaning_matters() {
        let base = json!({"Statement": [{"Effect": "Allow", "Action": "a:A", "Resource": "x"}]});
        for other in [
            json!({"Statement": [{"Effect": "Deny", "Action": "a:A", "Resource": "x"}]}),
            json!({"Statement": [{"Effect": "Allow", "Action": "a:*", "Resource": "x"}]}),
            json!({"Statement": [{"Effect": "Allow", "Action": "a:A", "Resource": "X"}]}),
            json!({"Statement": [{"Effect": "Allow", "Action": "a:A", "Resource": "x", "Condition": {"Bool": {"k": "true"}}}]}),
            json!({"Statement": []}),
            json!({}),
        ] {
            assert!(!same_meaning(&base, &other), "{other}");
        }
    }
}
