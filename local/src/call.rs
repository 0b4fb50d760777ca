//! Which AWS operation an HTTP request calls.

use std::fmt;

/// One call of an AWS operation.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Call {
    /// The service as requests are signed for it: `logs`, `kinesis`, `iam`, `lambda`, `sts`.
    pub service: String,
    /// The operation, for example `CreateStream`.
    pub operation: String,
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.service, self.operation)
    }
}

/// A request, read as far as naming its operation takes.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    pub(crate) method: &'a str,
    /// Path and query.
    pub(crate) target: &'a str,
    pub(crate) headers: &'a [(String, String)],
    pub(crate) body: &'a [u8],
}

impl Request<'_> {
    fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?;
        Some(found.1.as_str())
    }

    /// The service in the credential scope of the signature: `.../REGION/SERVICE/aws4_request`.
    fn service(&self) -> Option<&str> {
        let scope = self.header("authorization")?.split("Credential=").nth(1)?;
        scope.split(',').next()?.split('/').nth(3)
    }
}

impl Call {
    /// Names the call of a request; one that follows no known protocol is named by method and path.
    pub(crate) fn of(request: &Request<'_>) -> Self {
        let path = request.target.split('?').next().unwrap_or_default();
        let operation = request
            .header("x-amz-target")
            .and_then(|target| target.rsplit('.').next())
            .map(str::to_owned)
            .or_else(|| query_action(request))
            .or_else(|| rpc_operation(path))
            .or_else(|| lambda_operation(request.method, path).map(str::to_owned))
            .unwrap_or_else(|| format!("{} {path}", request.method));
        Self { service: request.service().unwrap_or("unsigned").to_owned(), operation }
    }
}

/// IAM and STS: a form with the field `Action`.
fn query_action(request: &Request<'_>) -> Option<String> {
    let body = std::str::from_utf8(request.body).ok()?;
    body.split('&').find_map(|field| field.strip_prefix("Action=")).map(str::to_owned)
}

/// Smithy RPC: `/service/NAME/operation/NAME`.
fn rpc_operation(path: &str) -> Option<String> {
    let (_, operation) = path.strip_prefix("/service/")?.split_once("/operation/")?;
    Some(operation.to_owned())
}

/// Lambda: method and path, as far as this project calls it.
fn lambda_operation(method: &str, path: &str) -> Option<&'static str> {
    let steps: Vec<_> = path.trim_matches('/').split('/').collect();
    let [_version, kind, rest @ ..] = steps.as_slice() else {
        return None;
    };
    Some(match (method, *kind, rest) {
        ("POST", "functions", []) => "CreateFunction",
        ("GET", "functions", []) => "ListFunctions",
        ("GET", "functions", [_]) => "GetFunction",
        ("DELETE", "functions", [_]) => "DeleteFunction",
        ("GET", "functions", [_, "configuration"]) => "GetFunctionConfiguration",
        ("PUT", "functions", [_, "configuration"]) => "UpdateFunctionConfiguration",
        ("PUT", "functions", [_, "code"]) => "UpdateFunctionCode",
        ("PUT", "functions", [_, "concurrency"]) => "PutFunctionConcurrency",
        ("GET", "functions", [_, "concurrency"]) => "GetFunctionConcurrency",
        ("DELETE", "functions", [_, "concurrency"]) => "DeleteFunctionConcurrency",
        ("POST", "functions", [_, "invocations"]) => "Invoke",
        ("POST", "functions", [_, "versions"]) => "PublishVersion",
        ("GET", "functions", [_, "versions"]) => "ListVersionsByFunction",
        ("POST", "functions", [_, "aliases"]) => "CreateAlias",
        ("GET", "functions", [_, "aliases"]) => "ListAliases",
        ("PUT", "functions", [_, "aliases", _]) => "UpdateAlias",
        ("POST", "event-source-mappings", []) => "CreateEventSourceMapping",
        ("GET", "event-source-mappings", []) => "ListEventSourceMappings",
        ("GET", "event-source-mappings", [_]) => "GetEventSourceMapping",
        ("PUT", "event-source-mappings", [_]) => "UpdateEventSourceMapping",
        ("DELETE", "event-source-mappings", [_]) => "DeleteEventSourceMapping",
        ("POST", "tags", [_, ..]) => "TagResource",
        ("GET", "tags", [_, ..]) => "ListTags",
        ("DELETE", "tags", [_, ..]) => "UntagResource",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> String {
        let headers: Vec<_> = headers.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let request = Request { method, target, headers: &headers, body: body.as_bytes() };
        Call::of(&request).to_string()
    }

    fn signed(service: &str) -> String {
        format!(
            "AWS4-HMAC-SHA256 Credential=test/20261122/eu-west-1/{service}/aws4_request, SignedHeaders=host, Signature=0"
        )
    }

    #[test]
    fn every_protocol_is_named() {
        let target =
            [("x-amz-target", "Logs_20140328.PutSubscriptionFilter"), ("Authorization", &signed("logs"))];
        assert_eq!(named("POST", "/", &target, "{}"), "logs:PutSubscriptionFilter");
        let iam = [("authorization", signed("iam"))];
        let iam: Vec<_> = iam.iter().map(|(k, v)| (*k, v.as_str())).collect();
        assert_eq!(named("POST", "/", &iam, "Action=CreateRole&Version=2010-05-08"), "iam:CreateRole");
        let lambda = [("authorization", signed("lambda"))];
        let lambda: Vec<_> = lambda.iter().map(|(k, v)| (*k, v.as_str())).collect();
        assert_eq!(named("POST", "/2015-03-31/functions", &lambda, "{}"), "lambda:CreateFunction");
        assert_eq!(
            named("GET", "/2015-03-31/event-source-mappings?FunctionName=f", &lambda, ""),
            "lambda:ListEventSourceMappings"
        );
        assert_eq!(named("GET", "/2017-03-31/tags/arn%3Aaws", &lambda, ""), "lambda:ListTags");
        assert_eq!(named("GET", "/2099-01-01/novelties", &lambda, ""), "lambda:GET /2099-01-01/novelties");
        assert_eq!(named("POST", "/service/Kinesis/operation/PutRecord", &[], ""), "unsigned:PutRecord");
    }
}
