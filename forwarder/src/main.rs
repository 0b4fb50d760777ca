//! The Lambda function: reads its configuration, asks Lambda for invocations, answers.
//!
//! A configuration that is not valid, or refers to what cannot be read, ends the process at once, with the reason
//! in the log and in what Lambda tells whoever invokes it. An invocation without records asks whether a process could
//! start now: it does again what a start does, and fails with the reason where it cannot be done.

use std::convert::Infallible;
use std::io::{Read, Write};
use std::panic::AssertUnwindSafe;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cwl2le_forwarder::aws::Aws;
use cwl2le_forwarder::config::{CONFIG_ENV, Config};
use cwl2le_forwarder::delivery::NoCheckpoint;
use cwl2le_forwarder::function::journal::{self, Journal};
use cwl2le_forwarder::function::metrics;
use cwl2le_forwarder::function::runtime::RuntimeApi;
use cwl2le_forwarder::net::http::Client;
use cwl2le_forwarder::note::{Level, Note};
use cwl2le_forwarder::record::event::Invocation;
use cwl2le_forwarder::record::payload::Cap;
use cwl2le_forwarder::secret::reference::Reference;
use cwl2le_forwarder::secret::{Store, redactor};
use cwl2le_forwarder::{Forwarder, Options, Response};
use futures_util::FutureExt;
use serde_json::json;
use tokio::time::Instant;

/// How long the start may take to read what the configuration refers to. Lambda stops a start after ten seconds, and
/// then nobody would hear why.
const READING: Duration = Duration::from_secs(8);

/// The type of the error that whoever invokes a function that cannot start is told.
const CANNOT_START: &str = "Cwl2le.InvalidConfiguration";

/// A variable of the environment, if it is set to something.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Everything that is kept between invocations.
struct Function {
    forwarder: Forwarder,
    store: Rc<Store>,
    journal: Journal,
    name: String,
    metrics: bool,
    warned_of_itself: bool,
}

fn main() -> ExitCode {
    let journal = Journal::new(
        variable("AWS_LAMBDA_LOG_FORMAT").as_deref(),
        variable("AWS_LAMBDA_LOG_LEVEL").as_deref(),
    );
    // The words of a panic may quote what was being worked on; its place is enough.
    std::panic::set_hook(Box::new(move |panic| {
        let place = panic.location().map(ToString::to_string);
        say(
            journal,
            &Note::new(Level::Error, "internal error; please report this", json!({ "place": place })),
        );
    }));
    let Some(api) = variable("AWS_LAMBDA_RUNTIME_API") else {
        let why =
            "this program runs in AWS Lambda, which sets AWS_LAMBDA_RUNTIME_API; try `cwl2le demo` instead";
        say(journal, &Note::new(Level::Error, why, json!({})));
        return ExitCode::FAILURE;
    };
    keep_freed_memory();
    // One thread: an invocation is one thing after the other, and a small function has a part of one CPU.
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            say(journal, &Note::new(Level::Error, format!("the function cannot wait: {error}"), json!({})));
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(start(journal)) {
        Ok(function) => run(&runtime, &api, function),
        Err(problem) => {
            say(journal, &Note::new(Level::Error, problem.clone(), json!({})));
            report_start_failure(&api, &problem);
            ExitCode::FAILURE
        }
    }
}

/// Makes the C library keep what one invocation frees for the next. It gives large blocks back to the kernel, which has
/// to clear every page of them anew, until one as large has been freed; this one is never written to, so it takes none.
fn keep_freed_memory() {
    const AS_LARGE_AS_ANY_LIST: usize = 4 << 20;
    drop(std::hint::black_box(Vec::<u8>::with_capacity(AS_LARGE_AS_ANY_LIST)));
}

/// Reads the configuration and what it refers to, and makes the forwarder; no log service is connected to yet.
async fn start(journal: Journal) -> Result<Function, String> {
    let json = variable(CONFIG_ENV).ok_or_else(|| {
        format!(
            "the environment variable {CONFIG_ENV} is not set; it holds the configuration, see `cwl2le setup`"
        )
    })?;
    let mut config =
        Config::from_json(&json).map_err(|error| format!("{CONFIG_ENV} is not valid: {error}"))?;
    // A function that calls nobody needs no client.
    let calls = config.quarantine.is_some() || config.references().next().is_some();
    let aws = if calls { Some(Aws::new(Client::new(None)?, &variable)?) } else { None };
    let store = Rc::new(match &aws {
        Some(aws) => read_references(&config, aws.clone()).await?,
        None => Store::default(),
    });
    if let Some(reference) = &config.routes_from {
        let invalid = format!("the routes in {reference} are not valid");
        let routes = store.text(reference)?;
        config.set_routes(&routes).map_err(|error| format!("{invalid}: {error}"))?;
    }
    let memory =
        variable("AWS_LAMBDA_FUNCTION_MEMORY_SIZE").and_then(|size| size.parse().ok()).unwrap_or(128);
    let options = Options {
        own_log_group: variable("AWS_LAMBDA_LOG_GROUP_NAME"),
        cap: Cap::for_memory(memory),
        store: Rc::clone(&store),
        aws,
        region: variable("AWS_REGION").unwrap_or_default(),
        ..Options::default()
    };
    let forwarder = Forwarder::new(&config, options)
        .map_err(|problem| format!("{CONFIG_ENV} is not valid: {problem}"))?;
    let name = variable("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_default();
    Ok(Function { forwarder, store, journal, name, metrics: !config.no_metrics, warned_of_itself: false })
}

/// Reads what a configuration refers to.
async fn read_references(config: &Config, aws: Aws) -> Result<Store, String> {
    let places: Vec<_> = config.references().collect();
    let until = Instant::now() + READING;
    let references = places.iter().map(|(_, reference)| reference);
    Store::read(aws, references, until).await.map_err(|unreadable| {
        let asked = &unreadable.reference;
        let here = |r: &Reference| (r.keeper, &r.name) == (asked.keeper, &asked.name);
        let places: Vec<_> =
            places.iter().filter(|(_, r)| here(r)).map(|(place, _)| place.as_str()).collect();
        format!("{}: {unreadable}", places.join(", "))
    })
}

fn run(runtime: &tokio::runtime::Runtime, api: &str, mut function: Function) -> ExitCode {
    let journal = function.journal;
    let Err(error) = runtime.block_on(serve(RuntimeApi::new(api), &mut function));
    say(journal, &Note::new(Level::Error, format!("Lambda's runtime API failed: {error}"), json!({})));
    ExitCode::FAILURE
}

/// Takes one invocation after the other, for as long as there is a runtime API.
async fn serve(mut api: RuntimeApi, function: &mut Function) -> std::io::Result<Infallible> {
    loop {
        let mut next = api.next().await?;
        let event = std::mem::take(&mut next.body);
        let invocation = match Invocation::from_json(event) {
            Ok(invocation) => invocation,
            Err(error) => {
                let why = format!("the event is not JSON: line {} column {}", error.line(), error.column());
                api.fail(&next, "Cwl2le.NotJson", &why).await?;
                continue;
            }
        };
        if let Some(foreign) = invocation.foreign() {
            let why = foreign.to_string();
            say(function.journal, &Note::new(Level::Error, why.clone(), json!({})));
            api.fail(&next, "Cwl2le.ForeignEvent", &why).await?;
            continue;
        }
        // A warm process works on with what it read earlier. Whoever asks wants to know about the next one, too.
        if invocation.is_empty()
            && let Err(problem) = start(function.journal).await
        {
            say(function.journal, &Note::new(Level::Error, problem.clone(), json!({})));
            api.fail(&next, CANNOT_START, &problem).await?;
            continue;
        }
        function.forwarder.set_account(next.account.as_deref());
        // A panic costs its invocation, which comes again, and not the process with all that it remembers.
        let handled = AssertUnwindSafe(handle(function, &invocation, next.deadline)).catch_unwind().await;
        match handled {
            Ok(Ok(response)) => {
                if let Some(refusal) = api.respond(&next, &response).await? {
                    say(function.journal, &Note::new(Level::Error, refusal, json!({})));
                }
            }
            Ok(Err(problem)) => api.fail(&next, "Cwl2le.NoCheckpoint", &problem.to_string()).await?,
            Err(_) => {
                api.fail(&next, "Cwl2le.InternalError", "internal error; its place is in the log").await?
            }
        }
        api.reuse(invocation.into_buffer());
    }
}

async fn handle(
    function: &mut Function,
    invocation: &Invocation,
    deadline: SystemTime,
) -> Result<Response, NoCheckpoint> {
    // The deadline is a time of day; the clock that waiting uses stands still while the function is frozen.
    let left = deadline.duration_since(SystemTime::now()).unwrap_or_default();
    let outcome = function.forwarder.handle(invocation, Instant::now() + left).await;
    if function.metrics {
        let now = u64::try_from(since_1970().as_millis()).unwrap_or(u64::MAX);
        let mut line = metrics::line(&function.name, now, invocation, &outcome);
        if let Some(age) = function.store.oldest() {
            line["SecretAgeSeconds"] = json!(age.as_secs());
        }
        print(&function.journal.metrics(line, &rfc3339_now()));
    }
    for note in function.store.remarks() {
        say(function.journal, &note);
    }
    for note in journal::notes(invocation, &outcome) {
        let note = if function.metrics { note } else { function.journal.heard(note) };
        say(function.journal, &note);
    }
    // Once: every line here is one more event of the group that should not be subscribed.
    if journal::saw_itself(&outcome) && !function.warned_of_itself {
        function.warned_of_itself = true;
        let why = "the log group of this function is subscribed to its own stream, which makes it invoke itself \
                   for ever; its events are dropped; remove the subscription filter of this log group";
        say(function.journal, &Note::new(Level::Warn, why, json!({})));
    }
    outcome.response
}

fn since_1970() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

fn rfc3339_now() -> String {
    humantime::format_rfc3339_millis(SystemTime::now()).to_string()
}

fn say(journal: Journal, note: &Note) {
    if let Some(line) = journal.line(note, &rfc3339_now()) {
        print(&line);
    }
}

/// Writes a line to the function's log. When that fails there is nobody left to tell.
fn print(line: &str) {
    let mut stdout = std::io::stdout().lock();
    let _ = stdout.write_all(line.as_bytes()).and_then(|()| stdout.flush());
}

/// Tells Lambda why the function cannot start, so that an invocation fails with these words and not just
/// with "exited with error". The runtime client has no call for that. What goes wrong here changes nothing.
fn report_start_failure(api: &str, problem: &str) {
    let problem = redactor::redact(problem);
    let body = json!({"errorType": CANNOT_START, "errorMessage": problem, "stackTrace": []}).to_string();
    let request = format!(
        "POST /2018-06-01/runtime/init/error HTTP/1.1\r\nHost: {api}\r\nContent-Type: application/json\r\n\
         Lambda-Runtime-Function-Error-Type: {CANNOT_START}\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{body}",
        body.len()
    );
    if let Ok(mut stream) = std::net::TcpStream::connect(api) {
        let _ = stream.set_read_timeout(Some(Duration::from_secs(2)));
        let _ = stream.write_all(request.as_bytes());
        // Until Lambda has answered it has not taken the message.
        let _ = stream.read(&mut [0; 512]);
    }
}
