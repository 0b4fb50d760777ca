"""CloudWatch Logs -> Kinesis: what a subscription filter or an account policy hands over to its stream."""

import gzip
import json
import logging
import time
import uuid
from dataclasses import dataclass

import condition_keys
from destinations import NotDelivered, Target
from patterns import compile_pattern
from refusals import Refused
from roles import Roles

log = logging.getLogger("cwl2le")

CONTROL_TEXT = "CWL CONTROL MESSAGE: Checking health of destination Kinesis stream."
NOT_DELIVERABLE = (
    "Could not deliver test message to specified Kinesis stream. Check if the given kinesis stream is in ACTIVE state."
)
NOT_ASSUMABLE = "Make sure you have given CloudWatch Logs permission to assume the provided role."
# A Kinesis record holds 1 MiB; CloudWatch Logs splits what is larger.
RECORD_LIMIT = 1_000_000


@dataclass(frozen=True)
class Subscription:
    """A subscription filter of a log group, or an account policy as it applies to the group."""

    group: str
    name: str
    pattern: str
    destination: str
    role: str
    distribution: str
    # `ACCOUNT_LEVEL_POLICY` for an account policy.
    level: str | None = None

    @property
    def dimensions(self):
        """The dimensions of its metrics; AWS names no log group for an account policy, and spells names in ASCII."""
        name = self.name.encode("ascii", "replace").decode()
        of_what = {"PolicyLevel": "AccountPolicy"} if self.level else {"LogGroupName": self.group}
        return {"DestinationType": "KinesisStream", "FilterName": name, **of_what}


class Delivery:
    """Puts events into streams, as the role of the subscription or of its destination allows.

    ``Destinations`` puts itself into ``destinations``.
    """

    def __init__(self, kinesis, throttling, organizations, iam, evaluator, kms, responses, lag, measured):
        self.kinesis, self.throttling, self.organizations, self.destinations = kinesis, throttling, organizations, None
        self.iam, self.evaluator, self.kms = iam, evaluator, kms
        self.responses, self.lag, self.measured = responses, lag, measured

    def check(self, destination, role_arn, group_name=None):
        """Refuses a destination as AWS does: the role must be right, and the stream must take a test message."""
        region, account = self.responses.get_region(), self.responses.get_account_id()
        source = f"arn:aws:logs:{region}:{account}:{f'log-group:{group_name}:*' if group_name else '*'}"
        if is_destination(destination):
            self.destinations.check(destination, role_arn, source)
        if ":kinesis:" not in (destination or ""):
            return
        if not role_arn:
            raise Refused("InvalidParameterException", "destinationArn for vendor kinesis requires a roleArn")
        self.check_assumable(role_arn, source)
        if not self.test(Target(destination, role_arn)):
            raise Refused("InvalidParameterException", NOT_DELIVERABLE)

    def check_assumable(self, role_arn, source_arn):
        """Refuses a role of the current account that CloudWatch Logs may not assume."""
        if not self.roles(self.responses.get_account_id()).trusts(role_arn, self.responses.get_region(), source_arn):
            raise Refused("ValidationException", NOT_ASSUMABLE)

    def test(self, target):
        """Sends a test message; whether the stream has taken it."""
        control = _envelope("CONTROL_MESSAGE", "CloudwatchLogs", "", "", [])
        control["logEvents"] = [{"id": "", "timestamp": int(time.time() * 1000), "message": CONTROL_TEXT}]
        with self.responses.request_scope(*target.scope):
            return self._may_put(target) and self.kinesis.put_record_internal(
                target.stream, uuid.uuid4().hex, _compressed(control)
            )

    def deliver(self, subscription, stream_name, events):
        """Hands over the events that match; ones that the stream does not get are lost, as AWS loses them."""
        matches = compile_pattern(subscription.pattern)
        matched = [event for event in events if matches(event.get("message", ""))]
        if not matched or not (":kinesis:" in subscription.destination or is_destination(subscription.destination)):
            return
        key = uuid.uuid5(uuid.NAMESPACE_URL, f"{subscription.group}:{stream_name}").hex
        if subscription.distribution == "Random":
            key = uuid.uuid4().hex
        try:
            target = self._target(subscription, stream_name)
        except NotDelivered as reason:
            self._lose(subscription, len(matched), reason)
        else:
            self._send(subscription, target, key, stream_name, matched)

    def _target(self, subscription, stream_name):
        if is_destination(subscription.destination):
            target = self.destinations.target(subscription, stream_name)
        else:
            target = Target(subscription.destination, subscription.role)
        with self.responses.request_scope(*target.scope):
            if not self._may_put(target):
                raise NotDelivered(f"{target.role} may not put records")
        return target

    def _send(self, subscription, target, key, stream_name, events):
        owner = self.responses.get_account_id()
        data = _envelope("DATA_MESSAGE", owner, subscription.group, stream_name, [subscription.name])
        data["logEvents"] = [
            {
                "id": event["eventId"],
                "timestamp": event.get("timestamp", 0),
                "message": event.get("message", ""),
            }
            for event in events
        ]
        if subscription.level:
            data["policyLevel"] = subscription.level
        compressed = _compressed(data)
        if len(events) > 1 and len(compressed) > RECORD_LIMIT:
            middle = len(events) // 2
            for half in (events[:middle], events[middle:]):
                self._send(subscription, target, key, stream_name, half)
            return
        sender = owner, self.responses.get_region()

        def put():
            with self.responses.request_scope(*target.scope):
                taken = self.kinesis.put_record_internal(target.stream, key, compressed)
            # What is measured of a subscription is measured in its own account.
            with self.responses.request_scope(*sender):
                if taken:
                    self.measured.forwarded(subscription, len(events), len(compressed))
                else:
                    self._lose(subscription, len(events), f"{target.stream} does not take records")

        with self.responses.request_scope(*target.scope):
            waits = self.throttling.holds_back(target.stream.rsplit("/", 1)[-1], put)
        if waits:
            self.measured.delivery_throttled(subscription, len(events))
        else:
            put()

    def _lose(self, subscription, events, why):
        log.warning("%s of %s: %s, %d events are lost", subscription.name, subscription.group, why, events)
        self.measured.delivery_failed(subscription, events)

    def _may_put(self, target):
        """Whether a role of the current account may put records into a stream of this account."""
        account, region = target.scope
        roles = Roles(self.iam, self.evaluator, self.kms, account, self.lag)
        stream = self.kinesis._resolve_stream_by_arn(target.stream) or {}
        allowed = roles.allows(target.role, "kinesis:PutRecord", target.stream, region)
        if key := condition_keys.customer_key(stream.get("KeyId"), region, account):
            keys = condition_keys.of_stream_key(region, target.stream)
            allowed = allowed and roles.allows(target.role, "kms:GenerateDataKey", key, region, keys)
        return allowed

    def roles(self, account):
        """The roles of an account, as CloudWatch Logs assumes them."""
        return _RolesOfLogs(Roles(self.iam, self.evaluator, self.kms, account, self.lag), self.organizations, self.responses)


class _RolesOfLogs:
    """Roles that CloudWatch Logs assumes on behalf of the account that a source ARN names."""

    def __init__(self, roles, organizations, responses):
        self.roles, self.organizations, self.responses = roles, organizations, responses
        self.allows = roles.allows

    def trusts(self, role_arn, region, source_arn):
        """Whether the role exists and may be assumed for this source."""
        account = source_arn.split(":")[4]
        source = {"aws:sourceaccount": account, **self.organizations.source_keys(account)}
        with self.responses.request_scope(self.roles.account, region):
            return self.roles.trusts(role_arn, "logs", region, source_arn, source)


def is_destination(arn):
    """Whether an ARN is that of a destination of CloudWatch Logs."""
    return (arn or "").split(":")[2:3] == ["logs"] and ":destination:" in arn


def _envelope(kind, owner, group_name, stream_name, filters):
    return {
        "messageType": kind,
        "owner": owner,
        "logGroup": group_name,
        "logStream": stream_name,
        "subscriptionFilters": filters,
    }


def _compressed(message):
    return gzip.compress(json.dumps(message, separators=(",", ":")).encode())
