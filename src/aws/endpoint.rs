//! Where AWS is, when it is somewhere else.

use ::http::Uri;

use crate::error::{Code, Error, Result};

/// Where every service is; followed by `_SERVICE` where one is. The SDK reads both.
const VARIABLE: &str = "AWS_ENDPOINT_URL";

/// Checks the endpoint of the flag, else those of the environment. The SDK takes anything, and then panics or retries.
///
/// # Errors
///
/// [`Code::Usage`]: it is no URL. It is not shown, since a password may stand in it.
pub(super) fn check(flag: Option<&str>, environment: impl Iterator<Item = (String, String)>) -> Result<()> {
    if let Some(url) = flag {
        return check_one("--endpoint-url", url);
    }
    let is_endpoint = |name: &str| {
        name.strip_prefix(VARIABLE).is_some_and(|service| service.is_empty() || service.starts_with('_'))
    };
    let mut given = environment.filter(|(name, url)| is_endpoint(name) && !url.is_empty());
    given.try_for_each(|(name, url)| check_one(&name, &url))
}

fn check_one(from: &str, url: &str) -> Result<()> {
    problem(url).map_or(Ok(()), |problem| {
        Err(Error::new(Code::Usage, format!("{from} is not the URL of an endpoint: {problem}"))
            .on(from)
            .hint("use http://HOST:PORT or https://HOST, or leave it out to use AWS"))
    })
}

fn problem(url: &str) -> Option<&'static str> {
    if !url.starts_with("http://") && !url.starts_with("https://") {
        return Some("it does not begin with http:// or https://");
    }
    let uri = url.parse::<Uri>().ok();
    let Some(authority) = uri.as_ref().and_then(Uri::authority).filter(|found| !found.host().is_empty())
    else {
        return Some("it has no host, or a character that a URL cannot have");
    };
    let address = authority.as_str().rsplit('@').next().unwrap_or_default();
    (address.len() > authority.host().len() && authority.port_u16().is_none())
        .then_some("its port is not a number from 0 to 65535")
}

/// An endpoint as it may be shown: without a user and a password.
pub(super) fn shown(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let address = rest[..end].rfind('@').map_or(0, |at| at + 1);
    format!("{scheme}://{}", &rest[address..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(name: &str, url: &str) -> impl Iterator<Item = (String, String)> {
        [("PATH".to_owned(), "no url".to_owned()), (name.to_owned(), url.to_owned())].into_iter()
    }

    #[test]
    fn what_is_no_url_is_refused_by_the_name_of_where_it_stands() {
        for url in [
            "http://",
            "http://a b",
            "localhost:4566",
            "ftp://a",
            "http://:1",
            "https://a:b",
            "http://a:70000",
            "x",
        ] {
            for from in ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_KINESIS"] {
                let error = check(None, environment(from, url)).expect_err(url);
                assert_eq!((error.code, error.resource.as_deref()), (Code::Usage, Some(from)));
                assert!(error.message.starts_with(&format!("{from} ")), "{error}");
            }
            let error = check(Some(url), environment("AWS_ENDPOINT_URL", "http://fine")).expect_err(url);
            assert_eq!(error.resource.as_deref(), Some("--endpoint-url"));
        }
        let error = check(Some("http://me:hunter2@a b"), std::iter::empty()).expect_err("no url");
        assert!(!format!("{error:?}").contains("hunter2"));
    }

    #[test]
    fn urls_and_what_is_no_endpoint_pass() {
        for url in ["http://127.0.0.1:4566", "https://a.b/", "http://[::1]:1", "http://me:pw@a:1/x", ""] {
            check(None, environment("AWS_ENDPOINT_URL", url)).expect(url);
        }
        check(None, environment("AWS_ENDPOINT_URLS", "none")).expect("another variable");
        // What the flag overrules need not be right.
        check(Some("http://a"), environment("AWS_ENDPOINT_URL", "none")).expect("the flag wins");
    }

    #[test]
    fn a_password_is_not_shown() {
        for (url, seen) in [
            ("http://me:hunter2@host:1/a@b", "http://host:1/a@b"),
            ("https://me@x:p@host", "https://host"),
            ("http://127.0.0.1:4566", "http://127.0.0.1:4566"),
            ("http://host/@", "http://host/@"),
        ] {
            assert_eq!(shown(url), seen);
        }
    }
}
