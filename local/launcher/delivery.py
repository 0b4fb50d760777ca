"""CloudWatch Logs -> Kinesis: what a subscription filter or an account policy hands over to its stream."""

import gzip
import json
import logging
import time
import uuid
from dataclasses import dataclass

import condition_keys
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
    """Puts events into streams, as the role of the subscription allows."""

    def __init__(self, kinesis, throttling, iam, evaluator, kms, responses, lag, measured):
        self.kinesis, self.throttling = kinesis, throttling
        self.iam, self.evaluator, self.kms = iam, evaluator, kms
        self.responses, self.lag, self.measured = responses, lag, measured

    def check(self, destination, role_arn, group_name=None):
        """Refuses a destination as AWS does: the role must be right, and the stream must take a test message."""
        if ":kinesis:" not in (destination or ""):
            return
        region, account = self.responses.get_region(), self.responses.get_account_id()
        if not role_arn:
            raise Refused("InvalidParameterException", "destinationArn for vendor kinesis requires a roleArn")
        source = f"arn:aws:logs:{region}:{account}:{f'log-group:{group_name}:*' if group_name else '*'}"
        if not self._roles().trusts(role_arn, "logs", region, source):
            raise Refused("ValidationException", NOT_ASSUMABLE)
        control = _envelope("CONTROL_MESSAGE", "CloudwatchLogs", "", "", [])
        control["logEvents"] = [{"id": "", "timestamp": int(time.time() * 1000), "message": CONTROL_TEXT}]
        allowed = self._may_put(role_arn, destination)
        if not allowed or not self.kinesis.put_record_internal(destination, uuid.uuid4().hex, _compressed(control)):
            raise Refused("InvalidParameterException", NOT_DELIVERABLE)

    def deliver(self, subscription, stream_name, events):
        """Hands over the events that match; ones that the stream does not get are lost, as AWS loses them."""
        matches = compile_pattern(subscription.pattern)
        matched = [event for event in events if matches(event.get("message", ""))]
        if not matched or ":kinesis:" not in subscription.destination:
            return
        key = uuid.uuid5(uuid.NAMESPACE_URL, f"{subscription.group}:{stream_name}").hex
        if subscription.distribution == "Random":
            key = uuid.uuid4().hex
        if self._may_put(subscription.role, subscription.destination):
            self._send(subscription, key, stream_name, matched)
        else:
            self._lose(subscription, len(matched), f"{subscription.role} may not put records")

    def _send(self, subscription, key, stream_name, events):
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
                self._send(subscription, key, stream_name, half)
        elif self.throttling.refuses(stream := subscription.destination.rsplit("/", 1)[-1], 1):
            self.throttling.wait(stream, subscription, len(events), lambda: self._put(subscription, key, len(events), compressed))
        else:
            self._put(subscription, key, len(events), compressed)

    def _put(self, subscription, key, events, data):
        if self.kinesis.put_record_internal(subscription.destination, key, data):
            self.measured.forwarded(subscription, events, len(data))
        else:
            self._lose(subscription, events, f"{subscription.destination} does not take records")

    def _lose(self, subscription, events, why):
        log.warning("%s of %s: %s, %d events are lost", subscription.name, subscription.group, why, events)
        self.measured.delivery_failed(subscription, events)

    def _may_put(self, role_arn, destination):
        roles, region = self._roles(), self.responses.get_region()
        stream = self.kinesis._resolve_stream_by_arn(destination) or {}
        allowed = roles.allows(role_arn, "kinesis:PutRecord", destination, region)
        if key := condition_keys.customer_key(stream.get("KeyId"), region, self.responses.get_account_id()):
            keys = condition_keys.of_stream_key(region, destination)
            allowed = allowed and roles.allows(role_arn, "kms:GenerateDataKey", key, region, keys)
        return allowed

    def _roles(self):
        return Roles(self.iam, self.evaluator, self.kms, self.responses.get_account_id(), self.lag)


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
