//! What flags and file say of private networks, certificates and endpoints of AWS.

use cwl2le_forwarder::aws::EndpointKind;
use serde_json::Value;

use super::describe::describe;
use super::describe_tests::account;
use super::tests::{TOKEN, stack};
use crate::error::Code;
use crate::resources::{Network, Observed, Stack, setup};
use crate::stack::Setting;

const SUBNETS: &str = "subnet-00000001,subnet-00000002";

fn network(subnets: &[&str], groups: &[&str], ipv6: bool) -> Network {
    let ids = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect();
    Network { subnets: ids(subnets), security_groups: ids(groups), ipv6 }
}

fn statements(stack: &Stack) -> Vec<&Value> {
    let all = stack.function_role.policy["Statement"].as_array().expect("statements");
    all.iter().filter(|one| one.to_string().contains("ec2:CreateNetworkInterface")).collect()
}

#[test]
fn a_network_is_asked_for_by_flag_or_file_and_stays_until_another_is() {
    let token = ["--token", TOKEN];
    let none = Observed::default();
    let plain = stack(&token, "", &none).expect("a stack");
    assert_eq!(plain.function.network, Setting::default(Network::default()));
    assert!(statements(&plain).is_empty());

    let file = "[function]\nsubnets = [\"subnet-00000009\"]\nsecurity_groups = [\"sg-00000001\"]";
    let flags = [&token[..], &["--subnets", SUBNETS]].concat();
    let made = stack(&flags, file, &none).expect("a stack");
    let wanted = network(&["subnet-00000001", "subnet-00000002"], &["sg-00000001"], false);
    assert_eq!(made.function.network, Setting::asked(wanted.clone()));
    let [allow, deny] = statements(&made)[..] else { panic!("two statements") };
    assert_eq!((&allow["Effect"], &deny["Effect"]), (&"Allow".into(), &"Deny".into()));
    let of = deny["Condition"]["ArnLike"]["lambda:SourceFunctionArn"].as_str().expect("a function");
    assert!(of.ends_with(":function:cwl-to-logentries*"), "{of}");

    let (there, _) = account(&made);
    let again = stack(&[], "", &there).expect("a stack");
    assert_eq!(again.function.network, Setting::default(wanted.clone()));
    assert_eq!(statements(&again).len(), 2);
    // One of the two is enough where the other is known.
    let other = stack(&["--security-groups", "sg-00000002", "--ipv6", "true"], "", &there).expect("a stack");
    let expected = Network { security_groups: ["sg-00000002".to_owned()].into(), ipv6: true, ..wanted };
    assert_eq!(other.function.network, Setting::asked(expected));

    for (flags, text) in [(&["--subnets", "none"][..], ""), (&[][..], "[function]\nsubnets = []")] {
        let gone = stack(flags, text, &there).expect("a stack");
        assert_eq!(gone.function.network, Setting::asked(Network::default()), "{flags:?} {text}");
        // Lambda deletes the interfaces with the role, after the function has left.
        assert_eq!(statements(&gone).len(), 2);
        let plan = setup(&gone, &there, false).to_string();
        assert!(plan.contains("subnets: subnet-00000001, subnet-00000002 -> (removed)"), "{plan}");
    }
}

#[test]
fn half_a_network_and_what_is_no_id_is_refused() {
    for (flags, says) in [
        (&["--subnets", SUBNETS][..], "no security group"),
        (&["--security-groups", "sg-00000001"], "no subnet"),
        (&["--ipv6", "true"], "no subnet"),
    ] {
        let all = [&["--token", TOKEN], flags].concat();
        let error = stack(&all, "", &Observed::default()).expect_err("refused");
        assert_eq!(error.code, Code::Usage);
        assert!(error.message.contains(says) && error.hint.is_some(), "{error}");
    }
    for text in ["vpc-00000001", "subnet-", "subnet-XYZ12345", "subnet-1", "Subnet-00000001"] {
        assert!(crate::stack::limits::subnet(text).is_err(), "{text}");
    }
    for text in ["none", "subnet-00000001", "subnet-0a1b2c3d4e5f67890"] {
        assert!(crate::stack::limits::subnet(text).is_ok(), "{text}");
    }
    assert!(crate::stack::limits::security_group("none").is_err());
}

#[test]
fn the_file_that_describes_a_stack_has_its_network_and_its_endpoints() {
    let text = "[function]\nsubnets = [\"subnet-00000001\"]\nsecurity_groups = [\"sg-00000001\"]\nipv6 = true\nendpoints = \"fips\"";
    let made = stack(&["--token", TOKEN], text, &Observed::default()).expect("a stack");
    let config = made.function.config.as_ref().expect("a configuration");
    assert_eq!(config.endpoints, EndpointKind::Fips);
    let (described, _) = describe(&made, &account(&made).0);
    for line in text.lines().skip(1) {
        assert!(described.contains(line), "{described}");
    }
}
