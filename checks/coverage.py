"""Whether the recording has a request for everything that the policies of cwl2le allow, and so for every call it makes.

``tests/it/permissions`` holds the policies against the calls; together no call is left that nobody has looked at.
"""

import json

import policies

# Where the policies are written, and what they allow.
_GRANTS = ("src/resources/*/grants.json", "policies/people.json", "policies/cwl-logentries-forward*.json")
# Actions of another name than their operation.
_OPERATIONS = {
    "lambda:InvokeFunction": "lambda:Invoke",
    "s3:ListBucket": "s3:ListObjectsV2",
}
# Services that sign by another name than their actions have.
_SIGNED = {"cloudwatch": "monitoring", "tag": "tagging"}
# What the forwarder calls by itself, as the client of that name.
_FORWARDER = ("s3:PutObject", "secretsmanager:GetSecretValue", "ssm:GetParameter")
# Policies that have to be among the documents, by a part of what they are called.
_DOCUMENTS = (
    "printed: boundary", "printed: deployer", "printed: everyday", "printed: forwarder", "printed: forwarder-trust", "printed: logs",
    "printed: logs-trust", "printed: on-call", "printed: operator", "iam:CreateRole", "iam:PutRolePolicy",
)


def gaps(root, senders, documents):
    """What the recording lacks: a list of texts. ``senders`` has each operation with the clients that called it."""
    called = {operation.casefold() for operation, _ in senders}
    found = [f"no {operation} of the forwarder was recorded" for operation in _FORWARDER if (operation, "cwl2le") not in senders]
    for action in sorted(set(_allowed(root))):
        service, _, name = _OPERATIONS.get(action, action).partition(":")
        if f"{_SIGNED.get(service, service)}:{name}".casefold() not in called:
            found.append(f"no request for {action} was recorded")
    names = list(documents)
    return found + [f"no policy `{part}` was recorded" for part in _DOCUMENTS if not any(part in name for name in names)]


def _allowed(root):
    """Every action in the policies."""
    for pattern in _GRANTS:
        for file in root.glob(pattern):
            # The placeholders are inside of texts, and whole files differ in form: statements are found anywhere. What
            # deploys a template calls AWS by itself: templates/deployer.py looks at that.
            grants = {name: value for name, value in json.loads(file.read_text()).items() if name != "deployer"}
            yield from _actions(grants)


def _actions(value):
    if isinstance(value, dict):
        yield from policies.listed(value.get("Action"))
        for inner in value.values():
            yield from _actions(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _actions(inner)
