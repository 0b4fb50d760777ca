//! The secrets that flags and variables give. They are learned before the flags are parsed: a parser quotes what it
//! refuses, and that may be a token behind a flag that is misspelt or stands in the wrong place.

use cwl2le_forwarder::redactor::{is_telling, is_token_like, learn_all, secrets_of_url};
use cwl2le_forwarder::secret::Token;

use super::TOKEN_VARIABLE;

/// AWS's variables whose whole value is a secret, of 16 characters or more. Those of a local AWS are words, such as `test`.
const OF_AWS: [&str; 3] = ["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN"];

/// Flags whose value names the place of a secret. A secret in its place looks like a token.
const PLACES: [&str; 4] = ["token-file", "token-ssm", "token-secret", "logentries-ca-file"];

/// Flags whose names sound like those of a secret and are none.
const NO_SECRETS: [&str; 2] = ["kms-key", "tag"];

/// Flags behind which a UUID is right. Anywhere else it is a token in the wrong place.
const NAMES: [&str; 9] =
    ["kms-key", "tag", "log-group", "g", "match", "exclude", "filter-name", "filter-pattern", "log-stream"];

/// Makes every secret of the command line and of the environment known to the redactor.
pub fn learn_secrets(args: &[String], variables: impl IntoIterator<Item = (String, String)>) {
    let mut found = of_arguments(args);
    for (name, value) in variables {
        let is_of_aws = OF_AWS.contains(&name.as_str()) && value.len() >= 16;
        if name == TOKEN_VARIABLE || is_of_aws {
            found.push(value);
        } else if is_url(&name) {
            found.extend(secrets_of_url(&value));
        }
    }
    learn_all(found.iter().map(String::as_str));
}

fn is_url(name: &str) -> bool {
    let proxy = name.to_ascii_uppercase();
    name.starts_with("AWS_ENDPOINT_URL")
        || ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"].contains(&proxy.as_str())
}

fn of_arguments(args: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    for (at, arg) in args.iter().enumerate() {
        let (name, value) = match arg.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (arg.as_str(), args.get(at + 1).map(String::as_str)),
        };
        match name.strip_prefix('-').map(|name| name.trim_start_matches('-')) {
            Some(flag) if is_secret(flag) => found.extend(value.map(ToOwned::to_owned)),
            Some(flag) if PLACES.contains(&flag) => {
                found.extend(
                    value.filter(|value| is_token_like(value) && !value.contains('/')).map(ToOwned::to_owned),
                );
            }
            // An assignment of the shell behind the command instead of before it.
            None if arg.contains('=') && is_variable(name) && is_telling(name) => {
                found.extend(value.map(ToOwned::to_owned));
            }
            None if is_token_like(arg) && !is_expected(args, at) => found.push(arg.clone()),
            _ => {}
        }
        let text = value.filter(|_| arg.contains('=')).unwrap_or(arg).trim_matches('/');
        if !NAMES.contains(&flag_of(args, at)) && text.parse::<Token>().is_ok() {
            found.push(text.to_owned());
        }
        if arg.contains("://") {
            found.extend(secrets_of_url(value.filter(|_| arg.contains('=')).unwrap_or(arg)));
            found.extend(secrets_of_url(arg));
        }
    }
    found
}

/// Whether a secret stands behind a flag: `--token`, what it may be a slip for, and flags that other tools have.
fn is_secret(flag: &str) -> bool {
    if PLACES.contains(&flag) || NO_SECRETS.contains(&flag) {
        return false;
    }
    strsim::damerau_levenshtein(flag, "token") <= 2 && flag != "to" || is_telling(flag)
}

fn is_variable(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

/// The flag that an argument is, or stands behind; empty for none.
fn flag_of(args: &[String], at: usize) -> &str {
    let before = at.checked_sub(1).and_then(|before| args.get(before)).filter(|flag| !flag.contains('='));
    let flag =
        Some(&args[at]).filter(|arg| arg.starts_with('-')).or(before.filter(|flag| flag.starts_with('-')));
    flag.map_or("", |flag| flag.trim_start_matches('-').split('=').next().unwrap_or_default())
}

/// Whether an argument stands behind a flag of a name, where a UUID or a long word may be right: a log group, a key.
fn is_expected(args: &[String], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|before| args.get(before));
    at == 0 || before.is_some_and(|flag| flag.starts_with('-') && !flag.contains('='))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "kqz8X2vLmN4pR7sT";
    const UUID: &str = "01234567-89ab-cdef-0123-456789abcdef";

    fn found(args: &[&str]) -> Vec<String> {
        of_arguments(&args.iter().map(|arg| (*arg).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn what_stands_behind_a_flag_for_secrets_is_one_however_the_flag_is_written() {
        for args in [
            vec!["cwl2le", "setup", "--token", KEY],
            vec!["cwl2le", "--token", KEY, "setup"],
            vec!["cwl2le", "setup", "--token=kqz8X2vLmN4pR7sT"],
            vec!["cwl2le", "setup", "--tokne", KEY],
            vec!["cwl2le", "setup", "-token", KEY],
            vec!["cwl2le", "setup", "--api-key", KEY],
            vec!["cwl2le", "setup", "--password=kqz8X2vLmN4pR7sT"],
            vec!["cwl2le", "setup", "CWL2LE_TOKEN=kqz8X2vLmN4pR7sT"],
            vec!["cwl2le", "setup", "--token-file", KEY],
            vec!["cwl2le", "setup", "--token-secret=kqz8X2vLmN4pR7sT"],
            vec!["cwl2le", "setup", KEY],
            vec!["cwl2le", "setup", "--api-key", KEY, "--region", "eu-west-1"],
        ] {
            assert_eq!(found(&args), [KEY], "{args:?}");
        }
        let uuids = [
            vec!["cwl2le", "setup", "--shards", UUID],
            vec!["cwl2le", "setup", "--token-ssm=/01234567-89ab-cdef-0123-456789abcdef"],
        ];
        for args in uuids {
            assert!(found(&args).iter().any(|secret| secret == UUID), "{args:?}");
        }
        let url = found(&["cwl2le", "status", "--endpoint-url", "http://me:pass-word@h:1"]);
        assert!(url.iter().any(|secret| secret == "pass-word"), "{url:?}");
    }

    #[test]
    fn names_are_no_secrets() {
        for args in [
            vec!["cwl2le", "setup", "--kms-key", UUID],
            vec!["cwl2le", "subscribe", "--log-group", "/aws/x/0123456789abcdef0123"],
            vec!["cwl2le", "setup", "--token-file", "/run/secrets/0123456789abcdef0123"],
            vec!["cwl2le", "setup", "--token-ssm", "/cwl2le/token"],
            vec!["cwl2le", "setup", "--tag", "token=team"],
            vec!["cwl2le", "forward", "--to", "default"],
        ] {
            assert_eq!(found(&args), Vec::<String>::new(), "{args:?}");
        }
    }

    #[test]
    fn variables_are_learned() {
        let variables = [
            ("CWL2LE_TOKEN", "a-variable-with-it"),
            ("https_proxy", "http://u:proxy-word@h:1"),
            ("HOME", "/home/somebody"),
        ];
        learn_secrets(&[], variables.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let text =
            cwl2le_forwarder::redactor::redact("a-variable-with-it proxy-word /home/somebody").into_owned();
        assert_eq!(text, "[redacted] [redacted] /home/somebody");
    }
}
