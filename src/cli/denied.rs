//! The hint for a missing permission: `cwl2le policies`, with the flags of the run that was denied.

use super::Cli;
use crate::aws::MISSING_PERMISSION;
use crate::error::{Code, Error};
use crate::flags::CommandLine;
use crate::settings::{Member, Wanted};
use crate::stack::Target;

/// Adds to the hint for a missing permission the command that prints the policy with that permission.
pub(super) fn explained(error: Error, cli: &Cli, environment: Option<&str>, target: &Target) -> Error {
    let is_denied =
        error.code == Code::AccessDenied || error.failed.iter().any(|f| f.code == Code::AccessDenied);
    let hint = error.hint.clone().unwrap_or_default();
    let failed = error.failed.iter().filter_map(|failure| failure.hint.as_deref());
    // No policy can allow what another one denies explicitly.
    let is_missing = failed.chain([hint.as_str()]).any(|hint| hint.contains(MISSING_PERMISSION));
    match policies(cli, environment, target).filter(|_| is_denied && is_missing) {
        Some(command) => error.hint(format!("{hint}; `{command}` prints the policy that has it")),
        None => error,
    }
}

/// The command that prints the policy for this run; none for a verb without one.
fn policies(cli: &Cli, environment: Option<&str>, target: &Target) -> Option<CommandLine> {
    let facts = cli.command.facts();
    let policy = facts.policy?;
    let none = Wanted::default();
    let wanted = policy.settings.unwrap_or(&none);
    let region = target.region.as_str();
    let mut args = ["policies", policy.document, "--account", &target.account, "--region", region]
        .map(ToOwned::to_owned)
        .to_vec();
    let config = cli.global.config.as_ref().map(|file| file.display().to_string());
    let stack = facts.stack.and_then(|args| args.stack.as_ref()).map(ToString::to_string);
    for (flag, value) in
        [("--config", config.as_deref()), ("--env", environment), ("--stack", stack.as_deref())]
    {
        args.extend(value.into_iter().flat_map(|value| [flag, value]).map(ToOwned::to_owned));
    }
    args.extend(wanted.of_policies());
    args.extend(policy.member.into_iter().flat_map(Member::flags));
    args.extend(policy.all.then(|| "--all".to_owned()));
    Some(CommandLine::new(args))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    fn command(args: &[&str]) -> Option<String> {
        let region = "eu-west-1".parse().expect("a region");
        let target = Target { account: "123456789012".to_owned(), region };
        let cli = Cli::try_parse_from(std::iter::once(&"cwl2le").chain(args)).expect("a command");
        let command = policies(&cli, None, &target)?.to_string();
        let words = shlex::split(&command).expect("a line of a shell");
        Cli::try_parse_from(words).expect("a command of cwl2le");
        Some(command)
    }

    #[test]
    fn the_policy_is_of_the_stack_of_the_run() {
        let of =
            |document: &str| format!("cwl2le policies {document} --account 123456789012 --region eu-west-1");
        assert_eq!(command(&["status"]), Some(of("on-call")));
        assert_eq!(command(&["teardown", "--stack", "blue"]), Some(of("operator") + " --stack blue"));
        assert_eq!(command(&["subscribe", "--all"]), Some(of("everyday") + " --all"));
        assert_eq!(command(&["subscribe", "--all", "--per-group"]), Some(of("everyday")));
        let token = "2bfbea1e-10c3-4419-bdad-7e6435882e1f";
        let setup = [
            "--config",
            "my file.toml",
            "setup",
            "--token",
            token,
            "--role-path",
            "/service/",
            "--shards",
            "2",
        ];
        let expected = of("operator") + " --config 'my file.toml' --role-path /service/";
        assert_eq!(command(&setup), Some(expected));
        let to = "arn:aws:logs:eu-west-1:111111111111:destination:d";
        let member = of("everyday") + " --to-destination " + to;
        assert_eq!(command(&["subscribe", "/a", "--to-destination", to]), Some(member.clone()));
        let subscribe = ["subscribe", "--all", "--to-destination", to, "--member-role"];
        assert_eq!(command(&subscribe), Some(member + " --member-role --all"));
        let plan = ["setup", "--to-destination", to];
        assert_eq!(command(&plan), Some(of("operator") + " --to-destination " + to));
        assert_eq!(command(&["demo"]), None);
    }

    #[test]
    fn only_a_missing_permission_is_in_a_policy() {
        let region = "eu-west-1".parse().expect("a region");
        let target = Target { account: "123456789012".to_owned(), region };
        let cli = Cli::try_parse_from(["cwl2le", "status"]).expect("a command");
        let hint = |code, hint: &str| {
            explained(Error::new(code, "denied").hint(hint), &cli, None, &target).hint.expect("a hint")
        };
        assert!(hint(Code::AccessDenied, MISSING_PERMISSION).contains("; `cwl2le policies on-call "));
        assert_eq!(hint(Code::AccessDenied, "denied explicitly"), "denied explicitly");
        assert_eq!(hint(Code::Usage, MISSING_PERMISSION), MISSING_PERMISSION);
    }
}
