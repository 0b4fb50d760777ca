//! Which version of a function is to get the records.

use std::collections::BTreeMap;

use cwl2le_forwarder::config::Config;

use super::action::{Settings, Version};
use super::freeze::published;
use super::observed::{Before, Snapshot};
use crate::resources::{Action, Observed, ObservedFunction, Plan, ResourceId, function};

/// What a plan changes of a function.
pub(super) enum Change {
    /// It is created, or created again, with the code of this base64 SHA-256.
    Create(String, Settings),
    /// What a version keeps of it changes; the base64 SHA-256 of its code, where that changes as well.
    Version(Option<String>, Settings),
    /// Nothing of that.
    Nothing,
}

impl Change {
    pub(super) fn of(plan: &Plan, function: &ResourceId) -> Self {
        let steps = plan.steps.iter().filter(|step| step.resource == *function);
        let (mut code, mut settings) = (None, None);
        for action in steps.flat_map(|step| &step.actions) {
            match action {
                Action::Function(function::Action::Create(create)) => {
                    let settings = Settings {
                        memory_mb: Some(create.memory_mb),
                        timeout_seconds: Some(create.timeout_seconds),
                        environment: Some(create.environment.clone()),
                        network: Some(create.network.clone()),
                    };
                    return Self::Create(create.bundle.sha256.clone(), settings);
                }
                Action::Function(function::Action::UpdateCode { bundle, .. }) => {
                    code = Some(bundle.sha256.clone());
                }
                Action::Function(function::Action::UpdateConfiguration {
                    memory_mb,
                    timeout_seconds,
                    environment,
                    network,
                    ..
                }) => {
                    settings = Some(Settings {
                        memory_mb: *memory_mb,
                        timeout_seconds: *timeout_seconds,
                        environment: environment.clone(),
                        network: network.clone(),
                    });
                }
                _ => {}
            }
        }
        match code.is_some() || settings.is_some() {
            true => Self::Version(code, settings.unwrap_or_default()),
            false => Self::Nothing,
        }
    }
}

/// Which version the alias is to name.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Goal {
    /// The one that it names.
    Keep,
    /// The one that it names, though the function is another: this version of it was rolled back.
    Held(u64),
    /// The one that it names, and no other beside it.
    Again(u64),
    /// This one, which is published.
    Number(u64),
    /// One that is to be published, with the code of this base64 SHA-256 and these settings.
    Publish(String, Settings),
}

impl Goal {
    /// Decides for a function that is there and stays; `is_frozen` is whether the alias names what runs now by an earlier
    /// step of the same plan.
    pub(super) fn of(
        is: &ObservedFunction,
        observed: &Observed,
        change: Change,
        is_frozen: bool,
        ignores_rollback: bool,
    ) -> Self {
        if let Change::Version(code, settings) = change {
            return Self::Publish(code.unwrap_or_else(|| is.code_sha256.clone()), settings.or_as_in(is));
        }
        let latest = is.snapshot();
        let live = is.live().filter(|_| !is_frozen);
        let again = live.filter(|live| !live.shares.is_empty()).and_then(|live| live.number());
        let runs = match is_frozen {
            true => observed.in_force().function.map(|runs| runs.snapshot()),
            false => is.live_version().map(|version| version.snapshot.clone()),
        };
        if runs.as_ref() == Some(&latest) {
            return again.map_or(Self::Keep, Self::Again);
        }
        let rolled_back =
            live.filter(|_| !ignores_rollback && is.live_version().is_some()).and_then(|live| {
                let Some(Before::RolledBackFrom(number)) = live.before else { return None };
                is.version(number).filter(|version| version.snapshot == latest)
            });
        if let Some(rolled_back) = rolled_back {
            return again.map_or(Self::Held(rolled_back.number), Self::Again);
        }
        match published(is) {
            Some(version) => Self::Number(version.number),
            None => Self::Publish(is.code_sha256.clone(), Settings::default().or_as_in(is)),
        }
    }

    /// The version to move the alias to, where it moves.
    pub(super) const fn version(&self) -> Option<Version> {
        match self {
            Self::Keep | Self::Held(_) => None,
            Self::Again(number) | Self::Number(number) => Some(Version::Number(*number)),
            Self::Publish(..) => Some(Version::Published),
        }
    }

    /// Its number, where it is published already.
    pub(super) const fn number(&self) -> Option<u64> {
        match self {
            Self::Again(number) | Self::Number(number) => Some(*number),
            Self::Keep | Self::Held(_) | Self::Publish(..) => None,
        }
    }
}

/// The version that was rolled back and whose settings the function still has, where those of the live version are
/// others: a version that is published now would bring them back.
pub(super) fn rolled_back_settings(is: &ObservedFunction) -> Option<u64> {
    let (live, latest) = (is.live_version()?, is.snapshot());
    let Some(Before::RolledBackFrom(number)) = is.live()?.before else { return None };
    let is_alike = |one: &Snapshot, other: &Snapshot| {
        let numbers = |of: &Snapshot| (of.memory_mb, of.timeout_seconds);
        // Which destination moves when is not a setting, and an upgrade forgets changes that are long over.
        let config =
            |of: &Snapshot| of.config().map(|config| Config { schedules: BTreeMap::new(), ..config });
        let same_config = match (config(one), config(other)) {
            (Some(one), Some(other)) => one == other,
            _ => one.environment == other.environment,
        };
        numbers(one) == numbers(other)
            && one.network == other.network
            && one.others == other.others
            && same_config
    };
    let rolled_back = &is.version(number)?.snapshot;
    (is_alike(rolled_back, &latest) && !is_alike(&live.snapshot, &latest)).then_some(number)
}
