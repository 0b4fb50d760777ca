//! What the profile files of AWS say beside region and credentials.

use std::borrow::Cow;

use aws_config::profile::{self, ProfileSet};
use aws_types::os_shim_internal::{Env, Fs};

/// The profile in use, among those of the files.
#[derive(Debug, Default)]
pub(super) struct Profile {
    /// None where the files cannot be read: whoever reads credentials from them says why.
    profiles: Option<ProfileSet>,
}

impl Profile {
    /// Reads the files. Without a name it is that of `AWS_PROFILE`, else `default`.
    pub(super) async fn load(name: Option<&str>) -> Self {
        let name = name.map(|name| Cow::Owned(name.to_owned()));
        let loaded = profile::load(&Fs::real(), &Env::real(), &Default::default(), name).await;
        Self { profiles: loaded.ok() }
    }

    /// Its name.
    pub(super) fn name(&self) -> &str {
        self.profiles.as_ref().map_or("default", ProfileSet::selected_profile)
    }

    /// Whether somebody chose a profile and the files have none of that name.
    pub(super) fn is_missing(&self, flag: Option<&str>) -> bool {
        let is_chosen = flag.is_some() || std::env::var("AWS_PROFILE").is_ok_and(|name| !name.is_empty());
        let known = self.profiles.as_ref();
        is_chosen && known.is_some_and(|profiles| profiles.get_profile(self.name()).is_none())
    }

    /// The names of all profiles, sorted.
    pub(super) fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.profiles.iter().flat_map(ProfileSet::profiles).collect();
        names.sort_unstable();
        names
    }

    /// A setting of it.
    pub(super) fn get(&self, key: &str) -> Option<&str> {
        self.profiles.as_ref()?.get(key).filter(|value| !value.is_empty())
    }

    /// A switch, of the environment or else of the profile.
    pub(super) fn is_on(&self, variable: &str, key: &str) -> Option<bool> {
        let given = std::env::var(variable).ok();
        given.as_deref().or_else(|| self.get(key)).map(|value| value.trim().eq_ignore_ascii_case("true"))
    }

    /// The profile, or the nearest of those that it takes its credentials from, that has this setting; and the setting.
    pub(super) fn in_chain(&self, key: &str) -> Option<(&str, &str)> {
        let profiles = self.profiles.as_ref()?;
        let mut profile = profiles.get_profile(self.name())?;
        // A profile may name itself as its source, and two may name each other.
        for _ in profiles.profiles() {
            if let Some(value) = profile.get(key) {
                return Some((profile.name(), value));
            }
            profile = profiles.get_profile(profile.get("source_profile")?)?;
        }
        None
    }
}
