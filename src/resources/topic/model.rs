//! What each action does to the topic, in the model of AWS for the tests of the planner.

use super::Action;
use super::observed::{ObservedSubscription, ObservedTopic};
use crate::resources::{Observed, Stack};

pub(crate) fn apply(_: &Stack, o: &mut Observed, action: &Action) {
    let topic = |o: &mut Observed| o.topic.take().expect("the topic exists");
    o.topic = match action {
        Action::Create { arn, tags, .. } => {
            assert!(o.topic.is_none(), "the topic exists already");
            Some(ObservedTopic { arn: arn.clone(), subscriptions: Vec::new(), tags: tags.clone() })
        }
        Action::Tag { tags, .. } => {
            let mut topic = topic(o);
            topic.tags.extend(tags.clone());
            Some(topic)
        }
        Action::Subscribe { address, .. } => {
            let mut topic = topic(o);
            topic.subscriptions.push(ObservedSubscription {
                protocol: "email".to_owned(),
                endpoint: address.clone(),
                is_confirmed: false,
            });
            Some(topic)
        }
        Action::Delete { .. } => {
            drop(topic(o));
            None
        }
    };
}
