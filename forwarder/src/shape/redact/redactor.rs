//! Applies all rules of redaction to one message.
//!
//! Every rule looks at the message as it stands, so no rule can hide a value from another; what they find is put
//! together and replaced at once. In JSON only names, strings, numbers and words are replaced, so JSON stays JSON:
//! what was found beyond them is cut to them. A string that is escaped is looked at once more as the text it means,
//! because a value may be hidden behind its escapes, and so is JSON in a string. Text that is no JSON may have escapes,
//! too, as a line of JSON that was cut off: it is looked at once more with all its escapes undone.

use std::borrow::Cow;
use std::ops::Range;

use ring::hmac;

use super::budget::Budget;
use super::own::Own;
use crate::record::json::text;
use crate::secret::{REDACTED, Sensitive as _};
use crate::shape::config::{HashKey, Known, Redact, Treatment};
use crate::shape::expression::InvalidRule;
use crate::shape::json::{self, Scalar, Unescaped};

/// Maximum number of times that escapes are undone, of JSON in strings of JSON.
const DEEPEST: usize = 4;

/// In the place of a rule: that of text which the budget did not suffice to look at.
const CUT_SHORT: usize = usize::MAX;

/// The rules of a route, compiled.
#[derive(Debug)]
pub(crate) struct Redactor {
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
    Own(Box<Own>),
}

/// Something to be replaced, and the rule that says how.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Find {
    at: Range<usize>,
    /// Its position, or [`CUT_SHORT`].
    rule: usize,
    /// The text that it means, where that is not what stands there.
    meant: Option<Box<str>>,
}

impl Find {
    fn new(at: Range<usize>, rule: usize) -> Self {
        Self { at, rule, meant: None }
    }
}

impl Redactor {
    /// Compiles rules; none gives nothing.
    pub(crate) fn compile(rules: &[Redact], key: Option<&HashKey>) -> Result<Option<Self>, InvalidRule> {
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

    /// The text without what the rules find; borrowed when they find nothing. What the budget does not suffice for is
    /// taken out as well.
    pub(crate) fn redact<'t>(&self, text: &'t str, budget: &Budget) -> Cow<'t, str> {
        self.redact_deep(text, self.find(text, budget), 0, budget)
    }

    /// What all rules find, in order and apart from each other.
    fn find(&self, text: &str, budget: &Budget) -> Vec<Find> {
        let mut finds = Vec::new();
        for (rule, Rule { finder, .. }) in self.rules.iter().enumerate() {
            match finder {
                Finder::Known(known) => known.find(text, |at| finds.push(Find::new(at, rule))),
                Finder::Own(own) => {
                    let rest = own.find(text, budget, |at| finds.push(Find::new(at, rule)));
                    finds.extend(rest.map(|rest| Find::new(rest..text.len(), CUT_SHORT)));
                }
            }
        }
        apart(finds)
    }

    /// What all rules find in a text once its escapes are undone, and undone again, with the places in the text as it
    /// is.
    fn find_behind_escapes(&self, text: &str, depth: usize, budget: &Budget) -> Vec<Find> {
        let (mut finds, mut levels) = (Vec::new(), Vec::<Unescaped>::new());
        for _ in depth..DEEPEST {
            let level = levels.last().map_or(text, |level| level.text.as_str());
            if !has_escape(level) {
                break;
            }
            levels.push(Unescaped::new(level));
            let Some(Unescaped { text: meant, .. }) = levels.last() else { break };
            for find in self.find(meant, budget) {
                let at = levels.iter().rev().fold(find.at.clone(), |at, level| level.origin_of(&at));
                finds.push(Find { at, rule: find.rule, meant: Some(meant[find.at].into()) });
            }
        }
        finds
    }

    /// Replaces `finds` in a text, and what is found behind escapes.
    fn redact_deep<'t>(
        &self,
        text: &'t str,
        finds: Vec<Find>,
        depth: usize,
        budget: &Budget,
    ) -> Cow<'t, str> {
        let values = if depth < DEEPEST { json::values(text) } else { Vec::new() };
        let starts = values.iter().map(|value| value.start).chain([text.len()]);
        let ends = [0].into_iter().chain(values.iter().map(|value| value.end));
        let between: Vec<Range<usize>> = ends.zip(starts).map(|(end, start)| end..start).collect();
        let in_text = if between.iter().any(|part| has_escape(&text[part.clone()])) {
            let mut all = self.find_behind_escapes(text, depth, budget);
            all.extend_from_slice(&finds);
            Cow::Owned(apart(all))
        } else {
            Cow::Borrowed(&finds)
        };
        if in_text.is_empty() && finds.is_empty() && values.is_empty() {
            return text.into();
        }
        let mut out = String::with_capacity(text.len());
        let mut values = values.into_iter();
        for part in between {
            self.replace(text, part, &in_text, &mut out);
            let Some(value) = values.next() else { break };
            let mut at = value.start;
            for scalar in json::scalars(&text[value.clone()]) {
                let range = value.start + scalar.range.start..value.start + scalar.range.end;
                let scalar = Scalar { range: range.clone(), ..scalar };
                if let Some(replaced) = self.redact_scalar(text, &scalar, &finds, depth, budget) {
                    out.push_str(&text[at..range.start]);
                    out.push_str(&replaced);
                    at = range.end;
                }
            }
            out.push_str(&text[at..value.end]);
        }
        if out == text { text.into() } else { out.into() }
    }

    /// What stands for a scalar of JSON, when that is something else; what stands between quotes stays there.
    fn redact_scalar(
        &self,
        text: &str,
        scalar: &Scalar,
        finds: &[Find],
        depth: usize,
        budget: &Budget,
    ) -> Option<String> {
        let raw = &text[scalar.range.clone()];
        let mut within = clipped(finds, &scalar.range);
        let escaped = scalar.quoted && raw.contains('\\');
        if within.is_empty() && !escaped && !self.own {
            return None;
        }
        if let [Find { at, rule: CUT_SHORT, .. }] = &within[..]
            && *at == (0..raw.len())
        {
            return Some(if scalar.quoted { REDACTED.to_owned() } else { format!("\"{REDACTED}\"") });
        }
        let value = if escaped {
            let unescaped = Unescaped::new(raw);
            within.iter_mut().for_each(|find| find.at = unescaped.place_of(&find.at));
            Cow::Owned(unescaped.text)
        } else {
            Cow::Borrowed(raw)
        };
        if escaped || self.own {
            within.extend(self.find(&value, budget));
            within = apart(within);
        }
        match self.redact_deep(&value, within, depth + 1, budget) {
            // Nothing was replaced.
            Cow::Borrowed(_) => None,
            Cow::Owned(new) if scalar.quoted => Some(text::escape(&new)),
            Cow::Owned(new) => Some(format!("\"{}\"", text::escape(&new))),
        }
    }

    /// Appends a part of a text with what was found there replaced.
    fn replace(&self, text: &str, part: Range<usize>, finds: &[Find], out: &mut String) {
        let text = &text[part.clone()];
        let mut at = 0;
        for find in clipped(finds, &part) {
            out.push_str(&text[at..find.at.start]);
            let Some(rule) = self.rules.get(find.rule) else {
                out.push_str(REDACTED);
                at = find.at.end;
                continue;
            };
            match (rule.treatment, &self.key) {
                (Treatment::Drop, _) => {}
                (Treatment::Hash, Some(key)) => {
                    let value = find.meant.as_deref().unwrap_or(&text[find.at.clone()]);
                    let tag = hmac::sign(key, value.as_bytes());
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
        let own = Own::compile(pattern, format!("{place}.pattern"))?;
        Ok(vec![Self { finder: Finder::Own(Box::new(own)), name, treatment }])
    }
}

/// Whether a text has an escape.
fn has_escape(text: &str) -> bool {
    memchr::memchr(b'\\', text.as_bytes()).is_some()
}

/// Puts finds in order and joins those that overlap; the rule that stands first says how.
fn apart(mut finds: Vec<Find>) -> Vec<Find> {
    finds.retain(|find| !find.at.is_empty());
    finds.sort_by_key(|find| (find.at.start, find.rule));
    let mut joined: Vec<Find> = Vec::with_capacity(finds.len());
    for find in finds {
        match joined.last_mut() {
            Some(last) if find.at.start < last.at.end => {
                let all = last.at.start..last.at.end.max(find.at.end);
                // A find that makes up the whole text is known for what it is.
                last.meant = match last.meant.take().filter(|_| last.at == all) {
                    Some(meant) => Some(meant),
                    None => find.meant.filter(|_| find.at == all),
                };
                last.at = all;
                last.rule = match (last.rule, find.rule) {
                    (CUT_SHORT, _) | (_, CUT_SHORT) => CUT_SHORT,
                    (one, other) => one.min(other),
                };
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
        .map(|find| {
            let at = find.at.start.max(part.start)..find.at.end.min(part.end);
            let meant = find.meant.clone().filter(|_| at == find.at);
            Find { at: at.start - part.start..at.end - part.start, rule: find.rule, meant }
        })
        .collect()
}

#[cfg(test)]
mod tests;
