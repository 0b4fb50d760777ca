//! A template as a value.

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::stack::{Names, Target};

/// Everything that a template declares, in the order in which `setup` would create it.
#[derive(Debug)]
pub(crate) struct Template {
    /// What it is, in one sentence.
    pub(crate) description: String,
    /// The account and region that it was planned for.
    pub(crate) target: Target,
    /// The secrets that whoever deploys it gives.
    pub(crate) parameters: Vec<Parameter>,
    /// The file with the code of the functions.
    pub(crate) code: String,
    /// The resources.
    pub(crate) resources: Vec<Declared>,
}

/// A secret that is given when the template is deployed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Parameter {
    /// Its name: letters and digits.
    pub(crate) id: String,
    /// The text that stands for it wherever it is used.
    pub(crate) stand_in: String,
    /// What it is.
    pub(crate) description: String,
}

impl Parameter {
    /// A parameter with a name that is made of this one.
    pub(crate) fn new(name: &str, stand_in: String, description: String) -> Self {
        Self { id: named(&name.to_ascii_lowercase()), stand_in, description }
    }

    /// The same, with a name that none of these has: `b-c` of `a` would read as `c` of `a-b`.
    #[must_use]
    pub(crate) fn beside(self, others: &[Self]) -> Self {
        if others.iter().all(|other| other.id != self.id) {
            return self;
        }
        Self { id: format!("{}{}", self.id, hashed(&self.description)), ..self }
    }

    /// Its name as Terraform has names.
    pub(crate) fn variable(&self) -> String {
        snake(&self.id)
    }
}

/// One resource.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Declared {
    /// Its name in the template: letters and digits, an upper-case letter first.
    pub(crate) id: String,
    /// The names of those that must exist first and that it does not refer to.
    pub(crate) after: Vec<String>,
    /// Its type in CloudFormation, such as `AWS::Kinesis::Stream`; none where another resource holds it.
    pub(crate) kind: Option<&'static str>,
    /// Its properties in CloudFormation.
    pub(crate) properties: Map<String, Value>,
    /// Its type in Terraform, such as `aws_kinesis_stream`; none where another resource holds it.
    pub(crate) terraform: Option<&'static str>,
    /// Its arguments in Terraform.
    pub(crate) arguments: Map<String, Value>,
}

impl Declared {
    pub(crate) fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            after: Vec::new(),
            kind: None,
            properties: Map::new(),
            terraform: None,
            arguments: Map::new(),
        }
    }

    /// The same, declared in CloudFormation. What is null is left out.
    #[must_use]
    pub(crate) fn cloudformation(self, kind: &'static str, properties: Value) -> Self {
        Self { kind: Some(kind), properties: present(properties), ..self }
    }

    /// The same, declared in Terraform. What is null is left out.
    #[must_use]
    pub(crate) fn terraform(self, kind: &'static str, arguments: Value) -> Self {
        Self { terraform: Some(kind), arguments: present(arguments), ..self }
    }

    /// The same, created after these.
    #[must_use]
    pub(crate) fn after(self, ids: impl IntoIterator<Item = String>) -> Self {
        Self { after: ids.into_iter().collect(), ..self }
    }

    /// Its name as Terraform has names: `ForwarderLive` is `forwarder_live`.
    pub(crate) fn terraform_name(&self) -> String {
        snake(&self.id)
    }
}

impl Template {
    /// Adds a resource.
    pub(crate) fn declare(&mut self, declared: Declared) {
        self.resources.push(declared);
    }

    /// The ids of the resources of a type of CloudFormation so far.
    pub(crate) fn ids_of(&self, kind: &str) -> impl Iterator<Item = String> {
        self.resources
            .iter()
            .filter(move |declared| declared.kind == Some(kind))
            .map(|declared| declared.id.clone())
    }

    /// Sets more of a resource that is declared already.
    pub(crate) fn amend(&mut self, id: &str, properties: Value, arguments: Value) {
        if let Some(declared) = self.resources.iter_mut().find(|declared| declared.id == id) {
            declared.properties.extend(present(properties));
            declared.arguments.extend(present(arguments));
        }
    }
}

fn present(fields: Value) -> Map<String, Value> {
    let Value::Object(fields) = fields else { return Map::new() };
    fields.into_iter().filter(|(_, value)| !value.is_null()).collect()
}

/// `ForwarderLive` is `forwarder_live`.
pub(super) fn snake(id: &str) -> String {
    let mut name = String::new();
    for letter in id.chars() {
        if letter.is_ascii_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}

/// Eight letters that differ where a text does, the first of them in upper case: a word of an id.
fn hashed(text: &str) -> String {
    let digest = Sha256::digest(text);
    let nibbles = digest.iter().take(4).flat_map(|byte| [byte >> 4, byte & 15]);
    let letters =
        nibbles.enumerate().map(|(at, nibble)| char::from(nibble + if at == 0 { b'A' } else { b'a' }));
    letters.collect()
}

/// The names of a stack's resources in its template.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ids<'a> {
    /// Their names at AWS.
    pub(crate) names: &'a Names,
}

impl Ids<'_> {
    /// The stream.
    pub(crate) const STREAM: &'static str = "Stream";

    /// The topic of the alarms.
    pub(crate) const TOPIC: &'static str = "Topic";

    /// A role.
    pub(crate) fn role(self, role: &str) -> String {
        let name = match role {
            role if role == self.names.logs_role => "LogsRole",
            role if role == self.names.accounts_role => "AccountsRole",
            _ => "ForwarderRole",
        };
        name.to_owned()
    }

    /// The inline policy of a role, where it stands for itself.
    pub(crate) fn policy(self, role: &str) -> String {
        format!("{}Policy", self.role(role))
    }

    /// A function: the main one, or that of an isolated destination.
    pub(crate) fn function(self, function: &str) -> String {
        self.of("Forwarder", function)
    }

    /// The log group of a function, by its name.
    pub(crate) fn log_group(self, log_group: &str) -> String {
        self.of("LogGroup", log_group.rsplit('/').next().unwrap_or_default())
    }

    /// The published version of a function; another one where what it runs changes.
    pub(crate) fn version(self, function: &str, content: &str) -> String {
        self.of(&format!("Version{}", hashed(content)), function)
    }

    /// The alias of a function.
    pub(crate) fn alias(self, function: &str) -> String {
        self.of("Live", function)
    }

    /// The event source mapping of a function.
    pub(crate) fn trigger(self, function: &str) -> String {
        self.of("Trigger", function)
    }

    /// What there is once for each function. What it is comes first, so that no name of a destination makes two alike.
    fn of(self, what: &str, function: &str) -> String {
        match self.names.isolated_destination(function) {
            Some(destination) => format!("{what}Of{}", named(destination)),
            None => what.to_owned(),
        }
    }

    /// A subscription filter.
    pub(crate) fn filter(self, log_group: &str, filter: &str) -> String {
        let readable: String = camel(log_group).chars().take(60).collect();
        format!("Filter{readable}{}", hashed(&format!("{log_group}\n{filter}")))
    }

    /// One of several resources of a kind, by a name of its own.
    pub(crate) fn one_of(self, kind: &str, name: &str) -> String {
        format!("{kind}{}", named(name))
    }
}

/// A name as part of an id. Where other names would read the same, a few characters say which one it was.
fn named(name: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
    let tells =
        name.chars().all(is_plain) && !name.contains("--") && !name.starts_with('-') && !name.ends_with('-');
    // A digit has no upper case: `a-1` and `a1` would read the same.
    let tells = tells && !name.split('-').skip(1).any(|word| word.starts_with(|c: char| c.is_ascii_digit()));
    if tells { camel(name) } else { format!("{}{}", camel(name), hashed(name)) }
}

/// The letters and digits of a text, each word with an upper-case letter first.
fn camel(text: &str) -> String {
    let mut words = String::new();
    let mut begins = true;
    for letter in text.chars() {
        match letter {
            letter if !letter.is_ascii_alphanumeric() => begins = true,
            letter if begins => {
                words.push(letter.to_ascii_uppercase());
                begins = false;
            }
            letter => words.push(letter.to_ascii_lowercase()),
        }
    }
    words
}
