"""A recorded request against botocore's model of its operation, in two ways that do not know of each other.

The checks of the local AWS look at every member: required, unknown, type, enumeration, length, count, value, pattern.
Then botocore itself makes the same call, and what it would send is compared with what was sent: method, path, query,
headers and body. So a wrong name of the operation, version of the API, parameter or header is found as well.
"""

import base64
import collections
import json
from urllib.parse import parse_qs, parse_qsl, unquote

import inputs
import operations
import shapes
from botocore.exceptions import ParamValidationError, UnknownServiceError
from botocore.model import ServiceModel
from botocore.serialize import create_serializer

# Headers of the signature and of the body's checksum, which no model has.
_OF_THE_SIGNER = ("x-amz-content-sha256", "x-amz-checksum-sha256", "x-amz-sdk-checksum-algorithm")
# What has been looked at, for the summary: `pattern: 1200`.
done = collections.Counter()


def looked_at(request):
    """The operation that a request calls, such as ``logs:CreateLogGroup``, and what is wrong with it."""
    service, headers, body = request["service"], request["headers"], request["body"].encode()
    query = parse_qs(request["query"], keep_blank_values=True)
    place = request["method"], request["path"], headers, body
    try:
        operation = operations.called(service, *place, query)
        known = operation in operations.model(service)["operations"]
    except UnknownServiceError:
        return service, ["botocore knows no such service"]
    if not known:
        asked = operation or f"{request['method']} {request['path']}"
        return f"{service}:{operation}", [f"the API model has no such operation: {asked}"]
    try:
        value = inputs.given(service, operation, *place, query)
        found = _constraints(service, operation, value)
        return f"{service}:{operation}", found + _differences(service, operation, value, request, query)
    except (ValueError, shapes.WrongType) as error:
        return f"{service}:{operation}", [str(error)]


def _constraints(service, operation, value):
    model = operations.model(service)
    if model["operations"][operation].get("deprecated"):
        return ["the operation is deprecated"]
    name = model["operations"][operation].get("input", {}).get("shape")
    if name is None:
        return []
    _count(model["shapes"], name, value)
    return shapes.violations(model["shapes"], name, value)


def _count(known, name, value):
    """Counts the constraints that a value is held against."""
    shape = known[name]
    done.update(kind for kind in ("enum", "max", "min", "pattern") if kind in shape)
    if isinstance(value, dict) and shape["type"] == "structure":
        done["required"] += len(shape.get("required", []))
        for member, inner in value.items():
            if member in shape["members"] and inner is not None:
                _count(known, shape["members"][member]["shape"], inner)
    elif isinstance(value, list) and shape["type"] == "list":
        for item in value:
            _count(known, shape["member"]["shape"], item)
    elif isinstance(value, dict) and shape["type"] == "map":
        for key, inner in value.items():
            _count(known, shape["key"]["shape"], key)
            _count(known, shape["value"]["shape"], inner)


def _differences(service, operation, value, request, query):
    """Where botocore would send something else for the same values."""
    model = operations.model(service)
    shape = model["operations"][operation].get("input", {}).get("shape")
    arguments = _arguments(model["shapes"], shape, value) if shape else {}
    payload = model["shapes"][shape].get("payload") if shape else None
    if payload and request["body"]:
        arguments[payload] = request["body"].encode()
    try:
        serializer = create_serializer(_protocol(model, request))
        made = serializer.serialize_to_request(arguments, ServiceModel(model, service).operation_model(operation))
    except ParamValidationError as error:
        return [str(error).replace("\n", " ")]
    done["compared"] += 1
    found = []
    path, _, fixed = made["url_path"].partition("?")
    for what, ours, theirs in (
        ("method", request["method"], made["method"]),
        ("path", unquote(request["path"]).rstrip("/"), unquote(path).rstrip("/")),
        ("query", query, _query(fixed, made["query_string"])),
        ("body", _body(request["body"], made["body"]), _body(made["body"], made["body"])),
    ):
        if ours != theirs:
            found.append(f"the {what} is {_short(ours)}, and botocore sends {_short(theirs)}")
    return found + _headers(request["headers"], {name.lower(): text for name, text in made["headers"].items()})


def _protocol(model, request):
    if request["headers"].get("x-amz-target"):
        return "json"
    return next(protocol for protocol in model["metadata"]["protocols"] if protocol.startswith(("rest-", "query", "ec2")))


def _arguments(known, name, value):
    """The value as callers of botocore give it: bytes are bytes."""
    shape = known[name]
    if shape["type"] == "structure" and isinstance(value, dict):
        members = shape["members"]
        return {
            member: _arguments(known, members[member]["shape"], inner) if member in members else inner
            for member, inner in value.items() if inner is not None
        }
    if shape["type"] == "list" and isinstance(value, list):
        return [_arguments(known, shape["member"]["shape"], item) for item in value]
    if shape["type"] == "map" and isinstance(value, dict):
        return {key: _arguments(known, shape["value"]["shape"], inner) for key, inner in value.items()}
    if shape["type"] == "blob" and isinstance(value, str):
        return base64.b64decode(value, validate=True)
    return value


def _query(fixed, more):
    query = parse_qs(fixed, keep_blank_values=True)
    for name, value in (more or {}).items():
        query[name] = [_text(item) for item in (value if isinstance(value, list) else [value])]
    return query


def _text(value):
    return str(value).lower() if isinstance(value, bool) else str(value)


def _body(body, like):
    """A body as a value to compare. ``like`` is botocore's, which has a form as a dictionary."""
    if isinstance(like, dict):
        form = parse_qsl(body, keep_blank_values=True) if isinstance(body, str) else body.items()
        return {name: _text(value) for name, value in form}
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else body
    try:
        return _plain(json.loads(text or "{}"))
    except ValueError:
        return text


def _plain(value):
    """JSON without members that are null, and with times in whole seconds, as botocore writes them."""
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items() if inner is not None}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _headers(sent, made):
    found = []
    for name, text in made.items():
        if sent.get(name, "").partition(";")[0] != str(text).partition(";")[0]:
            found.append(f"the header {name} is {sent.get(name)!r}, and botocore sends {text!r}")
    for name in sent.keys() - made.keys():
        if name.startswith("x-amz-") and name not in _OF_THE_SIGNER:
            found.append(f"the header {name} is sent, which botocore does not know here")
    return found


def _short(value):
    text = json.dumps(value, sort_keys=True, default=str)
    return text if len(text) <= 300 else f"{text[:300]}..."
