//! Puts a stack together: what was asked for, what a new resource gets, and what existing ones keep.

use super::wishes::{self, Wishes};
use crate::flags::ResourceArgs;
use crate::resources::role::documents::{self, Grants};
use crate::resources::{
    Arch, FunctionSpec, HANDOVER_SECONDS, Isolation, LogGroupSpec, Observed, ObservedRole, Release, RoleSpec,
    Stack, Start, StreamMode, StreamSpec, TriggerSpec, UNLIMITED,
};
use crate::stack::{Names, RoleScope, Setting, StackName, Tags, Target, tags};

pub(super) struct Builder<'a> {
    pub(super) name: &'a StackName,
    pub(super) target: &'a Target,
    pub(super) scope: RoleScope,
    pub(super) observed: &'a Observed,
}

impl Builder<'_> {
    /// What key and trigger add to the roles: as asked for, else as it is.
    pub(super) fn grants(&self, wishes: &Wishes) -> Grants {
        let (target, observed) = (self.target, self.observed);
        let kms_key_arn = wishes.kms_key.clone().unwrap_or_else(|| wishes::current_key(observed, target));
        let on_failure = wishes.on_failure.clone().unwrap_or_else(|| {
            let stream_arn = Names::new(self.name, &target.region, self.scope).stream_arn(target);
            let ours = observed.triggers.iter().filter(|trigger| trigger.source_arn == stream_arn);
            ours.filter_map(|trigger| trigger.on_failure.clone()).next()
        });
        Grants { kms_key_arn, on_failure, ..Grants::default() }
    }

    pub(super) fn stack(&self, wishes: Wishes, resources: &ResourceArgs, grants: &Grants) -> Stack {
        let (target, names) = (self.target, Names::new(self.name, &self.target.region, self.scope));
        Stack {
            stream: StreamSpec {
                mode: Setting::or_default(wishes.stream_mode, StreamMode::Provisioned { shards: 1 }),
                retention_hours: Setting::or_default(wishes.retention_hours, 24),
                kms_key: Setting::or_default(wishes.kms_key, None),
            },
            logs_role: RoleSpec {
                description: "CloudWatch Logs writes to the stream of cwl2le with it".to_owned(),
                trust: documents::logs_trust(target),
                policy_name: names.logs_policy.clone(),
                policy: documents::logs_policy(target, &names, grants),
                ..self.role(&names.logs_role, self.observed.logs_role.as_ref(), resources)
            },
            function_role: RoleSpec {
                description: "The forwarder of cwl2le runs with it".to_owned(),
                trust: documents::function_trust(target),
                policy_name: names.function_policy.clone(),
                policy: documents::function_policy(target, &names, grants),
                ..self.role(&names.function_role, self.observed.function_role.as_ref(), resources)
            },
            log_group: LogGroupSpec { retention_days: Setting::or_default(wishes.log_retention_days, 14) },
            function: FunctionSpec {
                bundle: None,
                release: Release::own(),
                is_own_zip: false,
                allow_downgrade: false,
                // An existing function keeps its processor unless another one is asked for.
                arch: Setting::or_default(
                    wishes.arch,
                    self.observed.function.as_ref().map_or(Arch::X86_64, |function| function.arch),
                ),
                memory_mb: Setting::or_default(wishes.memory_mb, 256),
                timeout_seconds: Setting::or_default(wishes.timeout_seconds, 60),
                config: wishes.config,
                config_is_complete: false,
                names_service: false,
                reserved_concurrency: wishes.reserved_concurrency,
            },
            trigger: TriggerSpec {
                batch_size: Setting::or_default(wishes.batch_size, 1000),
                window_seconds: Setting::or_default(wishes.window_seconds, 1),
                parallelization: Setting::or_default(wishes.parallelization, 1),
                // A crash is narrowed down to the record that causes it: delivery depends on it.
                bisect: Setting::asked(true),
                on_failure: Setting::or_default(wishes.on_failure, None),
                // The plan knows what the stream and the trigger have.
                max_age_seconds: UNLIMITED,
                start: Start::default(),
            },
            isolation: Isolation {
                destinations: wishes.isolated,
                handover_seconds: wishes.handover_seconds.unwrap_or(HANDOVER_SECONDS),
            },
            tags: tags(self.name, &target.region, &resources.tags.iter().cloned().collect::<Tags>()),
            name: self.name.clone(),
            target: target.clone(),
            names,
        }
    }

    /// Name, path, ARN and boundary; an existing role keeps its path and its boundary unless another is asked for.
    fn role(&self, name: &str, is: Option<&ObservedRole>, resources: &ResourceArgs) -> RoleSpec {
        let path = match (&resources.role_path, is) {
            (Some(path), _) => path.clone(),
            (None, Some(is)) => is.path.clone(),
            (None, None) => "/".to_owned(),
        };
        RoleSpec {
            arn: is
                .map_or_else(|| self.target.iam_arn(format_args!("role{path}{name}")), |is| is.arn.clone()),
            name: name.to_owned(),
            path,
            boundary: resources
                .permissions_boundary
                .clone()
                .or_else(|| is.and_then(|is| is.boundary.clone())),
            description: String::new(),
            trust: serde_json::Value::Null,
            policy_name: String::new(),
            policy: serde_json::Value::Null,
        }
    }
}
