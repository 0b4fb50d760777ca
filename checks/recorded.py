"""What the tests wrote down: requests of the CLI and the forwarder, and the policies that were printed or set."""

import json
import re
from urllib.parse import parse_qs

# Members of IAM's forms that hold a policy.
_DOCUMENTS = ("PolicyDocument", "AssumeRolePolicyDocument")
# The header of requests that the tests make with the client of the forwarder.
_OF_A_TEST = "x-cwl2le-tests"
# What differs from test to test and decides nothing.
_VARYING = re.compile(r"(?<!\d)\d{12}(?!\d)")


def requests(folder):
    """The distinct requests; those that differ in their account or their sender alone count as one."""
    found = {}
    for file in sorted(folder.glob("*.jsonl")):
        for line in file.read_text().splitlines():
            request = json.loads(line)
            if _OF_A_TEST in request["headers"]:
                continue
            key = _VARYING.sub("0" * 12, json.dumps([request[part] for part in ("service", "method", "path", "query", "body")]))
            found.setdefault(key + json.dumps(request["headers"]), request)
    return list(found.values())


def documents(folder):
    """The policies that ``cwl2le policies`` printed: their text, and what each is called."""
    found = {}
    for file in sorted(folder.glob("*.policies")):
        # Each with a heading that says what it is.
        parts = re.split(r"^# (.+)$", file.read_text(), flags=re.MULTILINE)
        for name, part in zip(parts[1::2], parts[2::2], strict=True):
            found.setdefault(json.dumps(json.loads(part), sort_keys=True), f"printed: {name}")
    return found


def in_request(request, operation):
    """The policies that a request sets: what each is called, and the document."""
    if request["service"] != "iam":
        return
    form = parse_qs(request["body"])
    for member in _DOCUMENTS:
        for text in form.get(member, []):
            yield f"{operation} of {form.get('RoleName', ['?'])[0]}: {member}", json.loads(text)
