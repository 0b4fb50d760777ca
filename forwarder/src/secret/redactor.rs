//! Keeps the secrets of a process out of everything that it prints, logs or writes.
//!
//! A secret is learned where it enters: [`Token`](crate::secret::Token) and [`Held`](crate::secret::Held) do it
//! themselves, [`learn_config`] does it for a configuration that may be unreadable otherwise, and the CLI adds flags,
//! variables and files. Everything that leaves passes [`redact`] or [`redact_json`].
//!
//! What is found, upper or lower case: the secret itself, with the escapes of JSON (also twice, as in a message that
//! quotes JSON in JSON), percent-encoded, and in base64, wherever it stands in the text that was encoded; a UUID
//! without its hyphens as well. The signature of a request to AWS, which an answer may quote, need not be learned.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use aho_corasick::{AhoCorasick, Input, MatchKind};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::looks::{REDACTED, is_telling, is_uuid};
use super::url::secrets_of_url;

/// Minimum length of a secret, in characters. A shorter one is never redacted: the output would be full of holes, and a
/// secret that short can be guessed anyway.
const SHORTEST: usize = 4;

/// Length, in characters, from which a secret is redacted inside a word, too. A shorter one has to stand alone, so that
/// `info` does not disappear from `information`.
const INSIDE_WORDS: usize = 8;

/// What RFC 3986 lets stand in a URL as it is.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// What stands before the signature in the `Authorization` header of AWS's Signature Version 4, and the length of the
/// signature in hexadecimal digits. In a signed URL it is a parameter whose name ends in the same letters.
const SIGNATURE: &str = "Signature=";
const SIGNATURE_DIGITS: usize = 64;

static PROCESS: RwLock<Redactor> = RwLock::new(Redactor::new());

/// Secrets, and how to find them in a text.
#[derive(Default)]
pub struct Redactor {
    /// What is looked for, and whether it has to stand alone.
    forms: BTreeMap<String, bool>,
    finder: Option<(AhoCorasick, Vec<bool>)>,
}

/// Adds a secret to those of this process.
pub fn learn(secret: &str) {
    learn_all([secret]);
}

/// Adds secrets to those of this process.
pub fn learn_all<'s>(secrets: impl IntoIterator<Item = &'s str>) {
    let mut process = PROCESS.write().unwrap_or_else(PoisonError::into_inner);
    let before = process.forms.len();
    secrets.into_iter().for_each(|secret| process.add(secret));
    if process.forms.len() != before {
        process.build();
    }
}

/// The text with `[redacted]` for every secret of this process.
pub fn redact(text: &str) -> Cow<'_, str> {
    PROCESS.read().unwrap_or_else(PoisonError::into_inner).redact(text)
}

/// Redacts every string of a document, keys included.
pub fn redact_json(value: &mut Value) {
    PROCESS.read().unwrap_or_else(PoisonError::into_inner).redact_json(value);
}

/// Learns the secrets that stand in a configuration of the function, whether this version can read it or not: tokens,
/// headers that hold a key by their name, URLs, the key of what routes hash.
pub fn learn_config(config: &Value) {
    let mut found = Vec::new();
    let destinations = config.get("destinations").and_then(Value::as_object);
    for (key, value) in
        destinations.into_iter().flat_map(|all| all.values()).filter_map(Value::as_object).flatten()
    {
        learn_setting(key, value, &mut found);
    }
    found.extend(config.get("hash_key").and_then(Value::as_str).map(ToOwned::to_owned));
    learn_all(found.iter().map(String::as_str));
}

/// Learns the secrets that stand in the settings of one destination.
pub fn learn_destination(settings: &serde_json::Map<String, Value>) {
    let mut found = Vec::new();
    settings.iter().for_each(|(key, value)| learn_setting(key, value, &mut found));
    learn_all(found.iter().map(String::as_str));
}

fn learn_setting(key: &str, value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) if text.contains("://") => found.extend(secrets_of_url(text)),
        Value::String(text) if is_telling(key) || is_uuid(text) => found.push(text.clone()),
        Value::Object(headers) if key == "headers" => {
            headers.iter().for_each(|(name, value)| learn_setting(name, value, found));
        }
        _ => {}
    }
}

/// Learns the secrets that a URL holds, if any.
pub fn learn_url(url: &str) {
    learn_all(secrets_of_url(url.trim()).iter().map(String::as_str));
}

impl Redactor {
    const fn new() -> Self {
        Self { forms: BTreeMap::new(), finder: None }
    }

    /// A redactor that knows these secrets, and not those of the process.
    pub fn of<'s>(secrets: impl IntoIterator<Item = &'s str>) -> Self {
        let mut redactor = Self::new();
        secrets.into_iter().for_each(|secret| redactor.add(secret));
        redactor.build();
        redactor
    }

    fn add(&mut self, secret: &str) {
        let secret = secret.trim();
        self.add_forms(secret);
        for line in secret.lines().skip(usize::from(!secret.contains('\n'))) {
            self.add_forms(line.trim());
        }
        // `Bearer KEY`, `Basic BASE64`: the key is a secret without the word before it, too.
        if let Some((scheme, key)) =
            secret.split_once(' ').filter(|(_, key)| key.chars().count() >= INSIDE_WORDS)
        {
            self.add_forms(key.trim());
            let pair =
                scheme.eq_ignore_ascii_case("basic").then(|| STANDARD.decode(key.trim()).ok()).flatten();
            if let Some(pair) = pair.and_then(|pair| String::from_utf8(pair).ok()) {
                self.add_forms(pair.split_once(':').map_or(pair.as_str(), |(_, password)| password));
                self.add_forms(&pair);
            }
        }
    }

    fn add_forms(&mut self, secret: &str) {
        let length = secret.chars().count();
        if length < SHORTEST || secret == REDACTED {
            return;
        }
        let alone = length < INSIDE_WORDS;
        let escaped = |text: &str| {
            let json = serde_json::to_string(text).unwrap_or_default();
            json.trim_start_matches('"').strip_suffix('"').unwrap_or_default().to_owned()
        };
        let once = escaped(secret);
        let (twice, percent) = (escaped(&once), utf8_percent_encode(secret, UNRESERVED).to_string());
        let strictly = utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
        for form in [secret.to_owned(), once, twice, percent.replace("%20", "+"), percent, strictly] {
            self.forms.insert(form, alone);
        }
        if is_uuid(secret) {
            self.forms.insert(secret.replace('-', ""), alone);
        }
        if !alone {
            let forms = (0..3).flat_map(|offset| base64_within(secret, offset));
            self.forms.extend(forms.map(|form| (form, false)));
        }
    }

    fn build(&mut self) {
        let finder = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::LeftmostLongest)
            .build(self.forms.keys());
        // It fails only for more patterns than memory holds.
        self.finder = finder.ok().map(|finder| (finder, self.forms.values().copied().collect()));
    }

    /// The text with `[redacted]` for every secret that this knows, and for signatures of requests to AWS.
    pub fn redact<'t>(&self, text: &'t str) -> Cow<'t, str> {
        match self.without_secrets(text) {
            Cow::Borrowed(text) => without_signatures(text),
            Cow::Owned(text) => Cow::Owned(without_signatures(&text).into_owned()),
        }
    }

    fn without_secrets<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let Some((finder, alone)) = self.finder.as_ref().filter(|_| !self.forms.is_empty()) else {
            return Cow::Borrowed(text);
        };
        let (mut clean, mut done, mut from) = (String::new(), 0, 0);
        while let Some(found) = finder.find(Input::new(text).range(from..)) {
            let (start, end) = (found.start(), found.end());
            if alone[found.pattern().as_usize()] && !stands_alone(text, start, end) {
                from = start + text[start..].chars().next().map_or(1, char::len_utf8);
                continue;
            }
            clean += &text[done..start];
            clean += REDACTED;
            (done, from) = (end, end);
        }
        if done == 0 { Cow::Borrowed(text) } else { Cow::Owned(clean + &text[done..]) }
    }

    fn redact_json(&self, value: &mut Value) {
        match value {
            Value::String(text) => {
                if let Cow::Owned(clean) = self.redact(text) {
                    *text = clean;
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.redact_json(item)),
            Value::Object(members) => {
                members.values_mut().for_each(|value| self.redact_json(value));
                // The names of fields are ours, and a secret may be spelled like one.
                let is_ours = |key: &str| key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
                if members.keys().any(|key| !is_ours(key) && matches!(self.redact(key), Cow::Owned(_))) {
                    let all = std::mem::take(members).into_iter();
                    let clean =
                        |key: String| if is_ours(&key) { key } else { self.redact(&key).into_owned() };
                    members.extend(all.map(|(key, value)| (clean(key), value)));
                }
            }
            _ => {}
        }
    }
}

fn without_signatures(text: &str) -> Cow<'_, str> {
    let (mut clean, mut done) = (String::new(), 0);
    for (at, name) in text.match_indices(SIGNATURE) {
        let start = at + name.len();
        let digits = text.get(start..start + SIGNATURE_DIGITS);
        if digits.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit())) {
            clean += &text[done..start];
            clean += REDACTED;
            done = start + SIGNATURE_DIGITS;
        }
    }
    if done == 0 { Cow::Borrowed(text) } else { Cow::Owned(clean + &text[done..]) }
}

fn stands_alone(text: &str, start: usize, end: usize) -> bool {
    let is_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    !is_word(text[..start].chars().next_back()) && !is_word(text[end..].chars().next())
}

/// What a text becomes in base64 where it stands so many bytes behind a multiple of three: at the end of what was
/// encoded, and elsewhere, where only the characters count that depend on nothing else.
fn base64_within(secret: &str, offset: usize) -> Vec<String> {
    let bytes = [&[0_u8; 2][..offset], secret.as_bytes()].concat();
    let (first, last) = ((offset * 8).div_ceil(6), bytes.len() * 8 / 6);
    let both = [STANDARD_NO_PAD.encode(&bytes), URL_SAFE_NO_PAD.encode(&bytes)];
    both.iter().flat_map(|text| [text[first..].to_owned(), text[first..last].to_owned()]).collect()
}

#[cfg(test)]
mod tests;
