//! A template as CloudFormation reads it.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::portable::{Piece, pieces};
use super::template::{Declared, Parameter, Template};
use crate::stack::Tags;

/// The parameter with the place of the code. Its key is no parameter: an update would keep that of the old code.
const CODE_BUCKET: &str = "CodeBucket";

/// A whole template. The fields are in the order in which people read them.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Document<'a> {
    #[serde(rename = "AWSTemplateFormatVersion")]
    version: &'static str,
    description: &'a str,
    parameters: BTreeMap<&'a str, Value>,
    resources: Resources<'a>,
}

/// The resources, in the order in which they are created.
struct Resources<'a>(Vec<(&'a str, Resource<'a>)>);

impl Serialize for Resources<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(id, resource)| (id, resource)))
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Resource<'a> {
    #[serde(rename = "Type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    depends_on: Vec<&'a str>,
    properties: Map<String, Value>,
}

/// The template as JSON.
pub(crate) fn json(template: &Template) -> String {
    // Maps with string keys: there is nothing in them that JSON cannot hold.
    serde_json::to_string_pretty(&document(template)).unwrap_or_default() + "\n"
}

/// The template as YAML.
///
/// # Errors
/// What YAML cannot hold: a fault of a kind's declaration.
pub(crate) fn yaml(template: &Template) -> Result<String, String> {
    serde_saphyr::to_string(&document(template)).map_err(|error| error.to_string())
}

fn document(template: &Template) -> Document<'_> {
    let secrets = template.parameters.iter().map(|Parameter { id, description, .. }| {
        let parameter = json!({
            "Type": "String",
            "NoEcho": true,
            "Description": description,
            "MinLength": 1,
            // It becomes part of a JSON text.
            "AllowedPattern": r#"[^"\\]+"#,
            "ConstraintDescription": r#"must not be empty, and must not contain " or \"#,
        });
        (id.as_str(), parameter)
    });
    let code = [(
        CODE_BUCKET,
        json!({
            "Type": "String",
            "MinLength": 3,
            "Description": "S3 bucket in the region of the stack that holds the forwarder's zip",
        }),
    )];
    let declared = template.resources.iter().filter_map(|declared| {
        let resource = Resource {
            kind: declared.kind?,
            depends_on: depends_on(declared, template),
            properties: declared.properties.iter().map(|(k, v)| (k.clone(), value(v, template))).collect(),
        };
        Some((declared.id.as_str(), resource))
    });
    Document {
        version: "2010-09-09",
        description: &template.description,
        parameters: code.into_iter().chain(secrets).collect(),
        resources: Resources(declared.collect()),
    }
}

/// Those that it needs and that CloudFormation declares. What it refers to, it waits for anyway.
fn depends_on<'a>(declared: &'a Declared, template: &Template) -> Vec<&'a str> {
    let exists =
        |id: &&String| template.resources.iter().any(|other| other.id == **id && other.kind.is_some());
    declared.after.iter().filter(exists).map(String::as_str).collect()
}

/// A value with the account and region of wherever it is deployed.
fn value(value: &Value, template: &Template) -> Value {
    match value {
        Value::Object(fields) if is_function(fields) => value.clone(),
        Value::Object(fields) => {
            fields.iter().map(|(key, field)| (key.clone(), self::value(field, template))).collect()
        }
        Value::Array(items) => items.iter().map(|item| self::value(item, template)).collect(),
        Value::String(text) => substituted(text, template),
        other => other.clone(),
    }
}

/// Whether it refers to another resource already.
fn is_function(fields: &Map<String, Value>) -> bool {
    fields.len() == 1 && fields.keys().all(|key| key == "Ref" || key == "Fn::GetAtt" || key == "Fn::Sub")
}

fn substituted(text: &str, template: &Template) -> Value {
    let pieces = pieces(text, &template.target, &template.parameters);
    let name = |piece: &Piece<'_>| match piece {
        Piece::Text(_) => None,
        Piece::Account => Some("AWS::AccountId"),
        Piece::Region => Some("AWS::Region"),
        Piece::Partition => Some("AWS::Partition"),
        Piece::Parameter(at) => Some(template.parameters[*at].id.as_str()),
    };
    match pieces.as_slice() {
        [Piece::Text(_)] => Value::from(text),
        [one] => json!({ "Ref": name(one) }),
        several => {
            let parts = several.iter().map(|piece| match piece {
                // What would be taken for a variable.
                Piece::Text(text) => text.replace("${", "${!"),
                piece => format!("${{{}}}", name(piece).unwrap_or_default()),
            });
            json!({ "Fn::Sub": parts.collect::<String>() })
        }
    }
}

/// The code of a function.
pub(crate) fn code(zip: &str) -> Value {
    json!({ "S3Bucket": { "Ref": CODE_BUCKET }, "S3Key": zip })
}

/// Tags as a list of keys and values.
pub(crate) fn tags(tags: &Tags) -> Value {
    tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect()
}
