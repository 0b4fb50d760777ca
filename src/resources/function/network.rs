//! The private network of the functions.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

use crate::resources::Field;

/// Maximum number of subnets of a function: `SubnetIds` in the API model of Lambda.
const SUBNETS: usize = 16;
/// Maximum number of security groups of a function: `SecurityGroupIds` in the API model of Lambda.
const SECURITY_GROUPS: usize = 5;

/// The subnets that a function has network interfaces in. Without subnets it is in no VPC.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Network {
    /// Their ids.
    pub subnets: BTreeSet<String>,
    /// The ids of the security groups of its network interfaces.
    pub security_groups: BTreeSet<String>,
    /// Whether it uses IPv6 too, in subnets that have it.
    pub ipv6: bool,
}

impl Network {
    /// Whether it is a VPC's.
    pub fn is_private(&self) -> bool {
        !self.subnets.is_empty()
    }

    /// What keeps Lambda from taking it, and what to do.
    pub(crate) fn problem(&self) -> Option<(String, &'static str)> {
        let (subnets, groups) = (self.subnets.len(), self.security_groups.len());
        if subnets > 0 && groups == 0 {
            let message = "subnets are given, and no security group";
            return Some((message.to_owned(), "add --security-groups, or `security_groups` in [function]"));
        }
        if subnets == 0 && (groups > 0 || self.ipv6) {
            let message = "a security group or IPv6 is asked for, and no subnet";
            return Some((message.to_owned(), "add --subnets, or `subnets` in [function]"));
        }
        let too_many = [("subnets", subnets, SUBNETS), ("security groups", groups, SECURITY_GROUPS)];
        let (what, count, most) = too_many.into_iter().find(|(_, count, most)| count > most)?;
        Some((format!("{count} {what} are given, and Lambda takes {most}"), "give fewer of them"))
    }

    /// The fields of a plan that makes a function with it.
    pub(crate) fn fields(&self) -> Vec<Field> {
        Self::default().changes(self)
    }

    /// The fields of a plan that replaces it with another one.
    pub(crate) fn changes(&self, to: &Self) -> Vec<Field> {
        let list = |ids: &BTreeSet<String>| match ids.is_empty() {
            true => Value::Null,
            false => Value::from_iter(ids.iter().map(String::as_str)),
        };
        let bit = |network: &Self| if network.ipv6 { Value::from(true) } else { Value::Null };
        [
            ("subnets", list(&self.subnets), list(&to.subnets)),
            ("security_groups", list(&self.security_groups), list(&to.security_groups)),
            ("ipv6", bit(self), bit(to)),
        ]
        .into_iter()
        .filter(|(_, old, new)| old != new)
        .map(|(name, old, new)| Field {
            old: Some(old).filter(|old| !old.is_null()),
            new: Some(new).filter(|new| !new.is_null()),
            ..Field::set(name, Value::Null)
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(subnets: usize, groups: usize) -> Network {
        let ids = |word: &str, count: usize| (0..count).map(|at| format!("{word}-{at}")).collect();
        Network { subnets: ids("subnet", subnets), security_groups: ids("sg", groups), ipv6: false }
    }

    #[test]
    fn a_network_has_subnets_and_security_groups_or_neither_and_not_too_many() {
        for (subnets, groups) in [(0, 0), (1, 1), (16, 5)] {
            assert_eq!(network(subnets, groups).problem(), None);
        }
        for (subnets, groups, says) in [
            (1, 0, "no security group"),
            (0, 1, "no subnet"),
            (17, 1, "17 subnets are given, and Lambda takes 16"),
            (1, 6, "6 security groups are given, and Lambda takes 5"),
        ] {
            let (problem, hint) = network(subnets, groups).problem().expect("a problem");
            assert!(problem.contains(says) && !hint.is_empty(), "{problem}");
        }
        assert!(Network { ipv6: true, ..Network::default() }.problem().is_some());
    }

    #[test]
    fn what_changes_is_named() {
        let names = |fields: Vec<Field>| fields.into_iter().map(|field| field.name).collect::<Vec<_>>();
        assert_eq!(names(network(1, 1).fields()), ["subnets", "security_groups"]);
        assert_eq!(names(network(1, 1).changes(&network(2, 1))), ["subnets"]);
        assert_eq!(names(network(1, 1).changes(&Network { ipv6: true, ..network(1, 1) })), ["ipv6"]);
        let gone = network(1, 1).changes(&Network::default());
        assert!(gone.iter().all(|field| field.old.is_some() && field.new.is_none()), "{gone:?}");
    }
}
