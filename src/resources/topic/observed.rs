//! The topic as it is.

use crate::stack::Tags;

/// The topic with the name that this stack's has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedTopic {
    /// Its ARN.
    pub arn: String,
    /// Who is told.
    pub subscriptions: Vec<ObservedSubscription>,
    /// Its tags.
    pub tags: Tags,
}

/// A subscription of the topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedSubscription {
    /// Such as `email`.
    pub protocol: String,
    /// Such as an address.
    pub endpoint: String,
    /// Whether it was confirmed. Until then, nothing is sent.
    pub is_confirmed: bool,
}

impl ObservedTopic {
    /// The subscription of a mail address. SNS keeps an address as it was given.
    pub(crate) fn mails_to(&self, address: &str) -> Option<&ObservedSubscription> {
        self.mails().find(|subscription| subscription.endpoint == address)
    }

    /// The subscriptions of mail addresses.
    pub(crate) fn mails(&self) -> impl Iterator<Item = &ObservedSubscription> {
        self.subscriptions.iter().filter(|subscription| subscription.protocol == "email")
    }
}
