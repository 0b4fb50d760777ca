"""Faults that are planted into good requests and policies, to prove that each kind of mistake is found.

They are looked at by the same code as what was recorded, and on every run: a check that finds nothing fails.
"""

import copy
import json
from urllib.parse import urlencode

import models
import policies

_STREAM = "arn:aws:kinesis:eu-west-1:123456789012:stream/s"
_ROLE = "arn:aws:iam::123456789012:role/r"


def _json(service, target, version, value):
    headers = {"x-amz-target": target, "content-type": f"application/x-amz-json-{version}"}
    return _request(service, "POST", "/", "", headers, json.dumps(value))


def _request(service, method, path, query, headers, body):
    return {"service": service, "method": method, "path": path, "query": query, "headers": headers, "body": body}


def _form(**fields):
    fields = {"Action": "CreateRole", "Version": "2010-05-08"} | fields
    return _request("iam", "POST", "/", "", {"content-type": "application/x-www-form-urlencoded"}, urlencode(fields))


_FILTER = {"logGroupName": "/app", "filterName": "f", "filterPattern": "", "destinationArn": _STREAM, "distribution": "Random"}
_MAPPING = {
    "EventSourceArn": _STREAM, "FunctionName": "f", "StartingPosition": "LATEST", "BatchSize": 100,
    "FunctionResponseTypes": ["ReportBatchItemFailures"], "Tags": {"a": "b"},
}
_TAGGED = {"RoleName": "r", "AssumeRolePolicyDocument": "{}", "Tags.member.1.Key": "k", "Tags.member.1.Value": "v"}
_LIST = "list-type=2&max-keys=1000&prefix=a"
_OWNER = {"x-amz-expected-bucket-owner": "123456789012"}


def _filter(more=None, target="Logs_20140328.PutSubscriptionFilter", version="1.1"):
    return _json("logs", target, version, _FILTER | (more or {}))


def _without(value, member):
    return {name: inner for name, inner in value.items() if name != member}


def _mapping(more=None, path="/2015-03-31/event-source-mappings", query="", method="POST"):
    body = json.dumps(_MAPPING | (more or {}))
    return _request("lambda", method, path, query, {"content-type": "application/json"}, body)


def _listing(query=_LIST, headers=None):
    return _request("s3", "GET", "/bucket", query, _OWNER | (headers or {}), "")


_SECRET = {"SecretId": "s"}
_GOOD = (
    _filter(), _mapping(), _form(**_TAGGED), _listing(),
    _request("s3", "PUT", "/bucket/a/b%20c", "", _OWNER | {"content-type": "text/plain", "x-amz-meta-a": "b"}, "text"),
    _json("ssm", "AmazonSSM.GetParameter", "1.1", {"Name": "/token", "WithDecryption": True}),
    _json("secretsmanager", "secretsmanager.GetSecretValue", "1.1", _SECRET),
)
# What is wrong, the request, and a part of what has to be found.
_BAD = (
    ("a required member is missing", _json("logs", "Logs_20140328.PutSubscriptionFilter", "1.1", _without(_FILTER, "filterName")),
     "Member must not be null"),
    ("an unknown member", _filter({"roleARN": _ROLE}), "has no roleARN"),
    ("a value of no enumeration", _filter({"distribution": "RANDOM"}), "enum value set"),
    ("a text that is too long", _filter({"filterPattern": "x" * 1025}), "length less than or equal to 1024"),
    ("a text that is too short", _filter({"filterName": ""}), "length greater than or equal to 1"),
    ("a text that no pattern allows", _filter({"filterName": "a:b"}), "regular expression pattern"),
    ("a number in place of a text", _filter({"filterName": 1}), "wrong type"),
    ("a value that is too large", _mapping({"BatchSize": 10001}), "value less than or equal to 10000"),
    ("a value that is too small", _mapping({"BatchSize": 0}), "value greater than or equal to 1"),
    ("a text in place of a number", _mapping({"BatchSize": "100"}), "wrong type"),
    ("too many items", _mapping({"FunctionResponseTypes": ["ReportBatchItemFailures"] * 2}), "length less than or equal to 1"),
    ("a list in place of a map", _mapping({"Tags": [{"Key": "a", "Value": "b"}]}), "wrong type"),
    ("no JSON", _mapping() | {"body": "{"}, "Expecting"),
    ("another path", _mapping(path="/2015-03-31/event-source-mapping"), "no such operation"),
    ("another method", _mapping(method="PUT"), "no such operation"),
    ("an unknown parameter of the query", _mapping(query="Qualifier=live"), "the query is"),
    ("another name of the operation", _filter(target="Logs_20140328.PutSubscriptionFilters"), "no such operation"),
    ("another version of the API", _filter(target="Logs_20140329.PutSubscriptionFilter"), "the header x-amz-target"),
    ("another version of the protocol", _filter(version="1.0"), "the header content-type"),
    ("another version of a form", _form(**_TAGGED, Version="2010-05-09"), "the body is"),
    ("an unknown field of a form", _form(**_TAGGED, Boundary=_ROLE), "the body is"),
    ("a form whose list begins at 0", _form(**_TAGGED, **{"Tags.member.0.Key": "k"}), "the body is"),
    ("a tag that no pattern allows", _form(**_TAGGED | {"Tags.member.1.Key": "k!"}), "regular expression pattern"),
    ("a field that is missing", _form(**_without(_TAGGED, "RoleName")), "Member must not be null"),
    ("an unknown parameter of a list", _listing(_LIST + "&owner=true"), "the query is"),
    ("a number of keys that is none", _listing("list-type=2&max-keys=all"), "invalid literal"),
    ("an unknown header", _listing(headers={"x-amz-bucket-owner": "123456789012"}), "does not know here"),
    ("a service that does not exist", _filter() | {"service": "log"}, "no such service"),
)

_KEY = "arn:aws:kms:eu-west-1:123456789012:key/k"
_ALLOW = {"Effect": "Allow", "Action": "kinesis:PutRecord", "Resource": _STREAM}
_TRUST = {
    "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "logs.amazonaws.com"},
    "Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}},
}
_ENCRYPTION = {"Action": "kinesis:StartStreamEncryption", "Resource": [_STREAM, _KEY]}
_PASS = {"Action": "iam:PassRole", "Resource": _ROLE, "Condition": {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}}
_FUNCTION = {"Action": "lambda:CreateFunction", "Resource": "arn:aws:lambda:eu-west-1:123456789012:function:f"}
_GOOD_POLICIES = (_ALLOW, _TRUST, _ALLOW | _ENCRYPTION, _ALLOW | _PASS)
_BAD_POLICIES = (
    ("an action that does not exist", _ALLOW | {"Action": "kinesis:PutRecordBatch"}, "no action kinesis:PutRecordBatch"),
    ("an action in other letters", _ALLOW | {"Action": "kinesis:putRecord"}, "no action kinesis:putRecord"),
    ("a service that does not exist", _ALLOW | {"Action": "kineses:PutRecord"}, "no action kineses:PutRecord"),
    ("a resource of another kind", _ALLOW | {"Resource": _STREAM.replace("stream/", "")}, "needs a stream"),
    ("a resource of another service", _ALLOW | {"Resource": [_STREAM, _ROLE]}, "no action of its statement is about"),
    ("a kind of resource that is missing", _ALLOW | _ENCRYPTION | {"Resource": _STREAM}, "needs a kmsKey"),
    ("a resource where there is only `*`", _ALLOW | {"Action": "kinesis:ListStreams"}, "takes no resource but"),
    ("everything where one would do", _ALLOW | {"Resource": "*"}, "could be on stream"),
    ("another partition", _ALLOW | {"Resource": _STREAM.replace("eu-west-1", "cn-north-1")}, "not in the partition aws-cn"),
    ("an action that another depends on", _ALLOW | _FUNCTION, "lambda:CreateFunction needs iam:PassRole"),
    ("no resource", _without(_ALLOW, "Resource"), "names no resource"),
    ("a condition key of another action", _ALLOW | {"Condition": _PASS["Condition"]}, "has no condition key iam:PassedToService"),
    ("an operator that does not exist", _ALLOW | {"Condition": {"Equals": {"aws:SourceAccount": "1"}}}, "no operator"),
    ("an operator of another type", _ALLOW | {"Condition": {"NumericEquals": {"aws:SourceArn": "1"}}}, "parliament: "),
    ("an unknown element", _ALLOW | {"Conditions": {}}, "parliament: "),
    ("an effect that is none", _ALLOW | {"Effect": "allow"}, "the effect is allow"),
    ("everything but an action", _without(_ALLOW, "Action") | {"NotAction": "iam:*"}, "NotAction allows"),
    ("a principal that does not exist", _TRUST | {"Principal": {"Service": "log.amazonaws.com"}}, "the principal log.amazonaws.com"),
    ("any principal", _TRUST | {"Principal": "*"}, "the principal *"),
    ("trust without a condition", _without(_TRUST, "Condition"), "has no condition"),
    ("trust with a resource", _TRUST | {"Resource": "*"}, "names no resource"),
)


def missed():
    """How many faults there are, and what each says that is not found; good ones that are refused are among them."""
    counted, found = models.done.copy(), []
    for request in _GOOD:
        problems = models.looked_at(copy.deepcopy(request))[1]
        found += [f"a good request is refused: {request}: {problems}"] if problems else []
    for what, request, part in _BAD:
        problems = models.looked_at(request)[1]
        found += [] if any(part in problem for problem in problems) else [f"{what}: {problems}"]
    for statement in _GOOD_POLICIES:
        problems = _judged(statement)
        found += [f"a good policy is refused: {statement}: {problems}"] if problems else []
    for what, statement, part in _BAD_POLICIES:
        problems = _judged(statement)
        found += [] if any(part in problem for problem in problems) else [f"{what}: {problems}"]
    models.done.clear()
    models.done.update(counted)
    return len(_BAD) + len(_BAD_POLICIES), found


def _judged(statement):
    return policies.problems({"Version": "2012-10-17", "Statement": [statement]})
