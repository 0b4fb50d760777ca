//! Whether the functions can reach what they need from inside their VPC.

use std::collections::BTreeSet;
use std::net::IpAddr;

use cwl2le_forwarder::aws::Service;
use cwl2le_forwarder::config::{Config, Destination};
use cwl2le_forwarder::destination::probe::place;
use cwl2le_forwarder::secret::reference::Keeper;
use serde_json::json;

use super::super::check::{Category, Check};
use super::super::evidence::{Evidence, Judged};
use super::super::finding::{Command, Finding};
use super::super::placed::Placed;
use crate::aws::surroundings::{Egress, Route, RouteTable};

pub(in super::super) const CATEGORY: Category = Category {
    name: "network",
    title: "private network",
    needs: &["credentials"],
    checks: &[
        Check::new("subnets", "the subnets exist, in one VPC, with free addresses", subnets),
        Check::new("egress", "the security groups let the function out", egress),
        Check::new("routes", "the subnets have a way to the log services", routes).needs(&["subnets"]),
        Check::new("aws-reachable", "the function reaches the services of AWS that it calls", aws_reachable)
            .needs(&["subnets"]),
    ],
};

/// The port of everything of AWS.
const HTTPS: u16 = 443;
/// Addresses for the network interfaces of a subnet. Lambda shares one among many invocations.
const FEW: u64 = 4;

fn placed(evidence: &Evidence) -> Result<Option<&Placed>, Finding> {
    match &evidence.placed {
        Ok(placed) => Ok(placed.as_ref()),
        Err(unknown) => Err(unknown.clone()),
    }
}

fn subnets(evidence: &Evidence) -> Judged {
    let Some(placed) = placed(evidence)? else { return Ok(Vec::new()) };
    let (wanted, found) = (&placed.network.subnets, &placed.around.subnets);
    let missing: Vec<&String> =
        wanted.iter().filter(|id| !found.iter().any(|subnet| subnet.id == **id)).collect();
    if let Some(first) = missing.first() {
        let ids = missing.iter().map(|id| id.as_str()).collect::<Vec<_>>().join(", ");
        return Ok(vec![
            Finding::fault(format!("there is no subnet {ids} in this account and region"))
                .with("missing", json!(missing))
                .advise(
                    "correct `subnets` in [function], or --subnets; `aws ec2 describe-subnets` lists them",
                )
                .fix(Command::aws([
                    "ec2",
                    "describe-subnets",
                    "--filters",
                    &format!("Name=subnet-id,Values={first}"),
                ])),
        ]);
    }
    let vpcs: BTreeSet<&str> = found.iter().map(|subnet| subnet.vpc.as_str()).collect();
    if vpcs.len() > 1 {
        let vpcs = vpcs.into_iter().collect::<Vec<_>>().join(" and ");
        return Ok(vec![
            Finding::fault(format!("the subnets are in {vpcs}, and Lambda takes subnets of one VPC"))
                .advise("keep those of one VPC in `subnets` of [function]"),
        ]);
    }
    let vpc = vpcs.into_iter().next().unwrap_or_default();
    let findings = found.iter().map(|subnet| {
        let free = format!("{} of {vpc} has {} free addresses", subnet.id, subnet.free);
        let finding = match subnet.free {
            0 => Finding::fault(format!("{free}: Lambda cannot make a network interface in it")),
            few if few < FEW => Finding::warn(free),
            _ => return Finding::ok(free).about(Some(&subnet.id)),
        };
        let finding = finding.about(Some(&subnet.id)).with("free", subnet.free);
        finding.advise("free addresses in it, or give larger subnets with --subnets")
    });
    Ok(findings.collect())
}

/// Whether rules let out what goes to a port.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Out {
    No,
    /// To some addresses, which are not looked at.
    Some,
    All,
}

fn out(rules: &[&Egress], port: u16) -> Out {
    let fits = |rule: &&&Egress| {
        let is_tcp = rule.protocol == "tcp" || rule.protocol == "6";
        let has_port = rule.ports.is_none_or(|(first, last)| (first..=last).contains(&port));
        rule.protocol == "-1" || (is_tcp && has_port)
    };
    let of = |rule: &&Egress| match (rule.is_to_all, rule.is_to_some) {
        (true, _) => Out::All,
        (false, true) => Out::Some,
        (false, false) => Out::No,
    };
    rules.iter().filter(fits).map(of).max().unwrap_or(Out::No)
}

fn egress(evidence: &Evidence) -> Judged {
    let Some(placed) = placed(evidence)? else { return Ok(Vec::new()) };
    let (wanted, found) = (&placed.network.security_groups, &placed.around.security_groups);
    let vpc = placed.around.subnets.first().map(|subnet| subnet.vpc.as_str());
    let mut findings = Vec::new();
    for id in wanted {
        match found.iter().find(|group| group.id == *id) {
            None => findings.push(
                Finding::fault(format!("there is no security group {id} in this account and region"))
                    .about(Some(id))
                    .advise("correct `security_groups` in [function], or --security-groups"),
            ),
            Some(group) if vpc.is_some_and(|vpc| vpc != group.vpc) => findings.push(
                Finding::fault(format!(
                    "{id} belongs to {}, and the subnets to {}",
                    group.vpc,
                    vpc.unwrap_or_default()
                ))
                .about(Some(id))
                .advise("give a security group of the VPC of the subnets"),
            ),
            Some(_) => {}
        }
    }
    if !findings.is_empty() {
        return Ok(findings);
    }
    let rules: Vec<&Egress> = found.iter().flat_map(|group| &group.egress).collect();
    let services = services(placed.config.as_ref());
    let aws = (!services.is_empty()).then(|| (HTTPS, "the services of AWS that it calls".to_owned()));
    let destinations = talks_to(placed.config.as_ref());
    let ports = destinations.iter().map(|(name, _, host, port)| (*port, format!("`{name}` at {host}")));
    for (port, what) in ports.chain(aws) {
        let finding = match out(&rules, port) {
            Out::All => Finding::ok(format!("port {port} is open to {what}")),
            Out::Some => {
                Finding::ok(format!("port {port} is open to some addresses; {what} must be one of them"))
            }
            Out::No => {
                let group = wanted.iter().next().map(String::as_str).unwrap_or_default();
                let port = port.to_string();
                Finding::fault(format!("no rule lets the function out to port {port}, for {what}")).fix(
                    Command::aws([
                        "ec2",
                        "authorize-security-group-egress",
                        "--group-id",
                        group,
                        "--protocol",
                        "tcp",
                        "--port",
                        port.as_str(),
                        "--cidr",
                        "0.0.0.0/0",
                    ]),
                )
            }
        };
        findings.push(finding.with("port", port));
    }
    Ok(findings)
}

/// Where packets for the internet go.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Way {
    /// By this gateway, instance or interface.
    Out(String),
    /// By an internet gateway, which needs a public address, and Lambda's interfaces have none.
    InternetGateway(String),
    /// By something that was deleted.
    Blackhole(String),
    Nowhere,
}

fn way(table: &RouteTable, ipv6: bool) -> Way {
    let to = |to: &str| table.routes.iter().find(|route| route.to == to);
    let of = |to_all: Option<&Route>| match to_all {
        None => Way::Nowhere,
        Some(route) if route.is_blackhole => Way::Blackhole(route.by.clone()),
        Some(route) if route.by.starts_with("igw-") => Way::InternetGateway(route.by.clone()),
        Some(route) => Way::Out(route.by.clone()),
    };
    match of(to("0.0.0.0/0")) {
        out @ Way::Out(_) => out,
        other => match ipv6.then(|| of(to("::/0"))) {
            Some(out @ Way::Out(_)) => out,
            _ => other,
        },
    }
}

/// The route table of each subnet.
fn tables(placed: &Placed) -> Vec<(&str, Option<&RouteTable>)> {
    let all = &placed.around.route_tables;
    let of = |id: &str| all.iter().find(|table| table.subnets.contains(id));
    let main = all.iter().find(|table| table.is_main);
    placed.network.subnets.iter().map(|id| (id.as_str(), of(id).or(main))).collect()
}

fn routes(evidence: &Evidence) -> Judged {
    let Some(placed) = placed(evidence)? else { return Ok(Vec::new()) };
    let destinations = talks_to(placed.config.as_ref());
    let judge = |(subnet, table): (&str, Option<&RouteTable>)| {
        let Some(table) = table else {
            return Finding::unknown("its route table is not shown").about(Some(subnet));
        };
        let way = way(table, placed.network.ipv6);
        let problem = match &way {
            Way::Out(by) => {
                return Finding::ok(format!("{} of {subnet} leads out by {by}", table.id))
                    .about(Some(subnet));
            }
            Way::InternetGateway(by) => format!(
                "{} of {subnet} leads out by {by}, an internet gateway, and a function in a VPC has no public address",
                table.id
            ),
            Way::Blackhole(by) => format!("{} of {subnet} leads out by {by}, which was deleted", table.id),
            Way::Nowhere => format!("{} of {subnet} leads nowhere outside of the VPC", table.id),
        };
        let outside = destinations.iter().filter(|(.., host, _)| !is_private(host));
        let outside: Vec<String> = outside.map(|(name, _, host, _)| format!("`{name}` at {host}")).collect();
        if outside.is_empty() {
            let known =
                if placed.config.is_some() { "; every log service has a private address" } else { "" };
            return Finding::ok(format!("{problem}{known}")).about(Some(subnet));
        }
        let is_public = destinations.iter().any(|(_, is_public, host, _)| *is_public && !is_private(host));
        let found = format!("{problem}: {} cannot be reached unless it is inside", outside.join(", "));
        let finding = if is_public { Finding::fault(found) } else { Finding::warn(found) };
        finding.about(Some(subnet)).with("route_table", table.id.clone()).advise(format!(
            "put a NAT gateway into a public subnet of the VPC, and lead to it: `aws ec2 create-route --route-table-id {} \
             --destination-cidr-block 0.0.0.0/0 --nat-gateway-id NAT`; if an internet gateway is in the way, use private \
             subnets",
            table.id
        ))
    };
    Ok(tables(placed).into_iter().map(judge).collect())
}

fn aws_reachable(evidence: &Evidence) -> Judged {
    let Some(placed) = placed(evidence)? else { return Ok(Vec::new()) };
    let tables = tables(placed);
    let stuck: Vec<&(&str, Option<&RouteTable>)> = tables
        .iter()
        .filter(|(_, table)| {
            table.is_none_or(|table| !matches!(way(table, placed.network.ipv6), Way::Out(_)))
        })
        .collect();
    let findings = services(placed.config.as_ref()).into_iter().map(|service| {
        let name = service.signing_name();
        if stuck.is_empty() {
            return Finding::ok("by the routes of the subnets").about(Some(name));
        }
        let is_gateway = |kind: &str| service == Service::S3 && kind == "Gateway";
        let kind = placed.config.as_ref().map(|config| config.endpoints).unwrap_or_default();
        let names = [format!(".{}.{name}", placed.region), format!(".{}.{name}-fips", placed.region)];
        let name_of_it = if kind.is_fips() { &names[1] } else { &names[0] };
        let there = placed.around.endpoints.iter().find(|endpoint| {
            let reaches = match is_gateway(&endpoint.kind) {
                true => stuck
                    .iter()
                    .all(|(_, table)| table.is_some_and(|table| endpoint.route_tables.contains(&table.id))),
                false => endpoint.has_private_dns,
            };
            endpoint.service.ends_with(name_of_it)
                && reaches
                && endpoint.state.eq_ignore_ascii_case("available")
        });
        if let Some(endpoint) = there {
            return Finding::ok(format!("by the endpoint {}", endpoint.id)).about(Some(name));
        }
        let vpc = placed.around.subnets.first().map(|subnet| subnet.vpc.clone()).unwrap_or_default();
        let start = if placed.region.partition() == "aws-cn" { "cn.com.amazonaws" } else { "com.amazonaws" };
        let mut create = vec!["ec2".to_owned(), "create-vpc-endpoint".to_owned()];
        create.extend(["--vpc-id".to_owned(), vpc.clone()]);
        create.extend(["--service-name".to_owned(), format!("{start}{name_of_it}")]);
        if service == Service::S3 {
            let tables: BTreeSet<String> =
                stuck.iter().filter_map(|(_, table)| table.map(|table| table.id.clone())).collect();
            create.push("--route-table-ids".to_owned());
            create.extend(tables);
        } else {
            create.extend([
                "--vpc-endpoint-type".to_owned(),
                "Interface".to_owned(),
                "--private-dns-enabled".to_owned(),
            ]);
            create.push("--subnet-ids".to_owned());
            create.extend(placed.network.subnets.iter().cloned());
            create.push("--security-group-ids".to_owned());
            create.extend(placed.network.security_groups.iter().cloned());
        }
        let found =
            format!("{vpc} has neither a route out nor an endpoint for {name}, which the function calls");
        Finding::fault(found).about(Some(name)).fix(Command::Aws(create)).advise(
            "the security group of an interface endpoint has to let port 443 in; a NAT gateway helps as well",
        )
    });
    Ok(findings.collect())
}

/// The services of AWS that a forwarder calls itself. Lambda reads the stream and writes the function's log from outside
/// of the VPC.
fn services(config: Option<&Config>) -> Vec<Service> {
    let Some(config) = config else { return Vec::new() };
    let keepers: Vec<Keeper> = config.references().map(|(_, reference)| reference.keeper).collect();
    let calls = [
        (keepers.contains(&Keeper::Ssm), Service::Ssm),
        (keepers.contains(&Keeper::SecretsManager), Service::SecretsManager),
        (config.quarantine.is_some(), Service::S3),
    ];
    calls.into_iter().filter_map(|(calls, service)| calls.then_some(service)).collect()
}

/// Each destination whose address is known, whether that is one of its vendor, and host and port.
fn talks_to(config: Option<&Config>) -> Vec<(&str, bool, String, u16)> {
    let all = config.into_iter().flat_map(|config| &config.destinations);
    let known = all.filter_map(|(name, destination)| {
        let (host, port) = place(destination)?;
        Some((name.as_str(), is_of_vendor(destination) || is_public(&host), host, port))
    });
    known.collect()
}

/// Whether the address follows from the type, and so is a vendor's in the internet.
fn is_of_vendor(destination: &Destination) -> bool {
    let keys = json!(destination);
    ["endpoint", "url"].iter().all(|key| keys.get(key).is_none_or(serde_json::Value::is_null))
}

fn address(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

fn is_private(host: &str) -> bool {
    match address(host) {
        Some(IpAddr::V4(address)) => address.is_private() || address.is_loopback() || address.is_link_local(),
        Some(IpAddr::V6(address)) => address.is_unique_local() || address.is_loopback(),
        None => false,
    }
}

fn is_public(host: &str) -> bool {
    address(host).is_some() && !is_private(host)
}
