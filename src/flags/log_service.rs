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
    /// Token of the log (UUID); else CWL2LE_TOKEN. The process list and the shell's history show it: better give
    /// --token-file, the variable, --token-ssm or --token-secret
    #[arg(long, value_name = "UUID")]
    pub token: Option<String>,
    /// What the variable says the token is. Clap would take it for a flag, which excludes the others.
    #[arg(skip = std::env::var(TOKEN_VARIABLE).ok())]
    pub token_variable: Option<String>,
    /// File with the token, `-` for standard input, as in `pass show log | cwl2le setup --token-file - --yes`
    #[arg(long, value_name = "FILE", conflicts_with = "token")]
    pub token_file: Option<PathBuf>,
    /// SSM parameter (name or ARN) that the function reads the token from; NAME#KEY for one key of a JSON object
    #[arg(long, value_name = "NAME", conflicts_with_all = ["token", "token_file"], allow_hyphen_values = true, value_parser = Hyphened(StringValueParser::new()))]
    pub token_ssm: Option<String>,
    /// Secrets Manager secret (name or ARN) that the function reads the token from; NAME#KEY for one key
    #[arg(long, value_name = "NAME", conflicts_with_all = ["token", "token_file", "token_ssm"], allow_hyphen_values = true, value_parser = Hyphened(StringValueParser::new()))]
    pub token_secret: Option<String>,
    /// Region of the log service: us, us2, us3, eu, ca, au, ap; default `us`
    #[arg(long, value_name = "REGION", conflicts_with = "logentries_endpoint")]
    pub logentries_region: Option<cwl2le_forwarder::config::Region>,
    /// HOST:PORT of the log service, for older accounts (data.logentries.com:443) and private collectors
    #[arg(long, value_name = "HOST:PORT")]
    pub logentries_endpoint: Option<String>,
    /// Connect without TLS: for private collectors only
    #[arg(long)]
    pub logentries_plain: bool,
    /// PEM file, as the function sees it, with the certificates to trust instead of the public ones
    #[arg(long, value_name = "FILE", conflicts_with = "logentries_plain")]
    pub logentries_ca_file: Option<String>,
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
