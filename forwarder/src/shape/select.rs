//! Which events a route keeps: `include` and `exclude`.

use regex::Regex;

use super::config::{NamedRule, Select};
use super::expression::{InvalidRule, compile};
use super::lambda;

/// A condition on events, compiled.
#[derive(Debug)]
pub(super) struct Condition {
    rule: Option<NamedRule>,
    message: Option<Regex>,
    group: Option<Regex>,
    stream: Option<Regex>,
}

impl Condition {
    /// Compiles a list of conditions that stands at `list` of a route's rules.
    pub(super) fn compile_all(conditions: &[Select], list: &str) -> Result<Vec<Self>, InvalidRule> {
        conditions.iter().enumerate().map(|(at, one)| Self::compile(one, &format!("{list}[{at}]"))).collect()
    }

    fn compile(select: &Select, place: &str) -> Result<Self, InvalidRule> {
        if *select == Select::default() {
            return Err(InvalidRule::new(place, "give `message`, `group`, `stream` or `rule`"));
        }
        let part = |expression: &Option<String>, key: &str| {
            expression.as_ref().map(|text| compile(text, format!("{place}.{key}"))).transpose()
        };
        Ok(Self {
            rule: select.rule,
            message: part(&select.message, "message")?,
            group: part(&select.group, "group")?,
            stream: part(&select.stream, "stream")?,
        })
    }

    /// Whether messages of this group and stream can be meant.
    pub(super) fn may_hold(&self, group: &str, stream: &str) -> bool {
        self.group.as_ref().is_none_or(|regex| regex.is_match(group))
            && self.stream.as_ref().is_none_or(|regex| regex.is_match(stream))
    }

    /// Whether a message is meant, of a group and stream that can be.
    pub(super) fn holds(&self, message: &str) -> bool {
        let named = match self.rule {
            Some(NamedRule::LambdaPlatform) => lambda::is_platform(message),
            None => true,
        };
        named && self.message.as_ref().is_none_or(|regex| regex.is_match(message))
    }
}
