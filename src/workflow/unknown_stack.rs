//! A stack that does not exist: which ones there are instead.

use std::time::Duration;

use super::Context;
use crate::aws::{Aws, Session};
use crate::error::{Code, Error, did_you_mean, listed};
use crate::resources::{Observed, Plan, Stack};
use crate::signals::stacks::find;
use crate::stack::StackName;

/// Maximum time to look for the others: they are only for a hint.
const LIMIT: Duration = Duration::from_secs(10);

/// The names of the stacks of the account and region; none where they cannot be read.
pub(crate) async fn stacks(session: &Session) -> Option<Vec<String>> {
    let finding = find(Aws::from(session).at_most(LIMIT));
    let seen = tokio::time::timeout(session.attempt(LIMIT), finding).await.ok()?.ok()?;
    Some(seen.found.stacks.keys().map(ToString::to_string).collect())
}

/// What to say to somebody who names a stack that none of these is: the one that was probably meant, or all of them.
/// None where there are none.
pub(crate) fn instead(name: &StackName, stacks: &[String]) -> Option<String> {
    let names = || stacks.iter().map(String::as_str);
    let others = || match stacks {
        [] => None,
        [one] => Some(format!("the only stack here is `{one}`")),
        _ => Some(format!("the stacks here are {}", listed(names()))),
    };
    did_you_mean(name.as_str(), names()).or_else(others)
}

/// What a plan that does nothing says where nothing of the stack exists, and others do: the name may be misspelt.
pub(crate) async fn note(
    session: &Session,
    name: &StackName,
    observed: &Observed,
    plan: &Plan,
) -> Option<String> {
    if !plan.is_empty() || observed.stream.is_some() || observed.function.is_some() {
        return None;
    }
    let stacks = stacks(session).await.filter(|stacks| !stacks.iter().any(|stack| stack == name.as_str()))?;
    let instead = instead(name, &stacks)?;
    Some(format!("there is no stack `{name}` in {}: {instead}", session.target.region))
}

/// What a plan of a new stack says where another one has nearly this name.
pub(crate) async fn similar(session: &Session, name: &StackName) -> Option<String> {
    let stacks = stacks(session).await?;
    let names = stacks.iter().map(String::as_str).filter(|stack| *stack != name.as_str());
    let question = did_you_mean(name.as_str(), names)?;
    Some(format!("there is no stack `{name}` in {} yet: {question}", session.target.region))
}

/// The error of a verb that found something missing: where the whole stack is, that is what it says, with the stacks that
/// there are. The error stays where they cannot be read.
pub(crate) async fn explained(
    context: Context<'_>,
    session: &Session,
    name: &StackName,
    error: Error,
) -> Error {
    match stacks(session).await {
        Some(stacks) if !stacks.iter().any(|stack| stack == name.as_str()) => {
            let setup = context.command_line.of_stack("setup");
            let create = format!("`{setup}` creates it, --stack and --region choose another one");
            let hint = match instead(name, &stacks) {
                Some(question) if question.ends_with('?') => format!("{question} {create}"),
                Some(others) => format!("{others}; {create}"),
                None => format!("there is no other stack here; {create}"),
            };
            let message = format!("there is no stack `{name}` in {}", session.target.region);
            Error { code: Code::NotFound, message, resource: None, hint: Some(hint), ..error }
        }
        _ => error,
    }
}

/// The error of a verb that is about the function of a stack, where there is none.
pub(crate) async fn no_function(context: Context<'_>, session: &Session, stack: &Stack) -> Error {
    let setup = context.command_line.of_stack("setup");
    let error = Error::new(Code::NotFound, format!("stack `{}` has no function", stack.name))
        .on(&stack.names.function)
        .hint(format!(
            "set it up with `{setup}`, or name the stack with --stack and its region with --region"
        ));
    explained(context, session, &stack.name, error).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stack_that_was_meant_stands_before_the_others() {
        let name = |name: &str| name.parse::<StackName>().expect("a name");
        let stacks = ["blue".to_owned(), "default".to_owned()];
        assert_eq!(instead(&name("bleu"), &stacks).as_deref(), Some("did you mean `blue`?"));
        assert_eq!(instead(&name("nosuch"), &stacks).as_deref(), Some("the stacks here are blue, default"));
        assert_eq!(instead(&name("nosuch"), &stacks[..1]).as_deref(), Some("the only stack here is `blue`"));
        assert_eq!(instead(&name("nosuch"), &[]), None);
    }
}
