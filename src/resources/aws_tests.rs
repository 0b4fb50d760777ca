//! What is gone already.

use crate::aws::tests::*;
use crate::resources::{filter, function, log_group, role, trigger};

#[tokio::test(start_paused = true)]
async fn deleting_what_is_gone_is_no_error() {
    let aws = FakeAws::new(|request| match request.operation.as_str() {
        operation if operation.contains("Role") => Answer::missing(operation),
        _ => Answer::Error(404, "ResourceNotFoundException", "The resource you requested does not exist."),
    });
    let session = aws.session();
    let aws = || (&session).into();
    role::aws::delete_role(aws(), "r", &["p".to_owned()], &["arn".to_owned()]).await.expect("role");
    filter::aws::delete_filter(aws(), "/g", "f").await.expect("filter");
    log_group::aws::delete_log_group(aws(), "/g").await.expect("log group");
    function::aws::delete_function(aws(), "f").await.expect("function");
    trigger::aws::delete_trigger(aws(), "u").await.expect("trigger");
}
