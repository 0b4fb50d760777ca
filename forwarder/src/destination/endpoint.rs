//! Where services are, as it stands in the configuration: `HOST:PORT`, or a URL.

use http::Uri;

/// The URL that stands in the configuration under `key`.
pub(super) fn url(key: &str, text: &str) -> Result<Uri, String> {
    // It is not repeated: it may hold a key.
    let refuse =
        |why: &str| format!("`{key}` is a URL, like https://logs.example.com/ingest; this one {why}");
    let uri: Uri = text.parse().map_err(|_| refuse("cannot be read"))?;
    if !matches!(uri.scheme_str(), Some("http" | "https")) {
        return Err(refuse("begins with neither https:// nor http://"));
    }
    match uri.authority() {
        Some(authority) if authority.as_str().contains('@') => {
            Err(refuse("has a name or a password before its host; give a header `Authorization` instead"))
        }
        Some(authority) if !authority.host().is_empty() => Ok(uri),
        _ => Err(refuse("has no host")),
    }
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
