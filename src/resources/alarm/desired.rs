//! The alarms that are wanted.

use serde::Serialize;

use crate::stack::Setting;

/// Default number of minutes that lines may be late before `behind` goes off.
pub const BEHIND_MINUTES: u32 = 15;

/// The alarms on a stack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AlarmsSpec {
    /// Whom they notify, and so whether there are any.
    pub notify: Notify,
    /// The address that the topic of the stack mails to, where that is the topic.
    pub email: Option<String>,
    /// Number of minutes that lines may be late before `behind` goes off.
    pub behind_minutes: Setting<u32>,
}

/// Whom the alarms notify.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Notify {
    /// Nothing is asked for: there are alarms where there are some already, and they notify whom they notified.
    AsItIs,
    /// There are to be no alarms.
    Nobody,
    /// The SNS topic with this ARN.
    Topic(String),
}

impl Default for AlarmsSpec {
    fn default() -> Self {
        Self { notify: Notify::AsItIs, email: None, behind_minutes: Setting::default(BEHIND_MINUTES) }
    }
}
