//! The command line as it was typed, for hints that say what to run.

use std::ffi::OsString;
use std::fmt;

use crate::stack::Target;

/// The flags whose value is a secret. None of them has a short form.
const SECRET_FLAGS: [&str; 1] = ["--token"];

/// Shown in place of a secret. It is quoted for the shell, and no check accepts it as a token.
const PLACEHOLDER: &str = "<token>";

/// The flags that say which stack is meant, and where it is. Each takes a value.
const PLACE_FLAGS: [&str; 11] = [
    "--stack",
    "--config",
    "--env",
    "--region",
    "--profile",
    "--role-arn",
    "--external-id",
    "--session-name",
    "--endpoint-url",
    "--directory",
    "-C",
];

/// The flag that says that a stack is a member account of another one, and the verbs that take it.
const MEMBER_FLAG: &str = "--to-destination";
const MEMBER_VERBS: [&str; 7] =
    ["setup", "plan", "subscribe", "unsubscribe", "teardown", "status", "policies"];

/// The flags of every command that take no value.
const SWITCHES: [&str; 5] = ["--quiet", "-q", "--verbose", "-v", "--all-envs"];

/// The verbs that look at an account, but at no one stack.
const STACKLESS_VERBS: [&str; 1] = ["list"];

/// The verbs that look at no account. Every other one but those above takes `--stack`.
const PLACELESS_VERBS: [&str; 7] = ["package", "schema", "completions", "man", "version", "demo", "help"];

/// The arguments of a run without the secrets among them. Displayed, they are one line for a POSIX shell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CommandLine {
    args: Vec<String>,
    hides_secret: bool,
    /// The flags that say which stack is meant, where a plan file says it.
    place: Vec<String>,
    /// That file.
    plan_file: Option<String>,
}

/// The flags of a cluster that ends in a folder, such as `-qC DIR`, one by one.
fn apart(arg: String) -> Vec<String> {
    let is_switch = |c: char| SWITCHES.contains(&format!("-{c}").as_str());
    let cluster = arg.strip_prefix('-').and_then(|flags| flags.split_once('C'));
    match cluster {
        Some((switches, folder)) if !switches.is_empty() && switches.chars().all(is_switch) => {
            let switches = switches.chars().map(|c| format!("-{c}"));
            switches.chain([format!("-C{folder}")]).collect()
        }
        _ => vec![arg],
    }
}

impl CommandLine {
    /// The command line of this process.
    pub fn of_process() -> Self {
        Self::new(std::env::args_os().skip(1))
    }

    /// The command line with these arguments, the name of the program left out.
    pub fn new<T: Into<OsString>>(args: impl IntoIterator<Item = T>) -> Self {
        let mut line = Self::default();
        let mut is_secret = false;
        for arg in args {
            let arg = arg.into().to_string_lossy().into_owned();
            let with_value = SECRET_FLAGS.into_iter().find(|flag| has_value(&arg, flag));
            line.hides_secret |= is_secret || with_value.is_some();
            let next_is_secret = !is_secret && SECRET_FLAGS.contains(&arg.as_str());
            match with_value {
                _ if is_secret => line.args.push(PLACEHOLDER.to_owned()),
                Some(flag) => line.args.push(format!("{flag}={PLACEHOLDER}")),
                None => line.args.extend(apart(arg)),
            }
            is_secret = next_is_secret;
        }
        line
    }

    /// The same command without a question.
    #[must_use]
    pub fn confirmed(&self) -> Self {
        let mut line = self.clone();
        // Behind `--` it would be a log group.
        let end = line.args.iter().position(|arg| arg == "--").unwrap_or(line.args.len());
        line.args.insert(end, "--yes".to_owned());
        line
    }

    /// Another command for the same stack, with no other flags.
    #[must_use]
    pub fn of_stack(&self, verb: &str) -> Self {
        let member = MEMBER_VERBS.contains(&verb).then_some(MEMBER_FLAG);
        let flags: Vec<&str> = PLACE_FLAGS.into_iter().chain(member).collect();
        let mut line = self.with_only(verb, &flags);
        line.args.extend_from_slice(&self.place);
        line
    }

    /// The same command line, of a run whose stack and region a plan file gives: other commands get them as flags.
    #[must_use]
    pub fn about(&self, stack: &str, region: &str, plan_file: String) -> Self {
        let place =
            [("--stack", stack), ("--region", region)].into_iter().filter(|(flag, _)| !self.has(flag));
        let place = place.flat_map(|(flag, value)| [flag.to_owned(), value.to_owned()]).collect();
        Self { place, plan_file: Some(plan_file), ..self.clone() }
    }

    /// The plan file that says what is set up.
    pub fn plan_file(&self) -> Option<&str> {
        self.plan_file.as_deref()
    }

    /// Another command with these arguments, with the same credentials and in the same folder.
    #[must_use]
    pub fn of_credentials(&self, verb: &str, args: impl IntoIterator<Item = String>) -> Self {
        let flags = [
            "--profile",
            "--role-arn",
            "--external-id",
            "--session-name",
            "--endpoint-url",
            "--directory",
            "-C",
        ];
        let mut line = self.with_only(verb, &flags);
        line.args.extend(args);
        line
    }

    /// Another command, with only these of the flags of this one. Each of them takes a value.
    fn with_only(&self, verb: &str, flags: &[&str]) -> Self {
        let mut line = Self { args: vec![verb.to_owned()], ..Self::default() };
        let mut args = self.args.iter();
        while let Some(arg) = args.next() {
            if flags.contains(&arg.as_str()) {
                line.args.extend([arg.clone()].into_iter().chain(args.next().cloned()));
            } else if flags.iter().any(|flag| has_value(arg, flag)) {
                line.args.push(arg.clone());
            }
        }
        line
    }

    /// Another command in the same account and region, with no other flags: also not which stack.
    #[must_use]
    pub fn of_place(&self, verb: &str) -> Self {
        self.of_verb_without(verb, &["--stack"])
    }

    /// Another command in the same place, without these of the flags that say where that is.
    #[must_use]
    pub fn of_verb_without(&self, verb: &str, flags: &[&str]) -> Self {
        self.of_stack(verb).without(flags)
    }

    /// The same command without these flags. Each of them takes a value.
    #[must_use]
    pub(crate) fn without(&self, flags: &[&str]) -> Self {
        let (mut kept, mut args) = (Vec::new(), self.args.iter().cloned());
        while let Some(arg) = args.next() {
            let is_gone = flags.contains(&arg.split('=').next().unwrap_or_default());
            match (is_gone, arg.contains('=')) {
                (true, false) => drop(args.next()),
                (true, true) => {}
                (false, _) => kept.push(arg),
            }
        }
        Self { args: kept, ..self.clone() }
    }

    /// The same command in these environments, whichever it was in.
    #[must_use]
    pub fn in_environments(&self, names: &str) -> Self {
        let mut line = self.without(&["--env"]);
        line.args.retain(|arg| arg != "--all-envs");
        let end = line.args.iter().position(|arg| arg == "--").unwrap_or(line.args.len());
        line.args.splice(end..end, ["--env".to_owned(), names.to_owned()]);
        line
    }

    /// The same command so that it changes something.
    #[must_use]
    pub fn applied(mut self) -> Self {
        self.args.retain(|arg| arg != "--dry-run");
        self
    }

    /// A text in which each command of this program between backticks is for the same stack in the same place: it has
    /// those of the flags of this run that its verb takes and that it does not have itself.
    pub fn completed(&self, text: &str) -> String {
        let parts: Vec<&str> = text.split('`').collect();
        // An odd backtick belongs to a value.
        if parts.len().is_multiple_of(2) || !text.contains("`cwl2le ") {
            return text.to_owned();
        }
        let part = |(at, part): (usize, &&str)| match at % 2 {
            0 => (*part).to_owned(),
            _ => format!("`{}`", self.with_place(part)),
        };
        parts.iter().enumerate().map(part).collect()
    }

    /// A command with the flags of this run that say where its stack is.
    fn with_place(&self, command: &str) -> String {
        let verb =
            command.strip_prefix("cwl2le ").and_then(|rest| rest.split(' ').next()).unwrap_or_default();
        if PLACELESS_VERBS.contains(&verb) || verb.is_empty() || verb.starts_with('-') {
            return command.to_owned();
        }
        let place = if STACKLESS_VERBS.contains(&verb) { self.of_place(verb) } else { self.of_stack(verb) };
        let has: Vec<&str> = command
            .split([' ', '='])
            .filter(|word| PLACE_FLAGS.contains(word) || *word == MEMBER_FLAG)
            .collect();
        let missing = place.without(&has).to_string();
        let flags =
            missing.strip_prefix("cwl2le ").and_then(|line| line.strip_prefix(verb)).unwrap_or_default();
        format!("{command}{flags}")
    }

    /// The same command with more arguments behind it.
    #[must_use]
    pub fn with(mut self, args: &[String]) -> Self {
        self.args.extend_from_slice(args);
        self
    }

    /// The words of it, the name of the program first.
    pub fn words(&self) -> Vec<String> {
        std::iter::once("cwl2le".to_owned()).chain(self.args.iter().cloned()).collect()
    }

    /// Another command for another stack in the same place, with no other flags. None of its own flags says which stack.
    #[must_use]
    pub fn of_other_stack(&self, verb: &str, stack: &str) -> Self {
        let mut line = self.of_stack(verb);
        line.args.extend(["--stack".to_owned(), stack.to_owned()]);
        line
    }

    /// The command that prints the policy of whoever is on call, for the same stack. It works without any right.
    #[must_use]
    pub fn on_call_policy(&self, target: &Target) -> Self {
        let place =
            ["--region", "--profile", "--role-arn", "--external-id", "--session-name", "--endpoint-url"];
        let mut line = self.of_stack("policies").without(&place);
        let place = ["on-call", "--account", &target.account, "--region", target.region.as_str()];
        line.args.splice(1..1, place.map(ToOwned::to_owned));
        line
    }

    /// Another command with the same flags, `verb` in the place of `typed`.
    #[must_use]
    pub fn with_verb(&self, typed: &str, verb: &str) -> Self {
        let mut line = self.clone();
        // The word may also be the value of a flag before the verb.
        let is_value = |at: usize| {
            let before = at.checked_sub(1).map(|before| line.args[before].as_str());
            before.is_some_and(|flag| {
                flag == "-C" || flag.starts_with("--") && !SWITCHES.contains(&flag) && !flag.contains('=')
            })
        };
        if let Some(at) = (0..line.args.len()).find(|&at| line.args[at] == typed && !is_value(at)) {
            line.args[at] = verb.to_owned();
        }
        line
    }

    /// Whether the token comes from standard input. Then no answer to a question can come from there.
    pub fn reads_token_from_input(&self) -> bool {
        let is_input = |pair: &[String]| pair[0] == "--token-file" && pair[1] == "-";
        self.args.windows(2).any(is_input) || self.args.iter().any(|arg| arg == "--token-file=-")
    }

    /// What the user has to do before running it as it is shown; empty for nothing.
    pub fn needs(&self) -> &'static str {
        if self.hides_secret {
            "; put the token in place of <token>, or give it with CWL2LE_TOKEN, --token-file, --token-ssm or --token-secret"
        } else if self.reads_token_from_input() {
            "; the token has to be piped in again"
        } else {
            ""
        }
    }

    /// Whether a flag was typed, such as `--stack`.
    pub fn has(&self, flag: &str) -> bool {
        self.args.iter().any(|arg| arg == flag || has_value(arg, flag))
    }
}

fn has_value(arg: &str, flag: &str) -> bool {
    let is_short = !flag.starts_with("--");
    arg.strip_prefix(flag).is_some_and(|rest| rest.starts_with('=') || is_short && !rest.is_empty())
}

impl fmt::Display for CommandLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cwl2le")?;
        for arg in &self.args {
            // Only a NUL cannot be quoted, and no argument of a process holds one.
            match shlex::try_quote(arg) {
                Ok(word) => write!(f, " {word}")?,
                Err(_) => write!(f, " {arg:?}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;
    use proptest::prelude::*;

    use super::*;
    use crate::cli::Cli;

    #[test]
    fn what_was_typed_can_be_pasted_and_holds_no_secret() {
        let shown = |args: &[&str]| CommandLine::new(args).confirmed().to_string();
        assert_eq!(shown(&["teardown"]), "cwl2le teardown --yes");
        assert_eq!(
            shown(&["unsubscribe", "--match", "/aws/ecs/*"]),
            "cwl2le unsubscribe --match '/aws/ecs/*' --yes"
        );
        let token = "2bfbea1e-10c3-4419-bdad-7e6435882e1f";
        let with = ["--profile", "a b", "setup", "--token", token, "--filter-pattern", "{ $.a = \"it's\" }"];
        let shown_with = shown(&with);
        let words = shlex::split(&shown_with).expect("valid");
        assert_eq!(words[0], "cwl2le");
        assert_eq!(words[4..6], ["--token", PLACEHOLDER]);
        assert_eq!(words[7..], ["{ $.a = \"it's\" }", "--yes"]);
        assert_eq!(shown(&["setup", &format!("--token={token}")]), "cwl2le setup '--token=<token>' --yes");
        assert!(
            CommandLine::new(with).needs().contains("<token>")
                && CommandLine::new(["setup"]).needs().is_empty()
        );
        // A value that only looks like the flag.
        assert_eq!(
            CommandLine::new(["setup", "--token", "--token", "x"]).to_string(),
            "cwl2le setup --token '<token>' x"
        );
    }

    #[test]
    fn another_command_is_for_the_same_stack() {
        let line = |typed: &str| CommandLine::new(shlex::split(typed).expect("valid"));
        let plan = line("--region eu-west-1 plan --stack plan --config=b.toml --memory 1024");
        assert_eq!(
            plan.with_verb("plan", "setup").to_string(),
            "cwl2le --region eu-west-1 setup --stack plan '--config=b.toml' --memory 1024"
        );
        assert_eq!(
            line("--profile plan --quiet plan --stack plan").with_verb("plan", "setup").to_string(),
            "cwl2le --profile plan --quiet setup --stack plan"
        );
        assert_eq!(
            plan.of_stack("teardown").to_string(),
            "cwl2le teardown --region eu-west-1 --stack plan '--config=b.toml'"
        );
        assert_eq!(
            line("subscribe --stack=a --log-group /x --profile 'a b'").of_stack("setup").to_string(),
            "cwl2le setup '--stack=a' --profile 'a b'"
        );
        assert_eq!(
            line("--region=eu-west-1 list --output json").of_other_stack("status", "blue").to_string(),
            "cwl2le status '--region=eu-west-1' --stack blue"
        );
        let region = "eu-west-1".parse().expect("a region");
        let target = Target { account: "123456789012".to_owned(), region };
        assert_eq!(
            line("status --profile p --stack blue --region=eu-west-1 --config=b.toml")
                .on_call_policy(&target)
                .to_string(),
            "cwl2le policies on-call --account 123456789012 --region eu-west-1 --stack blue '--config=b.toml'"
        );
        assert_eq!(
            line("teardown --stack blue --region=eu-west-1 --profile p").of_place("list").to_string(),
            "cwl2le list '--region=eu-west-1' --profile p"
        );
        assert_eq!(line("setup --dry-run --shards 2").applied().to_string(), "cwl2le setup --shards 2");
        assert_eq!(
            line("-C infra status -Cprod --stack blue").of_stack("setup").to_string(),
            "cwl2le setup -C infra -Cprod --stack blue"
        );
        assert_eq!(
            line("-C plan -q plan --directory=x").with_verb("plan", "setup").to_string(),
            "cwl2le -C plan -q setup '--directory=x'"
        );
        assert_eq!(
            line("subscribe /app -- -odd").confirmed().to_string(),
            "cwl2le subscribe /app --yes -- -odd"
        );
        assert_eq!(
            line("setup f --profile p --region r")
                .about("blue", "r", "f".to_owned())
                .of_stack("test")
                .to_string(),
            "cwl2le test --profile p --region r --stack blue"
        );
        assert_eq!(
            line("plan --stack a --profile p --out f").of_credentials("setup", ["f".to_owned()]).to_string(),
            "cwl2le setup --profile p f"
        );
        assert!(line("setup --token t").of_stack("teardown").needs().is_empty());
        for typed in ["setup --token-file -", "setup --token-file=-"] {
            assert_eq!(line(typed).needs(), "; the token has to be piped in again");
        }
        assert!(line("setup --token-file token").needs().is_empty());
    }

    #[test]
    fn commands_in_a_hint_are_for_the_stack_of_the_run() {
        let run = CommandLine::new(["subscribe", "-g", "/a", "--stack", "blue", "--profile", "a b"]);
        let hint = "run `cwl2le setup` or `cwl2le list`, see `aws logs` and `cwl2le status --watch --stack green`; \
                    `cwl2le init --to FILE` and `cwl2le schema` know nothing of it";
        assert_eq!(
            run.completed(hint),
            "run `cwl2le setup --stack blue --profile 'a b'` or `cwl2le list --profile 'a b'`, see `aws logs` and \
             `cwl2le status --watch --stack green --profile 'a b'`; \
             `cwl2le init --to FILE --stack blue --profile 'a b'` and `cwl2le schema` know nothing of it"
        );
        assert_eq!(run.completed(&run.completed(hint)), run.completed(hint));
        for text in ["a ` in `cwl2le setup`", "no command", ""] {
            assert_eq!(run.completed(text), text);
        }
        assert_eq!(CommandLine::new(["plan"]).completed(hint), hint);
    }

    #[test]
    fn the_verbs_that_take_no_stack_are_known() {
        let mut command = Cli::command();
        command.build();
        let takes_none = |verb: &&clap::Command| !verb.get_arguments().any(|arg| arg.get_id() == "stack");
        for verb in command.get_subcommands().filter(takes_none).map(clap::Command::get_name) {
            assert!(STACKLESS_VERBS.contains(&verb) || PLACELESS_VERBS.contains(&verb), "{verb}");
        }
    }

    #[test]
    fn a_folder_behind_other_short_flags_is_repeated() {
        let status = |args: &[&str]| CommandLine::new(args).of_stack("status").to_string();
        assert_eq!(status(&["-vC", "plan", "plan"]), "cwl2le status -C plan");
        assert_eq!(status(&["-qvC", "a b", "plan"]), "cwl2le status -C 'a b'");
        assert_eq!(status(&["-qCinfra", "plan"]), "cwl2le status -Cinfra");
        let setup = CommandLine::new(["-qC", "plan", "plan"]).with_verb("plan", "setup");
        assert_eq!(setup.to_string(), "cwl2le -q -C plan setup");
    }

    #[test]
    fn every_flag_that_takes_a_token_is_known_to_take_one() {
        let mut command = Cli::command();
        command.build();
        let flags = command.get_subcommands().flat_map(clap::Command::get_arguments);
        let takes_secret = |flag: &&clap::Arg| flag.get_value_names().is_some_and(|names| names[0] == "UUID");
        let found: std::collections::BTreeSet<String> = flags
            .filter(takes_secret)
            .filter_map(|flag| flag.get_long())
            .map(|long| format!("--{long}"))
            .collect();
        assert_eq!(found, SECRET_FLAGS.map(ToOwned::to_owned).into());
    }

    #[test]
    fn the_flags_of_every_command_that_take_no_value_are_known() {
        let command = Cli::command();
        let switches =
            command.get_arguments().filter(|flag| flag.is_global_set() && !flag.get_action().takes_values());
        for flag in switches {
            let long = format!("--{}", flag.get_long().expect("a name"));
            let short = flag.get_short().map(|short| format!("-{short}"));
            for name in std::iter::once(long).chain(short) {
                assert!(SWITCHES.contains(&name.as_str()), "{name}");
            }
        }
    }

    proptest! {
        #[test]
        fn a_shell_reads_back_what_was_typed(args in prop::collection::vec("[^\0]{0,12}", 0..6)) {
            prop_assume!(!args.iter().any(|arg| arg.starts_with("--token")));
            let words = shlex::split(&CommandLine::new(&args).to_string()).expect("valid");
            prop_assert_eq!(&words[1..], &args[..]);
        }
    }
}
