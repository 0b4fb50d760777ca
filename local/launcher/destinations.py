"""Destinations of CloudWatch Logs: what lets other accounts deliver to a stream.

A destination has a role, which puts the records into the stream, and an access policy, which says who may subscribe to it.
The test message of PutDestination is sent on the recipient's behalf; log events are delivered on the behalf of the account
that they come from, so the trust policy of the role sees that account in ``aws:SourceArn`` and ``aws:SourceAccount``.

Not documented, and as seems likely here: PutSubscriptionFilter sends no test message to a destination, and a region or a
resource that does not fit is an invalid parameter.
"""

import base64
import json
import time
from dataclasses import dataclass

from refusals import Refused, answering

POLICY_BYTES = 5_120
PAGE = 50
SUBSCRIBE = "logs:PutSubscriptionFilter"
# Tags in the request end in this message, too: the Terraform provider notes so, and sets them afterwards.
NOT_VALID = "Could not deliver test message to specified destination. Check if the destination is valid."
ROLE_NEEDED = "Role ARN is required when creating subscription filter against destination with Organization access policy"


class NotDelivered(Exception):
    """Events do not get to the stream, for this reason. CloudWatch Logs does not try again."""


@dataclass(frozen=True)
class Target:
    """A stream, and the role that puts records into it, both in the account that owns the stream."""

    stream: str
    role: str

    @property
    def scope(self):
        """The account and the region of the stream."""
        return self.stream.split(":")[4], self.stream.split(":")[3]


class Destinations:
    """The destinations of every account and region, in ministack's own store."""

    def __init__(self, logs, responses, evaluator, delivery):
        self.logs, self.responses, self.evaluator, self.delivery = logs, responses, evaluator, delivery

    def install(self):
        """Takes the place of ministack's functions, which take everything and deliver nothing."""
        self.logs._put_destination = answering(self.responses, self.put)
        self.logs._put_destination_policy = answering(self.responses, self.put_policy)
        self.logs._describe_destinations = answering(self.responses, self.describe)
        self.logs._delete_destination = answering(self.responses, self.delete)
        identity = self.logs._tag_resource_identity

        def identified(arn, account_id, region):
            prefix = f"arn:{_partition(arn)}:logs:{region}:{account_id}:destination:"
            name = arn.removeprefix(prefix)
            return (self.logs._destinations, "destination", name) if arn.startswith(prefix) else identity(arn, account_id, region)

        self.logs._tag_resource_identity = identified
        self.delivery.destinations = self

    def put(self, data):
        """PutDestination, which sends a test message. An access policy and tags that are there stay."""
        name, account, region = data["destinationName"], self.responses.get_account_id(), self.responses.get_region()
        target = Target(data["targetArn"], data["roleArn"])
        arn = f"arn:{_partition(target.stream)}:logs:{region}:{account}"
        trusted = self.delivery.roles(account).trusts(target.role, region, f"{arn}:*")
        if data.get("tags") or not trusted or not self.delivery.test(target):
            raise Refused("InvalidParameterException", NOT_VALID)
        made = self.logs._destinations.get(name) or {
            "destinationName": name,
            "arn": f"{arn}:destination:{name}",
            "creationTime": int(time.time() * 1000),
        }
        self.logs._destinations[name] = {**made, "targetArn": target.stream, "roleArn": target.role}
        return self.responses.json_response({"destination": _shown(self.logs._destinations[name])})

    def put_policy(self, data):
        """PutDestinationPolicy with the checks of AWS."""
        destination = self._existing(data["destinationName"], "InvalidParameterException")
        policy = data["accessPolicy"]
        if len(policy.encode()) > POLICY_BYTES:
            raise Refused("InvalidParameterException", f"accessPolicy is longer than {POLICY_BYTES} bytes.")
        statements = _checked(policy, destination["arn"])
        there = _statements(destination.get("accessPolicy"))
        moves = there and not any(map(_of_organization, there)) and any(map(_of_organization, statements))
        if moves and not data.get("forceUpdate"):
            raise Refused(
                "InvalidParameterException",
                "Update the subscription filters of the accounts first, and set forceUpdate to grant permission to an "
                "organization instead of accounts.",
            )
        destination["accessPolicy"] = policy
        return self.responses.json_response({})

    def describe(self, data):
        """DescribeDestinations, sorted by name, on pages."""
        prefix, after = data.get("DestinationNamePrefix", ""), _after(data.get("nextToken"))
        rest = [name for name in sorted(self.logs._destinations.keys()) if name.startswith(prefix) and name > after]
        size = data.get("limit", PAGE)
        answer = {"destinations": [_shown(self.logs._destinations[name]) for name in rest[:size]]}
        if len(rest) > size:
            answer["nextToken"] = base64.urlsafe_b64encode(rest[size - 1].encode()).decode()
        return self.responses.json_response(answer)

    def delete(self, data):
        """DeleteDestination; filters that point to it stay and deliver nothing."""
        self._existing(data["destinationName"], "ResourceNotFoundException")
        del self.logs._destinations[data["destinationName"]]
        return self.responses.json_response({})

    def check(self, arn, role_arn, source_arn):
        """Refuses a subscription to a destination as AWS does. ``source_arn`` is the log group, or all of them."""
        account, region = self.responses.get_account_id(), self.responses.get_region()
        if arn.split(":")[3] != region:
            raise Refused("InvalidParameterException", "destinationArn must be in the region of the log group.")
        allowing = self._allowing(self._found(arn), account)
        if not allowing:
            message = f"User with accountId: {account} is not authorized to perform: {SUBSCRIBE} on resource: {arn}"
            raise Refused("AccessDeniedException", message)
        if not role_arn and all(map(_of_organization, allowing)):
            raise Refused("InvalidParameterException", ROLE_NEEDED)
        if role_arn:
            self.delivery.check_assumable(role_arn, source_arn)

    def target(self, subscription, stream_name):
        """Where the events of a subscription of the current account go by its destination.

        Raises ``NotDelivered``.
        """
        account, region = self.responses.get_account_id(), self.responses.get_region()
        group = f"arn:{_partition(subscription.destination)}:logs:{region}:{account}:log-group:{subscription.group}"
        destination = self._found(subscription.destination)
        if destination is None:
            raise NotDelivered(f"there is no {subscription.destination}")
        allowing = self._allowing(destination, account)
        if not allowing:
            raise NotDelivered(f"the access policy of {subscription.destination} does not allow {account}")
        if all(map(_of_organization, allowing)):
            own = self.delivery.roles(account)
            if not own.trusts(subscription.role, region, f"{group}:*"):
                raise NotDelivered(f"{subscription.role} may not be assumed in {account}")
            if not own.allows(subscription.role, "logs:PutLogEvents", f"{group}:log-stream:{stream_name}", region):
                raise NotDelivered(f"{subscription.role} may not put log events of {subscription.group}")
        target = Target(destination["targetArn"], destination["roleArn"])
        if not self.delivery.roles(target.scope[0]).trusts(target.role, region, f"{group}:*"):
            raise NotDelivered(f"{target.role} may not be assumed on behalf of {account}")
        return target

    def _existing(self, name, code):
        found = self.logs._destinations.get(name)
        if found is None:
            raise Refused(code, f"The specified destination does not exist: {name}")
        return found

    def _found(self, arn):
        _, _, _, region, account, _, name = arn.split(":", 6)
        return self.logs._destinations.get_scoped(account, region, name)

    def _allowing(self, destination, account):
        """The statements of a destination's access policy that let this account subscribe; none where one denies it."""
        context = self.evaluator.EvalContext(
            principal_arn=f"arn:aws:iam::{account}:root", principal_type="Root", principal_account=account, action=SUBSCRIBE,
            resource_arn=(destination or {}).get("arn", ""), region=self.responses.get_region(),
        )

        def decides(statement):
            return self.evaluator.evaluate_resource_policy({"Statement": [statement]}, context).decision

        decided = [(decides(statement), statement) for statement in _statements((destination or {}).get("accessPolicy"))]
        denied = any(decision == "Deny" for decision, _ in decided)
        return [] if denied else [statement for decision, statement in decided if decision == "Allow"]


def _checked(policy, arn):
    """The statements of an access policy, which must name accounts, not ARNs, and this destination."""
    try:
        statements = _statements(policy)
    except ValueError as error:
        raise Refused("InvalidParameterException", f"accessPolicy is not JSON: {error}") from error
    if not statements:
        raise Refused("InvalidParameterException", "accessPolicy has no statement.")
    for statement in statements:
        principal = statement.get("Principal")
        for one in _list(principal.get("AWS") if isinstance(principal, dict) else principal):
            if one.startswith("arn:"):
                raise Refused("InvalidParameterException", f"Principal section of policy contains ARN instead of account ID: {one}")
        if _list(statement.get("Resource")) != [arn]:
            raise Refused("InvalidParameterException", f"The resource of every statement must be {arn}.")
    return statements


def _statements(policy):
    found = json.loads(policy or "{}").get("Statement", [])
    return [found] if isinstance(found, dict) else found


def _of_organization(statement):
    keys = [key.lower() for condition in (statement.get("Condition") or {}).values() for key in condition]
    return "aws:principalorgid" in keys


def _shown(destination):
    return {name: value for name, value in destination.items() if name != "tags"}


def _after(token):
    try:
        return base64.urlsafe_b64decode(token or "").decode()
    except ValueError as error:
        raise Refused("InvalidParameterException", "The specified nextToken is invalid.") from error


def _partition(arn):
    """The partition of an ARN; that of most regions where it is none."""
    parts = (arn or "").split(":")
    return parts[1] if len(parts) > 5 else "aws"


def _list(value):
    return [value] if isinstance(value, str) else list(value or [])
