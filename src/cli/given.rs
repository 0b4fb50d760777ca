//! The secrets that flags and variables give. They are learned before the flags are parsed: a parser quotes what it
//! refuses, and that may be a token behind a flag that is misspelt or stands in the wrong place.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use clap::{Arg, Command, CommandFactory};
use cwl2le_forwarder::secret::redactor::learn_all;
use cwl2le_forwarder::secret::{is_telling, is_token_like, is_uuid, secrets_of_url};

use super::Cli;
use crate::flags::TOKEN_VARIABLE;

/// AWS's variables whose whole value is a secret, of 16 characters or more. Those of a local AWS are words, such as
/// `test`.
const OF_AWS: [&str; 3] = ["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN"];

/// Flags whose value names the place of a secret. A secret in its place looks like a token.
const PLACES: [&str; 4] = ["token-file", "token-ssm", "token-secret", "logentries-ca-file"];

/// Flags whose names sound like those of a secret and are none.
const NO_SECRETS: [&str; 2] = ["kms-key", "tag"];

/// Flags behind which a UUID is right. Anywhere else it is a token in the wrong place.
const NAMES: [&str; 9] =
    ["kms-key", "tag", "log-group", "g", "match", "exclude", "filter-name", "filter-pattern", "log-stream"];

/// What stands between a flag and its value, or is typed there by mistake.
const SEPARATORS: [char; 4] = ['=', ':', '/', ' '];

/// A flag begins with one. Word processors and chats make another of `-`.
const DASHES: [char; 8] =
    ['-', '\u{2010}', '\u{2011}', '\u{2013}', '\u{2014}', '\u{2015}', '\u{2212}', '\u{ff0d}'];

/// Length of a UUID with its hyphens, in bytes.
const UUID_LENGTH: usize = 36;

/// What the command line of the tool takes.
#[derive(Default)]
struct Known {
    /// The names of all flags that take a value, long and short.
    valued: BTreeSet<String>,
    /// The names of all flags that take none.
    switches: BTreeSet<String>,
    /// The verbs whose arguments are log groups.
    of_groups: BTreeSet<String>,
}

static KNOWN: LazyLock<Known> = LazyLock::new(|| {
    let mut command = Cli::command();
    command.build();
    let mut known = Known::default();
    known.add(&command);
    known
});

impl Known {
    fn add(&mut self, command: &Command) {
        for flag in command.get_arguments().filter(|flag| !flag.is_positional()) {
            let takes_value = flag.get_action().takes_values();
            let names = if takes_value { &mut self.valued } else { &mut self.switches };
            names.extend(flag.get_long_and_visible_aliases().into_iter().flatten().map(ToOwned::to_owned));
            names.extend(flag.get_short().map(String::from));
        }
        let takes_groups = |arg: &Arg| arg.get_value_names().is_some_and(|names| names[0] == "LOG_GROUP");
        if command.get_positionals().any(takes_groups) {
            self.of_groups.insert(command.get_name().to_owned());
        }
        command.get_subcommands().for_each(|verb| self.add(verb));
    }
}

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
        let (name, value) = match arg.split_once(SEPARATORS) {
            Some((name, value)) => (name, Some(value)),
            None => (arg.as_str(), args.get(at + 1).map(String::as_str)),
        };
        match name.strip_prefix(DASHES).map(|name| name.trim_start_matches(DASHES)) {
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
            // A flag without its dashes, such as `token:VALUE`; with a `/`, it may be a log group.
            None if arg[name.len()..].starts_with(['=', ':', ' '])
                && is_secret(name)
                && !is_expected(args, at) =>
            {
                found.extend(value.map(ToOwned::to_owned));
            }
            None if is_token_like(arg) && !is_expected(args, at) => found.push(arg.clone()),
            _ => {}
        }
        if !NAMES.contains(&flag_of(args, at)) && !is_log_group(args, at) {
            found.extend(uuids(arg));
        }
        if arg.contains("://") {
            let value = arg.split_once('=').map_or(arg.as_str(), |(_, value)| value);
            found.extend(secrets_of_url(value));
            found.extend(secrets_of_url(arg));
        }
    }
    found
}

/// Every UUID in a text, wherever it stands.
fn uuids(text: &str) -> impl Iterator<Item = String> {
    let parts = (0..text.len()).filter_map(|at| text.get(at..at + UUID_LENGTH));
    parts.filter(|part| is_uuid(part)).map(ToOwned::to_owned)
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
    let before = at.checked_sub(1).and_then(|before| args.get(before));
    let before = before.filter(|flag| !flag.contains(SEPARATORS));
    let flag = Some(&args[at]).filter(|arg| arg.starts_with(DASHES)).or(before);
    let flag =
        flag.filter(|flag| flag.starts_with(DASHES)).map_or("", |flag| flag.trim_start_matches(DASHES));
    flag.split(SEPARATORS).next().unwrap_or_default()
}

/// Whether an argument is the value of a flag or a log group, where a long word may be right.
fn is_expected(args: &[String], at: usize) -> bool {
    at == 0 || KNOWN.valued.contains(flag_of(args, at)) || is_log_group(args, at)
}

/// Whether an argument is a log group, or a pattern for some, and no token that is typed in its place: it begins as
/// names of log groups do, is not a UUID, and has no character that only Base64 has.
fn is_log_group(args: &[String], at: usize) -> bool {
    let (arg, flag) = (&args[at], flag_of(args, at));
    let looks_like_one = ["/", "arn:", "*", "{/"].iter().any(|start| arg.starts_with(start))
        && !is_uuid(arg.trim_matches('/'))
        && !arg.contains(['+', '=']);
    let is_positional = flag.is_empty() || KNOWN.switches.contains(flag) && !KNOWN.valued.contains(flag);
    looks_like_one && is_positional && args[..at].iter().any(|verb| KNOWN.of_groups.contains(verb))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "kqz8X2vLmN4pR7sT";
    const UUID: &str = "01234567-89ab-cdef-0123-456789abcdef";

    fn found(args: &[&str]) -> Vec<String> {
        let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
        BTreeSet::from_iter(of_arguments(&args)).into_iter().collect()
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
            vec!["cwl2le", "setup", "--token:kqz8X2vLmN4pR7sT"],
            vec!["cwl2le", "setup", "--token kqz8X2vLmN4pR7sT"],
            vec!["cwl2le", "setup", "--token/kqz8X2vLmN4pR7sT"],
            vec!["cwl2le", "setup", "token:kqz8X2vLmN4pR7sT"],
            vec!["cwl2le", "setup", "\u{2014}token kqz8X2vLmN4pR7sT"],
            vec!["cwl2le", "setup", "\u{2013}token", KEY],
            vec!["cwl2le", "setup", "--yes", KEY],
            vec!["cwl2le", "setup", "--adopt", KEY],
            vec!["cwl2le", "-q", KEY],
            vec!["cwl2le", "setup", "--misspelt", KEY],
            vec!["cwl2le", "subscribe", KEY],
            vec!["cwl2le", "unsubscribe", "--yes", KEY],
        ] {
            assert_eq!(found(&args), [KEY], "{args:?}");
        }
        let uuids = [
            vec!["cwl2le", "setup", "--shards", UUID],
            vec!["cwl2le", "setup", "--token-ssm=/01234567-89ab-cdef-0123-456789abcdef"],
            vec!["cwl2le", "setup", "--token:01234567-89ab-cdef-0123-456789abcdef"],
            vec!["cwl2le", "setup", "--shards 01234567-89ab-cdef-0123-456789abcdef"],
            vec!["cwl2le", "setup", "\u{2014}token 01234567-89ab-cdef-0123-456789abcdef"],
            vec!["cwl2le", "subscribe", UUID],
            vec!["cwl2le", "subscribe", "/app", "/01234567-89ab-cdef-0123-456789abcdef"],
            vec!["cwl2le", "subscribe", "--shards", "/aws/x/01234567-89ab-cdef-0123-456789abcdef"],
            vec!["cwl2le", "setup", "/aws/x/01234567-89ab-cdef-0123-456789abcdef"],
            vec!["cwl2le", "setup", "--stack", "my-01234567-89ab-cdef-0123-456789abcdef;é"],
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
            vec!["cwl2le", "preview", "keys/application"],
            vec![
                "cwl2le",
                "setup",
                "--kms-key=arn:aws:kms:eu-west-1:1:key/01234567-89ab-cdef-0123-456789abcdef",
            ],
            vec!["cwl2le", "subscribe", "-g", "/aws/x/01234567-89ab-cdef-0123-456789abcdef"],
            vec!["cwl2le", "subscribe", "--log-group", "/aws/x/0123456789abcdef0123"],
            vec![
                "cwl2le",
                "subscribe",
                "/aws/lambda/processcustomerorders2025",
                "--yes",
                "/aws/x/0123456789abcdef0123",
            ],
            vec![
                "cwl2le",
                "unsubscribe",
                "/aws/x/01234567-89ab-cdef-0123-456789abcdef",
                "*processcustomerorders2025",
            ],
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
        let text = cwl2le_forwarder::secret::redactor::redact("a-variable-with-it proxy-word /home/somebody")
            .into_owned();
        assert_eq!(text, "[redacted] [redacted] /home/somebody");
    }
}
