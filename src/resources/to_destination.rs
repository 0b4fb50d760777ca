//! What AWS says of a subscription to the destination of another account, with what to do in which of the two accounts.

use crate::aws::{Aws, AwsError, MISSING_PERMISSION};
use crate::error::{Code, Error};
use crate::stack::{DestinationArn, StackName, Target};

/// What to do where a subscription has to name a role. The verbs put the whole command in its place.
pub(crate) const ADD_ROLE: &str = "add --member-role to the command";

/// An error of a call that subscribes to `destination_arn`; as any other error where that is no destination.
pub(crate) fn explained(aws: Aws<'_>, error: AwsError, destination_arn: &str) -> Error {
    let error = Error::from(error);
    let Ok(destination) = destination_arn.parse::<DestinationArn>() else { return error };
    let target = &aws.session.target;
    let (central, name, region) = (destination.account(), destination.name(), &target.region);
    let there = accept(central, &destination, target);
    let said = error.aws.as_ref().map(|aws| aws.message.clone()).unwrap_or_default();
    if said.contains("Role ARN is required") {
        return Error { code: Code::Usage, ..error }.hint(format!(
            "the destination is open to an organization, so a subscription has to name a role of this account: {ADD_ROLE}"
        ));
    }
    let hint = match error.code {
        Code::AccessDenied if said.contains("identity-based policy") => return error,
        Code::AccessDenied => {
            let own = format!("or {MISSING_PERMISSION}");
            let own = Some(own).filter(|_| !said.contains("resource-based policy"));
            format!(
                "the destination does not accept this account, or does not exist: {there}{}",
                own.map(|own| format!("; {own}")).unwrap_or_default()
            )
        }
        Code::NotFound => format!(
            "check the ARN: account {central} has no destination `{name}` in {region}; to create it, {there}"
        ),
        Code::NotReady if said.contains("Could not deliver test message") => format!(
            "the role of the destination does not let CloudWatch Logs write to the stream for this account; to repair \
             that, {there}"
        ),
        _ => return error,
    };
    error.hint(hint)
}

/// What the operator of the other account is to do. The list of the flag says it all, so the command holds a word for the
/// accounts that are accepted already, which the flag refuses: run as it stands it would cut them off.
fn accept(central: &str, destination: &DestinationArn, Target { account, region }: &Target) -> String {
    let name = destination.name();
    let Some(stack) = StackName::of_destination(name) else {
        return format!(
            "in account {central}, allow `logs:PutSubscriptionFilter` to account {account} in the access policy of the destination \
             `{name}`, and let its role be assumed for it; no stack of cwl2le has a destination of this name"
        );
    };
    let of_stack = if stack == StackName::default() { String::new() } else { format!(" --stack {stack}") };
    // Nothing of this run belongs on its line.
    let command = format!(
        "AWS_PROFILE=CENTRAL cwl2le setup --region {region}{of_stack} --accept-accounts {account},ACCEPTED_ALREADY"
    );
    format!(
        "in account {central}, run `{command}` with the accounts that it accepts already instead of ACCEPTED_ALREADY, as \
         `cwl2le status` there lists them; if it accepts an organization, have this account join that instead"
    )
}
