//! A stack that another tool deployed from a template: what exists is that tool's to change and to remove.

use super::{Kind, Observed, Plan, ResourceId, Stack};
use crate::error::Code;
use crate::stack::Tags;
use crate::stack::names::MANAGED_BY_TAG;

/// The tag that CloudFormation gives to whatever it creates.
const CLOUDFORMATION_STACK: &str = "aws:cloudformation:stack-name";

/// The tool that deployed a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Manager {
    /// CloudFormation, by the name of its stack where AWS shows it.
    CloudFormation(Option<String>),
    /// Another one, by its name in the tag.
    Tool(String),
}

impl Manager {
    fn of(observed: &Observed) -> Option<Self> {
        let functions = observed.functions().map(|function| &function.tags);
        let tags = observed.stream.iter().map(|stream| &stream.tags).chain(functions);
        let of = |tags: &Tags| match (tags.get(CLOUDFORMATION_STACK), tags.get(MANAGED_BY_TAG)) {
            (Some(stack), _) => Some(Self::CloudFormation(Some(stack.clone()))),
            (None, Some(tool)) if tool == "cloudformation" => Some(Self::CloudFormation(None)),
            (None, Some(tool)) => Some(Self::Tool(tool.clone())),
            (None, None) => None,
        };
        tags.filter_map(of).next()
    }

    fn reason(&self) -> String {
        match self {
            Self::CloudFormation(Some(stack)) => {
                format!(
                    "the CloudFormation stack `{stack}` manages it, and would undo other changes or fail on them"
                )
            }
            Self::CloudFormation(None) => {
                "CloudFormation manages it, and would undo other changes or fail on them".to_owned()
            }
            Self::Tool(tool) => format!("{tool} manages it, and would undo other changes"),
        }
    }

    fn change(&self) -> String {
        match self {
            Self::CloudFormation(_) => {
                "write the template again with `cwl2le export cloudformation --to DIR` and the same flags as now, and deploy it \
                 as before"
                    .to_owned()
            }
            Self::Tool(tool) => format!(
                "write the template again with `cwl2le export {tool} --to DIR` and the same flags as now, and apply it"
            ),
        }
    }

    fn removal(&self) -> String {
        match self {
            Self::CloudFormation(stack) => format!(
                "delete that stack: aws cloudformation delete-stack --stack-name {}",
                stack.as_deref().unwrap_or("STACK")
            ),
            Self::Tool(tool) => format!("remove it with {tool}, as in `{tool} destroy`"),
        }
    }
}

/// Refuses changes to what another tool manages. Subscriptions beside it are allowed: a template holds no thousands.
pub(crate) fn refuse_changes(stack: &Stack, observed: &Observed, plan: &mut Plan) {
    let Some(manager) = Manager::of(observed) else { return };
    if plan.steps.iter().any(|step| !step.resource.kind.is_subscription()) {
        plan.refuse(id(stack), Code::NotOurs, manager.reason(), manager.change());
    }
}

/// Refuses to remove what another tool manages.
pub(crate) fn refuse_removal(stack: &Stack, observed: &Observed, plan: &mut Plan) {
    let Some(manager) = Manager::of(observed) else { return };
    if !plan.is_empty() {
        plan.refuse(id(stack), Code::NotOurs, manager.reason(), manager.removal());
    }
}

fn id(stack: &Stack) -> ResourceId {
    ResourceId::new(Kind::STREAM, &stack.names.stream)
}
