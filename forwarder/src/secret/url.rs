//! The secrets of a URL, and a URL without them.

use super::looks::{REDACTED, is_telling, is_token_like};

/// The secrets of a URL: user and password, values of its query that are secrets by their name or look like tokens,
/// parts of its path that look like tokens; and the URL itself, if there are any.
pub fn secrets_of_url(url: &str) -> Vec<String> {
    let parts = Parts::of(url);
    let mut found = Vec::new();
    if let Some(user) = parts.user {
        found.extend([
            user.to_owned(),
            user.split_once(':').map_or(user, |(_, password)| password).to_owned(),
        ]);
    }
    let values = parts.query.split('&').filter_map(|pair| pair.split_once('='));
    let telling = values.filter(|(name, value)| is_telling(name) || is_token_like(value));
    found.extend(telling.map(|(_, value)| value.to_owned()));
    found.extend(parts.path.split('/').filter(|part| is_token_like(part)).map(ToOwned::to_owned));
    let decoded: Vec<String> = found
        .iter()
        .map(|text| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned())
        .collect();
    found.extend(decoded);
    if !found.is_empty() {
        found.push(url.to_owned());
    }
    found.retain(|text| !text.is_empty());
    found
}

/// A URL as it may be shown: `[redacted]` for user and password, for every value of its query and for what looks like a
/// token.
pub fn shown_url(url: &str) -> String {
    let parts = Parts::of(url);
    let user = parts.user.map(|_| format!("{REDACTED}@")).unwrap_or_default();
    let path: Vec<&str> =
        parts.path.split('/').map(|part| if is_token_like(part) { REDACTED } else { part }).collect();
    let pairs = parts.query.split('&').map(|pair| match pair.split_once('=') {
        Some((name, _)) => format!("{name}={REDACTED}"),
        None if pair.is_empty() => String::new(),
        None => REDACTED.to_owned(),
    });
    let pairs: Vec<String> = pairs.collect();
    let question = if parts.query.is_empty() { "" } else { "?" };
    format!("{}{user}{}{}{question}{}", parts.scheme, parts.host, path.join("/"), pairs.join("&"))
}

/// Whether a URL has anything in it that [`shown_url`] hides.
pub fn hides_secret(url: &str) -> bool {
    shown_url(url) != Parts::of(url).whole
}

/// A URL, which need not be a valid one, cut into its parts. A fragment never leaves the machine and is left out.
struct Parts<'u> {
    /// With `://`.
    scheme: &'u str,
    user: Option<&'u str>,
    host: &'u str,
    path: &'u str,
    query: &'u str,
    /// All of them.
    whole: &'u str,
}

impl<'u> Parts<'u> {
    fn of(url: &'u str) -> Self {
        let whole = url.split('#').next().unwrap_or_default();
        let start = whole.find("://").map_or(0, |at| at + 3);
        let (scheme, rest) = whole.split_at(start);
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (user, host) =
            authority.rsplit_once('@').map_or((None, authority), |(user, host)| (Some(user), host));
        Self { scheme, user, host, path, query, whole }
    }
}
