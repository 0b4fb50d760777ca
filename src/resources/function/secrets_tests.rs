//! What a plan says of secrets that a configuration refers to.

use cwl2le_forwarder::secret::reference::{Keeper, Reference};

use crate::error::Code;
use crate::resources::Stack;
use crate::resources::role::documents::{Grants, function_policy};
use crate::resources::tests::one_stack;
use crate::resources::*;

const KEY: &str = "arn:aws:kms:eu-west-1:000000000000:key/1234";
const PARAMETER: &str = "arn:aws:ssm:eu-west-1:000000000000:parameter/token";
const SECRET: &str = "arn:aws:secretsmanager:eu-west-1:000000000000:secret:le-AbC123";

fn granting(keys: &[&str]) -> Stack {
    let mut stack = one_stack();
    let grants = Grants {
        ssm_parameters: vec![PARAMETER.to_owned()],
        secrets: vec!["arn:aws:secretsmanager:eu-west-1:000000000000:secret:le-??????".to_owned()],
        secret_keys: keys.iter().map(|key| (*key).to_owned()).collect(),
        ..Grants::default()
    };
    stack.function_role.policy = function_policy(&stack.target, &stack.names, &grants);
    stack
}

fn check(stack: &Stack, keeper: Keeper, name: &str, state: SecretState) -> Plan {
    let reference = Reference::new(keeper, name).expect("a reference");
    let secret = ObservedSecret { place: "destinations.app.token".to_owned(), reference, state };
    check_secrets(stack, &[secret], Plan::default())
}

#[test]
fn a_key_in_a_secret_is_not_part_of_its_name() {
    let plan = check(&granting(&[]), Keeper::SecretsManager, "le#token", SecretState::Missing);
    let reason = &plan.refused[0].reason;
    assert_eq!(reason, "destinations.app.token: Secrets Manager secret `le` does not exist");
}

#[test]
fn what_is_not_there_is_refused_with_the_command_that_makes_it() {
    let stack = granting(&[]);
    for (keeper, name, state, code, hint) in [
        (
            Keeper::Ssm,
            "/token:3",
            SecretState::Missing,
            Code::NotFound,
            "`aws ssm put-parameter --name /token --type SecureString --value file://FILE`",
        ),
        (
            Keeper::Ssm,
            "arn:aws:ssm:eu-west-3:1:parameter/a/token",
            SecretState::Missing,
            Code::NotFound,
            "--name /a/token --region eu-west-3 --type",
        ),
        (
            Keeper::SecretsManager,
            "le#token",
            SecretState::Missing,
            Code::NotFound,
            "`aws secretsmanager create-secret --name le --secret-string file://FILE`, or fix its name; the file holds a \
             JSON object with the key `token`",
        ),
        (
            Keeper::Ssm,
            "/token:9",
            SecretState::NoVersion,
            Code::NotFound,
            "get-parameter-history --name /token`",
        ),
        (
            Keeper::SecretsManager,
            "le",
            SecretState::Empty,
            Code::NotFound,
            "put-secret-value --secret-id le ",
        ),
        (
            Keeper::SecretsManager,
            "le",
            SecretState::Deleting,
            Code::NotFound,
            "restore-secret --secret-id le`",
        ),
        (
            Keeper::SecretsManager,
            "le",
            SecretState::There { arn: Some(format!("{SECRET}-AbC123")), kms_key: None },
            Code::Config,
            "use its full ARN",
        ),
    ] {
        let plan = check(&stack, keeper, name, state);
        let [refusal] = &plan.refused[..] else { panic!("one refusal: {plan}") };
        assert_eq!(refusal.code, code, "{plan}");
        assert!(
            refusal.reason.starts_with("destinations.app.token: ") && refusal.hint.contains(hint),
            "{plan}"
        );
    }
}

#[test]
fn what_the_role_may_read_is_fine_and_a_key_that_it_was_not_given_is_a_warning() {
    let there = |arn: &str, key: Option<&str>| SecretState::There {
        arn: Some(arn.to_owned()),
        kms_key: key.map(ToOwned::to_owned),
    };
    for (keys, key, warned) in [
        (&[][..], None, false),
        (&[], Some(KEY), true),
        (&[KEY], Some(KEY), false),
        (&[KEY], Some("1234"), false),
        (&[KEY], Some("alias/mine"), false),
        (&[KEY], Some("5678"), true),
        (&[], Some("alias/mine"), true),
    ] {
        let stack = granting(keys);
        for (keeper, name, arn) in
            [(Keeper::Ssm, "/token", PARAMETER), (Keeper::SecretsManager, "le", SECRET)]
        {
            let plan = check(&stack, keeper, name, there(arn, key));
            assert!(plan.refused.is_empty(), "{plan}");
            assert_eq!(plan.notes.iter().any(|note| note.contains("`kms_key`")), warned, "{key:?} {plan}");
        }
    }
}

#[test]
fn what_may_not_be_looked_at_is_a_warning() {
    let plan = check(&granting(&[]), Keeper::Ssm, "/token", SecretState::Unknown("AccessDenied".to_owned()));
    assert!(
        plan.refused.is_empty()
            && plan.notes[0].contains("cannot check whether SSM parameter `/token` exists: AccessDenied"),
        "{plan}"
    );
}
