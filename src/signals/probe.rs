//! Makes of a failed read something that is not known.

use std::time::Duration;

use crate::aws::AwsError;
use crate::error::{Code, Error, Result};
use crate::health::{Probe, Unknown};

/// Reads something within a time. What fails is not known; only a stop of the user is an error.
pub(crate) async fn probe<T>(limit: Duration, read: impl Future<Output = Result<T>>) -> Result<Probe<T>> {
    match tokio::time::timeout(limit, read).await {
        Ok(Ok(read)) => Ok(Ok(read)),
        Ok(Err(error)) if error.code == Code::Interrupted => Err(error),
        Ok(Err(error)) => Ok(Err(unknown(&error))),
        Err(_) => Ok(Err(Unknown::because(format!("no answer within {} s", limit.as_secs().max(1))))),
    }
}

/// What is not known because of an error.
pub(crate) fn unknown(error: &Error) -> Unknown {
    let denied = error.aws.as_deref().filter(|_| error.code == Code::AccessDenied);
    Unknown { why: error.message.trim_end_matches('.').to_owned(), action: denied.map(action) }
}

/// The IAM action of a call. There are two that are not named like their call.
fn action(error: &AwsError) -> String {
    match (error.service, error.operation) {
        (service, "ListObjectsV2") => format!("{service}:ListBucket"),
        (service, "Invoke") => format!("{service}:InvokeFunction"),
        (service, operation) => format!("{service}:{operation}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::error::Operation;

    fn denied(service: &'static str, name: &'static str) -> Error {
        let operation = Operation { service, name, resource: "x" };
        AwsError::new(operation, "AccessDenied", "no identity-based policy allows it.").into()
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_denied_or_hangs_is_unknown_and_a_stop_ends_the_run() {
        let limit = Duration::from_secs(20);
        let denied =
            probe(limit, async { Err::<(), _>(denied("s3", "ListObjectsV2")) }).await.expect("no stop");
        let unknown = denied.expect_err("denied");
        assert_eq!(unknown.action.as_deref(), Some("s3:ListBucket"));
        assert!(unknown.why.contains("no identity-based policy allows it"), "{unknown:?}");
        let hangs = probe(limit, std::future::pending::<Result<()>>()).await.expect("no stop");
        assert_eq!(hangs, Err(Unknown::because("no answer within 20 s")));
        let stopped = probe(limit, async { Err::<(), _>(Error::new(Code::Interrupted, "stopped")) }).await;
        assert_eq!(stopped.expect_err("stopped").code, Code::Interrupted);
    }
}
