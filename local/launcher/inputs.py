"""What a request gives to its operation: its members by the names of the API model, whatever the protocol."""

import json
from urllib.parse import parse_qsl, unquote

import operations


def given(service, operation, method, path, headers, body, query):
    """The input of the operation as plain JSON. ``query`` has lists of values, as ministack parses it.

    Raises ``ValueError`` where the body is not what the protocol asks for.
    """
    model = operations.model(service)
    name = model["operations"][operation].get("input", {}).get("shape")
    if name is None:
        return {}
    # CloudWatch speaks three protocols.
    is_flat = "ec2" in model["metadata"]["protocols"]
    by_form = (is_flat or "query" in model["metadata"]["protocols"]) and not headers.get("x-amz-target")
    if not by_form and "json" in model["metadata"]["protocols"]:
        return _named(model["shapes"], name, json.loads(body or b"{}"))
    if by_form:
        form = dict(parse_qsl((body or b"").decode(), keep_blank_values=True))
        return _of_form(model["shapes"], name, form, "", is_flat) or {}
    parts = operations.route(service, method, path, headers, query)[1]
    return _of_rest(model["shapes"], name, parts, headers, body, query)


def _of_rest(shapes, name, parts, headers, body, query):
    """Lambda's and S3's: members are parts of the path, of the query, headers, or in the body."""
    shape = shapes[name]
    # A body that is one member as a whole is data of the caller's own.
    value = {} if "payload" in shape else _named(shapes, name, json.loads(body or b"{}"))
    for member, of_member in shape["members"].items():
        known = of_member.get("locationName", member)
        if of_member.get("location") == "headers":
            named = {header: text for header, text in headers.items() if header.startswith(known)}
            value |= {member: {header[len(known):]: text for header, text in named.items()}} if named else {}
        places = {
            "uri": unquote(parts[known]) if known in parts else None,
            "querystring": query.get(known),
            "header": headers.get(known.lower()),
        }
        found = places.get(of_member.get("location"))
        if found is not None:
            value[member] = _read(shapes[of_member["shape"]], found)
    return value


def _read(shape, text):
    """A value that travels as text."""
    if shape["type"] == "list":
        return text if isinstance(text, list) else [text]
    text = text[0] if isinstance(text, list) else text
    if shape["type"] in ("integer", "long"):
        return int(text)
    return {"true": True, "false": False}.get(text, text) if shape["type"] == "boolean" else text


def _named(shapes, name, value):
    """JSON with the names of members in place of the names that they are sent by."""
    shape = shapes[name]
    if shape["type"] == "structure" and isinstance(value, dict):
        members = {of_member.get("locationName", member): member for member, of_member in shape["members"].items()}
        inner = {members[sent]: shape["members"][members[sent]]["shape"] for sent in value if sent in members}
        return {
            members.get(sent, sent): _named(shapes, inner[members[sent]], of_sent) if sent in members else of_sent
            for sent, of_sent in value.items()
        }
    if shape["type"] == "list" and isinstance(value, list):
        return [_named(shapes, shape["member"]["shape"], item) for item in value]
    if shape["type"] == "map" and isinstance(value, dict):
        return {key: _named(shapes, shape["value"]["shape"], item) for key, item in value.items()}
    return value


def _of_form(shapes, name, form, prefix, is_flat):
    """IAM's and STS's: ``Tags.member.1.Key=...``. EC2's lists are flat: ``Filter.1.Name=...``."""
    shape = shapes[name]
    if shape["type"] == "structure":
        value = {}
        for member, of_member in shape["members"].items():
            known = of_member.get("locationName", member)
            if is_flat:
                known = of_member.get("queryName") or known[0].upper() + known[1:]
            inner = _of_form(shapes, of_member["shape"], form, f"{prefix}.{known}" if prefix else known, is_flat)
            if inner is not None:
                value[member] = inner
        return value or None
    if shape["type"] == "list":
        items, number = [], 1
        each = prefix if is_flat else f"{prefix}.member"
        while (item := _of_form(shapes, shape["member"]["shape"], form, f"{each}.{number}", is_flat)) is not None:
            items.append(item)
            number += 1
        # An empty list travels as its name alone.
        return items if items or prefix in form else None
    return _read(shape, form[prefix]) if prefix in form else None
