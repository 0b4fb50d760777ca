//! What every kind of resource does, as the engine reaches it.

use super::kind::{Exported as _, Losses, Planned, Setup, Teardown};
use super::kinds::with_every_kind;
use super::{Action, Plan, Step};
use crate::aws::Aws;
use crate::error::Result;
use crate::export::{Ids, Template};

/// The functions of [`Planned`] of one kind.
pub(crate) struct Entry {
    pub(crate) guard: fn(&Setup<'_>, &mut Plan),
    pub(crate) setup: fn(&Setup<'_>, &mut Plan),
    pub(crate) finish_setup: fn(&Setup<'_>, &mut Plan),
    pub(crate) teardown: fn(&Teardown<'_>, &mut Plan),
    pub(crate) finish_teardown: fn(&Teardown<'_>, &mut Plan),
    pub(crate) losses_of_plan: fn(&mut Losses<'_>),
}

impl Entry {
    const fn of<K: Planned>() -> Self {
        Self {
            guard: K::guard,
            setup: K::setup,
            finish_setup: K::finish_setup,
            teardown: K::teardown,
            finish_teardown: K::finish_teardown,
            losses_of_plan: K::losses_of_plan,
        }
    }
}

macro_rules! registry {
    ($($module:ident: $kind:ident,)*) => {
        /// Every kind, in the order in which `setup` plans them.
        pub(crate) const KINDS: &[Entry] = &[$(Entry::of::<super::$module::$kind>(),)*];

        impl Action {
            /// Carries it out. It can be repeated: to find a resource of this stack created or deleted already is no
            /// error.
            pub(crate) async fn act(&self, aws: Aws<'_>) -> Result<()> {
                match self {
                    $(Self::$kind(action) => super::$module::aws::act(aws, action).await,)*
                }
            }

            /// Adds what it creates to a template of another tool.
            pub(crate) fn declare(&self, ids: Ids<'_>, plan: &Plan, template: &mut Template) {
                match self {
                    $(Self::$kind(action) => super::$module::$kind::declare(ids, action, plan, template),)*
                }
            }

            /// Adds what it deletes for good.
            pub(crate) fn losses(&self, found: &mut Losses<'_>, step: &Step) {
                match self {
                    $(Self::$kind(action) => super::$module::$kind::losses(found, step, action),)*
                }
            }
        }
    };
}
with_every_kind!(registry);
