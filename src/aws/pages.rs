//! Lists that AWS answers page by page.

use std::collections::HashSet;

use super::AwsError;
use super::error::{INVALID_RESPONSE, Operation};

/// The tokens of the pages of one list. A token that comes twice leads to the same pages again: whoever follows it would
/// never come to an end, and would count everything twice.
#[derive(Debug, Default)]
pub(super) struct Tokens(HashSet<String>);

impl Tokens {
    /// Those of a list of which the page with this token was asked for.
    pub(super) fn after(asked: Option<&str>) -> Self {
        Self(asked.map(ToOwned::to_owned).into_iter().collect())
    }

    /// The token of the next page, from the answer; none after the last page.
    ///
    /// # Errors
    ///
    /// [`INVALID_RESPONSE`] for a token that has come before.
    #[expect(
        clippy::result_large_err,
        reason = "the error is rare, and every call around it has the same one"
    )]
    pub(super) fn next(
        &mut self,
        operation: Operation<'_>,
        token: Option<&str>,
    ) -> Result<Option<String>, AwsError> {
        let Some(token) = token.filter(|token| !token.is_empty()) else { return Ok(None) };
        if self.0.insert(token.to_owned()) {
            return Ok(Some(token.to_owned()));
        }
        let message = "the answer names a next page that has been read already: the list would never end";
        Err(AwsError::new(operation, INVALID_RESPONSE, message.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_that_comes_again_is_an_error_and_an_empty_one_ends_the_list() {
        let operation = Operation { service: "logs", name: "DescribeLogGroups", resource: "all" };
        let mut tokens = Tokens::after(Some("first"));
        assert_eq!(tokens.next(operation, Some("a")).expect("a page"), Some("a".to_owned()));
        assert_eq!(tokens.next(operation, Some("b")).expect("a page"), Some("b".to_owned()));
        for token in ["a", "first"] {
            let error = tokens.next(operation, Some(token)).expect_err("it was there");
            assert_eq!(error.code, INVALID_RESPONSE);
        }
        assert_eq!(tokens.next(operation, Some("")).expect("the end"), None);
        assert_eq!(tokens.next(operation, None).expect("the end"), None);
    }
}
