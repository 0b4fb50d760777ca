//! What is printed for flags that do not parse.

use std::io::Write;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, ValueEnum};

use super::Cli;
use crate::error::{Code, Error, Exit};
use crate::output::{ColorChoice, OutputFormat, Printer, indented, unstyled, width};

/// Columns within which a label such as `error: ` ends.
const LABEL: usize = 8;

/// Prints clap's error to standard error, or help and version to standard output. An error is printed as JSON if the
/// flags ask for JSON, although they do not parse.
pub fn unparsed(
    mut error: clap::Error,
    args: Vec<String>,
    stdout: &mut dyn Write,
    stderr: &mut dyn Write,
) -> Exit {
    let format = asked_format(args.iter(), std::env::var("CWL2LE_OUTPUT").ok().as_deref());
    let color =
        last_value(args.iter(), "--color").and_then(|value| ColorChoice::from_str(&value, false).ok());
    let printer = Printer::new(format, color.unwrap_or_default());
    if !error.use_stderr() {
        // A closed pipe, as with `| head`, is no error.
        let _ = printer.text(stdout, &error.render().ansi().to_string(), false);
        return Exit::Success;
    }
    name_variable(&mut error, &args, |name| std::env::var_os(name).is_some());
    correct_advice(&mut error);
    if format != OutputFormat::Text {
        let said = error.render().to_string();
        let text = said.trim().strip_prefix("error: ").unwrap_or(said.trim());
        let (message, rest) = text.split_once("\n\n").unwrap_or((text, "see `cwl2le --help`"));
        let error = Error::new(Code::Usage, message.trim()).hint(rest.trim());
        let _ = printer.error(stdout, &mut std::io::sink(), &error);
    }
    let _ = printer.text(stderr, &fitted(&error.render().ansi().to_string(), width()), true);
    Exit::Usage
}

/// Clap's text with its lines wrapped behind their labels: clap wraps help, and no errors.
fn fitted(text: &str, width: usize) -> String {
    let lines = text.lines().map(|line| {
        let rest = line.trim_start_matches(' ');
        let indent = line.len() - rest.len();
        let label = unstyled(rest).find(": ").filter(|at| *at < LABEL).map_or(2, |at| at + 2);
        indented(&line[..indent], rest, indent + label, width)
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Leaves out advice that does not help: the usage of one of two flags that exclude each other, and to put a token where
/// everybody on the machine can read it.
fn correct_advice(error: &mut clap::Error) {
    if error.kind() == ErrorKind::ArgumentConflict {
        error.remove(ContextKind::Usage);
    }
    let suggested = error.get(ContextKind::SuggestedArg);
    if !matches!(suggested, Some(ContextValue::String(flag)) if flag == "--token") {
        return;
    }
    error.insert(ContextKind::SuggestedArg, ContextValue::String("--token-file".to_owned()));
    error.remove(ContextKind::Usage);
}

/// Names the environment variable if the invalid value comes from one. Clap names only the flag.
fn name_variable(error: &mut clap::Error, args: &[String], is_set: impl Fn(&str) -> bool) {
    let Some(ContextValue::String(named)) = error.get(ContextKind::InvalidArg) else { return };
    let mut command = Cli::command();
    command.build();
    let flags =
        command.get_arguments().chain(command.get_subcommands().flat_map(clap::Command::get_arguments));
    let Some(flag) = flags.into_iter().find(|flag| flag.get_env().is_some() && flag.to_string() == *named)
    else {
        return;
    };
    let is_given = |arg: &String| {
        let rest = arg.strip_prefix("--").zip(flag.get_long()).and_then(|(arg, long)| arg.strip_prefix(long));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
    };
    let variable = flag.get_env().and_then(std::ffi::OsStr::to_str).filter(|name| is_set(name));
    if let Some(variable) = variable.filter(|_| !args.iter().any(is_given)) {
        error.insert(ContextKind::InvalidArg, ContextValue::String(variable.to_owned()));
    }
}

/// The form that flags which do not parse ask for: the last `--output` counts, then the environment.
fn asked_format<'a>(args: impl Iterator<Item = &'a String>, environment: Option<&str>) -> OutputFormat {
    let flag = last_value(args, "--output");
    let name = flag.as_deref().or(environment);
    name.and_then(|name| OutputFormat::from_str(name, false).ok()).unwrap_or_default()
}

/// The value of a flag that is given last.
fn last_value<'a>(args: impl Iterator<Item = &'a String>, flag: &str) -> Option<String> {
    let args: Vec<&String> = args.take_while(|arg| *arg != "--").collect();
    let value = args.iter().enumerate().rev().find_map(|(at, arg)| match arg.strip_prefix(flag) {
        Some("") => args.get(at + 1).map(|arg| arg.as_str()),
        Some(value) => value.strip_prefix('='),
        None => None,
    });
    value.map(ToOwned::to_owned)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[test]
    fn a_value_of_a_variable_is_named_by_it() {
        let refused = |args: &[&str], is_set: bool| {
            let mut error = Cli::try_parse_from(args).expect_err("no number");
            let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
            name_variable(&mut error, &args, |name| is_set && name == "CWL2LE_PATIENCE");
            error.render().to_string()
        };
        let by_flag = refused(&["cwl2le", "status", "--patience", "soon"], true);
        assert!(by_flag.contains("'soon' for '--patience <SECONDS>'"), "{by_flag}");
        let by_flag = refused(&["cwl2le", "status", "--patience=soon"], true);
        assert!(by_flag.contains("'soon' for '--patience <SECONDS>'"), "{by_flag}");
    }

    #[test]
    fn an_error_of_clap_fits_a_narrow_window_and_suggests_no_token_on_the_command_line() {
        let mut command = crate::cli::help::command();
        let mut refused = |args: &[&str]| {
            let mut error = command.try_get_matches_from_mut(args).expect_err("a mistake");
            correct_advice(&mut error);
            fitted(&error.render().to_string(), 60)
        };
        let text = refused(&["cwl2le", "status", "--since", "5q"]);
        assert!(text.lines().all(|line| line.chars().count() <= 60), "{text}");
        assert!(text.starts_with("error: invalid value '5q' for") && text.contains("\n       "), "{text}");
        assert!(text.contains("or 2h"), "{text}");
        let text = refused(&["cwl2le", "policies", "nothing"]);
        assert!(text.lines().all(|line| line.chars().count() <= 60), "{text}");
        let text = refused(&["cwl2le", "setup", "--tokn", "x"]);
        assert!(text.contains("'--token-file'") && !text.contains("--token "), "{text}");
    }

    #[test]
    fn json_is_asked_for_by_the_last_flag_else_by_the_environment() {
        let asks = |args: &[&str], environment| {
            let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
            asked_format(args.iter(), environment) == OutputFormat::Json
        };
        assert!(asks(&["cwl2le", "--output", "json", "setup", "--nope"], None));
        assert!(asks(&["cwl2le", "setup", "--output=json"], Some("text")));
        assert!(asks(&["cwl2le", "setup", "--nope"], Some("json")));
        assert!(!asks(&["cwl2le", "--output=json", "--output", "text"], Some("json")));
        assert!(!asks(&["cwl2le", "setup", "--", "--output=json"], None));
        assert!(!asks(&["cwl2le", "setup", "--output"], None));
    }
}
