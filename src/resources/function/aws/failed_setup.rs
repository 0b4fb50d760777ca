//! Why Lambda could not set up a function, and what to do about it.

/// What to do, by the reason code of the state or of the last update.
const HINTS: &[(&str, &str)] = &[
    (
        "EniLimitExceeded",
        "the VPC has as many network interfaces as its quota allows: delete unused ones, or ask for more in Service Quotas \
         (`aws service-quotas list-service-quotas --service-code lambda` shows \"Elastic network interfaces per VPC\")",
    ),
    (
        "SubnetOutOfIPAddresses",
        "a subnet has no free address: give others or more with --subnets; `cwl2le doctor --only subnets` shows how many each has",
    ),
    ("InvalidSubnet", "a subnet was deleted: correct --subnets, or `subnets` in [function]"),
    (
        "InvalidSecurityGroup",
        "a security group was deleted: correct --security-groups, or `security_groups` in [function]",
    ),
    (
        "InsufficientRolePermissions",
        "Lambda may not make network interfaces with the function's role: look for a permissions boundary or a policy of the \
         organization that denies ec2:CreateNetworkInterface; `cwl2le policies boundary` prints a boundary that allows it",
    ),
    (
        "EFS",
        "the file system that was attached by hand cannot be mounted: detach it, or correct its mount targets and security groups",
    ),
    ("DisabledKMSKey", "enable the KMS key that encrypts the function's environment"),
    (
        "InvalidStateKMSKey",
        "the KMS key that encrypts the function's environment is to be deleted: cancel that, or give another one",
    ),
    (
        "KMSKeyNotFound",
        "the KMS key that encrypts the function's environment does not exist: give another one",
    ),
    ("InternalError", "this is a fault of AWS: run `cwl2le setup` again later"),
];

/// What to do about a failure with this reason code.
pub(super) fn hint(code: &str) -> String {
    let known = HINTS.iter().find(|(start, _)| code.starts_with(start));
    match known {
        Some((_, hint)) => format!("{hint}; then run `cwl2le setup` again"),
        None => "fix the cause, then run `cwl2le setup` again".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Those of the API model that stand for a cause somebody can fix.
    #[test]
    fn every_reason_code_of_a_network_has_its_hint() {
        for code in [
            "EniLimitExceeded",
            "InsufficientRolePermissions",
            "InvalidSubnet",
            "InvalidSecurityGroup",
            "SubnetOutOfIPAddresses",
            "EFSIOError",
            "EFSMountConnectivityError",
            "EFSMountFailure",
            "EFSMountTimeout",
        ] {
            assert!(hint(code).len() > 80, "{code}: {}", hint(code));
        }
        assert_eq!(hint(""), "fix the cause, then run `cwl2le setup` again");
    }
}
