//! Takes values out of messages.
//!
//! Every rule looks at the message as it stands, so no rule can hide a value from another; what they find is put
//! together and replaced at once. In JSON only names, strings, numbers and words are replaced, so JSON stays JSON:
//! what was found beyond them is cut to them. A string that is escaped is looked at once more as the text it means,
//! because a value may be hidden behind its escapes, and so is JSON in a string.

pub mod known;

use std::borrow::Cow;
use std::ops::Range;

use regex::Regex;
use ring::hmac;

use super::config::{HashKey, Known, Redact, Treatment};
use super::expression::{InvalidRule, compile};
use super::json::{self, Scalar, Unescaped};
use crate::line;
use crate::secret::Sensitive as _;

/// How deep JSON in strings of JSON is looked at; deeper it is text.
const DEEPEST: usize = 4;

/// The rules of a route, compiled.
#[derive(Debug)]
pub(super) struct Redactor {
    rules: Vec<Rule>,
    key: Option<hmac::Key>,
    /// Whether there are expressions of the user's own, which may be anchored to the ends of a string.
    own: bool,
}

#[derive(Debug)]
struct Rule {
    finder: Finder,
    name: String,
    treatment: Treatment,
}

#[derive(Debug)]
enum Finder {
    Known(Known),
    Own(Regex),
}

/// Something to be replaced, and the rule that says how.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Find {
    at: Range<usize>,
    rule: usize,
}

impl Redactor {
    /// Compiles rules; none gives nothing.
    pub(super) fn compile(rules: &[Redact], key: Option<&HashKey>) -> Result<Option<Self>, InvalidRule> {
        let hashes = rules.iter().position(|rule| rule.treatment == Treatment::Hash);
        if let (Some(at), None) = (hashes, key) {
            let why =
                "this needs `hash_key`, beside the routes: where a key of 16 characters or more is kept";
            return Err(InvalidRule::new(format!("redact[{at}].as"), why));
        }
        let mut compiled = Vec::new();
        for (at, rule) in rules.iter().enumerate() {
            compiled.extend(Rule::compile(rule, &format!("redact[{at}]"))?);
        }
        let own = compiled.iter().any(|rule| matches!(rule.finder, Finder::Own(_)));
        let key = key.map(|key| hmac::Key::new(hmac::HMAC_SHA256, key.expose().as_bytes()));
        Ok((!compiled.is_empty()).then_some(Self { rules: compiled, key, own }))
    }

    /// The text without what the rules find; borrowed when they find nothing.
    pub(super) fn redact<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.redact_deep(text, self.find(text), 0)
    }

    /// What all rules find, in order and apart from each other.
    fn find(&self, text: &str) -> Vec<Find> {
        let mut finds = Vec::new();
        for (rule, Rule { finder, .. }) in self.rules.iter().enumerate() {
            match finder {
                Finder::Known(known) => known.find(text, |at| finds.push(Find { at, rule })),
                Finder::Own(regex) if regex.captures_len() == 1 => {
                    finds.extend(regex.find_iter(text).map(|found| Find { at: found.range(), rule }));
                }
                Finder::Own(regex) => {
                    let groups = regex
                        .captures_iter(text)
                        .flat_map(|all| all.iter().skip(1).flatten().collect::<Vec<_>>());
                    finds.extend(groups.map(|group| Find { at: group.range(), rule }));
                }
            }
        }
        apart(finds)
    }

    /// Replaces `finds` in a text, and what is found behind escapes.
    fn redact_deep<'t>(&self, text: &'t str, finds: Vec<Find>, depth: usize) -> Cow<'t, str> {
        let objects = if depth < DEEPEST { json::objects(text) } else { Vec::new() };
        if finds.is_empty() && objects.is_empty() {
            return text.into();
        }
        let mut out = String::with_capacity(text.len());
        let mut at = 0;
        for object in objects {
            self.replace(text, at..object.start, &finds, &mut out);
            at = object.start;
            for scalar in json::scalars(&text[object.clone()]) {
                let range = object.start + scalar.range.start..object.start + scalar.range.end;
                if let Some(replaced) =
                    self.redact_scalar(text, &Scalar { range: range.clone(), ..scalar }, &finds, depth)
                {
                    out.push_str(&text[at..range.start]);
                    out.push_str(&replaced);
                    at = range.end;
                }
            }
            out.push_str(&text[at..object.end]);
            at = object.end;
        }
        self.replace(text, at..text.len(), &finds, &mut out);
        if out == text { text.into() } else { out.into() }
    }

    /// What stands for a scalar of JSON, when that is something else; what stands between quotes stays there.
    fn redact_scalar(&self, text: &str, scalar: &Scalar, finds: &[Find], depth: usize) -> Option<String> {
        let raw = &text[scalar.range.clone()];
        let mut within = clipped(finds, &scalar.range);
        let escaped = scalar.quoted && raw.contains('\\');
        if within.is_empty() && !escaped && !self.own {
            return None;
        }
        let value = if escaped {
            let unescaped = Unescaped::new(raw);
            within.iter_mut().for_each(|find| find.at = unescaped.place_of(&find.at));
            Cow::Owned(unescaped.text)
        } else {
            Cow::Borrowed(raw)
        };
        if escaped || self.own {
            within.extend(self.find(&value));
            within = apart(within);
        }
        match self.redact_deep(&value, within, depth + 1) {
            // Nothing was replaced.
            Cow::Borrowed(_) => None,
            Cow::Owned(new) if scalar.quoted => Some(line::escape(&new)),
            Cow::Owned(new) => Some(format!("\"{}\"", line::escape(&new))),
        }
    }

    /// Appends a part of a text with what was found there replaced.
    fn replace(&self, text: &str, part: Range<usize>, finds: &[Find], out: &mut String) {
        let text = &text[part.clone()];
        let mut at = 0;
        for find in clipped(finds, &part) {
            out.push_str(&text[at..find.at.start]);
            let rule = &self.rules[find.rule];
            match (rule.treatment, &self.key) {
                (Treatment::Drop, _) => {}
                (Treatment::Hash, Some(key)) => {
                    let tag = hmac::sign(key, text[find.at.clone()].as_bytes());
                    let hash: String = tag.as_ref()[..8].iter().map(|byte| format!("{byte:02x}")).collect();
                    out.push_str(&format!("[{}:{hash}]", rule.name));
                }
                _ => out.push_str(&format!("[{}]", rule.name)),
            }
            at = find.at.end;
        }
        out.push_str(&text[at..]);
    }
}

impl Rule {
    fn compile(redact: &Redact, place: &str) -> Result<Vec<Self>, InvalidRule> {
        let treatment = redact.treatment;
        let Some(pattern) = &redact.pattern else {
            if redact.find.is_empty() {
                return Err(InvalidRule::new(place, "give `find` or `pattern`"));
            }
            if redact.name.is_some() {
                return Err(InvalidRule::new(format!("{place}.name"), "a name belongs to a `pattern`"));
            }
            let known =
                |known: &Known| Self { finder: Finder::Known(*known), name: known.name().into(), treatment };
            return Ok(redact.find.iter().map(known).collect());
        };
        if !redact.find.is_empty() {
            return Err(InvalidRule::new(place, "give `find` or `pattern`, not both"));
        }
        let name = redact.name.clone().unwrap_or_else(|| "redacted".to_owned());
        let is_name = (1..=32).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
        if !is_name {
            return Err(InvalidRule::new(
                format!("{place}.name"),
                "a name is 1 to 32 letters, digits, `-` or `_`",
            ));
        }
        let regex = compile(pattern, format!("{place}.pattern"))?;
        Ok(vec![Self { finder: Finder::Own(regex), name, treatment }])
    }
}

/// Puts finds in order and joins those that overlap; the rule that stands first says how.
fn apart(mut finds: Vec<Find>) -> Vec<Find> {
    finds.retain(|find| !find.at.is_empty());
    finds.sort_by_key(|find| (find.at.start, find.rule));
    let mut joined: Vec<Find> = Vec::with_capacity(finds.len());
    for find in finds {
        match joined.last_mut() {
            Some(last) if find.at.start < last.at.end => {
                last.at.end = last.at.end.max(find.at.end);
                last.rule = last.rule.min(find.rule);
            }
            _ => joined.push(find),
        }
    }
    joined
}

/// The finds within a part of the text, cut to it and counted from its start.
fn clipped(finds: &[Find], part: &Range<usize>) -> Vec<Find> {
    let first = finds.partition_point(|find| find.at.end <= part.start);
    let within = finds[first..].iter().take_while(|find| find.at.start < part.end);
    within
        .map(|find| Find {
            at: find.at.start.max(part.start) - part.start..find.at.end.min(part.end) - part.start,
            rule: find.rule,
        })
        .collect()
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
