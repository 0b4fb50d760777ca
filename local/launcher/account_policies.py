"""Account policies of CloudWatch Logs: subscriptions of every log group, metric extraction, and retention.

A policy is known by its type and its name. A metric extraction policy turns off the embedded metric format for the log
groups that its selection criteria select, or for all of them. A retention policy is kept and shown, no more.
"""

import json
import re
import time

from patterns import PatternError, compile_pattern
from refusals import Refused

SUBSCRIPTION, EXTRACTION, RETENTION = "SUBSCRIPTION_FILTER_POLICY", "METRIC_EXTRACTION_POLICY", "RETENTION_POLICY"
# How many policies an account may have of each type.
_AT_MOST = {SUBSCRIPTION: 1, EXTRACTION: 5, RETENTION: 1}
_SELECTION = re.compile(r"\s*LogGroupName(Prefix)?\s+(NOT\s+)?IN\s+(\[.*\])\s*", re.DOTALL)


class AccountPolicies:
    """The policies of every account and region."""

    def __init__(self, responses, delivery, lag):
        self.responses, self.delivery, self.lag = responses, delivery, lag
        self.policies = responses.AccountRegionScopedDict()

    def operations(self):
        """The functions that answer the operations, by name."""
        return {
            "PutAccountPolicy": self.put,
            "DescribeAccountPolicies": self.describe,
            "DeleteAccountPolicy": self.delete,
        }

    def put(self, data):
        """PutAccountPolicy."""
        name, kind = data.get("policyName"), data.get("policyType")
        if kind not in _AT_MOST:
            raise Refused("InvalidParameterException", f"policyType {kind} is not imitated by the local AWS")
        if not name:
            raise Refused("InvalidParameterException", "policyName is required.")
        with self.lag.seen_by("logs:PutAccountPolicy"):
            others = {key for key in self.policies.keys() if key[0] == kind} - {(kind, name)}
        if len(others) >= _AT_MOST[kind]:
            raise Refused("LimitExceededException", "Resource limit exceeded.")
        try:
            document = json.loads(data.get("policyDocument") or "")
        except ValueError as error:
            raise Refused("InvalidParameterException", f"policyDocument is not JSON: {error}") from error
        criteria = data.get("selectionCriteria") or ""
        if len(criteria.encode()) > 25_000:
            raise Refused("InvalidParameterException", "selectionCriteria is longer than 25 KB")
        prefix, negated, _ = _criteria(criteria)
        if kind == SUBSCRIPTION:
            if criteria.strip() and (prefix or not negated):
                _refuse_criteria()
            try:
                compile_pattern(document.get("FilterPattern"))
            except PatternError as error:
                raise Refused("InvalidParameterException", f"Invalid filter pattern: {error}") from error
            self.delivery.check(document.get("DestinationArn"), document.get("RoleArn"))
        policy = {
            "policyName": name,
            "policyDocument": data["policyDocument"],
            "policyType": kind,
            "scope": "ALL",
            "selectionCriteria": criteria,
            "lastUpdatedTime": int(time.time() * 1000),
            "accountId": self.responses.get_account_id(),
        }
        self.policies[(kind, name)] = policy
        return self.responses.json_response({"accountPolicy": policy})

    def describe(self, data):
        """DescribeAccountPolicies."""
        found = [
            policy for policy in self.of_type(data.get("policyType"))
            if data.get("policyName") in (None, policy["policyName"])
        ]
        if data.get("policyName") and not found:
            raise Refused("ResourceNotFoundException", "The specified account policy does not exist.")
        return self.responses.json_response({"accountPolicies": found})

    def delete(self, data):
        """DeleteAccountPolicy."""
        if self.policies.pop((data.get("policyType"), data.get("policyName")), None) is None:
            raise Refused("ResourceNotFoundException", "The specified account policy does not exist.")
        return self.responses.json_response({})

    def of_type(self, kind):
        """The policies of a type in the current account and region."""
        return [policy for policy in self.policies.values() if policy["policyType"] == kind]

    def extracts_metrics(self, group_name):
        """Whether CloudWatch makes metrics of lines in the embedded format of this log group."""
        return not any(selects(policy["selectionCriteria"], group_name) for policy in self.of_type(EXTRACTION))


def selects(criteria, group_name):
    """Whether selection criteria select a log group."""
    prefix, negated, names = _criteria(criteria)
    if names is None:
        return True
    return negated != any(group_name.startswith(name) if prefix else group_name == name for name in names)


def _criteria(criteria):
    """Whether the criteria are about prefixes, whether they are negated, and the names; no names for no criteria."""
    if not criteria.strip():
        return False, False, None
    found = _SELECTION.fullmatch(criteria) or _refuse_criteria()
    try:
        return bool(found.group(1)), bool(found.group(2)), list(map(str, json.loads(found.group(3))))
    except ValueError:
        return _refuse_criteria()


def _refuse_criteria():
    raise Refused("InvalidParameterException", 'selectionCriteria must be: LogGroupName NOT IN ["...", ...]')
