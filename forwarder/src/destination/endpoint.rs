//! Where services are, as it stands in the configuration: `HOST:PORT`, or a URL.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use http::Uri;

use crate::secret::{Sensitive, redactor, shown_url};

/// The URL of a service: whole, and with a key in its path or query if the service has it so. It never shows itself.
#[derive(Clone, PartialEq, Eq)]
pub struct ServiceUrl {
    text: Box<str>,
    uri: Uri,
}

impl ServiceUrl {
    /// The URL, with `path` where it has none.
    pub(super) fn uri(&self, path: &str) -> Uri {
        if path.is_empty() || self.uri.path() != "/" {
            return self.uri.clone();
        }
        // A URL with a path is one, too.
        let query = self.uri.query().map(|query| format!("?{query}")).unwrap_or_default();
        let base = self.text.split('?').next().unwrap_or_default().trim_end_matches('/');
        format!("{base}{path}{query}").parse().unwrap_or_default()
    }
}

impl FromStr for ServiceUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let uri = parse(text)
            .map_err(|why| format!("expected a URL like https://logs.example.com/ingest; this one {why}"))?;
        redactor::learn_url(text);
        Ok(Self { text: text.into(), uri })
    }
}

impl fmt::Debug for ServiceUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&shown_url(&self.text))
    }
}

impl Sensitive for ServiceUrl {
    fn expose(&self) -> &str {
        &self.text
    }

    fn stand_in() -> Self {
        let text = "https://xxxxxxxx/";
        Self { text: text.into(), uri: Uri::from_static(text) }
    }

    /// Nobody saw it when the configuration was checked.
    fn check_kept(&self) -> Result<(), String> {
        if is_public_http(&self.text) {
            return Err("it begins with http://, and whoever is on the way reads what is sent; keep a URL that begins with \
                        https://"
                .to_owned());
        }
        Ok(())
    }
}

/// Whether a URL leads over HTTP without TLS to another machine.
pub fn is_public_http(url: &str) -> bool {
    let Ok(uri) = url.parse::<Uri>() else { return false };
    let host =
        uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
    let is_loopback =
        host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    uri.scheme_str() == Some("http") && !is_loopback
}

/// Why a text is no URL of a service. It is not repeated: it may hold a key.
fn parse(text: &str) -> Result<Uri, &'static str> {
    let uri: Uri = text.parse().map_err(|_| "cannot be read")?;
    if !matches!(uri.scheme_str(), Some("http" | "https")) {
        return Err("begins with neither https:// nor http://");
    }
    match uri.authority() {
        Some(authority) if authority.as_str().contains('@') => {
            Err("has a name or a password before its host; give a header `Authorization` instead")
        }
        Some(authority) if !authority.host().is_empty() => Ok(uri),
        _ => Err("has no host"),
    }
}

/// The URL that stands in the configuration under `key`.
fn url(key: &str, text: &str) -> Result<Uri, String> {
    parse(text)
        .map_err(|why| format!("`{key}` is a URL, like https://logs.example.com/ingest; this one {why}"))
}

/// The URL of a host that stands in the configuration under `key`, without the slash at its end: the path is up to the
/// service.
pub(super) fn base(key: &str, text: &str) -> Result<String, String> {
    let uri = url(key, text)?;
    if uri.path() != "/" || uri.query().is_some() {
        return Err(format!("`{key}` is https://HOST or https://HOST:PORT; its path is added"));
    }
    Ok(text.trim_end_matches('/').to_owned())
}

/// Host and port of `HOST:PORT` or `[IPv6]:PORT`.
pub(super) fn split(endpoint: &str) -> Result<(String, u16), String> {
    let refuse =
        |why: &str| format!("`endpoint` is HOST:PORT, like data.logentries.com:443; `{endpoint}` {why}");
    let (host, port) = endpoint.rsplit_once(':').ok_or_else(|| refuse("has no port"))?;
    let port = port
        .parse::<u16>()
        .ok()
        .filter(|port| *port != 0)
        .ok_or_else(|| refuse("has no port from 1 to 65535"))?;
    // An IPv6 address is bracketed to tell its colons from the port's.
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let host = match bare {
        Some(address) if address.parse::<std::net::Ipv6Addr>().is_ok() => address,
        Some(_) => return Err(refuse("has no IPv6 address in its brackets")),
        None => host,
    };
    if bare.is_none()
        && (host.is_empty()
            || !host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte)))
    {
        return Err(refuse("has no valid host name; write no scheme and no path"));
    }
    Ok((host.to_owned(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_whole_and_hold_no_password() {
        assert!(url("url", "https://h/x?y=z").is_ok() && url("url", "http://[::1]:8080").is_ok());
        for wrong in ["h:1", "/path", "ftp://h/", "https://me:secret@h/", "https:///x", "https://h/ x", ""] {
            let error = url("url", wrong).unwrap_err();
            assert!(!error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn a_url_shows_neither_password_nor_key() {
        let url: ServiceUrl = "https://h/services/x7Gh2kLmN9pQ4rSt/?key=abc".parse().unwrap();
        assert_eq!(format!("{url:?}"), "https://h/services/[redacted]/?key=[redacted]");
        let error = "https://me:hunter2@h/".parse::<ServiceUrl>().unwrap_err();
        assert!(!error.contains("hunter2"), "{error}");
    }

    #[test]
    fn a_path_is_added_where_there_is_none() {
        for (url, whole) in [
            ("https://h:1", "https://h:1/v1/logs"),
            ("https://h/", "https://h/v1/logs"),
            ("https://h?k=v", "https://h/v1/logs?k=v"),
            ("https://h/own", "https://h/own"),
        ] {
            assert_eq!(url.parse::<ServiceUrl>().unwrap().uri("/v1/logs").to_string(), whole);
        }
    }

    #[test]
    fn http_is_public_unless_it_stays_on_the_machine() {
        for (url, is) in [
            ("http://collector.example.com/", true),
            ("http://10.0.0.1:4318", true),
            ("http://localhost.example.com", true),
            ("http://localhost:1", false),
            ("http://127.0.0.2/", false),
            ("http://[::1]:1/", false),
            ("https://collector.example.com", false),
        ] {
            assert_eq!(is_public_http(url), is, "{url}");
        }
    }

    #[test]
    fn a_base_has_no_path() {
        assert_eq!(base("endpoint", "https://h:1/"), Ok("https://h:1".into()));
        assert!(base("endpoint", "https://h/x").is_err() && base("endpoint", "https://h?x").is_err());
    }

    #[test]
    fn ipv6_endpoints_are_bracketed() {
        assert_eq!(split("[::1]:443"), Ok(("::1".into(), 443)));
        assert!(split("::1:443").is_err());
    }
}
