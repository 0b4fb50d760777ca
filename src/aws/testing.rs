//! An AWS that answers as a test wants it to, at the HTTP level: what the SDK makes of it is tested as well.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use serde_json::{Value, json};

use super::clock::Clock;
use super::credentials::{self, Kept};
use super::session::PATIENCE;
use super::{Options, Session};

/// A request, as far as tests look at it.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// Such as `CreateStream`.
    pub(crate) operation: String,
    /// How many requests of this operation came before.
    pub(crate) before: usize,
    /// The JSON body; for IAM the form's fields.
    pub(crate) body: Value,
    /// Path and query.
    pub(crate) uri: String,
}

impl Request {
    /// A text field of the body.
    pub(crate) fn text(&self, field: &str) -> &str {
        self.body.get(field).and_then(Value::as_str).unwrap_or_default()
    }
}

/// What the fake AWS answers.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    /// Success of a JSON service.
    Json(Value),
    /// Success of IAM: what stands inside `<OPERATIONResult>`.
    Xml(String),
    /// An error with this status, code and message.
    Error(u16, &'static str, &'static str),
    /// A function that was invoked has failed with this.
    FunctionError(Value),
    /// Success of S3, with these headers.
    Object(Vec<(&'static str, String)>, Vec<u8>),
    /// Something that is not AWS answers.
    Garbage(u16),
    /// Nobody is there.
    Refused,
    /// The answer does not come in time.
    Silent,
}

impl Answer {
    /// Success without anything to say.
    pub(crate) fn ok() -> Self {
        Self::Json(json!({}))
    }

    /// What AWS says of what does not exist.
    pub(crate) fn missing(operation: &str) -> Self {
        if operation.contains("Role") {
            Self::Error(404, "NoSuchEntity", "The role with name x cannot be found.")
        } else {
            Self::Error(400, "ResourceNotFoundException", "The specified log group does not exist.")
        }
    }
}

/// A fake AWS and the requests that it got.
#[derive(Clone)]
pub(crate) struct FakeAws {
    answer: Arc<dyn Fn(&Request) -> Answer + Send + Sync>,
    seen: Arc<Mutex<Vec<Request>>>,
}

impl std::fmt::Debug for FakeAws {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FakeAws")
    }
}

impl FakeAws {
    pub(crate) fn new(answer: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Self {
        Self { answer: Arc::new(answer), seen: Arc::default() }
    }

    /// A session with it, in ap-northeast-1 as 123456789012.
    pub(crate) fn session(&self) -> Session {
        self.session_with(&Options::default())
    }

    pub(crate) fn session_with(&self, options: &Options) -> Session {
        self.session_with_source(options, credentials::fixed("id", "secret"))
    }

    /// A session whose credentials come from elsewhere.
    pub(crate) fn session_by(&self, source: SharedCredentialsProvider) -> Session {
        self.session_with_source(&Options::default(), source)
    }

    pub(crate) fn session_with_source(
        &self,
        options: &Options,
        source: SharedCredentialsProvider,
    ) -> Session {
        let connector = SharedHttpConnector::new(self.clone());
        let credentials = Kept::new(source, PATIENCE);
        let shared = connector.clone();
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(aws_config::Region::new("ap-northeast-1"))
            .credentials_provider(SharedCredentialsProvider::new(credentials.clone()))
            .retry_config(RetryConfig::disabled())
            .http_client(http_client_fn(move |_, _| shared.clone()))
            .build();
        let region = "ap-northeast-1".parse().expect("a region");
        let mut session = Session::new(&config, region, options, credentials, connector, Clock::default());
        session.target.account = "123456789012".to_owned();
        session
    }

    /// The requests so far.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.seen.lock().expect("no panic").clone()
    }

    /// The operations so far.
    pub(crate) fn operations(&self) -> Vec<String> {
        self.requests().into_iter().map(|request| request.operation).collect()
    }
}

impl HttpConnector for FakeAws {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let mut request = parse(&request);
        let mut seen = self.seen.lock().expect("no panic");
        request.before = seen.iter().filter(|r| r.operation == request.operation).count();
        seen.push(request.clone());
        drop(seen);
        HttpConnectorFuture::ready(respond(&request.operation, (self.answer)(&request)))
    }
}

fn parse(request: &HttpRequest) -> Request {
    let bytes = request.body().bytes().unwrap_or_default();
    let text = String::from_utf8_lossy(bytes);
    let uri = request.uri().split_once("amazonaws.com").map_or("", |(_, path)| path).to_owned();
    let is_of_s3 = request.uri().split('/').nth(2).is_some_and(|host| host.contains("s3."));
    let form: HashMap<String, String> = text
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(key, value)| {
            let value = value.replace('+', " ");
            let value = percent_encoding::percent_decode_str(&value).decode_utf8_lossy();
            (key.to_owned(), value.into_owned())
        })
        .collect();
    let (operation, body) = if let Some(target) = request.headers().get("x-amz-target") {
        let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
        (operation, serde_json::from_slice(bytes).unwrap_or_default())
    } else if let Some(action) = form.get("Action") {
        (action.clone(), json!(form))
    } else if is_of_s3 {
        let operation = match request.method() {
            "GET" if uri.contains("list-type=") => "ListObjectsV2",
            "GET" => "GetObject",
            "PUT" => "PutObject",
            _ => "DeleteObject",
        };
        (operation.to_owned(), serde_json::from_slice(bytes).unwrap_or_default())
    } else {
        (lambda(request.method(), &uri), serde_json::from_slice(bytes).unwrap_or_default())
    };
    Request { operation, before: 0, body, uri }
}

/// Lambda's operations have paths instead of names.
fn lambda(method: &str, uri: &str) -> String {
    let path = uri.split('?').next().unwrap_or_default();
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).skip(1).collect();
    match (method, parts.as_slice()) {
        ("POST", ["functions"]) => "CreateFunction",
        ("GET", ["functions", _]) => "GetFunction",
        ("DELETE", ["functions", _]) => "DeleteFunction",
        ("POST", ["functions", _, "versions"]) => "PublishVersion",
        ("GET", ["functions", _, "versions"]) => "ListVersionsByFunction",
        ("POST", ["functions", _, "aliases"]) => "CreateAlias",
        ("GET", ["functions", _, "aliases"]) => "ListAliases",
        ("GET", ["functions", _, "aliases", _]) => "GetAlias",
        ("PUT", ["functions", _, "aliases", _]) => "UpdateAlias",
        ("GET", ["functions", _, "configuration"]) => "GetFunctionConfiguration",
        ("PUT", ["functions", _, "configuration"]) => "UpdateFunctionConfiguration",
        ("POST", ["functions", _, "invocations"]) => "Invoke",
        ("PUT", ["functions", _, "code"]) => "UpdateFunctionCode",
        ("PUT", ["functions", _, "concurrency"]) => "PutFunctionConcurrency",
        ("DELETE", ["functions", _, "concurrency"]) => "DeleteFunctionConcurrency",
        ("POST", ["event-source-mappings"]) => "CreateEventSourceMapping",
        ("GET", ["event-source-mappings"]) => "ListEventSourceMappings",
        ("GET", ["event-source-mappings", _]) => "GetEventSourceMapping",
        ("PUT", ["event-source-mappings", _]) => "UpdateEventSourceMapping",
        ("DELETE", ["event-source-mappings", _]) => "DeleteEventSourceMapping",
        ("POST", ["tags", _]) => "TagResource",
        _ => "unknown",
    }
    .to_owned()
}

fn respond(operation: &str, answer: Answer) -> Result<HttpResponse, ConnectorError> {
    let failed = matches!(answer, Answer::FunctionError(_));
    if let Answer::Object(headers, body) = answer {
        let mut response = HttpResponse::new(200.try_into().expect("a status"), SdkBody::from(body));
        headers.into_iter().for_each(|(name, value)| drop(response.headers_mut().insert(name, value)));
        return Ok(response);
    }
    let (status, body, code) = match answer {
        Answer::FunctionError(value) => (200, value.to_string(), None),
        Answer::Json(value) => (200, value.to_string(), None),
        Answer::Xml(inner) => {
            let result = format!("<{operation}Result>{inner}</{operation}Result>");
            (200, format!("<{operation}Response>{result}</{operation}Response>"), None)
        }
        Answer::Error(status, code, message)
            if operation.contains("Role")
                || ["GetCallerIdentity", "SimulatePrincipalPolicy"].contains(&operation) =>
        {
            let error = format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>");
            let body = format!("<ErrorResponse>{error}<RequestId>req-1</RequestId></ErrorResponse>");
            (status, body, None)
        }
        Answer::Error(status, code, message) => {
            (status, json!({ "__type": code, "message": message }).to_string(), Some(code))
        }
        Answer::Object(..) => (200, String::new(), None),
        Answer::Garbage(status) => (status, "<html>proxy</html>".to_owned(), None),
        Answer::Refused => {
            let refused = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
            return Err(ConnectorError::io(Box::new(refused)));
        }
        Answer::Silent => return Err(ConnectorError::timeout("no answer within 30 s".into())),
    };
    let status = status.try_into().expect("a status");
    let mut response = HttpResponse::new(status, SdkBody::from(body));
    response.headers_mut().insert("x-amzn-requestid", "req-1");
    if failed {
        response.headers_mut().insert("x-amz-function-error", "Unhandled");
    }
    if let Some(code) = code {
        response.headers_mut().insert("x-amzn-errortype", code);
    }
    Ok(response)
}
