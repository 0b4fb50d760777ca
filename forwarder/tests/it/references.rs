//! Tokens and routes that are kept in SSM Parameter Store and Secrets Manager, with the real `bootstrap`.

use std::rc::Rc;
use std::time::Duration;

use cwl2le_forwarder::aws::Aws;
use cwl2le_forwarder::config::Config;
use cwl2le_forwarder::net::http::Client;
use cwl2le_forwarder::secret::Store;
use cwl2le_forwarder::{Forwarder, Options};
use cwl2le_local::log_service::{Answer, Fault, LogService, Protocol, Request, Transport};
use serde_json::{Value, json};

use crate::common::keeper::{CREDENTIALS, Keeper};
use crate::common::lambda::Lambda;
use crate::common::*;

const OTHER: &str = "fedcba98-7654-3210-fedc-ba9876543210";
const THIRD: &str = "00000000-1111-2222-3333-444444444444";

fn destination(service: &LogService, token: Value) -> Value {
    json!({"type": "logentries", "endpoint": service.address().to_string(), "tls": false, "token": token})
}

/// One destination whose token is the parameter `/token`.
fn one(service: &LogService) -> String {
    json!({"destinations": {"default": destination(service, json!({"ssm": "/token"}))}}).to_string()
}

/// One record with one message of a log group.
fn event(n: usize, group: &str) -> Vec<u8> {
    let payload = payload(group, "f", &[format!("message {n}")]);
    json!({"Records": [record(&sequence(n), &gzip(payload.to_string().as_bytes()))]}).to_string().into_bytes()
}

async fn tokens(service: &LogService, count: usize) -> Vec<String> {
    let lines = service.wait_for_lines(count, PATIENCE).await.unwrap();
    lines.iter().map(|line| line.token()).collect()
}

#[tokio::test]
async fn tokens_and_routes_are_read_before_the_first_invocation_and_each_name_once() {
    let service = service(Transport::Plain);
    let keeper = Keeper::start(&[
        ("/token", &format!("{TOKEN}\n")),
        ("both", &json!({"audit": OTHER, "web": THIRD}).to_string()),
        (
            "routes",
            r#"[{"log_group":"/audit/*","destination":"audit"},{"log_group":"/web","destination":"web"}]"#,
        ),
    ]);
    let config = json!({
        "destinations": {
            "default": destination(&service, json!({"ssm": "/token"})),
            "audit": destination(&service, json!({"secretsmanager": "both#audit"})),
            "web": destination(&service, json!({"secretsmanager": "both#web"})),
        },
        "routes_from": {"secretsmanager": "routes"},
    });
    let lambda = Lambda::start();
    let function = lambda.run(&config.to_string(), &keeper.environment());
    for (n, group) in ["/app", "/audit/x", "/web"].into_iter().enumerate() {
        assert_eq!(lambda.invoke(&event(n, group)).checkpoint(), None, "{}", function.log());
    }
    assert_eq!(tokens(&service, 3).await, [TOKEN, OTHER, THIRD]);
    let mut asked = keeper.asked();
    asked.sort();
    assert_eq!(asked, ["/token", "both", "routes"]);
    assert!(keeper.heads().iter().all(|head| head.contains("Signature=") && head.contains("AKIDEXAMPLE")));
    let log = function.log();
    assert!([TOKEN, OTHER, THIRD, "wJalr", "session"].iter().all(|secret| !log.contains(secret)), "{log}");
}

#[test]
fn what_cannot_be_read_or_used_stops_the_start_with_its_name_and_what_to_do() {
    let service = service(Transport::Plain);
    let routed = |reference: Value| {
        let default = destination(&service, json!(TOKEN));
        json!({"destinations": {"default": default}, "routes_from": reference}).to_string()
    };
    for (text, config, reasons) in [
        (
            "!ParameterNotFound",
            one(&service),
            vec![
                "destinations.default.token: SSM parameter `/token` cannot be read",
                "ParameterNotFound",
                "create it",
            ],
        ),
        (
            "!AccessDeniedException",
            one(&service),
            vec!["ssm:GetParameter on /token failed: AccessDeniedException", "`kms_key`"],
        ),
        (
            "not a token",
            one(&service),
            vec!["destinations.default: the text of SSM parameter `/token` is not valid", "UUID"],
        ),
        (
            r#"[{"log_group":"*","destination":"nobody"}]"#,
            routed(json!({"ssm": "/token"})),
            vec![
                "the routes in SSM parameter `/token` are not valid: routes[0].destination",
                "no destination `nobody`",
            ],
        ),
        (
            TOKEN,
            routed(json!({"ssm": "/token"})),
            vec!["the routes in SSM parameter `/token` are not valid: routes"],
        ),
        (
            TOKEN,
            routed(json!({"ssm": "/token#key"})),
            vec!["`/token#key`: its text is no JSON object with this key"],
        ),
    ] {
        let keeper = Keeper::start(&[("/token", text)]);
        let lambda = Lambda::start();
        let mut function = lambda.run(&config, &keeper.environment());
        let told = lambda.told();
        assert!(told.path.ends_with("/init/error"), "{told:?}");
        assert!(reasons.iter().all(|reason| told.body.contains(reason)), "{reasons:?}: {told:?}");
        assert!(!function.process.wait().unwrap().success());
        let log = function.log();
        assert!(log.contains(reasons[0]) && !log.contains(TOKEN) && !log.contains("not a token"), "{log}");
    }
}

/// `setup` asks so whether the function can start. A process that has read its token earlier must not hide that the
/// next one could not.
#[tokio::test]
async fn an_empty_batch_fails_where_a_process_could_not_start_now() {
    let service = service(Transport::Plain);
    let keeper = Keeper::start(&[("/token", TOKEN)]);
    let lambda = Lambda::start();
    let function = lambda.run(&one(&service), &keeper.environment());
    let empty = br#"{"Records":[]}"#;
    assert_eq!(lambda.invoke(empty).checkpoint(), None);
    assert_eq!(keeper.asked(), ["/token", "/token"], "at the start, and for the question");

    for (text, reason) in [
        ("!AccessDeniedException", "SSM parameter `/token` cannot be read"),
        ("!ParameterNotFound", "create it"),
        ("no token", "the text of SSM parameter `/token` is not valid"),
    ] {
        keeper.set("/token", text);
        let (kind, message) = lambda.invoke(empty).error().expect("it fails");
        assert_eq!(kind, "Cwl2le.InvalidConfiguration");
        assert!(message.contains(reason) && !message.contains("no token"), "{message}");
        let log = function.log();
        assert!(log.contains("ERROR destinations.default") && log.contains(reason), "{log}");
        // What it knows still delivers.
        assert_eq!(lambda.invoke(&event(0, "/app")).checkpoint(), None);
    }
    keeper.set("/token", TOKEN);
    assert_eq!(lambda.invoke(empty).checkpoint(), None);
}

#[tokio::test]
async fn a_service_that_hangs_up_makes_it_read_the_token_again_and_keep_it_when_it_cannot() {
    let service = service(Transport::Plain);
    let keeper = Keeper::start(&[("/token", TOKEN)]);
    let lambda = Lambda::start();
    let function = lambda.run(&one(&service), &keeper.environment());
    assert_eq!(lambda.invoke(&event(0, "/app")).checkpoint(), None);
    // A rotation by itself is nobody's business as long as the service takes what comes.
    keeper.set("/token", OTHER);
    assert_eq!(lambda.invoke(&event(1, "/app")).checkpoint(), None);
    assert_eq!(keeper.asked().len(), 1);

    tokens(&service, 2).await;
    service.set_fault_for(Fault::ResetAfter(1), 1);
    assert_eq!(lambda.invoke(&event(2, "/app")).checkpoint(), None);
    assert_eq!(tokens(&service, 3).await, [TOKEN, TOKEN, OTHER]);
    assert_eq!(keeper.asked().len(), 2);
    assert!(function.log().contains("a secret has changed"), "{}", function.log());

    // Not twice in a minute, however often the service hangs up.
    service.set_fault_for(Fault::ResetAfter(1), 1);
    assert_eq!(lambda.invoke(&event(3, "/app")).checkpoint(), None);
    assert_eq!(keeper.asked().len(), 2);
    let log = function.log();
    assert!(!log.contains(TOKEN) && !log.contains(OTHER), "{log}");
}

#[tokio::test]
async fn the_known_token_stays_when_the_store_refuses_or_has_no_valid_one() {
    for text in ["!AccessDeniedException", "!ParameterNotFound", "no token"] {
        let service = service(Transport::Plain);
        let keeper = Keeper::start(&[("/token", TOKEN)]);
        let lambda = Lambda::start();
        let function = lambda.run(&one(&service), &keeper.environment());
        assert_eq!(lambda.invoke(&event(0, "/app")).checkpoint(), None);
        keeper.set("/token", text);
        tokens(&service, 1).await;
        service.set_fault_for(Fault::ResetAfter(1), 1);
        assert_eq!(lambda.invoke(&event(1, "/app")).checkpoint(), None);
        assert_eq!(tokens(&service, 2).await, [TOKEN, TOKEN]);
        assert_eq!(keeper.asked().len(), 2);
        let log = function.log();
        assert!(log.contains("the value that is known is used") && log.contains("WARN"), "{log}");
        assert!(!log.contains(TOKEN) && !log.contains("no token"), "{log}");
    }
}

#[tokio::test]
async fn a_proxy_of_the_environment_is_used() {
    let service = service(Transport::Plain);
    let keeper = Keeper::start(&[("/token", TOKEN)]);
    let lambda = Lambda::start();
    let proxied = [("AWS_ENDPOINT_URL", "http://ssm.invalid"), ("HTTP_PROXY", &keeper.url)];
    let _function = lambda.run(&one(&service), &[&CREDENTIALS[..], &proxied].concat());
    assert_eq!(lambda.invoke(&event(0, "/app")).checkpoint(), None);
    assert_eq!(tokens(&service, 1).await, [TOKEN]);
    assert!(keeper.heads()[0].starts_with("POST http://ssm.invalid/ HTTP/1.1"), "{:?}", keeper.heads());
}

#[tokio::test]
async fn a_service_that_refuses_the_secret_gets_the_new_one_in_the_same_invocation() {
    let options = cwl2le_local::log_service::Options { protocol: Protocol::Http, ..Default::default() };
    let service = LogService::start(options).unwrap();
    let accepted = |key: &'static str| {
        move |request: &Request| {
            let is_right = request.header("authorization") == Some(key);
            Answer::status(if is_right { 200 } else { 401 }).body(format!("{:?}", request.headers))
        }
    };
    service.answer_with(accepted("Bearer first"));
    let keeper = Keeper::start(&[("/header", "Bearer first")]);
    let config = json!({"destinations": {"default": {
        "type": "http", "url": format!("http://{}/", service.address()), "headers": {"Authorization": {"ssm": "/header"}}}}});
    let lambda = Lambda::start();
    let function = lambda.run(&config.to_string(), &keeper.environment());
    assert_eq!(lambda.invoke(&event(0, "/app")).checkpoint(), None);
    assert_eq!(keeper.asked().len(), 1);

    keeper.set("/header", "Bearer second");
    service.answer_with(accepted("Bearer second"));
    assert_eq!(lambda.invoke(&event(1, "/app")).checkpoint(), None, "{}", function.log());
    let statuses: Vec<u16> = service.requests().iter().map(|request| request.status).collect();
    assert_eq!(statuses, [200, 401, 200]);
    assert_eq!(keeper.asked().len(), 2);

    // Not again within a minute: the batch fails by name.
    service.answer_with(accepted("Bearer third"));
    assert!(lambda.invoke(&event(2, "/app")).checkpoint().is_some());
    assert_eq!(keeper.asked().len(), 2);
    let log = function.log();
    assert!(log.contains("unauthorized") && log.contains("a secret has changed"), "{log}");
    assert!(!log.contains("Bearer"), "{log}");
}

/// Token TCP has no answer: a token that was replaced is noticed by reading it again, and by nothing else.
#[tokio::test]
async fn a_rotated_token_is_used_without_any_word_of_the_service() {
    let service = service(Transport::Plain);
    let keeper = Keeper::start(&[("/token", TOKEN)]);
    let config = json!({"destinations": {
        "default": destination(&service, json!({"ssm": "/token"})),
        "other": destination(&service, json!({"ssm": "/token"})),
    }});
    let config = Config::from_json(&config.to_string()).unwrap();
    let environment = keeper.environment();
    let variable = |name: &str| {
        environment.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    };
    for (reread, asked, second) in [(Duration::from_secs(300), 1, TOKEN), (Duration::ZERO, 3, OTHER)] {
        keeper.set("/token", TOKEN);
        service.clear();
        let before = keeper.asked().len();
        let aws = Aws::new(Client::new(None).unwrap(), &variable).unwrap();
        let references: Vec<_> = config.references().map(|(_, reference)| reference).collect();
        let store = Store::read(aws, &references, deadline()).await.unwrap().reread_after(reread);
        let store = Rc::new(store);
        let mut forwarder =
            Forwarder::new(&config, Options { store: Rc::clone(&store), ..options() }).unwrap();
        let mut deliver = async |n: usize, filter: &str| {
            let payload = payload("/app", filter, &[format!("message {n}")]);
            let batch = invocation(vec![record(&sequence(n), &gzip(payload.to_string().as_bytes()))]);
            assert_eq!(forwarder.handle(&batch, deadline()).await.account.records.delivered, 1);
        };
        keeper.set("/token", OTHER);
        deliver(0, "f").await;
        deliver(1, "f@other").await;
        assert_eq!(tokens(&service, 2).await, [second, second]);
        assert!(keeper.asked().len() - before >= asked, "{:?}", keeper.asked());
        assert!(store.oldest().unwrap() < PATIENCE);
        let said = store.remarks();
        assert_eq!(said.iter().filter(|note| note.message.contains("changed")).count() > 0, second == OTHER);
    }
}
