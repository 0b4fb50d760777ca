//! A setting: asked for, or what a new resource gets.

use serde::Serialize;

/// A value together with whether the user asked for it.
///
/// What the user did not ask for is used when a resource is made and left alone afterwards: running `setup`
/// again without `--shards` must not shrink a stream that was set up with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Setting<T> {
    /// The value.
    pub value: T,
    /// Whether a flag, the environment or the configuration file gave it.
    pub explicit: bool,
}

impl<T> Setting<T> {
    /// What the user asked for.
    pub const fn asked(value: T) -> Self {
        Self { value, explicit: true }
    }

    /// What a new resource gets.
    pub const fn default(value: T) -> Self {
        Self { value, explicit: false }
    }

    /// Asked for where given, else the default.
    pub fn or_default(asked: Option<T>, default: T) -> Self {
        asked.map_or_else(|| Self::default(default), Self::asked)
    }
}

impl<T: PartialEq> Setting<T> {
    /// The value to change to, where `observed` is not what was asked for.
    pub fn change_from(&self, observed: &T) -> Option<&T> {
        (self.explicit && self.value != *observed).then_some(&self.value)
    }
}
