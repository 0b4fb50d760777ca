//! A stack that another tool deployed from a template: what exists is that tool's to change and to remove.

use super::{Kind, Observed, Plan, ResourceId, Stack, Stage, Step};
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
    /// Only the tag of a template of ours says so: a chain that was taken over from somebody else's template is ours.
    fn of(observed: &Observed) -> Option<Self> {
        let functions = observed.functions().map(|function| &function.tags);
        let mut tags = observed.stream.iter().map(|stream| &stream.tags).chain(functions);
        let of = |tags: &Tags| match tags.get(MANAGED_BY_TAG)?.as_str() {
            "cloudformation" => Some(Self::CloudFormation(tags.get(CLOUDFORMATION_STACK).cloned())),
            tool => Some(Self::Tool(tool.to_owned())),
        };
        tags.find_map(of)
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
        let (tool, apply) = match self {
            Self::CloudFormation(_) => ("cloudformation", "deploy it as before"),
            Self::Tool(tool) => (tool.as_str(), "apply it"),
        };
        format!(
            "run `cwl2le export {tool} --to DIR` with your change and with all flags and the file of the last export, and {apply}: \
             what is left out is deleted"
        )
    }

    fn removal(&self, stack: &Stack) -> String {
        let first = "remove its subscriptions first, and wait until `cwl2le status` shows nothing left to deliver; then";
        match self {
            Self::CloudFormation(name) => format!(
                "{first}: aws cloudformation delete-stack --stack-name {} --region {}",
                name.as_deref().unwrap_or("STACK"),
                stack.target.region
            ),
            Self::Tool(tool) => {
                format!(
                    "{first} remove the module and apply, or run `{tool} destroy` if there is nothing else in its state"
                )
            }
        }
    }
}

/// Refuses changes to what another tool manages. Subscriptions beside it are allowed, because a template holds no
/// thousands, and so is the deletion of old versions, of which no template knows.
pub(crate) fn refuse_changes(observed: &Observed, plan: &mut Plan) {
    let Some(manager) = Manager::of(observed) else { return };
    let is_allowed = |step: &Step| step.resource.kind.is_subscription() || step.stage == Stage::Prune;
    if let Some(step) = plan.steps.iter().find(|step| !is_allowed(step)) {
        plan.refuse(step.resource.clone(), Code::NotOurs, manager.reason(), manager.change());
    }
}

/// Says that another tool does not know of a rollback. It is not refused: it takes a second, and a deployment does not.
pub(crate) fn warn_of_rollback(observed: &Observed, plan: &mut Plan) {
    let Some(manager) = Manager::of(observed).filter(|_| !plan.is_empty()) else { return };
    let (next, tool) = match &manager {
        Manager::CloudFormation(_) => ("the next deployment of a changed template", "CloudFormation"),
        Manager::Tool(tool) => ("its next apply", tool.as_str()),
    };
    plan.notes.push(format!(
        "{tool} manages this stack and does not know of the rollback: {next} makes a new version live. Deploy what you deployed before \
         the last change, so that it stays"
    ));
}

/// Refuses to remove what another tool manages.
pub(crate) fn refuse_removal(stack: &Stack, observed: &Observed, plan: &mut Plan) {
    let Some(manager) = Manager::of(observed) else { return };
    if !plan.is_empty() {
        let stream = ResourceId::new(Kind::STREAM, &stack.names.stream);
        plan.refuse(stream, Code::NotOurs, manager.reason(), manager.removal(stack));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resources::tests::{empty_account, one_stack, run};
    use crate::resources::{alias, setup};

    /// An account with the stack as a tool deployed it, and as it is after a change of the function.
    fn changed_by(tool: &str) -> (Stack, Observed) {
        let mut stack = one_stack();
        stack.tags.insert(MANAGED_BY_TAG.to_owned(), tool.to_owned());
        let mut account = empty_account(&[]);
        run(&stack, &mut account, |is| setup(&stack, is, false));
        stack.function.memory_mb = crate::stack::Setting::asked(1024);
        run(&stack, &mut account, |is| setup(&stack, is, false));
        (stack, account)
    }

    #[test]
    fn a_rollback_of_what_a_tool_manages_says_that_the_tool_does_not_know_of_it() {
        let (stack, account) = changed_by("terraform");
        let mut plan = alias::rollback(&stack, &account, None);
        assert!(!plan.is_empty() && plan.notes.is_empty(), "{plan}");
        warn_of_rollback(&account, &mut plan);
        let said = "terraform manages this stack and does not know of the rollback: its next apply makes a new version live";
        assert!(plan.notes[0].starts_with(said), "{:?}", plan.notes);
        let mut nothing = Plan::default();
        warn_of_rollback(&account, &mut nothing);
        assert!(nothing.notes.is_empty(), "{:?}", nothing.notes);
    }
}
