//! The verbs, one file or folder each: its flags, what it does and what it reports. This is the list of them; whatever
//! else the tool knows of a verb it learns through [`verb::Verb`].

mod canary;
mod completions;
mod cost;
mod demo;
mod doctor;
mod export;
mod forward;
mod init;
mod list;
mod logs;
mod man;
mod manual;
mod package;
mod plan;
mod policies;
mod preview;
mod replay;
mod rollback;
mod schema;
mod setup;
mod status;
mod subscribe;
mod teardown;
mod unsubscribe;
mod upgrade;
mod verb;
mod version;
mod versions;

use clap::Subcommand;

use crate::error::Result;
use crate::workflow::Context;
use verb::Verb as _;

#[cfg(test)]
pub(crate) use cost::{Added, CostReport, Gap as CostGap, GroupRow, LogService, Row as CostRow};
#[cfg(test)]
pub(crate) use export::{ExportReport, Secret as ExportSecret};
#[cfg(test)]
pub(crate) use forward::{ForwardReport, Refused};
#[cfg(test)]
pub(crate) use init::InitReport;
#[cfg(test)]
pub(crate) use list::{ListReport, Row as ListRow};
pub(crate) use manual::{Group, Manual};
#[cfg(test)]
pub(crate) use plan::PlanReport;
#[cfg(test)]
pub(crate) use replay::{Delivery, LeftOut, OfGroup, ReplayReport, Target, Unreadable};
#[cfg(test)]
pub(crate) use rollback::RollbackReport;
#[cfg(test)]
pub(crate) use setup::SetupReport;
#[cfg(test)]
pub(crate) use status::{
    AccountPolicy, Alarm, Destination, Gap, KeptPlace, MemberReport, MemberRole, Part, SentGroup, SentPolicy,
    StatusReport, Subscription,
};
#[cfg(test)]
pub(crate) use verb::Report;
pub(crate) use verb::{Facts, Reads};
pub use verb::{Outcome, Shown};
#[cfg(test)]
pub(crate) use versions::{FunctionVersions, PublishedVersion, VersionsReport};

macro_rules! verbs {
    ($($title:literal { $($module:ident::$verb:ident,)* })*) => {
        /// The verbs.
        #[derive(Debug, Clone, Subcommand)]
        pub(crate) enum Command {
            $($($verb(Box<$module::$verb>),)*)*
        }

        impl Command {
            /// See [`verb::Verb::facts`].
            pub(crate) fn facts(&self) -> Facts<'_> {
                match self {
                    $($(Self::$verb(verb) => verb.facts(),)*)*
                }
            }

            /// Its name, as it is typed.
            pub(crate) fn name(&self) -> String {
                match self {
                    $($(Self::$verb(_) => stringify!($verb).to_lowercase(),)*)*
                }
            }

            /// Runs the verb.
            pub(crate) async fn run(&self, context: Context<'_>) -> Result<Outcome> {
                match self {
                    $($(Self::$verb(verb) => Outcome::of(&**verb, context).await,)*)*
                }
            }
        }

        /// The verbs in their groups, with their manuals.
        pub(crate) const GROUPS: &[Group] = &[$(Group {
            title: $title,
            verbs: &[$((stringify!($verb), <$module::$verb as verb::Verb>::MANUAL),)*],
        },)*];
    };
}

// In the order of `cwl2le --help`. The short list only names the verbs of the last group.
verbs! {
    "Get started" {
        demo::Demo,
        setup::Setup,
        subscribe::Subscribe,
        status::Status,
    }
    "Change with care" {
        plan::Plan,
        preview::Preview,
        upgrade::Upgrade,
        unsubscribe::Unsubscribe,
        teardown::Teardown,
    }
    "Find out why" {
        doctor::Doctor,
        canary::Test,
        logs::Logs,
        list::List,
    }
    "Tools" {
        init::Init,
        replay::Replay,
        forward::Forward,
    }
    "Also" {
        rollback::Rollback,
        versions::Versions,
        cost::Cost,
        export::Export,
        policies::Policies,
        package::Package,
        schema::Schema,
        completions::Completions,
        man::Man,
        version::Version,
    }
}
