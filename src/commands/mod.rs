//! The verbs, one file or folder each: its flags, what it does and what it reports. This is the list of them; whatever
//! else the tool knows of a verb it learns through [`verb::Verb`].

mod canary;
mod completions;
mod demo;
mod doctor;
mod forward;
mod init;
mod list;
mod logs;
mod man;
mod package;
mod plan;
mod policies;
mod preview;
mod schema;
mod setup;
mod status;
mod subscribe;
mod teardown;
mod unsubscribe;
mod verb;

use clap::Subcommand;

use crate::error::Result;
use crate::workflow::Context;
use verb::Verb as _;

#[cfg(test)]
pub(crate) use forward::{ForwardReport, Refused};
#[cfg(test)]
pub(crate) use init::InitReport;
#[cfg(test)]
pub(crate) use list::{ListReport, Row as ListRow};
#[cfg(test)]
pub(crate) use setup::SetupReport;
#[cfg(test)]
pub(crate) use status::{
    AccountPolicy, Alarm, Destination, Gap, KeptPlace, Part, StatusReport, Subscription,
};
#[cfg(test)]
pub(crate) use verb::Report;
pub(crate) use verb::{Facts, Reads};
pub use verb::{Outcome, Shown};

macro_rules! verbs {
    ($($module:ident::$verb:ident,)*) => {
        /// The verbs.
        #[derive(Debug, Clone, Subcommand)]
        pub(crate) enum Command {
            $($verb(Box<$module::$verb>),)*
        }

        impl Command {
            /// See [`verb::Verb::facts`].
            pub(crate) fn facts(&self) -> Facts<'_> {
                match self {
                    $(Self::$verb(verb) => verb.facts(),)*
                }
            }

            /// Its name, as it is typed.
            pub(crate) fn name(&self) -> String {
                match self {
                    $(Self::$verb(_) => stringify!($verb).to_lowercase(),)*
                }
            }

            /// Runs the verb.
            pub(crate) async fn run(&self, context: Context<'_>) -> Result<Outcome> {
                match self {
                    $(Self::$verb(verb) => Outcome::of(&**verb, context).await,)*
                }
            }
        }
    };
}

// In the order of `cwl2le --help`.
verbs! {
    setup::Setup,
    plan::Plan,
    init::Init,
    schema::Schema,
    preview::Preview,
    subscribe::Subscribe,
    unsubscribe::Unsubscribe,
    status::Status,
    logs::Logs,
    list::List,
    doctor::Doctor,
    canary::Test,
    teardown::Teardown,
    forward::Forward,
    package::Package,
    policies::Policies,
    demo::Demo,
    completions::Completions,
    man::Man,
}
