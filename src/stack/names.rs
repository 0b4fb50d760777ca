//! Every name and ARN of a stack. The default stack has the names of the article (docs/architecture.md).

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use cwl2le_forwarder::config::pinned_destination;
use serde::Serialize;

use super::destination::DestinationArn;
use super::target::{Region, Target};

/// Tags of a resource.
pub type Tags = BTreeMap<String, String>;

/// The tag that says which stack a resource belongs to.
pub const STACK_TAG: &str = "cwl2le:stack";
/// The tag that says which region's stack a resource belongs to: roles are global.
pub const REGION_TAG: &str = "cwl2le:region";
/// The tag that says which version of cwl2le made it; of a function, which version deployed its code.
pub const VERSION_TAG: &str = "cwl2le:version";
/// The tag of a function that says from which source its code was built.
pub const SOURCE_TAG: &str = "cwl2le:source";
/// The tag of a function with the base64 SHA-256 of the zip that was deployed: another one was put there by somebody
/// else.
pub const CODE_TAG: &str = "cwl2le:code";
/// The tag that says which tool deployed the resources from a template of `cwl2le export`, and so is to change them.
pub const MANAGED_BY_TAG: &str = "cwl2le:managed-by";
/// Number of the tags above, all of which a function can have.
pub const OWN_TAGS: usize = 6;

/// The stream of the default stack.
const STREAM: &str = "cloudwatch-logs-stream";

/// The forwarder of the default stack.
const FUNCTION: &str = "cwl-to-logentries";

/// The role in a member account of the default stack.
const MEMBER_ROLE: &str = "cwl-to-destination";

/// The destination of the default stack.
const DESTINATION: &str = "cwl-from-accounts";

/// The filter and the account policy in a member account of the default stack.
const MEMBER_FILTER: &str = "cloudwatchLogsToDestination";

/// What the names of the log groups begin with that `cwl2le test` makes.
const CANARY_LOG_GROUPS: &str = "/cwl2le/canary/";

/// Whether a log group is that of a canary, of this stack or of another one. Only `cwl2le test` subscribes it.
pub fn is_canary(log_group: &str) -> bool {
    log_group.starts_with(CANARY_LOG_GROUPS)
}

/// The name of a stack: `default`, or up to 24 letters, digits and hyphens that prefix all other names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct StackName(String);

impl StackName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The stack whose stream has this name, if it is a name that a stack's stream can have.
    pub fn of_stream(name: &str) -> Option<Self> {
        Self::before(name, STREAM)
    }

    /// The stack whose destination has this name, if it is a name that a stack's destination can have.
    pub fn of_destination(name: &str) -> Option<Self> {
        Self::before(name, DESTINATION)
    }

    /// The stack that a filter or an account policy of a member account with this name belongs to, if it is such a name.
    pub fn of_member_filter(name: &str) -> Option<Self> {
        Self::before(name, MEMBER_FILTER)
    }

    /// The stack whose main function has this name, if it is a name that a stack's function can have.
    pub fn of_function(name: &str) -> Option<Self> {
        Self::before(name, FUNCTION)
    }

    /// The stack of which a name is that of the default stack with a prefix, or without one.
    fn before(name: &str, plain: &str) -> Option<Self> {
        match name.strip_suffix(plain)? {
            "" => Some(Self::default()),
            prefix => prefix.strip_suffix('-')?.parse().ok(),
        }
    }

    /// The log group of the stack that `cwl2le test` writes its canary to.
    pub fn canary_log_group(&self) -> String {
        format!("{CANARY_LOG_GROUPS}{}", self.0)
    }

    /// The CloudFormation stack that its template is deployed as.
    pub fn cloudformation_stack(&self) -> String {
        format!("cwl2le-{}", self.0)
    }

    /// What the names of its roles start with, in every region.
    pub fn start_of_roles(&self) -> String {
        self.prefixed("cwl-to-")
    }

    /// The SNS topic that mails when an alarm of the stack goes off.
    pub fn alarm_topic(&self) -> String {
        format!("cwl2le-{}-alarms", self.0)
    }

    /// The CloudWatch dashboard of the stack in a region.
    pub fn dashboard(&self, region: &Region) -> String {
        format!("cwl2le-{}-{region}", self.0)
    }

    fn prefixed(&self, name: &str) -> String {
        if self.0 == "default" { name.to_owned() } else { format!("{}-{name}", self.0) }
    }
}

impl Default for StackName {
    fn default() -> Self {
        Self("default".to_owned())
    }
}

impl fmt::Display for StackName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for StackName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let ok = (1..=24).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !text.starts_with('-')
            && !text.ends_with('-');
        if ok {
            Ok(Self(text.to_owned()))
        } else {
            Err(format!("`{text}` is not a stack name: up to 24 letters, digits and inner hyphens"))
        }
    }
}

/// Whether this region's roles have the plain names or names that end in the region.
///
/// IAM is global while everything else is regional. The first region of an account that is set up gets the
/// article's role names; every other region's roles end in `-REGION`, so that no region's roles are shared and
/// tearing one region down leaves the others whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RoleScope {
    /// `cwl-to-kinesis`
    Plain,
    /// `cwl-to-kinesis-ap-northeast-1`
    Regional,
}

impl RoleScope {
    /// Decides from what exists: the tags of the roles with plain names, and whether regional ones exist.
    ///
    /// Regional roles that exist stay in use even after the first region has been torn down, so that names never
    /// change under a running stack.
    pub fn decide<'a>(
        region: &Region,
        mut plain_roles: impl Iterator<Item = &'a Tags>,
        regional_exist: bool,
    ) -> Self {
        let taken_elsewhere =
            plain_roles.any(|tags| tags.get(REGION_TAG).is_some_and(|other| other != region.as_str()));
        if regional_exist || taken_elsewhere { Self::Regional } else { Self::Plain }
    }
}

/// The names of everything in a stack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Names {
    /// The Kinesis data stream.
    pub stream: String,
    /// The role that CloudWatch Logs assumes to write to the stream.
    pub logs_role: String,
    /// Its inline policy.
    pub logs_policy: String,
    /// The destination of CloudWatch Logs that other accounts send their lines to.
    pub destination: String,
    /// The role that CloudWatch Logs assumes for it.
    pub accounts_role: String,
    /// The forwarder function.
    pub function: String,
    /// The execution role of the forwarder.
    pub function_role: String,
    /// Its inline policy.
    pub function_policy: String,
    /// The forwarder's own log group.
    pub function_log_group: String,
    /// The subscription filter on each log group; `@DESTINATION` is appended to pin a destination.
    pub filter: String,
    /// In a member account, the destination of another account that log groups send to in place of a stream.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to_destination: Option<DestinationArn>,
}

impl Names {
    /// The names of a stack in a region.
    pub fn new(stack: &StackName, region: &Region, scope: RoleScope) -> Self {
        let role = |name: &str| match scope {
            RoleScope::Plain => stack.prefixed(name),
            RoleScope::Regional => format!("{}-{region}", stack.prefixed(name)),
        };
        let function = stack.prefixed(FUNCTION);
        Self {
            stream: stack.prefixed(STREAM),
            logs_role: role("cwl-to-kinesis"),
            logs_policy: "cwl-kinesis-write".to_owned(),
            destination: stack.prefixed(DESTINATION),
            // Short, so that it fits with the longest names of stacks and regions.
            accounts_role: role("cwl-to-kinesis-accounts"),
            function_role: role(FUNCTION),
            function_policy: "cwl-logentries-forward".to_owned(),
            function_log_group: format!("/aws/lambda/{function}"),
            function,
            filter: stack.prefixed("cloudwatchLogsFilter"),
            to_destination: None,
        }
    }

    /// The names in a member account, of which log groups send to a destination of another account. A log group can have
    /// the filter of a stack of its own account beside this one.
    #[must_use]
    pub fn of_member(
        stack: &StackName,
        region: &Region,
        scope: RoleScope,
        destination: &DestinationArn,
    ) -> Self {
        let role = match scope {
            RoleScope::Plain => stack.prefixed(MEMBER_ROLE),
            RoleScope::Regional => format!("{}-{region}", stack.prefixed(MEMBER_ROLE)),
        };
        Self {
            logs_role: role,
            logs_policy: "cwl-destination-write".to_owned(),
            filter: stack.prefixed(MEMBER_FILTER),
            to_destination: Some(destination.clone()),
            ..Self::new(stack, region, scope)
        }
    }

    /// The ARN that subscription filters and the account policy send to: of the stream, or of the destination of another
    /// account.
    pub fn sink_arn(&self, target: &Target) -> String {
        self.to_destination.as_ref().map_or_else(|| self.stream_arn(target), ToString::to_string)
    }

    /// What that is, in words.
    pub(crate) fn sink(&self) -> &'static str {
        if self.to_destination.is_some() { "the destination" } else { "the stream" }
    }

    /// The same, with the function of an isolated destination in the place of the main one.
    #[must_use]
    pub fn isolated(&self, destination: &str) -> Self {
        let function = format!("{}-{destination}", self.function);
        Self { function_log_group: format!("/aws/lambda/{function}"), function, ..self.clone() }
    }

    /// The destination whose own function would have this name.
    pub fn isolated_destination<'f>(&self, function: &'f str) -> Option<&'f str> {
        function.strip_prefix(&self.function)?.strip_prefix('-').filter(|name| !name.is_empty())
    }

    /// The stream's ARN.
    pub fn stream_arn(&self, target: &Target) -> String {
        target.arn("kinesis", format_args!("stream/{}", self.stream))
    }

    /// Whether a filter or an account policy has this stack's name, with or without a pinned destination.
    pub fn is_filter(&self, name: &str) -> bool {
        let pinned = || name.strip_suffix(pinned_destination(name)?)?.strip_suffix('@');
        name == self.filter || pinned() == Some(&self.filter)
    }

    /// The function's ARN, unqualified.
    pub fn function_arn(&self, target: &Target) -> String {
        target.arn("lambda", format_args!("function:{}", self.function))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn region() -> Region {
        "ap-northeast-1".parse().expect("a region")
    }

    #[test]
    fn the_default_stack_has_the_names_of_the_article() {
        let names = Names::new(&StackName::default(), &region(), RoleScope::Plain);
        assert_eq!(names.stream, "cloudwatch-logs-stream");
        assert_eq!(names.logs_role, "cwl-to-kinesis");
        assert_eq!(names.logs_policy, "cwl-kinesis-write");
        assert_eq!(names.function, "cwl-to-logentries");
        assert_eq!(names.filter, "cloudwatchLogsFilter");
    }

    #[test]
    fn a_stack_is_known_by_its_stream_and_its_filters() {
        for name in ["default", "blue", "a-b"] {
            let stack: StackName = name.parse().expect("a stack name");
            let names = Names::new(&stack, &region(), RoleScope::Plain);
            assert_eq!(StackName::of_stream(&names.stream), Some(stack.clone()));
            assert_eq!(StackName::of_function(&names.function), Some(stack.clone()));
            assert_eq!(StackName::of_destination(&names.destination), Some(stack.clone()));
            let central = "arn:aws:logs:ap-northeast-1:111111111111:destination:d".parse().expect("an ARN");
            let member = Names::of_member(&stack, &region(), RoleScope::Plain, &central);
            assert_eq!(StackName::of_member_filter(&member.filter), Some(stack));
            assert_eq!(StackName::of_member_filter(&names.filter), None);
            assert_eq!(StackName::of_function(&names.isolated("audit").function), None);
            assert!(names.is_filter(&names.filter) && names.is_filter(&format!("{}@audit", names.filter)));
            assert!(
                !names.is_filter("x-cloudwatchLogsFilter") && !names.is_filter(&format!("{}@", names.filter))
            );
        }
        for other in
            ["stream", "xcloudwatch-logs-stream", "-cloudwatch-logs-stream", "cloudwatch-logs-stream-2"]
        {
            assert_eq!(StackName::of_stream(other), None, "{other}");
        }
    }

    #[test]
    fn another_stack_and_another_region_share_no_name() {
        let name = "x".repeat(24).parse().expect("a stack name");
        let longest = Names::new(&name, &"ap-southeast-1".parse().expect("a region"), RoleScope::Regional);
        for role in [&longest.function_role, &longest.accounts_role] {
            assert!(role.len() <= 64, "IAM takes at most 64 characters: {role}");
        }
        assert!(longest.function.len() <= 64, "Lambda takes at most 64 characters");
        assert_eq!(
            Names::new(&StackName::default(), &region(), RoleScope::Regional).logs_role,
            "cwl-to-kinesis-ap-northeast-1"
        );
    }

    #[test]
    fn the_first_region_keeps_the_plain_role_names() {
        let tags = |r: &str| Tags::from([(REGION_TAG.to_owned(), r.to_owned())]);
        let (here, there, foreign) = (tags("ap-northeast-1"), tags("eu-west-1"), Tags::new());
        let decide = |t: &[&Tags], regional| RoleScope::decide(&region(), t.iter().copied(), regional);
        assert_eq!(decide(&[], false), RoleScope::Plain);
        assert_eq!(decide(&[&here], false), RoleScope::Plain);
        assert_eq!(decide(&[&foreign], false), RoleScope::Plain);
        assert_eq!(decide(&[&there], false), RoleScope::Regional);
        assert_eq!(decide(&[], true), RoleScope::Regional);
    }
}
