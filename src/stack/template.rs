//! Documents with placeholders, embedded at build time.

use serde_json::Value;

use crate::stack::Target;

/// A file of `policies/`.
macro_rules! template {
    ($file:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/policies/", $file))
    };
}
pub(crate) use template;

/// The values of placeholders, by name. A placeholder with several values stands alone in an array of the template.
#[derive(Debug, Clone)]
pub(crate) struct Values(Vec<(&'static str, Vec<String>)>);

impl Values {
    /// `PARTITION`, `REGION` and `ACCOUNT`.
    pub(crate) fn new(target: &Target) -> Self {
        Self(Vec::new())
            .with("PARTITION", target.region.partition())
            .with("REGION", target.region.as_str())
            .with("ACCOUNT", &target.account)
    }

    #[must_use]
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.0.push((name, vec![value.into()]));
        self
    }

    #[must_use]
    pub(crate) fn with_all(mut self, name: &'static str, values: Vec<String>) -> Self {
        self.0.push((name, values));
        self
    }

    /// Whether a placeholder has a value.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(is, values)| *is == name && !values.is_empty())
    }

    /// Replaces `{{NAME}}` inside the strings of a template. Values are placed after parsing, so none can break the
    /// JSON.
    pub(crate) fn render(&self, template: &str) -> Value {
        let mut value =
            serde_json::from_str(template).expect("embedded policies are JSON: checked by the tests");
        self.fill(&mut value);
        value
    }

    fn fill(&self, value: &mut Value) {
        match value {
            Value::String(text) => {
                for (name, values) in &self.0 {
                    if let [one] = values.as_slice() {
                        *text = text.replace(&format!("{{{{{name}}}}}"), one);
                    }
                }
            }
            Value::Array(items) => {
                *items = std::mem::take(items).into_iter().flat_map(|item| self.filled(item)).collect();
            }
            Value::Object(fields) => fields.values_mut().for_each(|field| self.fill(field)),
            _ => {}
        }
    }

    /// An item of an array, as many times as its placeholder has values.
    fn filled(&self, mut item: Value) -> Vec<Value> {
        let placeholder = |name: &str| item.as_str() == Some(format!("{{{{{name}}}}}").as_str());
        if let Some((_, values)) = self.0.iter().find(|(name, _)| placeholder(name)) {
            return values.iter().cloned().map(Value::from).collect();
        }
        self.fill(&mut item);
        vec![item]
    }
}

/// The statements of a document.
pub(crate) fn statements(policy: &mut Value) -> &mut Vec<Value> {
    policy
        .get_mut("Statement")
        .and_then(Value::as_array_mut)
        .expect("every document has a list of statements")
}
