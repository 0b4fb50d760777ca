//! What the checks say of networks, by what EC2 shows of them.

use cwl2le_forwarder::config::Config;
use serde_json::json;

use super::network::CATEGORY;
use crate::aws::surroundings::{Egress, Route, RouteTable, SecurityGroup, Subnet, Surroundings, VpcEndpoint};
use crate::commands::doctor::evidence::Evidence;
use crate::commands::doctor::finding::{Command, Finding, State};
use crate::commands::doctor::placed::Placed;
use crate::resources::Network;

fn placed(endpoint: &str, token: serde_json::Value) -> Placed {
    let config =
        json!({"destinations": {"app": {"type": "logentries", "endpoint": endpoint, "token": token}}});
    let ids = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect();
    let route = |to: &str, by: &str| Route { to: to.into(), by: by.into(), is_blackhole: false };
    Placed {
        network: Network {
            subnets: ids(&["subnet-a", "subnet-b"]),
            security_groups: ids(&["sg-1"]),
            ipv6: false,
        },
        around: Surroundings {
            subnets: ["subnet-a", "subnet-b"]
                .map(|id| Subnet { id: id.into(), vpc: "vpc-1".into(), free: 100 })
                .to_vec(),
            security_groups: vec![SecurityGroup {
                id: "sg-1".into(),
                vpc: "vpc-1".into(),
                egress: vec![Egress {
                    protocol: "-1".into(),
                    ports: None,
                    is_to_all: true,
                    is_to_some: true,
                }],
            }],
            route_tables: vec![
                RouteTable {
                    id: "rtb-main".into(),
                    is_main: true,
                    subnets: ids(&[]),
                    routes: vec![route("10.0.0.0/16", "local"), route("0.0.0.0/0", "nat-1")],
                },
                RouteTable {
                    id: "rtb-b".into(),
                    is_main: false,
                    subnets: ids(&["subnet-b"]),
                    routes: vec![route("10.0.0.0/16", "local"), route("0.0.0.0/0", "nat-1")],
                },
            ],
            endpoints: Vec::new(),
        },
        config: Some(Config::from_json(&config.to_string()).expect("a configuration")),
        region: "eu-west-1".parse().expect("a region"),
    }
}

fn vendor() -> Placed {
    placed("logs.example.com:443", json!({"ssm": "/token"}))
}

fn judged(name: &str, placed: Placed) -> Vec<Finding> {
    let evidence = Evidence { placed: Ok(Some(placed)), ..Evidence::default() };
    let check = CATEGORY.checks.iter().find(|check| check.name == name).expect("a check");
    (check.judge)(&evidence).unwrap_or_else(|unknown| vec![unknown])
}

fn worst(name: &str, placed: Placed) -> (State, String, Vec<Command>) {
    let all = judged(name, placed);
    let worst = all.into_iter().max_by_key(|finding| finding.state).expect("a finding");
    (worst.state, format!("{} {}", worst.found, worst.advice.unwrap_or_default()), worst.fix)
}

#[test]
fn nothing_is_said_of_a_function_outside_of_a_vpc() {
    for check in CATEGORY.checks {
        let evidence = Evidence { placed: Ok(None), ..Evidence::default() };
        assert!((check.judge)(&evidence).expect("judged").is_empty(), "{}", check.name);
    }
}

#[test]
fn a_network_with_a_nat_gateway_is_fine() {
    for check in CATEGORY.checks {
        let (state, found, _) = worst(check.name, vendor());
        assert_eq!(state, State::Ok, "{}: {found}", check.name);
    }
}

#[test]
fn subnets_that_are_missing_mixed_or_full_are_named() {
    let mut missing = vendor();
    missing.around.subnets.remove(1);
    let mut mixed = vendor();
    mixed.around.subnets[1].vpc = "vpc-2".into();
    let (mut full, mut few) = (vendor(), vendor());
    (full.around.subnets[0].free, few.around.subnets[0].free) = (0, 2);
    for (placed, state, says) in [
        (missing, State::Fault, "there is no subnet subnet-b"),
        (mixed, State::Fault, "vpc-1 and vpc-2"),
        (full, State::Fault, "subnet-a of vpc-1 has 0 free addresses"),
        (few, State::Warn, "subnet-a of vpc-1 has 2 free addresses"),
    ] {
        let (found, text, _) = worst("subnets", placed);
        assert!(found == state && text.contains(says), "{text}");
    }
}

#[test]
fn a_security_group_has_to_let_the_port_of_each_log_service_out() {
    let rule = |protocol: &str, ports, is_to_all| Egress {
        protocol: protocol.into(),
        ports,
        is_to_all,
        is_to_some: true,
    };
    let with = |egress: Vec<Egress>| {
        let mut placed = placed("logs.example.com:6514", json!("01234567-89ab-cdef-0123-456789abcdef"));
        placed.around.security_groups[0].egress = egress;
        worst("egress", placed)
    };
    for egress in [
        vec![rule("tcp", Some((6000, 7000)), true)],
        vec![rule("tcp", Some((6514, 6514)), false)],
        vec![rule("udp", None, true), rule("-1", None, true)],
    ] {
        assert_eq!(with(egress).0, State::Ok);
    }
    for egress in [
        vec![],
        vec![rule("tcp", Some((443, 443)), true)],
        vec![rule("udp", Some((6514, 6514)), true)],
        vec![Egress { is_to_some: false, ..rule("tcp", Some((6514, 6514)), false) }],
    ] {
        let (state, text, fix) = with(egress);
        assert!(state == State::Fault && text.contains("port 6514") && text.contains("`app`"), "{text}");
        let Some(Command::Aws(args)) = fix.first() else { panic!("no command") };
        assert!(args.join(" ").contains("--group-id sg-1 --protocol tcp --port 6514"), "{args:?}");
    }
    let mut elsewhere = vendor();
    elsewhere.around.security_groups[0].vpc = "vpc-2".into();
    let (state, text, _) = worst("egress", elsewhere);
    assert!(state == State::Fault && text.contains("belongs to vpc-2"), "{text}");
}

#[test]
fn a_subnet_needs_a_way_out_only_for_what_is_outside() {
    let without = |mut placed: Placed, by: Option<&str>| {
        placed.around.route_tables[1].routes.pop();
        if let Some(by) = by {
            let to = "0.0.0.0/0".to_owned();
            placed.around.route_tables[1].routes.push(Route {
                to,
                by: by.into(),
                is_blackhole: by == "nat-2",
            });
        }
        worst("routes", placed)
    };
    let token = || json!("01234567-89ab-cdef-0123-456789abcdef");
    let (state, text, _) = without(vendor(), None);
    assert!(state == State::Warn && text.contains("rtb-b of subnet-b leads nowhere"), "{text}");
    assert!(text.contains("aws ec2 create-route --route-table-id rtb-b"), "{text}");
    let (state, text, _) = without(placed("8.8.8.8:443", token()), Some("igw-1"));
    assert!(state == State::Fault && text.contains("no public address"), "{text}");
    let (state, text, _) = without(placed("8.8.8.8:443", token()), Some("nat-2"));
    assert!(state == State::Fault && text.contains("nat-2, which was deleted"), "{text}");
    for private in ["10.1.2.3:443", "[fd00::1]:443"] {
        assert_eq!(without(placed(private, token()), None).0, State::Ok, "{private}");
    }
}

#[test]
fn a_service_of_aws_that_is_called_needs_a_route_or_an_endpoint() {
    let stuck = |endpoints: Vec<VpcEndpoint>| {
        let mut placed = vendor();
        placed.around.route_tables.iter_mut().for_each(|table| drop(table.routes.pop()));
        placed.around.endpoints = endpoints;
        worst("aws-reachable", placed)
    };
    let endpoint = |service: &str, has_private_dns, state: &str| VpcEndpoint {
        id: "vpce-1".into(),
        service: format!("com.amazonaws.eu-west-1.{service}"),
        kind: "Interface".into(),
        state: state.into(),
        has_private_dns,
        ..VpcEndpoint::default()
    };
    assert_eq!(stuck(vec![endpoint("ssm", true, "available")]).0, State::Ok);
    for wrong in [
        vec![],
        vec![endpoint("ssm", false, "available")],
        vec![endpoint("ssmmessages", true, "available")],
        vec![endpoint("ssm", true, "pending")],
    ] {
        let (state, text, fix) = stuck(wrong);
        assert!(state == State::Fault && text.contains("an endpoint for ssm"), "{text}");
        let Some(Command::Aws(args)) = fix.first() else { panic!("no command") };
        assert!(args.join(" ").contains("--service-name com.amazonaws.eu-west-1.ssm"), "{args:?}");
    }
}

#[test]
fn the_gateway_of_s3_has_to_be_in_every_route_table_without_a_way_out() {
    let with = |tables: &[&str]| {
        let mut placed = vendor();
        let config = json!({"destinations": {"app": {"type": "logentries", "endpoint": "10.0.0.9:443",
                            "token": "01234567-89ab-cdef-0123-456789abcdef"}}, "quarantine": "s3://poison"});
        placed.config = Some(Config::from_json(&config.to_string()).expect("a configuration"));
        placed.around.route_tables.iter_mut().for_each(|table| drop(table.routes.pop()));
        placed.around.endpoints = vec![VpcEndpoint {
            id: "vpce-s3".into(),
            service: "com.amazonaws.eu-west-1.s3".into(),
            kind: "Gateway".into(),
            state: "available".into(),
            has_private_dns: false,
            route_tables: tables.iter().map(|id| (*id).to_owned()).collect(),
        }];
        worst("aws-reachable", placed)
    };
    assert_eq!(with(&["rtb-main", "rtb-b"]).0, State::Ok);
    let (state, _, fix) = with(&["rtb-main"]);
    assert_eq!(state, State::Fault);
    let Some(Command::Aws(args)) = fix.first() else { panic!("no command") };
    assert!(args.join(" ").ends_with("--route-table-ids rtb-b rtb-main"), "{args:?}");
}
