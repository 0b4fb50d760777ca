//! Any service that takes newline-delimited JSON over HTTP: one object a line, one request a batch.

use bytes::Bytes;
use http::Request;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::authority::{Authority, Certificates};
use super::endpoint::ServiceUrl;
use super::headers::{self, Configured, Headers};
use super::request::pending::{Limits, Packing, Part};
use super::request::reading::{self, Reading};
use super::request::{self, Service, post};
use super::types::{Peer, Type};
use super::{Destination, Surroundings, Wait, defaults};
use crate::line::format;
use crate::net::http::Answer;
use crate::record::extracted::Origin;
use crate::record::payload::{LogEvent, Payload};
use crate::secret::{Held, Secret};
use crate::style::{Format, LineRules, Style};

/// Any endpoint that takes lines of JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// Where batches are posted: `https://HOST/PATH`. It may hold a key, and so may be kept elsewhere.
    pub url: Secret<ServiceUrl>,
    /// Headers of every request; the value of each may be a secret.
    #[serde(default, skip_serializing_if = "Configured::is_empty")]
    pub headers: Configured,
    /// Whether bodies are compressed.
    #[serde(default = "defaults::yes", skip_serializing_if = "defaults::is_yes")]
    pub gzip: bool,
    /// The largest body in bytes, before it is compressed: 1,024 to 16,777,216.
    #[serde(default = "defaults::megabyte", skip_serializing_if = "defaults::is_megabyte")]
    pub max_batch_bytes: usize,
    /// A PEM file with the certificates to trust instead of the public ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<String>,
    /// The certificates to trust instead of the public ones, in PEM, or where they are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<Secret<Certificates>>,
}

impl Http {
    fn authority(&self) -> Authority<'_> {
        Authority { file: self.ca_file.as_ref(), own: self.ca.as_ref() }
    }
}

impl Type for Http {
    const SECRETS: &'static [&'static str] = &["url", "headers.*", "ca"];
    /// Not cut: half of an object is none.
    const LINES: Option<LineRules> = Some(LineRules { format: Format::Json, longest: None });
    const SHOWS_LABELS: bool = false;

    fn validate(&self) -> Result<(), String> {
        headers::validate(&self.headers)?;
        self.authority().check(true)?;
        defaults::check_batch(self.max_batch_bytes)
    }

    fn peer(&self) -> Result<Option<Peer>, String> {
        let known = self.url.inline().zip(self.authority().known());
        Ok(known.map(|(url, trust)| Peer::server(&url.uri(""), trust)))
    }

    fn build(&self, style: Style, surroundings: &Surroundings) -> Result<Box<dyn Destination>, String> {
        let service = Lines {
            url: Held::new(&self.url, &surroundings.store)?,
            headers: Headers::new(&self.headers, &surroundings.store)?,
            gzip: self.gzip,
            limits: Limits {
                body: self.max_batch_bytes,
                lot: 0,
                packing: Packing::Mixed,
                in_flight: request::IN_FLIGHT,
            },
            format: style.format,
        };
        request::build(service, self.authority().trust(&surroundings.store), surroundings)
    }
}

/// Lines, one event each.
struct Lines {
    url: Held<ServiceUrl>,
    headers: Headers,
    gzip: bool,
    limits: Limits,
    format: Format,
}

impl Service for Lines {
    fn limits(&self) -> Limits {
        self.limits
    }

    fn common(&self, _payload: &Payload<'_>, _origin: &Origin) -> Vec<u8> {
        Vec::new()
    }

    fn write(&self, payload: &Payload<'_>, event: &LogEvent<'_>, out: &mut Vec<u8>) {
        format::write(payload.format.unwrap_or(self.format), payload, event, out);
        out.push(b'\n');
    }

    fn request(&self, parts: &[Part<'_>]) -> Request<Bytes> {
        let body = parts.iter().map(|part| part.events).collect::<Vec<_>>().concat();
        let mut request = post(self.url.value().uri(""), "application/x-ndjson", self.gzip, body);
        self.headers.apply(request.headers_mut());
        request
    }

    /// There is no standard for what a service of this type answers. Some say no with a 200: the bulk endpoints of
    /// Elasticsearch and its kin with `errors`, others with `success` or `ok`, or with the number of lines that they
    /// did not take.
    fn read(&self, answer: &Answer, _events: usize) -> Reading {
        reading::json(answer, says_no)
    }

    fn secrets(&self) -> Vec<&str> {
        self.headers.exposed()
    }

    fn refused(&mut self) {
        self.url.refused();
        self.headers.refused();
    }

    fn renew(&mut self, until: Instant) -> Wait<'_, bool> {
        Box::pin(async move { self.url.renew(until).await | self.headers.renew(until).await })
    }
}

fn says_no(name: &str, value: &str) -> bool {
    match name {
        "errors" | "failed" | "rejected" | "num_rejected_docs" => reading::is_some(value),
        "success" | "ok" => value == "false",
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn these_members_say_no() {
        for (name, value) in [
            ("errors", "true"),
            ("errors", r#"[{"status":400}]"#),
            ("failed", "3"),
            ("rejected", "1"),
            ("num_rejected_docs", "3"),
            ("success", "false"),
            ("ok", "false"),
        ] {
            assert!(says_no(name, value), "{name}: {value}");
        }
        for (name, value) in [
            ("errors", "false"),
            ("errors", "[]"),
            ("failed", "0"),
            ("rejected", "0"),
            ("num_rejected_docs", "0"),
            ("success", "true"),
            ("ok", "1"),
            ("ingested", "3"),
        ] {
            assert!(!says_no(name, value), "{name}: {value}");
        }
    }
}
