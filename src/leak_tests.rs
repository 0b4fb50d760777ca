//! No secret and nothing that does something to a terminal leaves, whatever a report or an error is made of.
//!
//! Secrets and texts from outside are generated, put into every part of every report and error, and searched for in all
//! that is written: text and JSON, with and without colours. A new report belongs in [`reports`], a new way to fail in
//! [`errors`].

use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Parser;
use cwl2le_forwarder::secret::redactor;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::prelude::*;
use serde_json::json;

use crate::aws::AwsError;
use crate::aws::testing::{Answer, FakeAws};
use crate::cli::{Cli, learn_secrets};
use crate::commands::{
    AccountPolicy, Added, Alarm, CostGap, CostReport, CostRow, Delivery, Destination, ExportReport,
    ExportSecret, ForwardReport, FunctionVersions, Gap, GroupRow, InitReport, KeptPlace, LeftOut, ListReport,
    ListRow, LogService, MemberReport, MemberRole, OfGroup, Part, PlanReport, PublishedVersion, Refused,
    ReplayReport, Report, RollbackReport, SentGroup, SentPolicy, SetupReport, Shown, StatusReport,
    Subscription, Target, Unreadable, VersionsReport,
};
use crate::error::{Code, Error, Failure, Subject};
use crate::flags::CommandLine;
use crate::health::{Unknown, Verdict};
use crate::output::style::{BAD, BOLD, DIM, ERROR, GOOD, HINT, TYPED, WARN};
use crate::output::{Next, OutputFormat, Printer, Progress, bug};
use crate::resources::stream::aws as kinesis;
use crate::resources::{
    Field, Head, HeadRow, Kept, Loss, Origin, Over, Plan, Refusal, Release, ResourceId, Stage, Step, Verb,
};
use crate::settings::File;
use crate::workflow::ChangeReport;
use crate::workflow::canary::{CanaryReport, Hop, Leg, State, Via};
use crate::workflow::upgrade::{Moved, UpgradeOutcome, UpgradeReport, Watched};

/// What begins a line only if a line end from outside got through.
const FORGED: &str = "- delete everything";

/// A secret that no other test's output has by chance.
fn secrets() -> impl Strategy<Value = String> {
    "zq[!-~]{8,20}".prop_map(|secret| secret.replace('\\', "/"))
}

/// A text from outside, `§` standing for the secret.
fn texts() -> impl Strategy<Value = Vec<String>> {
    let part = prop_oneof![
        3 => Just("\u{a7}".to_owned()),
        2 => Just(format!("\r\n  {FORGED}")),
        1 => Just(format!("\n{FORGED}")),
        1 => Just("\u{1b}]0;".to_owned()),
        1 => Just("\u{1b}]52;c;eA==\u{7}".to_owned()),
        1 => Just("\u{1b}[8m".to_owned()),
        1 => Just("\u{202e}".to_owned()),
        1 => Just("\u{200b}\u{2066}".to_owned()),
        1 => Just("\u{2028}\u{85}\u{ad}".to_owned()),
        1 => any::<char>().prop_map(String::from),
        2 => "[a-z ]{1,6}",
    ];
    let text = proptest::collection::vec(part, 1..6).prop_map(|parts| parts.concat());
    proptest::collection::vec(text, 1..5)
}

/// Takes the texts in turn.
struct Outside {
    texts: Vec<String>,
    next: usize,
}

impl Outside {
    fn new(texts: &[String], secret: &str) -> Self {
        Self { texts: texts.iter().map(|text| text.replace('\u{a7}', secret)).collect(), next: 0 }
    }

    fn text(&mut self) -> String {
        self.next += 1;
        self.texts[self.next % self.texts.len()].clone()
    }

    fn resource(&mut self) -> ResourceId {
        ResourceId::filter(&self.text(), &self.text())
    }

    fn plan(&mut self) -> Plan {
        let field = |o: &mut Self| {
            Field::change("tag", o.text(), json!({"a": [o.text()]})).of(o.text()).because(o.text())
        };
        let step = Step {
            stage: Stage::RemoveFilters,
            resource: self.resource(),
            verb: Verb::Delete,
            fields: vec![field(self), Field { old: None, ..field(self) }, Field { new: None, ..field(self) }],
            actions: Vec::new(),
        };
        let mut plan = Plan { steps: vec![step], unchanged: vec![self.resource()], ..Plan::default() };
        plan.kept = vec![Kept { resource: self.resource(), reason: self.text() }];
        plan.refused = vec![Refusal {
            resource: self.resource(),
            code: Code::NotOurs,
            reason: self.text(),
            hint: self.text(),
        }];
        let origins = [Origin::File(self.text()), Origin::Credentials(self.text())];
        let row = |origin: Origin| {
            let over = Some(Over { value: Some(self.text()), origin: origin.clone() });
            HeadRow { name: self.text(), value: Some(self.text()), origin, over }
        };
        plan.head = Head(origins.map(row).into());
        plan.losses = vec![Loss { resource: self.resource(), what: self.text() }];
        plan.notes = vec![self.text(), self.text()];
        plan
    }
}

fn cost(o: &mut Outside) -> CostReport {
    let charges = vec![CostRow { what: o.text(), unit: o.text(), ..CostRow::default() }];
    CostReport {
        stack: o.text(),
        account: o.text(),
        region: o.text(),
        prices: o.text(),
        log_service: Some(LogService::default()),
        log_groups: vec![GroupRow { log_group: o.text(), ..GroupRow::default() }],
        added: Some(Added { charges: charges.clone(), ..Added::default() }),
        charges,
        unknown: vec![CostGap { what: o.text(), unknown: Unknown { why: o.text(), action: Some(o.text()) } }],
        top: 1,
        policies: CommandLine::new([o.text()]),
        next: Next::new().then(CommandLine::new([o.text()]), o.text()),
        ..CostReport::default()
    }
}

fn reports(o: &mut Outside) -> Vec<Box<dyn Report>> {
    let mut all: Vec<Box<dyn Report>> = Vec::new();
    for (command, dry_run) in [("plan", true), ("setup", false), ("teardown", false), ("unsubscribe", false)]
    {
        let Plan { head, steps, unchanged, kept, refused, notes, losses, .. } = o.plan();
        all.push(Box::new(ChangeReport {
            command,
            dry_run,
            settings: head,
            changes: steps,
            unchanged,
            kept,
            refused,
            notes,
            losses,
            next: Next::new().then(CommandLine::new([o.text()]), o.text()),
            ..ChangeReport::default()
        }));
    }
    all.push(Box::new(PlanReport { plan_file: Some(o.text()), ..PlanReport::default() }));
    let found = Hop {
        destination: Some(o.text()),
        failure: Some(o.text()),
        ..Hop::new(Leg::Destination, State::Fault, 1.0, o.text())
    };
    let canary = CanaryReport {
        id: o.text(),
        stack: o.text(),
        account: o.text(),
        region: o.text(),
        via: Via::default(),
        log_group: Some(o.text()),
        arrived: false,
        why: Some(o.text()),
        causes: vec![o.text()],
        hops: vec![found],
        unknown: vec![o.text()],
        notes: vec![o.text()],
        next: None,
        seconds: 1.0,
        calls: 1,
        is_shown: false,
    };
    all.push(Box::new(SetupReport { test: Some(Ok(canary.clone())), ..SetupReport::default() }));
    all.push(Box::new(canary.clone()));
    let moved = |o: &mut Outside| Moved { function: o.text(), log_group: o.text(), from: Some(7), to: 8 };
    for outcome in [UpgradeOutcome::Live, UpgradeOutcome::Refused, UpgradeOutcome::RolledBack] {
        all.push(Box::new(UpgradeReport {
            change: ChangeReport { command: "upgrade", notes: vec![o.text()], ..ChangeReport::default() },
            outcome,
            versions: vec![moved(o), moved(o)],
            canary: Some(canary.hops.clone()),
            watch: Some(Watched { unknown: Some(o.text()), ..Watched::default() }),
            why: Some(o.text()),
        }));
    }
    all.push(Box::new(RollbackReport {
        change: ChangeReport { command: "rollback", changed: true, ..ChangeReport::default() },
        versions: vec![moved(o), moved(o)],
    }));
    all.push(Box::new(VersionsReport {
        functions: vec![FunctionVersions {
            function: o.text(),
            destination: Some(o.text()),
            live: Some(8),
            replaced: None,
            rolled_back_from: None,
            versions: vec![PublishedVersion {
                version: 8,
                release: Some(Release { source: o.text(), ..Release::own() }),
                code_sha256: o.text(),
                published: Some(o.text()),
                memory_mb: 256,
                timeout_seconds: 60,
                destinations: Some(vec![o.text()]),
            }],
        }],
        unread: Some(o.text()),
        ..VersionsReport::default()
    }));
    let part = Part {
        resource: o.resource(),
        state: o.text(),
        data: [("last_result".to_owned(), o.text().into())].into_iter().collect(),
        ready: None,
        wrong: vec![o.text()],
        ours: None,
        release: None,
    };
    let subscription =
        Subscription { log_group: o.text(), filter: o.text(), pattern: o.text(), ..Subscription::default() };
    let account_policy = AccountPolicy {
        name: o.text(),
        pattern: o.text(),
        leaves_out: [o.text()].into(),
        loops: [o.text()].into(),
        ..AccountPolicy::default()
    };
    let unknown = |o: &mut Outside| Unknown { why: o.text(), action: Some(o.text()) };
    all.push(Box::new(cost(o)));
    let row = ListRow {
        stack: o.text(),
        version: Some(o.text()),
        verdict: Verdict::NotSetUp,
        why: Some(o.text()),
        lag_seconds: None,
        log_groups: None,
        destinations: Some(vec![o.text(), o.text()]),
        leftovers: vec![o.text()],
        unknown: vec![unknown(o)],
        status: CommandLine::default(),
        teardown: CommandLine::default(),
        policies: CommandLine::default(),
    };
    all.push(Box::new(ListReport {
        stacks: vec![row],
        unseen: vec![unknown(o)],
        strangers: vec![o.text()],
        ..ListReport::default()
    }));
    all.push(Box::new(StatusReport {
        parts: vec![part],
        open: Some(vec![o.text()]),
        subscriptions: Some(vec![subscription]),
        account_policy: Some(account_policy),
        destinations: vec![Destination {
            name: o.text(),
            service: o.text(),
            failure: Some(o.text()),
            detail: Some(o.text()),
            ..Destination::default()
        }],
        why: o.text(),
        next: Some(o.text()),
        kept: vec![KeptPlace { place: o.text(), ..KeptPlace::default() }],
        alarms: Some(vec![Alarm { name: o.text(), state: o.text(), ..Alarm::default() }]),
        unknown: vec![Gap { what: o.text(), why: o.text(), action: None }],
        ..StatusReport::default()
    }));
    all.push(Box::new(MemberReport {
        destination: o.text(),
        destination_account: o.text(),
        why: o.text(),
        next: Some(o.text()),
        role: Some(MemberRole { name: o.text(), is_right: false }),
        account_policy: Some(SentPolicy {
            name: o.text(),
            pattern: o.text(),
            leaves_out: vec![o.text()],
            ..SentPolicy::default()
        }),
        subscriptions: vec![SentGroup {
            log_group: o.text(),
            filter: o.text(),
            pattern: o.text(),
            ..SentGroup::default()
        }],
        ..MemberReport::default()
    }));
    all.push(Box::new(InitReport {
        file: o.text(),
        from_account: true,
        account: Some(o.text()),
        tokens: vec![o.text()],
        next: Next::new().then(CommandLine::new([o.text()]), o.text()),
    }));
    all.push(Box::new(ExportReport {
        stack: o.text(),
        files: vec![o.text()],
        secrets: vec![ExportSecret { name: o.text(), description: o.text() }],
        next: Next::new().then(CommandLine::new([o.text()]), o.text()),
        ..ExportReport::default()
    }));
    let mut forward = ForwardReport::default();
    (forward.input, forward.to, forward.failures) = (o.text(), o.text(), vec![o.text()]);
    forward.refused = [1, 2].map(|times| Refused { why: o.text(), times, events: 1 }).into();
    forward.stopped = Some(Box::new(Error::new(Code::Aws, o.text()).on(o.text())));
    all.push(Box::new(forward));
    let mut replay = ReplayReport { account: o.text(), unreadable_objects: 1, ..ReplayReport::default() };
    replay.found.places = vec![o.text()];
    replay.found.objects = 1;
    replay.to = Some(Target { name: o.text(), ..Target::default() });
    replay.log_groups = vec![OfGroup { log_group: o.text(), events: 1 }];
    replay.left = vec![LeftOut { why: o.text(), records: 1, events: 1 }];
    replay.delivery = Some(Delivery { reasons: vec![o.text()], refused: 1, ..Delivery::default() });
    replay.unreadable = vec![Unreadable { name: o.text(), why: o.text() }];
    replay.manifests = vec![o.text()];
    replay.failure = Some(o.text());
    replay.stopped = Some(Box::new(Error::new(Code::Aws, o.text()).on(o.text())));
    all.push(Box::new(replay));
    all
}

fn errors(o: &mut Outside) -> Vec<Error> {
    let said = AwsError {
        service: "lambda",
        operation: "UpdateFunctionConfiguration",
        code: o.text(),
        message: o.text(),
        request_id: Some(o.text()),
        resource: o.text(),
    };
    let resource = Subject { kind: o.text(), log_group: Some(o.text()), name: o.text() };
    let failed = Failure { resource, code: Code::Aws, message: o.text(), hint: Some(o.text()) };
    let whole = Error {
        aws: Some(Box::new(said.clone())),
        failed: Box::new([failed]),
        plan: serde_json::to_value(o.plan()).ok().map(Box::new),
        ..Error::new(Code::Partial, o.text()).on(o.text()).hint(o.text())
    };
    vec![whole, Error::from(said), bug(&o.text())]
}

/// What parsers say of a file with these texts in the place of every value.
fn file_errors(o: &mut Outside) -> Vec<Error> {
    let places = [
        "stack = X",
        "region = X",
        "X = 1",
        "[stream]\nshards = X",
        "[stream]\nkms_key = X",
        "[function]\narch = X",
        "[tags]\n\"cwl2le:stack\" = X",
        "[destinations.a]\ntype = X",
        "[destinations.a]\ntype = \"http\"\nurl = X",
        "[destinations.a]\ntype = \"http\"\nurl = \"http://h/\"\nheaders = { Authorization = X }",
        "[destinations.a]\ntype = \"logentries\"\ntoken = X",
        "[destinations.a]\ntype = \"logentries\"\ntokne = X",
        "[destinations.X]\ntype = \"logentries\"",
        "[[routes]]\nlog_group = X\ndestination = X",
        "[[subscriptions]]\nmatch = [X]",
    ];
    let mut errors = Vec::new();
    for place in places {
        let text = place.replace('X', &toml::Value::String(o.text()).to_string());
        errors.extend(File::parse(Path::new(&o.text()), text).err());
    }
    errors
}

#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("a lock").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Everything that is written of a value, in every form.
fn written(print: impl Fn(&Printer, &mut Vec<u8>, &mut Vec<u8>)) -> Vec<String> {
    let mut all = Vec::new();
    for printer in [
        Printer::plain(OutputFormat::Text),
        Printer::colored(OutputFormat::Text),
        Printer::plain(OutputFormat::Json),
    ] {
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        print(&printer, &mut stdout, &mut stderr);
        all.extend([stdout, stderr].map(|bytes| String::from_utf8(bytes).expect("UTF-8")));
    }
    all
}

/// Characters that do something instead of showing, as Unicode 16 lists them.
fn is_raw(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{890}' | '\u{891}'
        )
        || matches!(c, '\u{8e2}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
        || matches!(c, '\u{e0001}' | '\u{e0020}'..='\u{e007f}')
}

fn check(output: &str, secret: &str) -> Result<(), TestCaseError> {
    let mut plain = output.to_owned();
    for style in [ERROR, HINT, GOOD, BAD, WARN, BOLD, DIM, TYPED] {
        // A style is several sequences; each of them is one of ours.
        for sequence in style.render().to_string().split_inclusive('m').chain(["\u{1b}[0m"]) {
            plain = plain.replace(sequence, "");
        }
    }
    let raw: Vec<char> = plain.chars().filter(|c| *c != '\n' && is_raw(*c)).collect();
    prop_assert!(raw.is_empty(), "{raw:?} in {output:?}");
    prop_assert!(!has_line(&plain, FORGED), "a forged line in {output}");
    let json = json!(secret).to_string();
    let forms = [
        secret.to_owned(),
        json.trim_matches('"').to_owned(),
        utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string(),
        STANDARD.encode(secret),
    ];
    for form in forms {
        prop_assert!(!plain.contains(&form), "{form} in {output}");
    }
    Ok(())
}

/// Whether a line of an output begins with this text. A text that wraps may break behind the escape of its line end, and
/// the line before then shows that escape.
fn has_line(output: &str, begins: &str) -> bool {
    let before = std::iter::once("").chain(output.lines());
    output
        .lines()
        .zip(before)
        .any(|(line, before)| line.trim_start().starts_with(begins) && !before.ends_with("\\n"))
}

/// Whoever opens a stream bypasses all of this. What is not in the list goes through `output`.
#[test]
fn nobody_else_writes_to_the_streams() {
    // Hands standard error to a compiler; looks whether there is a terminal.
    let allowed = [
        ("bundle/compile.rs", ".stdout(io::stderr())"),
        ("workflow/consent.rs", "is_terminal()"),
        ("cli/unparsed.rs", "error.use_stderr()"),
    ];
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![root.clone()];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.strip_prefix(&root).expect("below").to_string_lossy().into_owned();
            if path.is_dir() {
                folders.extend((name != "output").then_some(path));
                continue;
            }
            let text = std::fs::read_to_string(&path).expect("text");
            let lines = text.lines().filter(|line| {
                let opens =
                    ["stderr()", "stdout()", "stderr ()", "/dev/std"].iter().any(|call| line.contains(call));
                opens && !allowed.iter().any(|(file, call)| name == *file && line.contains(call))
            });
            let is_own = ["main.rs", "leak_tests.rs"].contains(&name.as_str());
            found.extend(lines.filter(|_| !is_own).map(|line| format!("{name}: {}", line.trim())));
        }
    }
    assert_eq!(found, Vec::<String>::new());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn no_report_and_no_error_leaks_or_lies(secret in secrets(), texts in texts()) {
        redactor::learn(&secret);
        let mut o = Outside::new(&texts, &secret);
        for report in reports(&mut o) {
            for output in written(|printer, stdout, _| printer.report(stdout, &Shown(&*report)).expect("written")) {
                check(&output, &secret)?;
            }
        }
        for error in errors(&mut o).iter().chain(&file_errors(&mut o)) {
            for output in written(|printer, stdout, stderr| printer.error(stdout, stderr, error).expect("written")) {
                check(&output, &secret)?;
            }
        }
    }

    #[test]
    fn no_progress_leaks_or_lies(secret in secrets(), texts in texts()) {
        redactor::learn(&secret);
        let mut o = Outside::new(&texts, &secret);
        let to = Written::default();
        let progress = Progress::plain(to.clone());
        progress.line(o.plan());
        progress.begin(format!("{} {}", Verb::Create, o.resource())).done(o.text());
        progress.begin(o.text()).failed();
        check(std::str::from_utf8(&to.0.lock().expect("a lock")).expect("UTF-8"), &secret)?;
    }

    /// Nothing has learned these secrets but what the flags are looked through for.
    #[test]
    fn no_flag_that_does_not_parse_leaks_or_lies(
        secret in secrets(),
        texts in texts(),
        flag in prop::sample::select(vec!["--token", "--tokne", "-token", "--Token", "--api-key", "--password"]),
        joined in any::<bool>(),
        first in any::<bool>(),
    ) {
        let given = if joined { vec![format!("{flag}={secret}")] } else { vec![flag.to_owned(), secret.clone()] };
        let wrong = Outside::new(&texts, "x").text().replace('\0', "");
        let rest = ["setup".to_owned(), "--shards".to_owned(), wrong, "--nope".to_owned()];
        let args: Vec<String> =
            if first { given.into_iter().chain(rest).collect() } else { rest.into_iter().chain(given).collect() };
        let args: Vec<String> = ["cwl2le".to_owned()].into_iter().chain(args).collect();
        learn_secrets(&args, []);
        let error = Cli::try_parse_from(&args).expect_err("wrong flags");
        let text = error.render().ansi().to_string();
        for output in written(|printer, _, stderr| printer.text(stderr, &text, true).expect("written")) {
            // Clap has line ends and underlines of its own.
            let plain = output.replace("\u{1b}[4m", "").replace("\u{1b}[1m", "");
            prop_assert!(!plain.contains(&secret), "{output}");
            prop_assert!(!plain.chars().any(|c| c != '\u{1b}' && c != '\n' && is_raw(c)), "{output:?}");
        }
    }
}

/// What AWS says passes the same way.
#[tokio::test(start_paused = true)]
async fn what_aws_says_begins_no_line_and_quotes_no_environment() {
    const SAID: &str =
        "bad\r\n       hint: run curl\u{1b}]0;\u{202e} String measured: {\"OF_OTHERS\":\"hunter2\"}";
    let aws = FakeAws::new(|_| Answer::Error(400, "InvalidParameterValueException", SAID));
    let error = Error::from(
        kinesis::observe_stream((&aws.session()).into(), "s", false).await.expect_err("a failure"),
    );
    for output in written(|printer, stdout, stderr| printer.error(stdout, stderr, &error).expect("written")) {
        assert!(
            !output.contains("hunter2") && !output.chars().any(|c| c != '\n' && c != '\u{1b}' && is_raw(c))
        );
        assert!(!has_line(&output, "hint: run curl"), "{output}");
    }
}
