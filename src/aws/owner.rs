//! Whether what is there already was made by an earlier run for the same stack.

use crate::error::{Code, Error, Result};
use crate::stack::Tags;
use crate::stack::names::{REGION_TAG, STACK_TAG};

/// Accepts a resource that a creation ran into, when it carries the tags of the stack it was to be made for: an
/// earlier run was interrupted, or a call succeeded whose answer was lost.
///
/// # Errors
///
/// [`Code::NotOurs`]
pub(crate) fn check_owner(kind: &str, name: &str, wanted: &Tags, found: &Tags) -> Result<()> {
    if [STACK_TAG, REGION_TAG].iter().all(|tag| wanted.get(*tag) == found.get(*tag)) {
        return Ok(());
    }
    let (who, hint) = match (found.get(STACK_TAG), found.get(REGION_TAG)) {
        // IAM is global: this run looked before the other region had made its roles.
        (Some(stack), Some(region)) if wanted.get(STACK_TAG) == Some(stack) => (
            format!("the stack `{stack}` of {region}"),
            "run the same command again: it sees the other region's role and takes names of its own, which end in the region",
        ),
        (Some(stack), _) => (format!("the stack `{stack}`"), "choose another name with --stack"),
        (None, _) => (
            "another program or person".to_owned(),
            "take it over with --adopt, or create another stack beside it with --stack NAME",
        ),
    };
    Err(Error::new(Code::NotOurs, format!("{who} made the {kind} `{name}` in the meantime"))
        .on(name)
        .hint(hint))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hint_goes_by_whose_it_is() {
        let tags = |stack: &str, region: &str| {
            let tags = [(STACK_TAG, stack), (REGION_TAG, region)];
            tags.map(|(key, value)| (key.to_owned(), value.to_owned())).into_iter().collect::<Tags>()
        };
        let ours = tags("default", "eu-west-1");
        assert!(check_owner("role", "r", &ours, &ours).is_ok());
        for (found, who, hint) in [
            (tags("default", "us-east-1"), "the stack `default` of us-east-1", "run the same command again"),
            (tags("blue", "eu-west-1"), "the stack `blue`", "--stack"),
            (Tags::new(), "another program or person", "--adopt"),
        ] {
            let error = check_owner("role", "r", &ours, &found).expect_err("not ours");
            assert!(error.message.starts_with(who), "{error}");
            let said = error.hint.unwrap_or_default();
            assert!(said.contains(hint), "{said}");
            assert_eq!(said.contains("--adopt"), found.is_empty(), "{said}");
        }
    }
}
