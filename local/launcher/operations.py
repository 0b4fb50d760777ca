"""Which AWS operation a request calls, by the API models that botocore ships: ``service:Operation``.

Requests of the JSON protocols name it in a header, the ones of the query protocol in a field of the form. Lambda's
are told by method and path. Models are read when the first request of their service comes.
"""

import functools
import re
from urllib.parse import parse_qs

# The services whose requests are looked at, by the name that requests are signed for.
SERVICES = ("ec2", "iam", "kinesis", "lambda", "logs", "monitoring", "secretsmanager", "sns", "ssm", "sts", "tagging")
# Models that have another name.
_MODELS = {"monitoring": "cloudwatch", "tagging": "resourcegroupstaggingapi"}
# Values of enumerations that AWS knows and the pinned botocore does not yet.
_NEWER = {"logs": {"PolicyType": ["RETENTION_POLICY"]}}
# Operations that only read. `Test` covers TestMetricFilter.
_READING = re.compile("BatchGet|Describe|Filter|Get|List|Test")


@functools.cache
def model(service):
    """The API model of a service, as botocore's ``service-2.json`` has it."""
    from botocore.loaders import Loader

    found = Loader().load_service_model(_MODELS.get(service, service), "service-2")
    for shape, values in _NEWER.get(service, {}).items():
        found["shapes"][shape]["enum"] += [value for value in values if value not in found["shapes"][shape]["enum"]]
    return found


def called(service, method, path, headers, body, query=None):
    """The name of the operation, or None where the request follows no protocol of the service."""
    target = headers.get("x-amz-target")
    if target:
        return target.rpartition(".")[2]
    if model(service)["metadata"]["protocols"][0].startswith("rest-"):
        return route(service, method, path, headers, query)[0]
    return parse_qs((body or b"").decode(errors="replace")).get("Action", [None])[0]


def reads(operation):
    """Whether the operation leaves everything as it is."""
    return _READING.match(operation) is not None


def route(service, method, path, headers=None, query=None):
    """The operation of a REST service that a request calls, and the parts of its path by the names of the model.

    ``query`` has lists of values. Operations of S3 on the same path are told apart by what they need in it and in the
    headers.
    """
    sent = {*(query or {}), *(headers or {})}
    for of_method, pattern, needs, operation in _routes(service):
        found = pattern.fullmatch(path) if of_method == method and needs <= sent else None
        if found:
            return operation, found.groupdict()
    return None, {}


@functools.cache
def _routes(service):
    known, routes = model(service), []
    for name, operation in known["operations"].items():
        path, _, fixed = operation["http"]["requestUri"].partition("?")
        steps = re.split(r"\{(\w+)\+?\}", path.rstrip("/"))
        # Every second step is the name of a part. AWS's clients encode the slashes of an ARN, servers decode them.
        pattern = "".join(f"(?P<{step}>.+?)" if at % 2 else re.escape(step) for at, step in enumerate(steps))
        needs = set(parse_qs(fixed, keep_blank_values=True))
        # On the same path GetObject needs nothing and GetObjectAcl an `acl`, CopyObject a header with the source.
        needs |= _needed(known["shapes"], operation) if service == "s3" else set()
        routes.append((operation["http"]["method"], re.compile(f"{pattern}/?"), needs, name))
    # The longest first: the part of a short path could take the end of a longer one.
    return sorted(routes, key=lambda route: (-len(route[1].pattern), -len(route[2])))


def _needed(shapes, operation):
    """Required members that a request has in its query or its headers, by the names there."""
    shape = shapes[operation["input"]["shape"]] if "input" in operation else {}
    members = [(member, shape["members"][member]) for member in shape.get("required", [])]
    return {
        of_member.get("locationName", member).lower() if of_member["location"] == "header" else of_member["locationName"]
        for member, of_member in members if of_member.get("location") in ("header", "querystring")
    }
