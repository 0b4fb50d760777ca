//! The kinds of resources: the one list that names them all.

/// Gives a macro every kind: the folder, and the type in it that stands for the kind.
///
/// `setup` plans them in this order and `teardown` in the reverse one; the statements of the policies stand in it.
macro_rules! with_every_kind {
    ($macro:ident) => {
        $macro! {
            stream: Stream,
            role: Role,
            log_group: LogGroup,
            function: Function,
            alias: Alias,
            trigger: Trigger,
            account_policy: AccountPolicy,
            filter: Filter,
            logs_destination: LogsDestination,
            topic: Topic,
            alarm: Alarm,
            dashboard: Dashboard,
        }
    };
}
pub(crate) use with_every_kind;
