//! `cwl2le schema`: the JSON schema of the configuration file.

use std::fmt;

use clap::Args;
use serde::Serialize;
use serde_json::Value;

use super::manual::Manual;
use super::verb::Verb;
use crate::error::Result;
use crate::settings::SCHEMA;
use crate::workflow::Context;

/// Print the JSON schema of cwl2le.toml, for editors that complete and check it
#[derive(Debug, Clone, Args)]
pub(crate) struct Schema {}

/// The schema.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Document {
    /// The schema of `cwl2le.toml`.
    schema: &'static Value,
}

impl fmt::Display for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The alternate form has line ends and indents.
        write!(f, "{:#}", self.schema)
    }
}

impl Verb for Schema {
    type Report = Document;

    const MANUAL: Manual = Manual {
        examples: &[
            ("Save it beside cwl2le.toml", "cwl2le schema > cwl2le.schema.json"),
            ("Look up one section", "cwl2le schema | jq .properties.stream"),
        ],
        page: Some("settings.md"),
    };

    async fn run(&self, _: Context<'_>) -> Result<Self::Report> {
        Ok(Document { schema: &SCHEMA })
    }
}
