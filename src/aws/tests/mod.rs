//! The edge, tested against an AWS of our own making.

mod call;
mod credentials;
mod explain;
mod fates;
mod one_way;
mod pace;
mod retry;

use std::sync::Mutex;
use std::time::Duration;

use super::error::Operation;
pub(crate) use super::testing::{Answer, FakeAws, Request};
pub(crate) use super::{AwsError, Notice, Options, Session, Stop};
use crate::stack::Tags;
use crate::stack::names::{REGION_TAG, STACK_TAG};

/// The tags of the default stack in the region of [`FakeAws::session`].
pub(crate) fn our_tags() -> Tags {
    Tags::from([
        (STACK_TAG.to_owned(), "default".to_owned()),
        (REGION_TAG.to_owned(), "ap-northeast-1".to_owned()),
    ])
}

/// What AWS said.
pub(crate) fn said(service: &'static str, operation: &'static str, code: &str, message: &str) -> AwsError {
    AwsError::new(Operation { service, name: operation, resource: "thing" }, code, message)
}

/// Collects what was waited for.
#[derive(Default)]
pub(crate) struct Waits(Mutex<Vec<(String, Duration)>>);

impl Waits {
    pub(crate) fn note(&self, notice: Notice<'_>) {
        if let Notice::Waiting { why, elapsed } = notice {
            self.0.lock().expect("no panic").push((why.to_owned(), elapsed));
        }
    }

    pub(crate) fn reasons(&self) -> Vec<String> {
        self.0.lock().expect("no panic").iter().map(|(why, _)| why.clone()).collect()
    }
}
