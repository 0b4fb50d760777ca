//! For which tool a template is, and how it is written.

use clap::ValueEnum;

/// The tools that deploy templates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Tool {
    /// AWS CloudFormation
    Cloudformation,
    /// Terraform or OpenTofu
    Terraform,
}

/// How a template is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// YAML, for CloudFormation
    Yaml,
    /// JSON, for CloudFormation
    Json,
    /// Terraform's own syntax
    Hcl,
    /// Terraform's JSON syntax
    #[value(name = "tf.json")]
    TfJson,
}

impl Tool {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Cloudformation => "cloudformation",
            Self::Terraform => "terraform",
        }
    }
}

impl Format {
    pub(super) const fn tool(self) -> Tool {
        match self {
            Self::Yaml | Self::Json => Tool::Cloudformation,
            Self::Hcl | Self::TfJson => Tool::Terraform,
        }
    }

    pub(super) const fn of(tool: Tool) -> Self {
        match tool {
            Tool::Cloudformation => Self::Yaml,
            Tool::Terraform => Self::Hcl,
        }
    }

    pub(super) const fn file(self) -> &'static str {
        match self {
            Self::Yaml => "cwl2le.yaml",
            Self::Json => "cwl2le.json",
            Self::Hcl => "cwl2le.tf",
            Self::TfJson => "cwl2le.tf.json",
        }
    }

    /// The other ways to write a template for the same tool.
    pub(super) fn others(self) -> impl Iterator<Item = Self> {
        Self::value_variants()
            .iter()
            .copied()
            .filter(move |other| *other != self && other.tool() == self.tool())
    }

    pub(super) fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
}
