//! What `cwl2le export` reports.

use std::fmt;
use std::path::Path;

use serde::Serialize;

use super::format::Tool;
use crate::export::Parameter;
use crate::output::quantity::plural;
use crate::output::{Next, visible};
use crate::workflow::plan_export::Exported;

/// The template, or where it was written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct ExportReport {
    /// The tool that it is for.
    pub tool: &'static str,
    /// The stack.
    #[serde(skip)]
    pub stack: String,
    /// Number of resources that it declares.
    pub resources: usize,
    /// The secrets that whoever deploys it gives.
    pub secrets: Vec<Secret>,
    /// The files that were written: the template, and the forwarder's zip.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    /// The template, where it was not written to a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// How it is deployed.
    #[serde(skip_serializing_if = "Next::is_empty")]
    pub next: Next,
}

/// A secret that is given when the template is deployed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Secret {
    /// The name of its parameter or variable.
    pub name: String,
    /// What it is.
    pub description: String,
}

impl Secret {
    pub(super) fn of(parameter: &Parameter, tool: Tool) -> Self {
        let name = match tool {
            Tool::Cloudformation => parameter.id.clone(),
            Tool::Terraform => parameter.variable(),
        };
        Self { name, description: parameter.description.clone() }
    }
}

/// Maximum size of a template that is not read from S3, in bytes: a quota of CloudFormation.
const INLINE: usize = 51_200;

/// How it is deployed.
pub(super) fn next(tool: Tool, exported: &Exported, folder: Option<&Path>, file: &str, bytes: usize) -> Next {
    let Some(folder) = folder else { return Next::new() };
    let quoted = |path: &Path| {
        let path = path.display().to_string();
        shlex::try_quote(&path).map_or_else(|_| path.clone(), std::borrow::Cow::into_owned)
    };
    let region = &exported.stack.target.region;
    let parameters = &exported.template.parameters;
    match tool {
        Tool::Cloudformation => {
            let given = parameters.iter().map(|secret| format!(" {}=SECRET", secret.id)).collect::<String>();
            let by_s3 = if bytes > INLINE { " --s3-bucket BUCKET --s3-prefix cwl2le" } else { "" };
            Next::new()
                .then(
                    format!(
                        "aws s3 cp {} s3://BUCKET/ --region {region}",
                        quoted(&folder.join(&exported.template.code))
                    ),
                    "put the forwarder into a bucket of yours in the region",
                )
                .then(
                    format!(
                        "aws cloudformation deploy --region {region} --stack-name {} --template-file {} \
                         --capabilities CAPABILITY_NAMED_IAM{by_s3} --parameter-overrides CodeBucket=BUCKET{given}",
                        exported.stack.name.cloudformation_stack(),
                        quoted(&folder.join(file))
                    ),
                    "deploy the stack; the roles have names, which the capability allows",
                )
        }
        Tool::Terraform => Next::new()
            .then(
                format!("AWS_REGION={region} terraform -chdir={} init", quoted(folder)),
                "fetch the provider for AWS",
            )
            .then(
                format!("AWS_REGION={region} terraform -chdir={} apply", quoted(folder)),
                match parameters.is_empty() {
                    true => "see what it creates, and create it",
                    false => "see what it creates, and create it; it asks for the secrets",
                },
            ),
    }
}

impl fmt::Display for ExportReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(template) = &self.template {
            return f.write_str(template.trim_end());
        }
        let resources = plural(self.resources as u64, "resource");
        write!(f, "wrote stack {} as {resources} for {}", visible(&self.stack), self.tool)?;
        for file in &self.files {
            write!(f, "\n  {}", visible(file))?;
        }
        if !self.secrets.is_empty() {
            f.write_str("\n\nWhoever deploys it gives")?;
            for Secret { name, description } in &self.secrets {
                write!(f, "\n  {}  {}", visible(name), visible(description))?;
            }
        }
        write!(f, "\n\n{}", self.next)
    }
}
