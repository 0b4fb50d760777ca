//! The region that a command works in.

use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::ProfileFileRegionProvider;
use cwl2le_forwarder::secret::redact_uuids;

use super::Options;
use crate::error::{Code, Error, Result};
use crate::stack::Region;

/// The region that a command would work in, without asking AWS; none if no region is configured.
///
/// # Errors
/// [`Code::BadRegion`].
pub(crate) async fn configured_region(options: &Options) -> Result<Option<Region>> {
    match region(options).await {
        Err(error) if error.code == Code::NoRegion => Ok(None),
        found => found.map(Some),
    }
}

/// The region from the flag, the environment or the profile. The instance metadata is not asked for a region: what a
/// command sets up should not depend on where it runs.
pub(super) async fn region(options: &Options) -> Result<Region> {
    let given = options.region.clone().map(aws_config::Region::new);
    let mut profile = ProfileFileRegionProvider::builder();
    if let Some(name) = &options.profile {
        profile = profile.profile_name(name);
    }
    let chain = RegionProviderChain::first_try(given)
        .or_else(EnvironmentVariableRegionProvider::new())
        .or_else(profile.build());
    let Some(found) = chain.region().await.filter(|region| !region.as_ref().is_empty()) else {
        let profile = options.profile.as_deref();
        let profile = profile.map(|name| format!(", and the profile `{}` has none", redact_uuids(name)));
        return Err(Error::new(
            Code::NoRegion,
            format!("no AWS region is configured{}", profile.unwrap_or_default()),
        )
        .hint("add --region, set AWS_REGION, or set `region` in the AWS profile; there is no default"));
    };
    found.as_ref().parse().map_err(|reason: String| {
        let set = |name: &&str| std::env::var_os(name).is_some();
        let from = match &options.region {
            Some(_) => "--region",
            None => ["AWS_REGION", "AWS_DEFAULT_REGION"].into_iter().find(set).unwrap_or("the profile"),
        };
        // It may be a token in the wrong place.
        Error::new(Code::BadRegion, redact_uuids(&format!("{from}: {reason}")))
            .on(redact_uuids(found.as_ref()))
            .hint(
                "use a name such as eu-west-1 or ap-northeast-1; if AWS has opened that region recently, update cwl2le",
            )
    })
}
