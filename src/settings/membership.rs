//! What flags and file want of a member account.

use std::collections::BTreeSet;

use super::build::Builder;
use super::file::File;
use super::member::{IN_CENTRAL, Member};
use super::section::Section;
use super::wanted::Wanted;
use super::{fit, merge};
use crate::error::{Error, Result};
use crate::resources::role::documents::{self, Grants};
use crate::resources::{Observed, RoleSpec, Stack};
use crate::stack::{DestinationArn, Names, RoleScope, StackName, Target, owns};

/// Where the log groups of a member account go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// The destination of the other account.
    pub destination: DestinationArn,
    /// Whether subscriptions are to name a role. One that is there already is used in any case.
    pub role: bool,
}

/// Where log groups go by flags and file, if that is to another account.
///
/// # Errors
/// A role is asked for and no destination.
pub fn membership(flags: &Member, file: Option<&File>) -> Result<Option<Membership>> {
    let in_file = file.map(|file| &file.contents.member);
    let destination =
        flags.to_destination.as_ref().or_else(|| in_file.and_then(|member| member.to_destination.as_ref()));
    let role = flags.role.or_else(|| in_file.and_then(|member| member.role)) == Some(true);
    match destination {
        Some(destination) => Ok(Some(Membership { destination: destination.clone(), role })),
        None if flags.role == Some(true) => Err(Error::usage(
            "--member-role is for log groups that go to another account, and no destination is given",
            "add --to-destination ARN, or `to_destination` in [member] of cwl2le.toml",
        )),
        None => Ok(None),
    }
}

impl Membership {
    /// Checks that log groups of this account and region can go there.
    ///
    /// # Errors
    /// The destination is in another region or partition, or in this account.
    pub fn check(&self, target: &Target) -> Result<()> {
        let checked = self.destination.check(target);
        checked.map_err(|(problem, hint)| Error::usage(problem, hint).on("--to-destination"))
    }

    /// The desired state of the member account.
    ///
    /// # Errors
    /// A flag or a section is given that only the account of the stream has.
    pub fn stack(
        &self,
        args: &Wanted,
        file: Option<&File>,
        name: &StackName,
        target: &Target,
        scope: RoleScope,
        observed: &Observed,
    ) -> Result<Stack> {
        if let Some(flag) = of_central(args) {
            return Err(Error::usage(format!("{flag} does not go with --to-destination"), IN_CENTRAL));
        }
        let (args, _) = merge::with_file(args, file);
        let builder = Builder { name, target, scope, observed };
        let only = Wanted { resources: args.resources.clone(), ..Wanted::default() };
        let bare = builder.stack(&only, None, BTreeSet::new(), &Grants::default());
        let names = Names::of_member(name, &target.region, scope, &self.destination);
        let is = observed.logs_role.as_ref();
        let is_ours = is.is_some_and(|role| owns(name, &target.region, &role.tags));
        let stack = Stack {
            logs_role: RoleSpec {
                description: "CloudWatch Logs sends to the destination of another account with it".to_owned(),
                trust: documents::logs_trust(target),
                policy_name: names.logs_policy.clone(),
                policy: documents::member_policy(target),
                ..builder.role(&names.logs_role, is, &args.resources.roles)
            },
            has_logs_role: self.role || is_ours,
            names,
            ..bare
        };
        fit::check(&stack, &Grants::default())?;
        Ok(stack)
    }
}

/// The first flag that only the account of the stream takes.
fn of_central(args: &Wanted) -> Option<String> {
    fn first<T: Section>(section: &T) -> Option<String> {
        section.given().first().map(|(key, _)| T::flag(key))
    }
    let destination = &args.destination;
    let service = [
        ("token", destination.token.is_some()),
        ("token-file", destination.token_file.is_some()),
        ("token-ssm", destination.token_ssm.is_some()),
        ("token-secret", destination.token_secret.is_some()),
        ("logentries-region", destination.logentries_region.is_some()),
        ("logentries-endpoint", destination.logentries_endpoint.is_some()),
        ("forwarder-zip", args.function.forwarder_zip.is_some()),
        ("allow-downgrade", args.allow_downgrade),
    ];
    let service = service.into_iter().find(|(_, is_given)| *is_given).map(|(flag, _)| flag.to_owned());
    let flag = service
        .or_else(|| first(&args.stream))
        .or_else(|| first(&args.function))
        .or_else(|| first(&args.trigger))
        .or_else(|| first(&args.cost))
        .or_else(|| first(&args.accounts))
        .or_else(|| first(&args.alarms))
        .or_else(|| first(&args.dashboard))?;
    Some(format!("--{flag}"))
}
