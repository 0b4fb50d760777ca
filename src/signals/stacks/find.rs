//! Finds the stacks of the account and region.

use std::time::Duration;

use super::gather::{Found, by_names, by_tags};
use crate::aws::Aws;
use crate::aws::tagged::tagged;
use crate::error::{Code, Error, Result};
use crate::health::Unknown;
use crate::resources::{log_groups_like, readers_of_streams};
use crate::signals::unknown;
use crate::stack::names::STACK_TAG;

/// Maximum time for finding them in one way, unless `--patience` is shorter.
const LIMIT: Duration = Duration::from_secs(30);

/// Maximum number of pages of each list that are read.
const PAGES: usize = 50;

/// What the names of the log groups of all main functions contain.
const LOG_GROUPS: &str = "cwl-to-logentries";

/// The stacks, and what could not be seen of them.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) found: Found,
    /// Whether tags tell whose the stacks are. Names alone do not.
    pub(crate) by_tags: bool,
    /// Why there may be more.
    pub(crate) unseen: Vec<Unknown>,
}

/// Asks for the tags, and where that fails, for event source mappings and log groups with the names that stacks have.
///
/// # Errors
///
/// That of the tags, if nothing of the others can be read either; a stop by the user.
pub(crate) async fn find(aws: Aws<'_>) -> Result<Seen> {
    let target = &aws.session.target;
    let resources = async { Ok(tagged(aws, STACK_TAG, PAGES).await?) };
    let failed = match attempt(aws, resources).await? {
        Ok((resources, more)) => {
            let found = by_tags(&resources, target);
            return Ok(Seen { found, by_tags: true, unseen: more_than(PAGES, more, "resources with tags") });
        }
        Err(failed) => failed,
    };
    let (mappings, log_groups) = tokio::try_join!(
        attempt(aws, async { Ok(readers_of_streams(aws, PAGES).await?) }),
        attempt(aws, async { Ok(log_groups_like(aws, LOG_GROUPS, PAGES).await?) }),
    )?;
    let mut unseen = vec![unknown(&failed)];
    let mappings = seen(mappings, "event source mappings", &mut unseen);
    let log_groups = seen(log_groups, "log groups", &mut unseen);
    if mappings.is_none() && log_groups.is_none() {
        return Err(failed);
    }
    let found = by_names(&mappings.unwrap_or_default(), &log_groups.unwrap_or_default(), target);
    Ok(Seen { found, by_tags: false, unseen })
}

/// What a read found; what it did not see goes into `unseen`.
fn seen<T>(read: Attempt<(Vec<T>, bool)>, what: &str, unseen: &mut Vec<Unknown>) -> Option<Vec<T>> {
    let (all, more) = read.map_err(|error| unseen.push(unknown(&error))).ok()?;
    unseen.extend(more_than(PAGES, more, what));
    Some(all)
}

/// What came of a read that may fail.
type Attempt<T> = std::result::Result<T, Error>;

/// Reads something in time. Only a stop by the user ends the others.
async fn attempt<T>(aws: Aws<'_>, read: impl Future<Output = Result<T>>) -> Result<Attempt<T>> {
    let limit = aws.session.attempt(LIMIT);
    match tokio::time::timeout(limit, read).await {
        Ok(Err(error)) if error.code == Code::Interrupted => Err(error),
        Ok(read) => Ok(read),
        Err(_) => {
            let seconds = limit.as_secs().max(1);
            Ok(Err(Error::new(Code::Unreachable, format!("no answer within {seconds} s"))))
        }
    }
}

fn more_than(pages: usize, more: bool, what: &str) -> Vec<Unknown> {
    let why = || format!("only the first {pages} pages of {what} were read, and there are more");
    more.then(|| Unknown::because(why())).into_iter().collect()
}
