//! Resources by their tags.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::ask::TAGGING;
use super::error::{INVALID_RESPONSE, Operation};
use super::{Aws, AwsError};

/// A resource and its tags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tagged {
    /// Its ARN.
    pub(crate) arn: String,
    /// Its tags.
    pub(crate) tags: BTreeMap<String, String>,
}

/// The resources of the account and region that have a tag with this key, at most `pages` pages of 100. The second part
/// tells whether there are more. Resources of IAM are not among them, and one that was deleted a moment ago may be.
///
/// # Errors
///
/// Whatever `tag:GetResources` fails with; [`INVALID_RESPONSE`] for an answer without a list: that would look like
/// nothing.
pub(crate) async fn tagged(aws: Aws<'_>, key: &str, pages: usize) -> Result<(Vec<Tagged>, bool), AwsError> {
    const OPERATION: &str = "GetResources";
    let mut body = json!({"TagFilters": [{"Key": key}], "ResourcesPerPage": 100});
    let mut all = Vec::new();
    for _ in 0..pages {
        let answer = aws.ask(TAGGING, OPERATION, key, None, &body).await?;
        let Some(list) = answer["ResourceTagMappingList"].as_array() else {
            let operation = Operation { service: "tag", name: OPERATION, resource: key };
            return Err(AwsError::new(operation, INVALID_RESPONSE, "the answer has no list".to_owned()));
        };
        all.extend(list.iter().filter_map(read));
        match answer["PaginationToken"].as_str() {
            Some(next) if !next.is_empty() => body["PaginationToken"] = json!(next),
            _ => return Ok((all, false)),
        }
    }
    Ok((all, true))
}

fn read(resource: &Value) -> Option<Tagged> {
    let tags = resource["Tags"].as_array().into_iter().flatten();
    let tags =
        tags.filter_map(|tag| Some((tag["Key"].as_str()?.to_owned(), tag["Value"].as_str()?.to_owned())));
    Some(Tagged { arn: resource["ResourceARN"].as_str()?.to_owned(), tags: tags.collect() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::testing::{Answer, FakeAws};

    fn resource(arn: &str) -> Value {
        json!({"ResourceARN": arn, "Tags": [{"Key": "k", "Value": "v"}, {"Key": "no value"}]})
    }

    #[tokio::test]
    async fn pages_are_put_together_as_far_as_they_are_asked_for() {
        let aws = FakeAws::new(|request| {
            assert_eq!(request.operation, "GetResources");
            assert_eq!(request.body["TagFilters"], json!([{"Key": "k"}]));
            Answer::Json(match request.text("PaginationToken") {
                "" => json!({"ResourceTagMappingList": [resource("a"), 5], "PaginationToken": "next"}),
                "next" => json!({"ResourceTagMappingList": [resource("b")], "PaginationToken": ""}),
                _ => unreachable!("no such page"),
            })
        });
        let session = aws.session();
        let of = |arn: &str| Tagged {
            arn: arn.to_owned(),
            tags: BTreeMap::from([("k".to_owned(), "v".to_owned())]),
        };
        let (all, more) = tagged((&session).into(), "k", 10).await.expect("resources");
        assert_eq!((all, more), (vec![of("a"), of("b")], false));
        let (all, more) = tagged((&session).into(), "k", 1).await.expect("resources");
        assert_eq!((all, more), (vec![of("a")], true));
    }

    #[tokio::test]
    async fn an_answer_without_a_list_is_not_an_empty_one() {
        for (answer, is_error) in [(json!({}), true), (json!({"ResourceTagMappingList": []}), false)] {
            let aws = FakeAws::new(move |_| Answer::Json(answer.clone()));
            let session = aws.session();
            assert_eq!(tagged((&session).into(), "k", 10).await.is_err(), is_error);
        }
    }
}
