//! A log service of the file: the keys that every type has, and those of its own type, each with its place.

use std::collections::BTreeMap;
use std::ops::Range;

use cwl2le_forwarder::config::{self as forwarder, Format, Lines};
use cwl2le_forwarder::destination::is_public_http;
use cwl2le_forwarder::secret;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use toml::Spanned;

use super::file::File;
use super::nearest;
use super::secrets::Source;
use crate::documentation::page;
use crate::error::{Error, Result};

/// The keys that stand beside those of a type.
pub(super) const COMMON: [&str; 4] = ["type", "format", "max_line_bytes", "isolated"];

/// The key that allows a URL to begin with `http://`. The types without a URL have a key of this name of their own.
const TLS: &str = "tls";

/// The key that gives a destination a function of its own.
const ISOLATED: &str = "isolated";

/// A `[destinations.NAME]` section. What its keys mean is up to its type, so they are read when that is known.
#[derive(Deserialize)]
#[serde(transparent)]
pub(super) struct Service {
    keys: BTreeMap<Spanned<String>, Spanned<toml::Value>>,
}

/// Its values may be secrets.
impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.keys.keys().map(Spanned::get_ref)).finish()
    }
}

/// Where one secret of a log service is.
pub(super) struct Secret {
    /// Its key: `token`, `headers.Authorization`.
    pub(super) key: String,
    pub(super) source: Source,
    pub(super) span: Range<usize>,
}

impl Service {
    fn get(&self, key: &str) -> Option<&Spanned<toml::Value>> {
        self.keys.get(key)
    }

    /// The name of its type, if it has one.
    pub(super) fn kind(&self) -> &str {
        self.get("type").and_then(|kind| kind.get_ref().as_str()).unwrap_or_default()
    }

    /// Whether it has a function of its own.
    pub(super) fn is_isolated(&self) -> bool {
        self.get(ISOLATED).is_some_and(|value| value.get_ref().as_bool() == Some(true))
    }

    /// Where it says so.
    pub(super) fn isolated_span(&self) -> Option<Range<usize>> {
        self.get(ISOLATED).map(Spanned::span)
    }

    /// Its secrets, as far as they are written as such: a file is checked before anybody asks.
    pub(super) fn secrets(&self) -> impl Iterator<Item = Secret> {
        self.places().filter_map(|(key, value, span)| {
            let source = Source::deserialize(value.clone()).ok()?;
            Some(Secret { key, source, span })
        })
    }

    /// What stands where its type has secrets.
    fn places(&self) -> impl Iterator<Item = (String, &toml::Value, Range<usize>)> {
        forwarder::Destination::secret_keys(self.kind()).iter().flat_map(|path| {
            let table = path.strip_suffix(".*");
            let found = self.get(table.unwrap_or(path));
            let all = found.into_iter().flat_map(move |value| match (table, value.get_ref()) {
                (None, one) => vec![((*path).to_owned(), one, value.span())],
                (Some(table), toml::Value::Table(entries)) => {
                    let entry = |(key, one)| (format!("{table}.{key}"), one, value.span());
                    entries.iter().map(entry).collect()
                }
                // What is no table is refused where the type is read.
                (Some(_), _) => Vec::new(),
            });
            all.collect::<Vec<_>>()
        })
    }

    /// As the function's configuration holds it, with `secret` for the value of each secret or where it is kept.
    ///
    /// # Errors
    /// [`crate::error::Code::Config`]: what its type does not take, with its place; what `secret` refuses.
    pub(super) fn read(
        &self,
        file: &File,
        name: &str,
        span: &Range<usize>,
        secret: impl Fn(&Secret) -> Result<Value>,
    ) -> Result<(forwarder::Destination, Lines)> {
        let here = Here { file, name, span };
        self.check_keys(&here)?;
        let mut keys = Map::new();
        let has_url = has_url(self.kind());
        let is_ours = |key: &str| COMMON.contains(&key) || has_url && key == TLS;
        for (key, value) in self.keys.iter().filter(|(key, _)| !is_ours(key.get_ref())) {
            keys.insert(key.get_ref().clone(), json!(value.get_ref()));
        }
        for (key, value, span) in self.places() {
            let source = Source::deserialize(value.clone())
                .map_err(|error| here.refused(&key, error.message(), span.clone()))?;
            let value = secret(&Secret { key: key.clone(), source, span })?;
            match key.split_once('.') {
                Some((table, entry)) => keys[table][entry] = value,
                None => drop(keys.insert(key, value)),
            }
        }
        self.common::<bool>(ISOLATED, &here)?;
        if has_url {
            self.check_tls(&keys, &here)?;
        }
        let lines = Lines {
            format: self.common::<Format>("format", &here)?,
            max_bytes: self.common::<usize>("max_line_bytes", &here)?,
        };
        match forwarder::Destination::read(self.kind(), Value::Object(keys)) {
            Some(Ok(destination)) => Ok((destination, lines)),
            Some(Err(error)) => {
                let first = error.place.split(['.', '[']).next().unwrap_or_default();
                let span = self.get(first).map_or(span.clone(), Spanned::span);
                Err(here.refused(&error.place, &error.problem, span))
            }
            None => Err(self.unknown_type(&here)),
        }
    }

    /// Without TLS, whoever is on the way reads the events, and the token or the headers with them: it has to be said.
    fn check_tls(&self, keys: &Map<String, Value>, here: &Here<'_>) -> Result<()> {
        let tls = self.common::<bool>(TLS, here)?;
        let Some((key, url)) = URLS.into_iter().find_map(|key| Some((key, keys.get(key)?))) else {
            return self.refuse_tls(tls, "there is no URL", here);
        };
        let Some(url) = url.as_str() else {
            // Kept where only the function reads it, which takes none that begins with http://.
            return Ok(());
        };
        if tls == Some(false) {
            let is_https = url.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("https://"));
            return self.refuse_tls(tls.filter(|_| is_https), &format!("`{key}` begins with https://"), here);
        }
        if !is_public_http(url) {
            return Ok(());
        }
        let place = format!("`{key}` of `{}` begins with http://", here.name);
        let problem =
            format!("{place}: whoever is on the way reads the events, and the token or headers with them");
        let span = self.get(key).map_or(here.span.clone(), Spanned::span);
        Err(here.file.error(&span, &problem, "use https://, or allow it with `tls = false`"))
    }

    /// Refuses a `tls = false` that does not fit.
    fn refuse_tls(&self, tls: Option<bool>, why: &str, here: &Here<'_>) -> Result<()> {
        if tls != Some(false) {
            return Ok(());
        }
        let span = self.get(TLS).map_or(here.span.clone(), Spanned::span);
        Err(here.file.error(
            &span,
            &format!("`tls = false` in `destinations.{}`: {why}", here.name),
            "remove `tls`",
        ))
    }

    /// Every key is one of its type's.
    fn check_keys(&self, here: &Here<'_>) -> Result<()> {
        if !forwarder::Destination::TYPES.contains(&self.kind()) {
            return Err(self.unknown_type(here));
        }
        let own = keys_of(self.kind());
        let tls = has_url(self.kind()).then_some(TLS);
        let known: Vec<String> = COMMON.into_iter().chain(tls).map(ToOwned::to_owned).chain(own).collect();
        match self.keys.keys().find(|key| !known.contains(key.get_ref())) {
            None => Ok(()),
            Some(key) => {
                let problem = format!("unknown key `{}` in `destinations.{}`", key.get_ref(), here.name);
                let others: Vec<&str> = forwarder::Destination::TYPES
                    .iter()
                    .filter(|kind| keys_of(kind).contains(key.get_ref()))
                    .copied()
                    .collect();
                let hint = match others[..] {
                    [] => nearest::hint(key.get_ref(), &known),
                    _ => format!(
                        "it is a key of {}; those of `{}` are {}",
                        others.join(", "),
                        self.kind(),
                        known.join(", ")
                    ),
                };
                Err(here.file.error(&key.span(), &nearest::clean(&problem), nearest::clean(&hint)))
            }
        }
    }

    fn unknown_type(&self, here: &Here<'_>) -> Error {
        let known: Vec<String> =
            forwarder::Destination::TYPES.iter().map(|name| (*name).to_owned()).collect();
        let Some(kind) = self.get("type") else {
            let problem = format!("`type` is missing in `destinations.{}`", here.name);
            return here.file.error(here.span, &problem, format!("known are {}", known.join(", ")));
        };
        let place = format!("destinations.{}.type", here.name);
        let (problem, hint) = match kind.get_ref().as_str() {
            Some(kind) => nearest::unknown_value(kind, &known, &place),
            None => (format!("`{place}`: expected a string"), format!("known are {}", known.join(", "))),
        };
        here.file.error(&kind.span(), &nearest::clean(&problem), nearest::clean(&hint))
    }

    /// The value of a key that every type has.
    fn common<T: for<'de> Deserialize<'de>>(&self, key: &str, here: &Here<'_>) -> Result<Option<T>> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let read = T::deserialize(value.get_ref().clone());
        read.map(Some).map_err(|error| here.refused(key, error.message(), value.span()))
    }
}

/// The keys with the URL of a service.
pub(super) const URLS: [&str; 2] = ["url", "endpoint"];

/// Whether a type has a URL, so that the scheme says whether there is TLS.
pub(super) fn has_url(kind: &str) -> bool {
    let keys = keys_of(kind);
    !keys.iter().any(|key| key == TLS) && keys.iter().any(|key| URLS.contains(&key.as_str()))
}

/// The section that is read.
struct Here<'a> {
    file: &'a File,
    name: &'a str,
    span: &'a Range<usize>,
}

impl Here<'_> {
    /// What a type refuses, in the words of the file. A parser quotes what it refuses, which may be a token.
    fn refused(&self, key: &str, message: &str, span: Range<usize>) -> Error {
        let keys =
            ["destinations", self.name].into_iter().chain(key.split('.').filter(|key| !key.is_empty()));
        let keys: Vec<String> = keys.map(ToOwned::to_owned).collect();
        let (problem, hint) = nearest::explain(&keys, message);
        let hint = hint
            .unwrap_or_else(|| format!("{} has an example of every type", page("destinations.md#examples")));
        self.file.error(&span, &nearest::clean(&problem), nearest::clean(&hint))
    }
}

/// The keys of a type, in its own words: what it says when it is asked for one that it does not know.
pub(super) fn keys_of(kind: &str) -> Vec<String> {
    match forwarder::Destination::read(kind, json!({"": 0})) {
        Some(Err(error)) => nearest::quoted_and_known(&error.problem, "unknown field `")
            .map(|(_, known)| known)
            .unwrap_or_default(),
        _ => Vec::new(),
    }
}

/// Whether the value of such a key is a secret by its nature: a header may be one or not, and a URL may hold one.
pub(super) fn is_telling(key: &str, value: &str) -> bool {
    match key.split_once('.') {
        Some((_, header)) => secret::is_telling(header),
        None if value.contains("://") => secret::hides_secret(value),
        None => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_tells_its_keys() {
        for kind in forwarder::Destination::TYPES {
            let keys = keys_of(kind);
            assert!(!keys.is_empty(), "{kind}");
            assert!(!keys.iter().any(|key| COMMON.contains(&key.as_str())), "{kind}: {keys:?}");
            for secret in forwarder::Destination::secret_keys(kind) {
                let key = secret.strip_suffix(".*").unwrap_or(secret);
                assert!(keys.contains(&key.to_owned()), "{kind}: {key}");
            }
        }
    }

    #[test]
    fn a_header_is_a_secret_by_its_name_and_a_url_by_what_it_holds() {
        assert!(is_telling("url", "https://h/in?key=abc") && !is_telling("url", "https://h/in"));
        for key in
            ["token", "headers.Authorization", "headers.X-Api-Key", "headers.DD-API-KEY", "headers.Cookie"]
        {
            assert!(is_telling(key, "x"), "{key}");
        }
        for key in ["headers.X-Scope-OrgID", "headers.Content-Type", "headers.X-Team"] {
            assert!(!is_telling(key, "x"), "{key}");
        }
    }
}
