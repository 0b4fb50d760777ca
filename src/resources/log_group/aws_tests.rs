//! What CloudWatch Logs answers of a log group that is there already.

use serde_json::json;

use super::aws as logs;
use crate::aws::tests::*;
use crate::error::Code;
use crate::stack::Tags;

#[tokio::test(start_paused = true)]
async fn a_log_group_of_ours_gets_its_retention_and_a_foreign_one_stays() {
    for (tags, expected) in [(our_tags(), None), (Tags::new(), Some(Code::NotOurs))] {
        let aws = FakeAws::new(move |request| match request.operation.as_str() {
            "CreateLogGroup" => Answer::Error(400, "ResourceAlreadyExistsException", "it exists"),
            "ListTagsForResource" => Answer::Json(json!({ "tags": tags })),
            _ => Answer::ok(),
        });
        let made = logs::create_log_group((&aws.session()).into(), "/aws/lambda/f", 30, &our_tags()).await;
        assert_eq!(made.as_ref().err().map(|error| error.code), expected);
        assert_eq!(aws.operations().contains(&"PutRetentionPolicy".to_owned()), made.is_ok());
    }
}
