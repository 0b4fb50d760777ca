"""What is exported: configurations that have everything between them, one for each partition."""

import json
import typing

ACCOUNT = "123456789012"

# Whoever finds one of these in a template, or in what is printed, has found a secret.
TOKENS = [f"{digit * 8}-aaaa-4bbb-8ccc-dddddddddddd" for digit in "123"]
KEY = "k9Zq3vXw7LmT2bNc8RsY4dHf6JgP1aQe"
SECRETS = [*TOKENS, KEY]
ENVIRONMENT = {"CWL2LE_TOKEN": TOKENS[0], "HEADER": KEY, "HOOK": f"https://hooks.example.com/in?key={KEY}"}


class Case(typing.NamedTuple):
    name: str
    region: str
    # The arguments of `export`.
    arguments: list
    # The configuration file, if there is one.
    file: str = ""


def arn(partition, service, region, resource):
    return f"arn:{partition}:{service}:{region}:{ACCOUNT}:{resource}"


PLAIN = Case("plain", "eusc-de-east-1", [])

FLAGS = Case(
    "flags",
    "us-gov-west-1",
    [
        *["--log-group", "/app/a", "--log-group", "/aws/lambda/b#c", "--filter-pattern", '{ $.a = "${b}" }'],
        *["--distribution", "random", "--filter-name", "a.b_c", "--on-demand", "--retention-hours", "8760"],
        *["--kms-key", arn("aws-us-gov", "kms", "us-gov-west-1", "key/11111111-2222-4333-8444-555555555555")],
        *["--memory", "1024", "--subnets", "subnet-00000001,subnet-00000002", "--security-groups", "sg-00000001", "--ipv6", "true", "--timeout", "900", "--reserved-concurrency", "3", "--log-retention-days", "3653"],
        *["--batch-size", "10000", "--batch-window", "300", "--parallelization", "10", "--event-counts", "false"],
        *["--on-failure", "arn:aws-us-gov:s3:::expired", "--quarantine", "s3://aside/a/b", "--role-path", "/a/b/"],
        *["--permissions-boundary", f"arn:aws-us-gov:iam::{ACCOUNT}:policy/boundary", "--tag", "a b=c = d @+é"],
        *["--alarms", arn("aws-us-gov", "sns", "us-gov-west-1", "oncall"), "--token", TOKENS[0]],
        *["--accept-organization", "o-a1b2c3d4e5"],
    ],
)

QUEUE = Case(
    "queue",
    "cn-north-1",
    [
        *["--stack", "team-a", "--shards", "17", "--email", "a.b+c@example.com", "--token-ssm", "/a/b"],
        *["--on-failure", arn("aws-cn", "sqs", "cn-north-1", "expired"), "--bucket-owner", "210987654321"],
        *["--alarm-behind", "1440", "--accept-accounts", "222222222222,111111111111"],
    ],
)

FILE = Case(
    "file",
    "eu-west-1",
    [],
    f"""
default_destination = "lake"
[stream]
shards = 3
retention_hours = 168
[function]
metrics = "none"
quarantine = "s3://set-aside/cwl2le"
[trigger]
on_failure = "{arn("aws", "sns", "eu-west-1", "expired")}"
[alarms]
notify = "{arn("aws", "sns", "eu-west-1", "oncall")}"
[tags]
"a = b" = "c = d"
"aaaaaa = b" = "= ="
[destinations.lake]
type = "http"
url = "https://logs.example.com/in?key={KEY}"
headers = {{ Authorization = "Bearer {KEY}", X-Key = {{ env = "HEADER" }}, X-B = {{ ssm = "/a/b" }}, X-Team = "a" }}
[destinations.hook]
type = "http"
url = {{ env = "HOOK" }}
isolated = true
[destinations.collector]
type = "otlp"
endpoint = "https://otlp.example.com/{KEY}"
headers = {{ X-Token = "{KEY}" }}
[destinations.collector-headers-x]
type = "logentries"
region = "eu"
token = "{TOKENS[1]}"
[destinations.loggly]
type = "loggly"
tags = ["aws"]
token = "{TOKENS[2]}"
[destinations.rapid7]
type = "insight-webhook"
region = "eu"
token = {{ secretsmanager = "rapid7#token" }}
[destinations.a-1]
type = "syslog"
endpoint = "syslog.example.com:6514"
isolated = true
[[routes]]
log_group = "/audit/*"
destination = ["loggly", "rapid7"]
shape = {{ exclude = [{{ rule = "lambda-platform" }}], redact = [{{ find = ["email"] }}] }}
[[subscriptions]]
log_groups = ["/aws/lambda/app-1", "/app#2"]
filter_pattern = "{{ $.level > 0 }}"
[[subscriptions]]
log_groups = ["/app#2"]
destination = "a-1"
[[subscriptions]]
all = true
""",
)

GROUPS = Case(
    "groups",
    "eu-west-1",
    [],
    f"""
[destinations.default]
type = "logentries"
region = "eu"
token = {{ env = "CWL2LE_TOKEN" }}
[[subscriptions]]
log_groups = {json.dumps([f"/app/{'x' * (number % 70)}/{number}" for number in range(30)])}
""",
)

CASES = [PLAIN, FLAGS, QUEUE, FILE, GROUPS]

# What CloudFormation would refuse, which is not exported, with a part of the reason.
REFUSED = {
    "the tag `a` has no value": ["--tag", "a=", "--alarms", arn("aws", "sns", "eu-west-1", "oncall")],
    "CloudFormation takes 500": [word for number in range(500) for word in ("--log-group", f"/app/{number}")],
}
