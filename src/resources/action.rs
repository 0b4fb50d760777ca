//! One change to one resource, with everything needed to carry it out.

use super::kinds::with_every_kind;

macro_rules! actions {
    ($($module:ident: $kind:ident,)*) => {
        /// What `apply` does. Each is one mutating AWS call, or the shortest sequence that AWS allows for it, and
        /// each can be repeated: a plan that was interrupted and made again gives the rest.
        #[derive(Debug, Clone, PartialEq, Eq)]
        #[allow(missing_docs, reason = "each is that of the kind that the variant names")]
        pub enum Action {
            $($kind(super::$module::Action),)*
        }

        $(impl From<super::$module::Action> for Action {
            fn from(action: super::$module::Action) -> Self {
                Self::$kind(action)
            }
        })*
    };
}
with_every_kind!(actions);

/// The ordered changes that bring what exists to what is wanted.
pub type Plan = crate::plan::Plan<Action>;
/// All changes to one resource.
pub type Step = crate::plan::Step<Action>;
/// A step being put together.
pub(crate) type Draft = crate::plan::Draft<Action>;
