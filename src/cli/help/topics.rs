//! What the help and the manual pages say beside verbs and flags.

use super::rows::Row;
use crate::error::Exit;

/// The environment variables that the tool reads, and what they mean. Those of the AWS SDK are more; these are the ones
/// to know.
const VARIABLES: &[(&str, &str)] = &[
    ("AWS_REGION", "AWS region, unless --region gives it; else AWS_DEFAULT_REGION, else the profile's"),
    ("AWS_PROFILE", "AWS profile, unless --profile gives it"),
    (
        "AWS_ACCESS_KEY_ID",
        "Credentials, with AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, as for the `aws` command",
    ),
    ("AWS_ENDPOINT_URL", "Another AWS endpoint, unless --endpoint-url gives it"),
    ("AWS_CA_BUNDLE", "PEM file of the certificates to trust, for a proxy that inspects TLS"),
    ("HTTPS_PROXY", "Proxy for calls to AWS; NO_PROXY lists hosts to call directly"),
    ("CWL2LE_TOKEN", "Token of the log, unless a flag gives it"),
    ("CWL2LE_STACK", "Stack name, unless --stack gives it"),
    ("CWL2LE_CONFIG_FILE", "Configuration file, unless --config gives it"),
    ("CWL2LE_ENV", "Environment of the configuration file, unless --env gives it; several with commas"),
    ("CWL2LE_ROLE_ARN", "Role to assume, unless --role-arn gives it"),
    ("CWL2LE_EXTERNAL_ID", "External ID of that role, unless --external-id gives it"),
    ("CWL2LE_SESSION_NAME", "Name of the session of that role, unless --session-name gives it"),
    ("CWL2LE_OUTPUT", "Output format, unless --output gives it"),
    ("CWL2LE_LOG", "Level of the log of AWS calls, unless --log gives it: off, info, debug"),
    ("CWL2LE_PAGER", "Pager for `--detail` on a terminal; else PAGER"),
    ("CWL2LE_PATIENCE", "Seconds to wait, unless --patience gives them"),
    ("CWL2LE_RATE", "Calls per second, unless --rate gives them"),
    ("CWL2LE_CACHE_DIR", "Folder for the local AWS of `demo`"),
    ("CWL2LE_PYTHON", "Python interpreter for the local AWS of `demo`"),
    ("NO_COLOR", "Without colors, unless --color asks for them; CLICOLOR_FORCE=1 forces them"),
];

/// The files that the tool reads.
const FILES: &[(&str, &str)] = &[
    ("cwl2le.toml", "Configuration file. `cwl2le init` writes one with every setting explained"),
    ("~/.aws/config", "AWS profiles, as for the `aws` command"),
    ("~/.aws/credentials", "AWS credentials, as for the `aws` command"),
];

/// A heading with rows below it.
pub(super) struct Topic {
    pub(super) title: &'static str,
    pub(super) rows: Vec<Row>,
}

/// The environment variables.
pub(super) fn environment() -> Topic {
    Topic { title: "Environment", rows: owned(VARIABLES) }
}

/// The files.
pub(super) fn files() -> Topic {
    Topic { title: "Files", rows: owned(FILES) }
}

/// The exit codes.
pub(super) fn exit_codes() -> Topic {
    let rows = Exit::ALL.iter().map(|exit| (exit.code().to_string(), exit.meaning().to_owned()));
    Topic { title: "Exit codes", rows: rows.collect() }
}

fn owned(rows: &[(&str, &str)]) -> Vec<Row> {
    rows.iter().map(|(term, text)| ((*term).to_owned(), (*text).to_owned())).collect()
}
