//! Texts in SSM Parameter Store and Secrets Manager, read with the rights of the caller.
//!
//! The requests are the forwarder's; [`exchange`] sends them.

use std::sync::Arc;

use cwl2le_forwarder::aws::{self as forwarder, Cause};
use cwl2le_forwarder::secret::Store;
use cwl2le_forwarder::secret::reader::{Reader, Reading, request};
use cwl2le_forwarder::secret::reference::{Keeper, Reference};
use futures_util::future::try_join_all;
use tokio::time::{Instant, timeout_at};

use super::error::{INVALID_RESPONSE, Operation};
use super::exchange::exchange;
use super::{Aws, AwsError, Session};

/// A store with all texts that are referred to, each read once. A forwarder that runs here reads them again with it.
///
/// # Errors
///
/// Why the first of them cannot be read.
pub(crate) async fn store<'r>(
    session: &Arc<Session>,
    references: impl IntoIterator<Item = &'r Reference>,
) -> Result<Store, AwsError> {
    let names: std::collections::BTreeSet<(Keeper, &String)> =
        references.into_iter().map(|reference| (reference.keeper, &reference.name)).collect();
    let reads = names.into_iter().map(|(keeper, name)| async move {
        let text = read((&**session).into(), keeper, name).await?;
        Ok::<_, AwsError>(((keeper, name.clone()), text))
    });
    Ok(Store::of(try_join_all(reads).await?, Caller(Arc::clone(session))))
}

/// Reads one text.
async fn read(aws: Aws<'_>, keeper: Keeper, name: &str) -> Result<String, AwsError> {
    let text = request(keeper, name);
    let (service, operation) = (text.service.signing_name(), text.operation);
    let answer = aws.call(service, operation, name, || exchange(aws.session, text.call())).await?;
    text.in_answer(&answer.body).map_err(|place| {
        let operation = Operation { service, name: operation, resource: name };
        AwsError::new(operation, INVALID_RESPONSE, format!("the answer has no {place}"))
    })
}

/// Whoever runs the command, as a forwarder reads with its role.
struct Caller(Arc<Session>);

impl Reader for Caller {
    fn read<'r>(&'r self, keeper: Keeper, name: &'r str, until: Instant) -> Reading<'r> {
        Box::pin(async move {
            let read = timeout_at(until, read((&*self.0).into(), keeper, name)).await;
            let text = request(keeper, name);
            let failed = |code: String, message: String| forwarder::AwsError {
                service: text.service.signing_name(),
                operation: text.operation,
                resource: name.to_owned(),
                cause: Cause::Refused { status: 0, code, message },
            };
            match read {
                Ok(Ok(text)) => Ok(text),
                Ok(Err(error)) => Err(failed(error.code, error.message)),
                Err(_) => Err(failed("Timeout".to_owned(), "it takes too long".to_owned())),
            }
        })
    }
}
