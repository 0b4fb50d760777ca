//! Errors, reports, tables and progress look the same tomorrow.

use std::ffi::OsString;
use std::fmt;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::Serialize;

use super::style::{BAD, GOOD};
use super::visible::shown;
use super::*;
use crate::aws::AwsError;
use crate::error::{Code, Error};

const COLORED: Printer = Printer::colored(OutputFormat::Text);

#[derive(Serialize)]
struct Stream {
    name: &'static str,
    active: bool,
}

impl fmt::Display for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "stream {} is {GOOD}active{GOOD:#}", self.name)
    }
}

const STREAM: Stream = Stream { name: "cloudwatch-logs-stream", active: true };

fn limit() -> Error {
    let mut error = Error::new(
        Code::FilterLimit,
        "cannot subscribe `/app/orders`: it has its two filters already: `datadog`, `splunk`",
    )
    .on("/app/orders")
    .hint("replace one of them with `--replace NAME`, or remove one");
    error.aws = Some(Box::new(AwsError {
        service: "logs",
        operation: "PutSubscriptionFilter",
        code: "LimitExceededException".to_owned(),
        message: "Resource limit exceeded.".to_owned(),
        request_id: Some("5a1c0cf0-7b2c-4a52".to_owned()),
        resource: "arn:aws:logs:eu-west-1:123456789012:log-group:/app/orders".to_owned(),
    }));
    error
}

fn text(write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> String {
    let mut bytes = Vec::new();
    write(&mut bytes).expect("no error");
    String::from_utf8(bytes).expect("UTF-8")
}

fn error_text(printer: Printer, error: &Error) -> String {
    text(|stderr| printer.error(&mut io::sink(), stderr, error))
}

#[test]
fn a_report_is_text_or_json() {
    insta::assert_snapshot!(text(|out| Printer::plain(OutputFormat::Text).report(out, &STREAM)));
    insta::assert_snapshot!(text(|out| Printer::plain(OutputFormat::Json).report(out, &STREAM)));
    let colored = text(|out| COLORED.report(out, &STREAM));
    assert_eq!(colored, "stream cloudwatch-logs-stream is \u{1b}[32mactive\u{1b}[0m\n");
}

#[test]
fn an_error_says_what_where_why_and_what_next() {
    let plain = Printer::plain(OutputFormat::Text);
    insta::assert_snapshot!("error_with_everything", error_text(plain, &limit()));
    let mut said = limit();
    (said.resource, said.hint) = (None, None);
    said.message = "cannot subscribe: Resource limit exceeded.".to_owned();
    insta::assert_snapshot!("error_that_says_what_aws_said", error_text(plain, &said));
    insta::assert_snapshot!(
        "short_error",
        error_text(plain, &Error::new(Code::NoRegion, "no region is configured"))
    );
    assert!(error_text(COLORED, &limit()).starts_with("\u{1b}[1m\u{1b}[31merror:\u{1b}[0m cannot"));
}

#[test]
fn an_error_is_a_json_document_as_well() {
    let mut stderr = Vec::new();
    let printer = Printer::plain(OutputFormat::Json);
    insta::assert_snapshot!("error_as_json", text(|stdout| printer.error(stdout, &mut stderr, &limit())));
    assert!(stderr.starts_with(b"error: cannot subscribe"));
    let stdout = text(|stdout| Printer::plain(OutputFormat::Text).error(stdout, &mut io::sink(), &limit()));
    assert_eq!(stdout, "", "an error is not data");
}

/// A stream whose every write fails.
struct Broken(io::ErrorKind);

impl Write for Broken {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(self.0.into())
    }
    fn flush(&mut self) -> io::Result<()> {
        Err(self.0.into())
    }
}

#[test]
fn a_reader_that_went_away_is_no_error_and_a_full_disk_is() {
    for format in [OutputFormat::Text, OutputFormat::Json] {
        let printer = Printer::plain(format);
        printer.report(&mut Broken(io::ErrorKind::BrokenPipe), &STREAM).expect("no error");
        printer.report(&mut Broken(io::ErrorKind::StorageFull), &STREAM).expect_err("an error");
    }
    let mut closed = Broken(io::ErrorKind::BrokenPipe);
    let stdout = text(|stdout| Printer::plain(OutputFormat::Json).error(stdout, &mut closed, &limit()));
    assert!(stdout.contains("filter-limit"), "one closed stream does not silence the other");
}

#[test]
fn colors_are_the_flags_then_the_environments_then_the_terminals_to_decide() {
    let wanted = |choice: ColorChoice, env: &[(&str, &str)], terminal| {
        let find =
            |name: &str| env.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value));
        choice.wanted(find, terminal)
    };
    use ColorChoice::{Always, Auto, Never};
    assert!(wanted(Auto, &[], true) && !wanted(Auto, &[], false));
    assert!(!wanted(Auto, &[("NO_COLOR", "1")], true) && wanted(Auto, &[("NO_COLOR", "")], true));
    assert!(
        wanted(Auto, &[("CLICOLOR_FORCE", "1")], false) && !wanted(Auto, &[("CLICOLOR_FORCE", "0")], false)
    );
    assert!(!wanted(Auto, &[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")], true));
    assert!(!wanted(Auto, &[("TERM", "dumb")], true) && wanted(Auto, &[("TERM", "xterm")], true));
    assert!(wanted(Always, &[("NO_COLOR", "1")], false) && !wanted(Never, &[("CLICOLOR_FORCE", "1")], true));
}

#[test]
fn columns_line_up_and_lines_end_with_their_text() {
    let mut table = Table::new(["LOG GROUP", "FILTER", "STATE"]);
    assert!(table.is_empty());
    table.row(["/aws/lambda/a-function", "cloudwatchLogsFilter", ""]);
    table.row([format!("{BAD}/app{BAD:#}"), "-".to_owned(), "missing".to_owned()]);
    table.row(["/short"]);
    let plain = shown(&table.to_string(), false);
    insta::assert_snapshot!(plain);
    assert!(!table.is_empty() && plain.lines().all(|line| !line.ends_with(' ')));
}

#[test]
fn a_table_fits_any_width() {
    let mut table = Table::plain().indent(2).names([2]).numbers([1]);
    let log_group = "/aws/lambda/a-function-with-a-name-that-somebody-thought-about-for-long";
    table.row(["+", "1", log_group, "kept 14 days, encrypted with a key of this account"]);
    table.row(["-", "120", "/short", "x86_64"]);
    table.row(["~", "48", "/aws/lambda/cart, /aws/lambda/checkout, /aws/lambda/mailer … 45 more"]);
    for width in [60, 80, 100] {
        let table = table.clone().within(width).to_string();
        assert!(table.lines().all(|line| columns(line) <= width), "{table}");
        insta::assert_snapshot!(format!("table_of_{width}_columns"), table);
    }
}

/// A stream to look at afterwards.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("the bytes").write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Shared {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().expect("the bytes").clone()).expect("UTF-8")
    }
}

#[test]
fn progress_without_a_terminal_is_one_line_a_finished_step() {
    let log = Shared::default();
    let progress = Progress::plain(log.clone());
    progress.line(format_args!("account {GOOD}123456789012{GOOD:#} in eu-west-1"));
    let (role, stream) = (progress.begin("creating role a"), progress.begin("creating stream b"));
    stream.waiting("it is CREATING");
    stream.done("created stream b");
    role.failed();
    drop(progress.begin("cancelled"));
    assert_eq!(log.text(), "account 123456789012 in eu-west-1\ncreated stream b\nfailed: creating role a\n");
}

#[test]
fn what_one_of_several_runs_says_stands_together_first_and_behind_its_name_later() {
    let log = Shared::default();
    let all = Progress::plain(log.clone());
    let (one, two) = (all.section("dev ".to_owned()), all.section("prod".to_owned()));
    one.line("plan");
    two.line("another plan");
    assert_eq!(log.text(), "");
    assert_eq!(one.release(), Some(vec!["plan".to_owned()]));
    assert_eq!(one.release(), None, "it is shown once");
    one.begin("creating stream a").done("created stream a");
    one.line("");
    two.line("later");
    assert_eq!(log.text(), "dev   created stream a\n");
    assert_eq!(two.release(), Some(vec!["another plan".to_owned(), "later".to_owned()]));
    assert_eq!(all.release(), None);
}

#[test]
fn a_long_wait_is_mentioned_in_a_log_now_and_then() {
    let log = Shared::default();
    let step = Progress::plain(log.clone()).reminding_every(Duration::ZERO).begin("creating function f");
    step.waiting("Lambda cannot assume the role yet, attempt 2");
    assert_eq!(log.text(), "creating function f: Lambda cannot assume the role yet, attempt 2\n");
}

#[test]
fn quiet_progress_says_nothing_and_lets_ask() {
    let progress = Progress::none();
    progress.line("no");
    let step = progress.begin("no");
    step.waiting("no");
    step.done("no");
    assert_eq!(progress.suspend(|| 7), 7);
    // A log that is closed does not stop the work.
    Progress::plain(Broken(io::ErrorKind::BrokenPipe)).begin("working").done("worked");
}

#[test]
fn a_live_display_that_is_not_drawn_still_counts_its_steps() {
    let progress = Progress::live(false);
    let step = progress.begin("creating stream b");
    step.waiting("it is CREATING");
    assert_eq!(progress.suspend(|| 7), 7);
    step.done("created stream b");
}
