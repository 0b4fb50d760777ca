"""CloudWatch Logs -> Kinesis: subscription filters and account policies, delivered as on AWS."""

import gzip
import itertools
import json
import logging
import re
import time
import uuid

import condition_keys
from patterns import PatternError, compile_pattern
from roles import Roles

log = logging.getLogger("cwl2le")

CONTROL_TEXT = "CWL CONTROL MESSAGE: Checking health of destination Kinesis stream."
NOT_DELIVERABLE = (
    "Could not deliver test message to specified Kinesis stream. Check if the given kinesis stream is in ACTIVE state."
)
NOT_ASSUMABLE = "Make sure you have given CloudWatch Logs permission to assume the provided role."
FILTERS_PER_GROUP = 2
# A Kinesis record holds 1 MiB; CloudWatch Logs splits what is larger.
RECORD_LIMIT = 1_000_000
_SELECTION = re.compile(r"\s*LogGroupName\s+NOT\s+IN\s+(\[.*\])\s*", re.DOTALL)
_event_numbers = itertools.count()


class Refused(Exception):
    """An answer that is an AWS error."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


class Subscriptions:
    """Subscription filters and account policies whose destination is a Kinesis stream."""

    def __init__(self, logs, kinesis, iam, evaluator, responses, lag):
        self.logs, self.kinesis, self.iam, self.lag = logs, kinesis, iam, lag
        self.evaluator, self.responses = evaluator, responses
        self.policies = responses.AccountRegionScopedDict()
        self.put_filter = logs._put_subscription_filter
        self.describe_filters = logs._describe_subscription_filters
        self.fan_out = logs._fanout_to_subscription_filters
        self.handle = logs.handle_request
        self.reset_logs = logs.reset

    def install(self):
        """Takes the place of ministack's functions, which are then called from here."""
        self.logs._put_subscription_filter = self._answering(self.put)
        self.logs._describe_subscription_filters = self._answering(self.describe)
        self.logs._fanout_to_subscription_filters = self.deliver
        self.logs._subscription_pattern_matches = lambda pattern, message: compile_pattern(pattern)(message or "")
        self.logs.handle_request = self.request
        self.logs.reset = self.reset

    def _answering(self, function):
        def answer(data):
            try:
                return function(data)
            except Refused as refused:
                return self.responses.error_response_json(refused.code, str(refused), 400)

        return answer

    async def request(self, method, path, headers, body, query_params):
        """Adds the three operations on account policies."""
        action = headers.get("x-amz-target", "").split(".")[-1]
        own = {
            "PutAccountPolicy": self.put_policy,
            "DescribeAccountPolicies": self.describe_policies,
            "DeleteAccountPolicy": self.delete_policy,
        }.get(action)
        if own is None:
            return await self.handle(method, path, headers, body, query_params)
        return self._answering(own)(json.loads(body or b"{}"))

    def reset(self):
        """Forgets the account policies with everything else, and what reads lag behind."""
        self.policies.clear()
        self.lag.reset()
        self.reset_logs()

    # -- filters -----------------------------------------------------------

    def put(self, data):
        """PutSubscriptionFilter with the checks of AWS, and the test message to the stream."""
        group = self.logs._log_groups.get(data.get("logGroupName"))
        if group is not None:
            self._check_class(group)
            self._check_pattern(data.get("filterPattern"))
            others = set(group["subscriptionFilters"]) - {data.get("filterName")}
            if len(others) >= FILTERS_PER_GROUP:
                raise Refused("LimitExceededException", "Resource limit exceeded.")
            self._check_destination(data.get("destinationArn"), data.get("roleArn"), data["logGroupName"])
        return self.put_filter(data)

    def describe(self, data):
        """DescribeSubscriptionFilters, which AWS refuses outside of the Standard class."""
        group = self.logs._log_groups.get(data.get("logGroupName"))
        if group is not None:
            self._check_class(group)
        return self.describe_filters(data)

    @staticmethod
    def _check_class(group):
        if group.get("logGroupClass", "STANDARD") != "STANDARD":
            raise Refused("ValidationException", "This operation is only supported on the Standard log class.")

    @staticmethod
    def _check_pattern(pattern):
        try:
            compile_pattern(pattern)
        except PatternError as error:
            raise Refused("InvalidParameterException", f"Invalid filter pattern: {error}") from error

    def _check_destination(self, destination, role_arn, group_name=None):
        if ":kinesis:" not in (destination or ""):
            return
        region, account = self.responses.get_region(), self.responses.get_account_id()
        if not role_arn:
            raise Refused("InvalidParameterException", "destinationArn for vendor kinesis requires a roleArn")
        roles = Roles(self.iam, self.evaluator, account, self.lag)
        source = f"arn:aws:logs:{region}:{account}:{f'log-group:{group_name}:*' if group_name else '*'}"
        if not roles.trusts(role_arn, "logs", region, source):
            raise Refused("ValidationException", NOT_ASSUMABLE)
        control = self._envelope("CONTROL_MESSAGE", "CloudwatchLogs", "", "", [])
        control["logEvents"] = [{"id": "", "timestamp": int(time.time() * 1000), "message": CONTROL_TEXT}]
        allowed = roles.allows(role_arn, "kinesis:PutRecord", destination, region)
        stream = self.kinesis._resolve_stream_by_arn(destination) or {}
        if key := condition_keys.customer_key(stream.get("KeyId"), region, account):
            keys = condition_keys.of_stream_key(region, destination)
            allowed = allowed and roles.allows(role_arn, "kms:GenerateDataKey", key, region, keys)
        if not allowed or not self._put_record(destination, uuid.uuid4().hex, control):
            raise Refused("InvalidParameterException", NOT_DELIVERABLE)

    # -- account policies --------------------------------------------------

    def put_policy(self, data):
        """PutAccountPolicy, of the type that subscribes every log group of the account and region."""
        name, kind = data.get("policyName"), data.get("policyType")
        if kind != "SUBSCRIPTION_FILTER_POLICY":
            raise Refused("InvalidParameterException", f"policyType {kind} is not imitated by the local AWS")
        if not name:
            raise Refused("InvalidParameterException", "policyName is required.")
        with self.lag.seen_by("logs:PutAccountPolicy"):
            others = set(self.policies.keys()) - {name}
        if others:
            raise Refused("LimitExceededException", "Resource limit exceeded.")
        try:
            document = json.loads(data.get("policyDocument") or "")
        except ValueError as error:
            raise Refused("InvalidParameterException", f"policyDocument is not JSON: {error}") from error
        criteria = data.get("selectionCriteria") or ""
        if len(criteria.encode()) > 25_000:
            raise Refused("InvalidParameterException", "selectionCriteria is longer than 25 KB")
        self._excluded(criteria)
        self._check_pattern(document.get("FilterPattern"))
        self._check_destination(document.get("DestinationArn"), document.get("RoleArn"))
        policy = {
            "policyName": name,
            "policyDocument": data["policyDocument"],
            "policyType": kind,
            "scope": "ALL",
            "selectionCriteria": criteria,
            "lastUpdatedTime": int(time.time() * 1000),
            "accountId": self.responses.get_account_id(),
        }
        self.policies[name] = policy
        return self.responses.json_response({"accountPolicy": policy})

    def describe_policies(self, data):
        """DescribeAccountPolicies."""
        found = [
            policy
            for name, policy in self.policies.items()
            if policy["policyType"] == data.get("policyType") and data.get("policyName") in (None, name)
        ]
        if data.get("policyName") and not found:
            raise Refused("ResourceNotFoundException", "The specified account policy does not exist.")
        return self.responses.json_response({"accountPolicies": found})

    def delete_policy(self, data):
        """DeleteAccountPolicy."""
        if self.policies.pop(data.get("policyName"), None) is None:
            raise Refused("ResourceNotFoundException", "The specified account policy does not exist.")
        return self.responses.json_response({})

    @staticmethod
    def _excluded(criteria):
        """The log groups that the selection criteria leave out."""
        if not criteria.strip():
            return []
        names = _SELECTION.fullmatch(criteria)
        try:
            return list(map(str, json.loads(names.group(1)))) if names else Subscriptions._bad_criteria()
        except ValueError:
            return Subscriptions._bad_criteria()

    @staticmethod
    def _bad_criteria():
        raise Refused("InvalidParameterException", 'selectionCriteria must be: LogGroupName NOT IN ["...", ...]')

    # -- delivery ----------------------------------------------------------

    def deliver(self, group_name, stream_name, events):
        """The fan-out hook of PutLogEvents: ministack's own destinations, then Kinesis."""
        self.fan_out(group_name, stream_name, events)
        group = self.logs._log_groups.get(group_name)
        if not group or not events:
            return
        subscriptions = [
            (f["filterName"], f["filterPattern"], f["destinationArn"], f["distribution"], None)
            for f in list(group["subscriptionFilters"].values())
        ]
        for name, policy in self.policies.items():
            document = json.loads(policy["policyDocument"])
            standard = group.get("logGroupClass", "STANDARD") == "STANDARD"
            if standard and group_name not in self._excluded(policy["selectionCriteria"]):
                subscriptions.append(
                    (
                        name,
                        document.get("FilterPattern", ""),
                        document.get("DestinationArn", ""),
                        document.get("Distribution", "ByLogStream"),
                        "ACCOUNT_LEVEL_POLICY",
                    )
                )
        for name, pattern, destination, distribution, level in subscriptions:
            if ":kinesis:" not in destination:
                continue
            matches = compile_pattern(pattern)
            matched = [event for event in events if matches(event.get("message", ""))]
            key = uuid.uuid5(uuid.NAMESPACE_URL, f"{group_name}:{stream_name}").hex
            if distribution == "Random":
                key = uuid.uuid4().hex
            if matched:
                self._send(destination, key, name, group_name, stream_name, matched, level)

    def _send(self, destination, key, name, group_name, stream_name, events, level):
        data = self._envelope("DATA_MESSAGE", self.responses.get_account_id(), group_name, stream_name, [name])
        data["logEvents"] = [
            {
                "id": f"{event.get('timestamp', 0):029d}{next(_event_numbers):027d}",
                "timestamp": event.get("timestamp", 0),
                "message": event.get("message", ""),
            }
            for event in events
        ]
        if level:
            data["policyLevel"] = level
        if len(events) > 1 and len(_compressed(data)) > RECORD_LIMIT:
            middle = len(events) // 2
            for half in (events[:middle], events[middle:]):
                self._send(destination, key, name, group_name, stream_name, half, level)
        elif not self._put_record(destination, key, data):
            log.warning("%s of %s: %s does not take records, %d events are lost", name, group_name, destination, len(events))

    @staticmethod
    def _envelope(kind, owner, group_name, stream_name, filters):
        return {
            "messageType": kind,
            "owner": owner,
            "logGroup": group_name,
            "logStream": stream_name,
            "subscriptionFilters": filters,
        }

    def _put_record(self, destination, key, message):
        return self.kinesis.put_record_internal(destination, key, _compressed(message))


def _compressed(message):
    return gzip.compress(json.dumps(message, separators=(",", ":")).encode())
