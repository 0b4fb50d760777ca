//! What `cwl2le export` does.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;

use super::format::{Format, Tool};
use super::report::{ExportReport, Secret, next};
use crate::commands::manual::Manual;
use crate::commands::verb::{Facts, Policy, Verb};
use crate::error::{Code, Error, Result};
use crate::export;
use crate::flags::values::account_id;
use crate::settings::{Wanted, membership};
use crate::workflow::Context;
use crate::workflow::plan_export::{Exported, Place, plan_export};
use crate::write::{self, Existing};

/// Write the stack as a template, for those who may not run a tool that changes IAM
///
/// The template declares exactly what `setup` with the same flags and file would create. It holds no secret: whoever
/// deploys it gives these as parameters.
#[derive(Debug, Clone, Args)]
pub(crate) struct Export {
    /// For which tool
    #[arg(value_enum)]
    pub tool: Tool,
    /// Directory to write the template and the forwarder's zip to
    ///
    /// Without it, the template is printed and nothing is written.
    #[arg(long, value_name = "DIR")]
    pub to: Option<PathBuf>,
    /// Syntax: yaml, json, hcl or tf.json [default: yaml or hcl]
    ///
    /// CloudFormation reads YAML and JSON, Terraform its own syntax (hcl) and JSON (tf.json).
    #[arg(long, value_enum, value_name = "FORMAT", hide_possible_values = true)]
    pub format: Option<Format>,
    /// Account ID [default: that of the credentials]
    ///
    /// With it, AWS is not called, and log groups are selected by their names only.
    #[arg(long, value_name = "ID", value_parser = account_id)]
    pub account: Option<String>,
    /// Replace files that this verb did not write
    #[arg(long, hide_short_help = true)]
    pub force: bool,
    /// The stack, as for `setup`.
    #[command(flatten)]
    pub wanted: Wanted,
}

/// What every file says that this verb wrote.
const MADE: &str = "Made by `cwl2le export";

/// Maximum number of resources in a stack: a quota of CloudFormation.
const RESOURCES: usize = 500;

impl Verb for Export {
    type Report = ExportReport;

    const MANUAL: Manual = Manual {
        examples: &[
            ("A CloudFormation template and the zip beside it", "cwl2le export cloudformation --to stack"),
            ("A Terraform module", "cwl2le export terraform --to modules/cwl2le"),
            (
                "Look at a template without credentials",
                "cwl2le export cloudformation --account 123456789012 --region eu-west-1",
            ),
        ],
        page: Some("export.md"),
    };

    fn facts(&self) -> Facts<'_> {
        // A token on the command line is not used, and everybody on the machine sees it all the same.
        let alone = Some("it writes one template");
        Facts { alone, ..Facts::of_settings(&self.wanted, Policy::everyday()) }
    }

    async fn run(&self, context: Context<'_>) -> Result<Self::Report> {
        let format = self.format.unwrap_or(Format::of(self.tool));
        if format.tool() != self.tool {
            let problem = format!("the format {} is for {}", format.name(), format.tool().name());
            return Err(Error::usage(problem, "leave out --format, or name the other tool"));
        }
        if membership(&self.wanted.member, context.file)?.is_some() {
            return Err(Error::usage(
                "a template holds a stack, and a member account has only a role and subscriptions",
                "run `cwl2le setup` in the member account; `cwl2le policies operator` prints what that takes",
            ));
        }
        let session;
        let place = match &self.account {
            Some(account) => Place::Unseen(context.offline(account).await?),
            None => {
                session = context.session().await?;
                Place::Account(&session)
            }
        };
        let exported = plan_export(context, place, &self.wanted, self.tool.name()).await?;
        exported.notes.iter().for_each(|note| context.note(note));
        let declared = exported.template.resources.iter().filter(|resource| resource.kind.is_some()).count();
        if self.tool == Tool::Cloudformation && declared > RESOURCES {
            return Err(too_many(declared));
        }
        if self.tool == Tool::Cloudformation {
            all_tags_have_values(&exported)?;
        }
        let text = self.text(&exported, format)?;
        let files = match &self.to {
            Some(folder) => self.write(folder, format, &text, &exported)?,
            None => Vec::new(),
        };
        Ok(ExportReport {
            tool: self.tool.name(),
            stack: exported.stack.name.to_string(),
            resources: match self.tool {
                Tool::Cloudformation => declared,
                Tool::Terraform => {
                    exported.template.resources.iter().filter(|resource| resource.terraform.is_some()).count()
                }
            },
            secrets: exported
                .template
                .parameters
                .iter()
                .map(|secret| Secret::of(secret, self.tool))
                .collect(),
            next: next(self.tool, &exported, self.to.as_deref(), format.file(), text.len()),
            template: self.to.is_none().then_some(text),
            files,
        })
    }
}

fn too_many(declared: usize) -> Error {
    let problem =
        format!("the template would have {declared} resources, and CloudFormation takes {RESOURCES}");
    Error::new(Code::Usage, problem).hint(
        "subscribe every log group by an account policy (`all = true` in [[subscriptions]]), or leave the log groups out and \
         run `cwl2le subscribe` once the stack is deployed, or export for Terraform",
    )
}

/// CloudFormation's schema of an alarm takes no empty tag, as the API does.
fn all_tags_have_values(exported: &Exported) -> Result<()> {
    let has_alarms = exported.template.ids_of("AWS::CloudWatch::Alarm").next().is_some();
    let empty = exported.stack.tags.iter().find(|(_, value)| has_alarms && value.is_empty());
    let Some((key, _)) = empty else { return Ok(()) };
    let problem = format!("the tag `{key}` has no value, and CloudFormation takes no such tag on an alarm");
    Err(Error::usage(problem, "give the tag a value, leave out the alarms, or export for Terraform"))
}

impl Export {
    fn text(&self, exported: &Exported, format: Format) -> Result<String> {
        let template = &exported.template;
        let failed =
            |error: String| Error::new(Code::Internal, format!("the template cannot be written: {error}"));
        match format {
            Format::Yaml => export::yaml(template).map_err(failed),
            Format::Json => Ok(export::json(template)),
            Format::TfJson => Ok(export::tf_json(template)),
            Format::Hcl => export::hcl(template).map_err(failed),
        }
    }

    /// Writes the template and the zip. What is there already is replaced where this verb wrote it.
    fn write(&self, folder: &Path, format: Format, text: &str, exported: &Exported) -> Result<Vec<String>> {
        let template = folder.join(format.file());
        let is_ours =
            |file: &Path| fs::read(file).is_ok_and(|there| String::from_utf8_lossy(&there).contains(MADE));
        if template.exists() && !is_ours(&template) && !self.force {
            return Err(Error::usage(
                "another file already exists",
                "write over it with --force, or give another place with --to",
            )
            .on(template.display().to_string()));
        }
        fs::create_dir_all(folder).map_err(|cause| unwritable(folder, &cause))?;
        let zip = folder.join(&exported.template.code);
        for (file, contents) in [(&zip, &*exported.bundle.zip), (&template, text.as_bytes())] {
            write::whole(file, contents, Existing::Replace).map_err(|cause| unwritable(file, &cause))?;
        }
        // Terraform reads every template of a directory.
        for other in format.others().map(|other| folder.join(other.file())).filter(|other| is_ours(other)) {
            fs::remove_file(&other).map_err(|cause| unwritable(&other, &cause))?;
        }
        Ok([template, zip].iter().map(|file| file.display().to_string()).collect())
    }
}

fn unwritable(file: &Path, cause: &std::io::Error) -> Error {
    Error::new(Code::Environment, format!("the template cannot be written: {cause}"))
        .on(file.display().to_string())
        .hint(write::advice(cause, "give a directory that you can write to with --to"))
}
