//! A template as Terraform reads it.

use std::collections::BTreeMap;

use hcl::expr::{Heredoc, HeredocStripMode, Object, ObjectKey, TemplateExpr};
use hcl::{Block, Body, Expression, Identifier};
use serde_json::{Map, Value, json};

use super::portable::{Piece, pieces};
use super::template::{Declared, Parameter, Template, snake};
use crate::stack::Target;

/// The marks of values that are not what they look like: each the only key of an object.
const BLOCK: &str = "$block";
const EXPRESSION: &str = "$expression";
const JSON: &str = "$json";

/// What a text of several lines ends with.
const HEREDOC: &str = "JSON";

/// Arguments that stand in a block of their own.
pub(crate) fn block(arguments: Value) -> Value {
    json!({ BLOCK: arguments })
}

/// An expression of Terraform.
pub(crate) fn expression(text: impl Into<String>) -> Value {
    json!({ EXPRESSION: text.into() })
}

/// A value as the text of its JSON.
pub(crate) fn json_text(value: &Value) -> Value {
    json!({ JSON: value })
}

/// An attribute of a resource that is declared under this id.
pub(crate) fn reference_to(kind: &str, id: &str, attribute: &str) -> Value {
    expression(format!("{kind}.{}.{attribute}", snake(id)))
}

/// The version of Terraform and of the provider that know all that is used.
const REQUIRED_TERRAFORM: &str = ">= 1.5";
/// The first with `metrics_config` of event source mappings.
const REQUIRED_PROVIDER: &str = ">= 5.82";

/// The template in Terraform's own syntax.
///
/// # Errors
/// The name of an argument or an expression that Terraform would not read: a fault of a kind's declaration.
pub(crate) fn hcl(template: &Template) -> Result<String, String> {
    let body =
        body(template).and_then(|body| hcl::format::to_string(&body)).map_err(|error| error.to_string())?;
    let Target { account, region } = &template.target;
    Ok(format!(
        "# {}\n# Planned for the account {account} and the region {region}.\n\n{}",
        template.description,
        aligned(&body)
    ))
}

/// The text as `terraform fmt` has it: the equals signs of arguments below each other stand below each other. An argument
/// of several lines stands for itself, unless it is a text.
fn aligned(body: &str) -> String {
    let (mut lines, mut group): (Vec<String>, Vec<(String, String)>) = (Vec::new(), Vec::new());
    let mut is_text = false;
    for line in body.lines() {
        let argument = argument(line).filter(|_| !is_text);
        let begins_text = argument.is_some_and(|(_, value)| value.starts_with("<<"));
        match argument.filter(|(_, value)| begins_text || !value.ends_with(['{', '['])) {
            Some((name, value)) => group.push((name.to_owned(), value.to_owned())),
            None => {
                flush(&mut group, &mut lines);
                lines.push(line.to_owned());
            }
        }
        if begins_text {
            flush(&mut group, &mut lines);
        }
        is_text = begins_text || (is_text && line.trim() != HEREDOC);
    }
    flush(&mut group, &mut lines);
    lines.join("\n") + "\n"
}

/// A line's name and value. A name in quotation marks may hold an equals sign, as the key of a tag.
fn argument(line: &str) -> Option<(&str, &str)> {
    let begin = line.len() - line.trim_start().len();
    let name = match line[begin..].strip_prefix('"') {
        Some(quoted) => begin + quoted.find('"')? + 2,
        None => begin + line[begin..].find(' ')?,
    };
    Some((&line[..name], line[name..].strip_prefix(" = ")?))
}

fn flush(group: &mut Vec<(String, String)>, lines: &mut Vec<String>) {
    let width = group.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default();
    lines.extend(group.drain(..).map(|(name, value)| format!("{name:width$} = {value}")));
}

fn body(template: &Template) -> Result<Body, hcl::Error> {
    let mut body = Body::builder().add_block(
        Block::builder("terraform")
            .add_attribute(("required_version", REQUIRED_TERRAFORM))
            .add_block(
                Block::builder("required_providers")
                    .add_attribute((
                        "aws",
                        hcl::expression!({ source = "hashicorp/aws", version = (REQUIRED_PROVIDER) }),
                    ))
                    .build(),
            )
            .build(),
    );
    for parameter in &template.parameters {
        let variable = Block::builder("variable")
            .add_label(parameter.variable())
            .add_attribute(("type", Expression::from(hcl::expr::Variable::new("string")?)))
            .add_attribute(("sensitive", true))
            .add_attribute(("description", parameter.description.as_str()))
            .add_block(
                Block::builder("validation")
                    .add_attribute(("condition", condition(parameter).parse::<Expression>()?))
                    .add_attribute(("error_message", NOT_IN_JSON))
                    .build(),
            );
        body = body.add_block(variable.build());
    }
    for (kind, declared) in declared(template) {
        let mut resource = Block::builder("resource").add_label(kind).add_label(declared.terraform_name());
        for (name, value) in &declared.arguments {
            resource = match marked(value, BLOCK) {
                Some(arguments) => resource.add_block(inner(name, arguments, template)?),
                None => resource.add_attribute((name.as_str(), expressed(value, template)?)),
            };
        }
        let after = depends_on(declared, template);
        if !after.is_empty() {
            let after = after.iter().map(|other| other.parse()).collect::<Result<Vec<Expression>, _>>()?;
            resource = resource.add_attribute(("depends_on", Expression::Array(after)));
        }
        body = body.add_block(resource.build());
    }
    Ok(body.build())
}

fn inner(name: &str, arguments: &Value, template: &Template) -> Result<Block, hcl::Error> {
    let mut block = Block::builder(name);
    for (name, value) in arguments.as_object().into_iter().flatten() {
        block = match marked(value, BLOCK) {
            Some(arguments) => block.add_block(inner(name, arguments, template)?),
            None => block.add_attribute((name.as_str(), expressed(value, template)?)),
        };
    }
    Ok(block.build())
}

fn expressed(value: &Value, template: &Template) -> Result<Expression, hcl::Error> {
    if let Some(text) = marked(value, EXPRESSION).and_then(Value::as_str) {
        return text.parse();
    }
    if let Some(value) = marked(value, JSON) {
        let pretty = serde_json::to_string_pretty(value).unwrap_or_default();
        let indented: String = escaped(&pretty).lines().map(|line| format!("    {line}\n")).collect();
        let text = Heredoc::new(Identifier::new(HEREDOC)?, indented);
        return Ok(TemplateExpr::Heredoc(text.with_strip_mode(HeredocStripMode::Indent)).into());
    }
    Ok(match value {
        Value::Object(fields) => {
            let mut object = Object::new();
            for (name, field) in fields {
                let key = match Identifier::new(name) {
                    Ok(name) => ObjectKey::Identifier(name),
                    Err(_) => ObjectKey::Expression(name.as_str().into()),
                };
                object.insert(key, expressed(field, template)?);
            }
            Expression::Object(object)
        }
        Value::Array(items) => {
            let items = items.iter().map(|item| expressed(item, template));
            Expression::Array(items.collect::<Result<_, _>>()?)
        }
        Value::String(text) => match with_variables(text, template, quoted) {
            Some(text) => TemplateExpr::QuotedString(text).into(),
            None => Expression::String(text.clone()),
        },
        Value::Number(number) => {
            serde_json::from_value(json!(number)).map(Expression::Number).unwrap_or(Expression::Null)
        }
        Value::Bool(value) => Expression::Bool(*value),
        Value::Null => Expression::Null,
    })
}

/// What is said of a secret that cannot stand in the JSON of the configuration.
const NOT_IN_JSON: &str = "Must not be empty, and must not contain quotation marks or backslashes.";

/// Whether a secret can stand there, as Terraform asks.
fn condition(parameter: &Parameter) -> String {
    format!(r#"can(regex("^[^\"\\\\]+$", var.{}))"#, parameter.variable())
}

/// The template in Terraform's JSON syntax.
pub(crate) fn tf_json(template: &Template) -> String {
    let mut resources: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for (kind, declared) in declared(template) {
        let mut arguments: Map<String, Value> =
            declared.arguments.iter().map(|(name, value)| (name.clone(), plain(value, template))).collect();
        let after = depends_on(declared, template);
        if !after.is_empty() {
            arguments.insert("depends_on".to_owned(), after.into());
        }
        resources.entry(kind).or_default().insert(declared.terraform_name(), arguments.into());
    }
    let variables = template.parameters.iter().map(|parameter| {
        let variable = json!({
            "type": "string",
            "sensitive": true,
            "description": parameter.description,
            "validation": {
                "condition": format!("${{{}}}", condition(parameter)),
                "error_message": NOT_IN_JSON,
            },
        });
        (parameter.variable(), variable)
    });
    let Target { account, region } = &template.target;
    let planned =
        format!("{}. Planned for the account {account} and the region {region}.", template.description);
    let mut document = json!({
        "//": planned,
        "terraform": {
            "required_version": REQUIRED_TERRAFORM,
            "required_providers": { "aws": { "source": "hashicorp/aws", "version": REQUIRED_PROVIDER } },
        },
        "resource": resources,
    });
    let variables: Map<String, Value> = variables.collect();
    if !variables.is_empty() {
        document["variable"] = variables.into();
    }
    // Maps with string keys: there is nothing in them that JSON cannot hold.
    serde_json::to_string_pretty(&document).unwrap_or_default() + "\n"
}

fn plain(value: &Value, template: &Template) -> Value {
    if let Some(arguments) = marked(value, BLOCK) {
        return plain(arguments, template);
    }
    if let Some(text) = marked(value, EXPRESSION).and_then(Value::as_str) {
        return Value::from(format!("${{{text}}}"));
    }
    if let Some(value) = marked(value, JSON) {
        return Value::from(escaped(&value.to_string()));
    }
    match value {
        Value::Object(fields) => fields.iter().map(|(k, v)| (k.clone(), plain(v, template))).collect(),
        Value::Array(items) => items.iter().map(|item| plain(item, template)).collect(),
        Value::String(text) => {
            with_variables(text, template, escaped).unwrap_or_else(|| escaped(text)).into()
        }
        other => other.clone(),
    }
}

/// The resources that Terraform declares, each with its type.
fn declared(template: &Template) -> impl Iterator<Item = (&'static str, &Declared)> {
    template.resources.iter().filter_map(|declared| Some((declared.terraform?, declared)))
}

/// Those that it needs and that Terraform declares.
fn depends_on(wanted: &Declared, template: &Template) -> Vec<String> {
    let find = |id: &String| declared(template).find(|(_, other)| other.id == *id);
    let after = wanted.after.iter().filter_map(find);
    after.map(|(kind, other)| format!("{kind}.{}", other.terraform_name())).collect()
}

/// What an object holds whose only key is this mark.
fn marked<'v>(value: &'v Value, mark: &str) -> Option<&'v Value> {
    value.as_object().filter(|fields| fields.len() == 1)?.get(mark)
}

/// A text with variables in the place of what stands for a secret; none where nothing does. The account and the region
/// stay: a module of Terraform is for one provider.
fn with_variables(text: &str, template: &Template, write: fn(&str) -> String) -> Option<String> {
    let pieces = pieces(text, &template.target, &template.parameters);
    if !pieces.iter().any(|piece| matches!(piece, Piece::Parameter(_))) {
        return None;
    }
    let target = &template.target;
    let texts = pieces.into_iter().map(|piece| match piece {
        Piece::Text(text) => write(&text),
        Piece::Account => target.account.clone(),
        Piece::Region => target.region.to_string(),
        Piece::Partition => target.region.partition().to_owned(),
        Piece::Parameter(at) => format!("${{var.{}}}", template.parameters[at].variable()),
    });
    Some(texts.collect())
}

/// A text of which Terraform reads nothing as a variable.
fn escaped(text: &str) -> String {
    text.replace("${", "$${").replace("%{", "%%{")
}

/// The same as it stands between quotation marks, where it is escaped as in JSON.
fn quoted(text: &str) -> String {
    let json = Value::from(escaped(text)).to_string();
    json[1..json.len() - 1].to_owned()
}
