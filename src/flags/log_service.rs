//! The flags that say where the forwarder sends lines.

use std::path::PathBuf;

use clap::Args;
use clap::builder::StringValueParser;

use super::values::Hyphened;

/// The variable with the token of the log, where no flag says where it is.
pub(crate) const TOKEN_VARIABLE: &str = "CWL2LE_TOKEN";

/// Where the forwarder sends lines.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Log service")]
pub struct DestinationArgs {
    /// Token of the log, a UUID [env: CWL2LE_TOKEN]. The process list and the shell history show this flag: prefer
    /// another way to give the token
    #[arg(long, hide_short_help = true, value_name = "UUID")]
    pub token: Option<String>,
    /// What the variable says the token is. Clap would take it for a flag, which excludes the others.
    #[arg(skip = std::env::var(TOKEN_VARIABLE).ok())]
    pub token_variable: Option<String>,
    /// File with the token, `-` for standard input
    ///
    /// Or give the token as the environment variable CWL2LE_TOKEN.
    #[arg(long, value_name = "FILE", conflicts_with = "token")]
    pub token_file: Option<PathBuf>,
    /// SSM parameter with the token
    ///
    /// The function reads it. Give its name or ARN; NAME#KEY means one key of a JSON object.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["token", "token_file"], allow_hyphen_values = true, value_parser = Hyphened(StringValueParser::new()))]
    pub token_ssm: Option<String>,
    /// Secrets Manager secret with the token
    ///
    /// The function reads it. Give its name or ARN; NAME#KEY means one key of a JSON object.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["token", "token_file", "token_ssm"], allow_hyphen_values = true, value_parser = Hyphened(StringValueParser::new()))]
    pub token_secret: Option<String>,
    /// us, us2, us3, eu, ca, au or ap [default: us]
    ///
    /// The region of your account at Logentries (Rapid7 Log Search).
    #[arg(long, value_name = "REGION", conflicts_with = "logentries_endpoint")]
    pub logentries_region: Option<cwl2le_forwarder::config::Region>,
    /// HOST:PORT of the log service, for older accounts (data.logentries.com:443) and private collectors
    #[arg(long, hide_short_help = true, value_name = "HOST:PORT")]
    pub logentries_endpoint: Option<String>,
    /// Connect without TLS, for private collectors only
    #[arg(long, hide_short_help = true)]
    pub logentries_plain: bool,
    /// PEM file of the certificates to trust instead of the public ones. The path is one inside the function
    #[arg(long, hide_short_help = true, value_name = "FILE", conflicts_with = "logentries_plain")]
    pub logentries_ca_file: Option<String>,
    /// PEM file, on this machine, of the certificates to trust instead of the public ones. They become part of the
    /// function's configuration
    #[arg(long, hide_short_help = true, value_name = "FILE", conflicts_with_all = ["logentries_plain", "logentries_ca_file"])]
    pub logentries_ca: Option<PathBuf>,
}

impl DestinationArgs {
    /// Whether they say where lines go.
    pub fn names_service(&self) -> bool {
        self.logentries_region.is_some() || self.logentries_endpoint.is_some()
    }

    /// Whether they, or the variable, say what the token is.
    pub fn has_token(&self) -> bool {
        self.token.is_some()
            || self.token_variable.is_some()
            || self.token_file.is_some()
            || self.token_ssm.is_some()
            || self.token_secret.is_some()
    }
}
