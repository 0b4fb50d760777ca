//! Puts a stack together: what was asked for, what a new resource gets, and what existing ones keep.

use std::collections::BTreeSet;

use cwl2le_forwarder::config::Config;

use super::roles::Roles;
use super::values::KmsKey;
use super::wanted::Wanted;
use crate::resources::role::documents::{self, Grants};
use crate::resources::{
    AccountsSpec, FunctionSpec, Isolation, Observed, ObservedDestination, ObservedRole, RoleSpec, Stack,
};
use crate::stack::{Names, RoleScope, StackName, Tags, Target, tags};

pub(super) struct Builder<'a> {
    pub(super) name: &'a StackName,
    pub(super) target: &'a Target,
    pub(super) scope: RoleScope,
    pub(super) observed: &'a Observed,
}

impl Builder<'_> {
    /// What key and trigger add to the roles: as asked for, else as it is.
    pub(super) fn grants(&self, args: &Wanted) -> Grants {
        let (target, observed) = (self.target, self.observed);
        let kms_key_arn = match &args.stream.kms_key {
            Some(key) => key.arn(target),
            None => current_key(observed, target),
        };
        let on_failure = match &args.trigger.on_failure {
            Some(on_failure) => on_failure.arn(),
            None => {
                let stream_arn = Names::new(self.name, &target.region, self.scope).stream_arn(target);
                let ours = observed.triggers.iter().filter(|trigger| trigger.source_arn == stream_arn);
                ours.filter_map(|trigger| trigger.on_failure.clone()).next()
            }
        };
        let network = args.function.network(observed).value.is_private()
            || observed.functions().any(|function| {
                // An older version may get the records again, and Lambda still has to delete its interfaces.
                function.network.is_private()
                    || function.versions.iter().any(|version| version.snapshot.network.is_private())
            });
        Grants { kms_key_arn, on_failure, network, ..Grants::default() }
    }

    /// The stack that these flags ask for, with a configuration for its function and these destinations apart.
    pub(super) fn stack(
        &self,
        args: &Wanted,
        config: Option<Config>,
        isolated: BTreeSet<String>,
        grants: &Grants,
    ) -> Stack {
        let (target, names) = (self.target, Names::new(self.name, &self.target.region, self.scope));
        let resources = &args.resources;
        Stack {
            stream: args.stream.spec(target, self.observed.proposed_shards.as_ref()),
            logs_role: RoleSpec {
                description: "CloudWatch Logs writes to the stream of cwl2le with it".to_owned(),
                trust: documents::logs_trust(target),
                policy_name: names.logs_policy.clone(),
                policy: documents::logs_policy(target, &names, grants),
                ..self.role(&names.logs_role, self.observed.logs_role.as_ref(), &resources.roles)
            },
            has_logs_role: true,
            function_role: RoleSpec {
                description: "The forwarder of cwl2le runs with it".to_owned(),
                trust: documents::function_trust(target),
                policy_name: names.function_policy.clone(),
                policy: documents::function_policy(target, &names, grants),
                ..self.role(&names.function_role, self.observed.function_role.as_ref(), &resources.roles)
            },
            log_group: args.function.log_group(),
            function: FunctionSpec { config, ..args.function.spec(self.observed) },
            trigger: args.trigger.spec(),
            accounts: self.accounts(args, &names, grants),
            alarms: args.alarms.spec(self.name, self.target),
            dashboard: args.dashboard.make,
            isolation: Isolation {
                destinations: isolated,
                handover_seconds: args.function.handover_seconds(),
            },
            tags: tags(self.name, &target.region, &resources.tags.iter().cloned().collect::<Tags>()),
            name: self.name.clone(),
            target: target.clone(),
            names,
        }
    }

    /// Who may send lines from other accounts: as asked for, else as it is.
    fn accounts(&self, args: &Wanted, names: &Names, grants: &Grants) -> AccountsSpec {
        let target = self.target;
        // One of another stack says nothing of this one. What is too long to be written was not written by cwl2le.
        let is_ours = |is: &&ObservedDestination| is.belongs_to(self.name, target, names);
        let current = || {
            let is = self.observed.destination.as_ref().filter(is_ours)?;
            is.accepted().filter(|accepted| accepted.fits(target, &is.arn))
        };
        let accepted = args.accounts.accepted().or_else(current);
        AccountsSpec {
            role: RoleSpec {
                description: "CloudWatch Logs writes lines of other accounts to the stream of cwl2le with it"
                    .to_owned(),
                trust: accepted.as_ref().map(|accepted| accepted.trust(target)).unwrap_or_default(),
                policy_name: names.logs_policy.clone(),
                policy: documents::logs_policy(target, names, grants),
                ..self.role(&names.accounts_role, self.observed.accounts_role.as_ref(), &args.resources.roles)
            },
            accepted,
        }
    }

    /// Name, path, ARN and boundary; an existing role keeps its path and its boundary unless another is asked for.
    pub(super) fn role(&self, name: &str, is: Option<&ObservedRole>, roles: &Roles) -> RoleSpec {
        let path = match (&roles.path, is) {
            (Some(path), _) => path.to_string(),
            (None, Some(is)) => is.path.clone(),
            (None, None) => "/".to_owned(),
        };
        RoleSpec {
            arn: is
                .map_or_else(|| self.target.iam_arn(format_args!("role{path}{name}")), |is| is.arn.clone()),
            name: name.to_owned(),
            path,
            boundary: match &roles.permissions_boundary {
                Some(boundary) => Some(boundary.to_string()),
                None => is.and_then(|is| is.boundary.clone()),
            },
            description: String::new(),
            trust: serde_json::Value::Null,
            policy_name: String::new(),
            policy: serde_json::Value::Null,
        }
    }
}

/// The customer key that the stream has.
fn current_key(observed: &Observed, target: &Target) -> Option<String> {
    let key = observed.stream.as_ref()?.kms_key.as_deref()?;
    // The AWS managed key `alias/aws/kinesis` needs no grant of ours.
    key.parse::<KmsKey>().ok()?.arn(target)
}
