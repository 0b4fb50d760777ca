//! A log service of the file: the keys that every type has, and those of its own type, each with its place.

use std::borrow::Cow;
use std::collections::BTreeMap;

use cwl2le_forwarder::config::{Destination, Format, Lines};
use cwl2le_forwarder::destination::is_public_http;
use cwl2le_forwarder::schema::keys;
use cwl2le_forwarder::secret;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::document::Document;
use super::problems::error;
use super::secrets::Source;
use crate::documentation::page;
use crate::error::{Error, Result};

/// The key that allows a URL to begin with `http://`. The types without a URL have a key of this name of their own.
const TLS: &str = "tls";

/// A `[destinations.NAME]` section. What its keys mean is up to its type, so they are read when that is known.
#[derive(Deserialize)]
#[serde(transparent)]
pub(super) struct Service {
    keys: BTreeMap<String, toml::Value>,
}

/// The keys that every type has.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(super) struct Common {
    /// What a line says besides the message; by default what the type sends
    format: Option<Format>,
    /// Bytes of the longest line, 1024 to what the log service takes; a longer one is sent in parts
    #[schemars(extend("minimum" = 1024))]
    max_line_bytes: Option<usize>,
    /// Whether it has a function of its own, so that it holds up no other log service while it is down
    #[schemars(extend("default" = false))]
    isolated: Option<bool>,
}

/// The key of the types with a URL.
#[derive(JsonSchema)]
#[allow(dead_code, reason = "only its schema is used")]
struct Plain {
    /// `false` allows a URL that begins with http://
    tls: Option<bool>,
}

/// Its values may be secrets.
impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.keys.keys()).finish()
    }
}

/// The schema of the keys of every type, by the key `type`.
impl JsonSchema for Service {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Service".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let types: Vec<Value> = Destination::TYPES.iter().map(|kind| schema_of(kind, generator)).collect();
        json_schema!({ "oneOf": types })
    }
}

/// The schema of one type: its own keys, those of every type, and all places of its secrets.
fn schema_of(kind: &str, generator: &mut SchemaGenerator) -> Value {
    let mut schema = Destination::schema(kind, generator).to_value();
    let mut extend = |more: Schema| {
        let mut more = more.to_value();
        if let (Some(known), Value::Object(more)) =
            (schema["properties"].as_object_mut(), more["properties"].take())
        {
            known.extend(more);
        }
    };
    extend(Common::json_schema(generator));
    if has_url(kind) {
        extend(Plain::json_schema(generator));
    }
    let source = Source::json_schema(generator).to_value();
    for key in Destination::secret_keys(kind) {
        let (key, of_all) = key.strip_suffix(".*").map_or((*key, false), |table| (table, true));
        let mut place =
            if of_all { json!({ "type": "object", "additionalProperties": source }) } else { source.clone() };
        place["description"] = schema["properties"][key]["description"].take();
        schema["properties"][key] = place;
    }
    schema["properties"]["type"] = json!({ "const": kind, "description": "The kind of log service" });
    let required = schema["required"].as_array().into_iter().flatten().cloned();
    schema["required"] = required.chain([json!("type")]).collect();
    schema["additionalProperties"] = json!(false);
    schema
}

/// Where one secret of a log service is.
pub(super) struct Secret {
    /// Its key: `token`, `headers.Authorization`.
    pub(super) key: String,
    pub(super) source: Source,
}

impl Service {
    /// The name of its type, if it has one.
    pub(super) fn kind(&self) -> &str {
        self.keys.get("type").and_then(toml::Value::as_str).unwrap_or_default()
    }

    /// The keys that every type has. Their values have been checked.
    fn common(&self) -> Common {
        let of_all = self.keys.iter().filter(|(key, _)| keys::<Common>().contains(&key.as_str()));
        let of_all: toml::Table = of_all.map(|(key, value)| (key.clone(), value.clone())).collect();
        of_all.try_into().unwrap_or_default()
    }

    /// Whether it has a function of its own.
    pub(super) fn is_isolated(&self) -> bool {
        self.common().isolated == Some(true)
    }

    /// Its secrets, as far as they are written as such: a file is checked before anybody asks.
    pub(super) fn secrets(&self) -> impl Iterator<Item = Secret> {
        self.places()
            .filter_map(|(key, value)| Some(Secret { key, source: Source::deserialize(value.clone()).ok()? }))
    }

    /// What stands where its type has secrets.
    fn places(&self) -> impl Iterator<Item = (String, &toml::Value)> {
        Destination::secret_keys(self.kind()).iter().flat_map(|path| {
            let table = path.strip_suffix(".*");
            match (table, self.keys.get(table.unwrap_or(path))) {
                (None, one) => one.map(|one| ((*path).to_owned(), one)).into_iter().collect::<Vec<_>>(),
                (Some(table), Some(toml::Value::Table(entries))) => {
                    entries.iter().map(|(key, one)| (format!("{table}.{key}"), one)).collect()
                }
                (Some(_), _) => Vec::new(),
            }
        })
    }

    /// As the function's configuration holds it, with `secret` for the value of each secret or where it is kept.
    ///
    /// # Errors
    /// [`crate::error::Code::Config`]: what its type does not take, with its place; what `secret` refuses.
    pub(super) fn read(
        &self,
        document: &Document,
        name: &str,
        secret: impl Fn(&Secret) -> Result<Value>,
    ) -> Result<(Destination, Lines)> {
        let refused = |key: &str, message: &str| {
            let place = [name, key].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(".");
            let hint = format!("{} has an example of every type", page("destinations.md#examples"));
            error(
                document,
                &document.span_of(name, key),
                &format!("`destinations.{place}`: {message}"),
                &hint,
            )
        };
        let own = Destination::keys(self.kind());
        let mut values = Map::new();
        for (key, value) in self.keys.iter().filter(|(key, _)| own.contains(&key.as_str())) {
            values.insert(key.clone(), json!(value));
        }
        for (key, value) in self.places() {
            let source =
                Source::deserialize(value.clone()).map_err(|error| refused(&key, error.message()))?;
            let value = secret(&Secret { key: key.clone(), source })?;
            match key.split_once('.') {
                Some((table, entry)) => values[table][entry] = value,
                None => drop(values.insert(key, value)),
            }
        }
        if has_url(self.kind()) {
            self.check_tls(document, name, &values)?;
        }
        let Common { format, max_line_bytes, .. } = self.common();
        match Destination::read(self.kind(), Value::Object(values)) {
            Some(Ok(destination)) => Ok((destination, Lines { format, max_bytes: max_line_bytes })),
            Some(Err(error)) => Err(refused(&error.place, &error.problem)),
            None => Err(refused("type", "the type is not known")),
        }
    }

    /// Without TLS, whoever is on the way reads the events, and the token or the headers with them: it has to be said.
    fn check_tls(&self, document: &Document, name: &str, keys: &Map<String, Value>) -> Result<()> {
        let tls = self.keys.get(TLS).and_then(toml::Value::as_bool);
        let refuse_tls = |why: &str| -> Error {
            let problem = format!("`tls = false` in `destinations.{name}`: {why}");
            error(document, &document.span_of(name, TLS), &problem, "remove `tls`")
        };
        let url = URLS.into_iter().find_map(|key| Some((key, keys.get(key)?)));
        let Some((key, url)) = url else {
            return if tls == Some(false) { Err(refuse_tls("there is no URL")) } else { Ok(()) };
        };
        let Some(url) = url.as_str() else {
            // Kept where only the function reads it, which takes none that begins with http://.
            return Ok(());
        };
        if tls == Some(false) {
            let is_https = url.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("https://"));
            return if is_https { Err(refuse_tls(&format!("`{key}` begins with https://"))) } else { Ok(()) };
        }
        if !is_public_http(url) {
            return Ok(());
        }
        let place = format!("`{key}` of `{name}` begins with http://");
        let problem =
            format!("{place}: whoever is on the way reads the events, and the token or headers with them");
        Err(error(
            document,
            &document.span_of(name, key),
            &problem,
            "use https://, or allow it with `tls = false`",
        ))
    }
}

/// The key with the certificates to trust, which are public.
pub(super) const CA: &str = "ca";

/// The keys with the URL of a service.
pub(super) const URLS: [&str; 2] = ["url", "endpoint"];

/// Whether a type has a URL, so that the scheme says whether there is TLS.
pub(super) fn has_url(kind: &str) -> bool {
    let keys = Destination::keys(kind);
    !keys.contains(&TLS) && keys.iter().any(|key| URLS.contains(key))
}

/// Whether the value of such a key is a secret by its nature: a header may be one or not, and a URL may hold one.
pub(super) fn is_telling(key: &str, value: &str) -> bool {
    match key.split_once('.') {
        Some((_, header)) => secret::is_telling(header),
        None if key == CA => false,
        None if value.contains("://") => secret::hides_secret(value),
        None => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_tells_its_keys() {
        for kind in Destination::TYPES {
            let own = Destination::keys(kind);
            assert!(!own.is_empty(), "{kind}");
            assert!(
                !own.iter().any(|key| keys::<Common>().contains(key) || *key == "type"),
                "{kind}: {own:?}"
            );
            for secret in Destination::secret_keys(kind) {
                let key = secret.strip_suffix(".*").unwrap_or(secret);
                assert!(own.contains(&key), "{kind}: {key}");
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
