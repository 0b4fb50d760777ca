//! What every JSON document says of the run that it comes from.

use std::sync::OnceLock;

use serde_json::{Map, Value, json};

use super::error;
use crate::error::Error;

/// Version of the format of all documents, as `docs/json.md` describes it. A field that is added does not change it;
/// one that is removed, renamed or means something else does.
pub const FORMAT_VERSION: u32 = 1;

/// The fields that every document begins with. They are always there, and null where they are not known or do not
/// apply.
#[derive(Debug, Default)]
pub struct Envelope {
    command: OnceLock<String>,
    stack: OnceLock<String>,
    account: OnceLock<String>,
    region: OnceLock<String>,
    /// The environment, where the run is one of several: events say it.
    environment: OnceLock<String>,
}

/// The envelope of what no verb has begun to do.
pub(super) static NONE: Envelope = Envelope {
    command: OnceLock::new(),
    stack: OnceLock::new(),
    account: OnceLock::new(),
    region: OnceLock::new(),
    environment: OnceLock::new(),
};

impl Envelope {
    /// The envelope of this verb.
    pub fn of(command: impl Into<String>) -> Self {
        Self { command: OnceLock::from(command.into()), ..Self::default() }
    }

    /// The envelope of this verb in one of several environments. It lives as long as the process.
    pub(crate) fn in_environment(command: impl Into<String>, environment: &str) -> &'static Self {
        let environment = OnceLock::from(environment.to_owned());
        Box::leak(Box::new(Self { environment, ..Self::of(command) }))
    }

    /// The environment, where the run is one of several.
    pub(super) fn environment(&self) -> Option<&str> {
        self.environment.get().map(String::as_str)
    }

    /// The stack, once it is known.
    pub(crate) fn stack(&self) -> Option<&str> {
        self.stack.get().map(String::as_str)
    }

    /// The account, once it is known.
    pub(crate) fn account(&self) -> Option<&str> {
        self.account.get().map(String::as_str)
    }

    /// The region, once it is known.
    pub(crate) fn region(&self) -> Option<&str> {
        self.region.get().map(String::as_str)
    }

    /// The document of a report; null of one that was shown while the verb ran.
    pub(crate) fn report(&self, report: Value) -> Value {
        if report.is_null() { report } else { self.around(report) }
    }

    /// The document of an error.
    pub(crate) fn error(&self, error: &Error) -> Value {
        self.around(serde_json::to_value(error::Document::from(error)).unwrap_or_default())
    }

    /// Notes the stack that the verb works on.
    pub fn set_stack(&self, stack: impl Into<String>) {
        let _ = self.stack.set(stack.into());
    }

    /// Notes the account and the region that it works in.
    pub fn set_place(&self, account: impl Into<String>, region: impl Into<String>) {
        let _ = (self.account.set(account.into()), self.region.set(region.into()));
    }

    /// The document: these fields, then those of `report`. What a report says itself of one of these counts.
    pub(super) fn around(&self, report: Value) -> Value {
        let mut document = Map::new();
        document.insert("format_version".to_owned(), json!(FORMAT_VERSION));
        let fields = [
            ("command", &self.command),
            ("stack", &self.stack),
            ("account", &self.account),
            ("region", &self.region),
        ];
        document.extend(fields.map(|(name, value)| (name.to_owned(), json!(value.get()))));
        let Value::Object(report) = report else {
            document.insert("result".to_owned(), report);
            return Value::Object(document);
        };
        for (name, value) in report {
            if !(value.is_null() && document.contains_key(&name)) {
                document.insert(name, value);
            }
        }
        Value::Object(document)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_document_begins_alike_and_what_a_report_says_itself_counts() {
        let envelope = Envelope::of("status");
        let all =
            json!({"format_version": 1, "command": "status", "stack": null, "account": null, "region": null});
        assert_eq!(envelope.around(json!({})), all);
        envelope.set_stack("blue");
        envelope.set_place("123456789012", "eu-west-1");
        let document = envelope.around(json!({"stack": "green", "region": null, "ready": true}));
        let begin = r#"{"format_version":1,"command":"status","stack":"green","account":"123456789012","region":"eu-west-1","#;
        assert_eq!(document.to_string(), format!("{begin}\"ready\":true}}"));
    }
}
