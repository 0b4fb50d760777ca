//! Where a canary is written: a log group of its own, which is made and removed again, or one of the user's.

use std::time::Duration;

use cwl2le_forwarder::config::filter_name;

use super::mark::LOG_STREAM;
use crate::aws::application::{create_log_stream, delete_log_stream, put_log_events};
use crate::aws::{Aws, AwsError};
use crate::error::{Code, Error, Result, UNKNOWN_LOG_GROUP_HINT};
use crate::resources::filter::aws::{observe_group, put_filter};
use crate::resources::log_group::aws::{
    create_log_group, delete_log_group, observe_log_group, tag_log_group, tags_of_log_group,
};
use crate::resources::{Distribution, FilterExtras, FilterSpec, ObservedFilter, Stack};
use crate::stack::{Setting, Tags, owns, tags};
use crate::workflow::log_groups::explained;

/// The tag of the log group that says which run removes it, or that it stays.
const RUN_TAG: &str = "cwl2le:canary";
/// The value of the tag of a log group that stays.
const KEPT: &str = "kept";
/// Days that the log group keeps its events.
const RETENTION_DAYS: u32 = 1;
/// Maximum time to repeat the put of the filter. CloudWatch Logs tests the stream with it, and the role may be seconds
/// old.
const FILTER: Duration = Duration::from_secs(60);
/// The same if the role or the stream is known to be broken.
const BROKEN: Duration = Duration::from_secs(2);
/// How often the log group is prepared again that another run has removed meanwhile.
const ATTEMPTS: usize = 3;

/// A log group that is ready to be written to.
#[derive(Debug)]
pub(super) struct Place {
    /// The log group.
    pub(super) log_group: String,
    /// The names of the subscription filters, or of the account policy, by which its lines get into the stream.
    pub(super) ways: Vec<String>,
    /// Their patterns, but for those that let everything through.
    pub(super) patterns: Vec<String>,
    /// Whether the filter was put by this run: it takes effect seconds later.
    pub(super) is_fresh: bool,
    /// Why CloudWatch Logs refused the filter, where it did.
    pub(super) refused: Option<Error>,
    owner: Owner,
}

/// Who the log group is of, which says how it is left.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Owner {
    /// A run: the one whose id the log group carries at its end removes it.
    Run(String),
    /// Nobody removes it but `cwl2le teardown`.
    Kept,
    /// The user: only our log stream goes.
    User,
}

/// What a log group is prepared for.
#[derive(Clone, Copy)]
pub(super) struct Wanted<'a> {
    pub(super) stack: &'a Stack,
    /// The account policy that leads into the stream, with its pattern, where one covers the log group.
    pub(super) covered_by: Option<(&'a str, &'a str)>,
    /// The destination that a new filter pins.
    pub(super) pin: Option<&'a str>,
    /// Whether the log group stays.
    pub(super) keep: bool,
    /// The id of the canary.
    pub(super) id: &'a str,
    /// Whether the role or the stream is known to be broken.
    pub(super) is_broken: bool,
}

impl Place {
    /// The log group of the canary: made where it is not there, subscribed where nothing leads into the stream. What an
    /// interrupted run left is taken over.
    ///
    /// # Errors
    /// [`Code::NotOurs`] for a log group without the tags of this stack; whatever the calls fail with. Nothing is left
    /// then of what was made.
    pub(super) async fn own(aws: Aws<'_>, wanted: Wanted<'_>) -> Result<Self> {
        let mut attempt = 1;
        loop {
            match Self::prepare(aws, wanted).await {
                // Another run removed it in the middle.
                Err(error) if attempt < ATTEMPTS && is_gone(&error) => attempt += 1,
                prepared => return prepared,
            }
        }
    }

    async fn prepare(aws: Aws<'_>, wanted: Wanted<'_>) -> Result<Self> {
        let stack = wanted.stack;
        let log_group = stack.name.canary_log_group();
        let there = observe_log_group(aws, &stack.target, &log_group).await?;
        let is_kept = |tags: &Tags| tags.get(RUN_TAG).is_some_and(|run| run == KEPT);
        let kept = wanted.keep || there.as_ref().is_some_and(|group| is_kept(&group.tags));
        let mut run_tags = tags(&stack.name, &stack.target.region, &Tags::new());
        run_tags.insert(RUN_TAG.to_owned(), if kept { KEPT } else { wanted.id }.to_owned());
        let filters = match &there {
            Some(group) if !owns(&stack.name, &stack.target.region, &group.tags) => {
                return Err(not_ours(&log_group));
            }
            Some(group) => {
                if group.tags.get(RUN_TAG) != run_tags.get(RUN_TAG) {
                    tag_log_group(aws, &group.arn, &run_tags).await?;
                }
                group.filters.clone()
            }
            None => Vec::new(),
        };
        let owner = if kept { Owner::Kept } else { Owner::Run(wanted.id.to_owned()) };
        let mut place =
            Self { log_group, ways: Vec::new(), patterns: Vec::new(), is_fresh: false, refused: None, owner };
        // From here on there is something to remove.
        let filled = place.fill(aws, wanted, &filters, there.is_none().then_some(run_tags)).await;
        match filled {
            Ok(()) => Ok(place),
            Err(error) => {
                // The first error is the one to tell.
                let _ = place.leave(aws).await;
                Err(error)
            }
        }
    }

    async fn fill(
        &mut self,
        aws: Aws<'_>,
        wanted: Wanted<'_>,
        filters: &[ObservedFilter],
        tags: Option<Tags>,
    ) -> Result<()> {
        if let Some(tags) = tags {
            create_log_group(aws, &self.log_group, RETENTION_DAYS, &tags).await?;
        }
        create_log_stream(aws, &self.log_group, LOG_STREAM).await?;
        self.find_ways(wanted.stack, wanted.covered_by, filters);
        // A policy with a pattern may let the line through or not. One without a pattern does, and a filter beside it
        // would send the line twice.
        if self.ways.len() > self.patterns.len() {
            return Ok(());
        }
        let spec = spec(wanted.stack, &self.log_group, wanted.pin);
        let limit = if wanted.is_broken { BROKEN } else { FILTER };
        match put_filter(aws.at_most(limit), &spec).await {
            Ok(()) => (self.is_fresh, self.ways) = (true, vec![spec.name]),
            Err(error) if matches!(error.code, Code::NotReady | Code::NotFound) && !is_gone(&error) => {
                self.refused = Some(error);
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// A log group of the user's.
    ///
    /// # Errors
    /// [`Code::UnknownLogGroup`]; whatever the calls fail with.
    pub(super) async fn of_user(
        aws: Aws<'_>,
        stack: &Stack,
        log_group: &str,
        covered_by: Option<(&str, &str)>,
    ) -> Result<Self> {
        let Some(group) = observe_group(aws, log_group).await? else {
            let message = format!("there is no log group `{log_group}` in {}", stack.target.region);
            let error = Error::new(Code::UnknownLogGroup, message).hint(UNKNOWN_LOG_GROUP_HINT);
            return Err(explained(aws.session, log_group, error).await);
        };
        create_log_stream(aws, log_group, LOG_STREAM).await?;
        let mut place = Self {
            log_group: log_group.to_owned(),
            ways: Vec::new(),
            patterns: Vec::new(),
            is_fresh: false,
            refused: None,
            owner: Owner::User,
        };
        place.find_ways(stack, covered_by, &group.filters);
        Ok(place)
    }

    fn find_ways(&mut self, stack: &Stack, covered_by: Option<(&str, &str)>, filters: &[ObservedFilter]) {
        let stream = stack.names.stream_arn(&stack.target);
        let filters = filters.iter().filter(|filter| filter.destination_arn == stream);
        let filters = filters.map(|filter| (filter.name.as_str(), filter.pattern.as_str()));
        for (name, pattern) in filters.chain(covered_by) {
            self.ways.push(name.to_owned());
            if !pattern.is_empty() {
                self.patterns.push(pattern.to_owned());
            }
        }
    }

    /// Writes the line, at a time in milliseconds since 1970.
    ///
    /// # Errors
    /// Whatever `logs:PutLogEvents` fails with.
    pub(super) async fn write(&self, aws: Aws<'_>, time: i64, message: &str) -> Result<(), AwsError> {
        put_log_events(aws, &self.log_group, LOG_STREAM, time, &[message]).await
    }

    /// Whether the log group belongs to the user, so that the line is in their data.
    pub(super) fn is_of_user(&self) -> bool {
        self.owner == Owner::User
    }

    /// Whether every way into the stream has a pattern, which may keep the line out.
    pub(super) fn has_only_patterns(&self) -> bool {
        !self.ways.is_empty() && self.ways.len() == self.patterns.len()
    }

    /// Whether the log group stays.
    pub(super) fn is_kept(&self) -> bool {
        self.owner == Owner::Kept
    }

    /// Removes what the run made, also where it was asked to stop. A log group that another run has taken over
    /// meanwhile is that one's to remove.
    ///
    /// # Errors
    /// Whatever the calls fail with: then it is still there.
    pub(super) async fn leave(&self, aws: Aws<'_>) -> Result<()> {
        let aws = aws.mending();
        match &self.owner {
            Owner::Kept => Ok(()),
            Owner::User => Ok(delete_log_stream(aws, &self.log_group, LOG_STREAM).await?),
            Owner::Run(id) => {
                let tags = tags_of_log_group(aws, &self.log_group).await?;
                if tags.get(RUN_TAG).is_some_and(|run| run != id) {
                    return Ok(());
                }
                delete_log_group(aws, &self.log_group).await
            }
        }
    }
}

fn spec(stack: &Stack, log_group: &str, pin: Option<&str>) -> FilterSpec {
    let base = &stack.names.filter;
    FilterSpec {
        log_group: log_group.to_owned(),
        name: pin.map_or_else(|| base.clone(), |pin| filter_name(base, pin)),
        pattern: Setting::or_default(None, String::new()),
        distribution: Setting::or_default(None, Distribution::ByLogStream),
        destination_arn: stack.names.stream_arn(&stack.target),
        role_arn: stack.subscription_role(),
        extras: FilterExtras::default(),
    }
}

/// Whether the log group is not there any more.
pub(super) fn is_gone(error: &Error) -> bool {
    error.code == Code::UnknownLogGroup
        || error.code == Code::NotFound && error.aws.as_ref().is_some_and(|aws| aws.service == "logs")
}

fn not_ours(log_group: &str) -> Error {
    Error::new(Code::NotOurs, "this log group exists and was not made by this stack of cwl2le")
        .on(log_group)
        .hint("delete it, or test the chain from a log group of your own with --log-group NAME")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::aws::testing::{Answer, FakeAws};

    fn place(owner: Owner) -> Place {
        Place {
            log_group: "/cwl2le/canary/default".to_owned(),
            ways: Vec::new(),
            patterns: Vec::new(),
            is_fresh: false,
            refused: None,
            owner,
        }
    }

    /// The operations of a run that leaves a log group with this tag.
    async fn left(owner: Owner, run: &'static str) -> Vec<String> {
        let aws = FakeAws::new(move |request| match request.operation.as_str() {
            "ListTagsForResource" => Answer::Json(json!({"tags": {RUN_TAG: run}})),
            _ => Answer::ok(),
        });
        let session = aws.session();
        session.stop().request();
        place(owner).leave((&session).into()).await.expect("left");
        aws.operations()
    }

    #[tokio::test]
    async fn the_last_run_removes_the_log_group_also_when_it_is_stopped() {
        let own = || Owner::Run("own".to_owned());
        assert_eq!(left(own(), "own").await, ["ListTagsForResource", "DeleteLogGroup"]);
        assert_eq!(left(own(), "another").await, ["ListTagsForResource"], "another run goes on with it");
        assert_eq!(left(own(), KEPT).await, ["ListTagsForResource"], "another run keeps it");
        assert_eq!(left(Owner::Kept, KEPT).await, Vec::<String>::new());
        assert_eq!(left(Owner::User, "").await, ["DeleteLogStream"]);
    }
}
