//! Everything that `cwl2le.toml` may hold. The text of each key explains it in the help, in the file that `init`
//! writes, in docs/settings.md and in an editor.

use std::collections::BTreeMap;

use cwl2le_forwarder::config::Names;
use cwl2le_forwarder::shape::config::Rules;
use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use super::accounts::Accounts;
use super::alarms::Alarms;
use super::cost::Cost;
use super::dashboard::Dashboard;
use super::function::Function;
use super::member::Member;
use super::roles::Roles;
use super::secrets::Kept;
use super::service::Service;
use super::stream::Stream;
use super::trigger::Trigger;
use super::values::{
    AssumedRole, ExternalId, FilterPattern, LogGroup, LogGroupGlob, OwnTags, RoutePattern, SessionName,
};
use crate::resources::Distribution;
use crate::stack::{Region, StackName, Tags};

/// The file, with one struct for each section.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "cwl2le.toml", description = "What cwl2le sets up, and where logs go")]
pub(super) struct Contents {
    /// Name of the stack; any other than `default` prefixes every resource
    #[schemars(extend("default" = "default"))]
    pub(super) stack: Option<StackName>,
    /// AWS region; AWS_REGION and AWS_DEFAULT_REGION win over it, and without any of them that of the profile is taken
    #[schemars(example = "ap-northeast-1")]
    pub(super) region: Option<Region>,
    /// Profile of the AWS configuration; AWS_PROFILE, or keys in the environment, win over it
    #[schemars(example = &"default")]
    pub(super) profile: Option<String>,
    /// Role that cwl2le assumes with these credentials, by its ARN; `none` for none
    #[schemars(example = "arn:aws:iam::123456789012:role/cwl2le")]
    pub(super) role_arn: Option<AssumedRole>,
    /// External ID that the trust policy of the role asks for
    #[schemars(example = "cwl2le-4711")]
    pub(super) external_id: Option<ExternalId>,
    /// Name of the session of the role, as CloudTrail shows it
    #[schemars(extend("default" = "cwl2le"))]
    pub(super) session_name: Option<SessionName>,
    /// Destination of what no subscription and no route sends elsewhere; else the destination called `default`, or the
    /// only one
    #[schemars(example = &"default")]
    pub(super) default_destination: Option<String>,
    /// Where the routes are kept, as a JSON list, if they are too many for the function's environment; instead of
    /// [[routes]]
    #[schemars(example = BTreeMap::from([("secretsmanager", "NAME")]))]
    pub(super) routes_from: Option<Kept>,
    /// Where the key is kept for what routes hash
    #[schemars(example = BTreeMap::from([("ssm", "/NAME")]))]
    pub(super) hash_key: Option<Kept>,
    /// The Kinesis data stream
    #[serde(default)]
    pub(super) stream: Stream,
    /// The forwarder and its log group
    #[serde(default)]
    pub(super) function: Function,
    /// The event source mapping between the stream and the function
    #[serde(default)]
    pub(super) trigger: Trigger,
    /// How much the stack may cost before someone has to look
    #[serde(default)]
    pub(super) cost: Cost,
    /// Other accounts that send their lines to this stack; either a list or an organization
    #[serde(default)]
    pub(super) accounts: Accounts,
    /// The CloudWatch alarms on the stack
    #[serde(default)]
    pub(super) alarms: Alarms,
    /// The CloudWatch dashboard of the stack
    #[serde(default)]
    pub(super) dashboard: Dashboard,
    /// For a member account: log groups of this account send to the destination of another account. The file then has
    /// no stream, function or destinations
    #[serde(default)]
    pub(super) member: Member,
    /// The roles
    #[serde(default)]
    pub(super) roles: Roles,
    /// Tags to add to every resource
    #[serde(default)]
    #[schemars(example = BTreeMap::from([("team", "platform")]))]
    pub(super) tags: OwnTags,
    /// The log services, by names of your own. With any such section the file says it all: destinations and routes
    /// that are not in it are removed
    pub(super) destinations: Option<BTreeMap<String, Service>>,
    /// Which log groups go where; the first that matches wins
    #[serde(default)]
    #[schemars(with = "Vec<Route>")]
    pub(super) routes: Vec<Spanned<Route>>,
    /// Which log groups are subscribed. With any such section the file says it all: `setup` unsubscribes what is not
    /// in it
    #[schemars(with = "Option<Vec<Subscription>>")]
    pub(super) subscriptions: Option<Vec<Spanned<Subscription>>>,
    /// Environments, by names of your own. `--env NAME` or CWL2LE_ENV lays the sections of one over the rest of the
    /// file: keys of [stream], [function], [trigger], [cost], [accounts], [alarms], [dashboard], [member], [roles],
    /// [tags] and [destinations.NAME] one by one, any other key, and a destination with a `type`, as a whole
    #[serde(default)]
    #[expect(dead_code, reason = "it is laid over the rest before this is read")]
    pub(super) env: Environments,
}

/// The environments, which are laid over the rest before it is read.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(inline, with = "BTreeMap<String, BTreeMap<String, ()>>")]
pub(super) struct Environments {}

/// Log groups, and the destinations they go to.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Route {
    /// Glob pattern for names of log groups: `*` (slashes included), `?`, `{a,b}`, `[a-z]`
    #[schemars(example = "/audit/*")]
    pub(super) log_group: RoutePattern,
    /// Destination, or a list of several that all get every event
    #[schemars(example = &"audit")]
    pub(super) destination: Names,
    /// What happens to the events before they are sent; see docs/shaping.md
    pub(super) shape: Option<Rules>,
}

/// Log groups, and their subscription filters.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Subscription {
    /// Names or ARNs of log groups; each has to exist
    #[serde(default)]
    #[schemars(example = ["/aws/lambda/app-1"])]
    pub(super) log_groups: Vec<LogGroup>,
    /// Glob patterns for names of log groups
    #[serde(default, rename = "match")]
    #[schemars(example = ["/aws/lambda/*"])]
    pub(super) globs: Vec<LogGroupGlob>,
    /// Glob patterns of what is left out; an exclusion wins over everything
    #[serde(default)]
    #[schemars(example = ["/aws/lambda/noisy-*"])]
    pub(super) exclude: Vec<LogGroupGlob>,
    /// Tags that the log groups must carry
    #[serde(default)]
    #[schemars(example = BTreeMap::from([("env", "production")]))]
    pub(super) tags: Tags,
    /// Every log group of the account and region, future ones included, by one account policy; instead of names and
    /// glob patterns
    #[serde(default)]
    pub(super) all: bool,
    /// With `all`: create a filter for each existing log group instead of an account policy
    #[serde(default)]
    pub(super) per_group: bool,
    /// Forward only events that match this CloudWatch filter pattern [default: all]
    #[schemars(example = "{ $.level > 0 }")]
    pub(super) filter_pattern: Option<FilterPattern>,
    /// How events are spread over the shards: `by-log-stream` keeps the order of each log stream, `random` spreads
    /// evenly
    #[schemars(extend("default" = "by-log-stream"))]
    pub(super) distribution: Option<Distribution>,
    /// Destination of these log groups, whatever the routes say
    #[schemars(example = &"audit")]
    pub(super) destination: Option<String>,
}

impl Subscription {
    /// Whether it means every log group, also those to come, by one account policy.
    pub(super) fn is_account_policy(&self) -> bool {
        self.all && !self.per_group
    }
}
