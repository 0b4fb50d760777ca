//! Reads what there is of the functions of isolated destinations, and where functions log to.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::try_join_all;

use super::aws::{log_group_of, observe_function};
use super::configuration::current_config;
use super::observed::ObservedFunction;
use crate::aws::{Aws, AwsError};
use crate::error::Result;
use crate::resources::filter::aws::list_log_groups;
use crate::resources::log_group::aws::observe_log_group;
use crate::resources::observed::ObservedForwarder;
use crate::resources::trigger::aws::{Mappings, function_name};
use crate::stack::Names;

/// What there is of functions of isolated destinations. They are known by their names: of functions that read the
/// stream, and of log groups, because that of a function is made before it and removed after it. So what an
/// interrupted run leaves is found without the configuration that it was made by.
pub(crate) async fn isolated(
    aws: Aws<'_>,
    names: &Names,
    mut triggers: Mappings,
    main: Option<&ObservedFunction>,
) -> Result<BTreeMap<String, ObservedForwarder>> {
    let log_groups = list_log_groups(aws, Some(&format!("{}-", names.function_log_group))).await?;
    let named = log_groups.iter().filter_map(|group| group.name.strip_prefix("/aws/lambda/"));
    let functions = named.chain(triggers.keys().map(String::as_str));
    let mut destinations: BTreeSet<String> = functions
        .filter_map(|function| names.isolated_destination(function))
        .map(ToOwned::to_owned)
        .collect();
    let config = main.and_then(current_config);
    destinations.extend(config.into_iter().flat_map(|config| config.elsewhere));
    let read = try_join_all(destinations.into_iter().map(async |destination| {
        let names = names.isolated(&destination);
        let (function, log_group) = tokio::try_join!(
            observe_function(aws, &names.function),
            observe_log_group(aws, &aws.session.target, &names.function_log_group),
        )?;
        Ok::<_, AwsError>((destination, names, function, log_group))
    }))
    .await?;
    let there =
        read.into_iter().filter(|(_, _, function, log_group)| function.is_some() || log_group.is_some());
    Ok(there
        .map(|(destination, names, function, log_group)| {
            let triggers = triggers.remove(&names.function).unwrap_or_default();
            (destination, ObservedForwarder { function, log_group, triggers })
        })
        .collect())
}

/// Where the functions that read the stream log to, if not to the group of their name: a call for each that is not
/// ours.
pub(crate) async fn writers(
    aws: Aws<'_>,
    names: &Names,
    own: impl Iterator<Item = String>,
    functions: &BTreeSet<String>,
) -> Result<BTreeMap<String, String>, AwsError> {
    let others = functions.iter().filter(|arn| function_name(arn) != names.function);
    let read = try_join_all(
        others.map(async |arn| Ok::<_, AwsError>((log_group_of(aws, arn).await?, function_name(arn)))),
    );
    let own = own.map(|log_group| (Some(log_group), names.function.clone()));
    let all = read.await?.into_iter().chain(own);
    let named = all.filter_map(|(log_group, function)| Some((log_group?, function)));
    Ok(named.filter(|(log_group, function)| *log_group != format!("/aws/lambda/{function}")).collect())
}
