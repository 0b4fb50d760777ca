"""Subscription filters of CloudWatch Logs, with AWS's checks, and where events go that come into a log group."""

import json

import log_events
from account_policies import SUBSCRIPTION, selects
from delivery import Subscription
from patterns import PatternError, compile_pattern
from refusals import Refused, answering

FILTERS_PER_GROUP = 2


class Subscriptions:
    """The filters of log groups, and the account policies, whose destination is a Kinesis stream."""

    def __init__(self, logs, responses, policies, delivery, lag, measured):
        self.logs, self.responses, self.lag = logs, responses, lag
        self.policies, self.delivery, self.measured = policies, delivery, measured
        self.put_filter = logs._put_subscription_filter
        self.describe_filters = logs._describe_subscription_filters
        self.fan_out = logs._fanout_to_subscription_filters
        self.handle = logs.handle_request
        self.reset_logs = logs.reset

    def install(self):
        """Takes the place of ministack's functions, which are then called from here."""
        self.logs._put_subscription_filter = answering(self.responses, self.put)
        self.logs._describe_subscription_filters = answering(self.responses, self.describe)
        self.logs._fanout_to_subscription_filters = self.arrived
        self.logs._subscription_pattern_matches = lambda pattern, message: compile_pattern(pattern)(message or "")
        self.logs.handle_request = self.request
        self.logs.reset = self.reset

    async def request(self, method, path, headers, body, query_params):
        """Adds the operations on account policies."""
        own = self.policies.operations().get(headers.get("x-amz-target", "").split(".")[-1])
        if own is None:
            return await self.handle(method, path, headers, body, query_params)
        return answering(self.responses, own)(json.loads(body or b"{}"))

    def reset(self):
        """Forgets the account policies with everything else, who is in an organization, and what reads lag behind."""
        self.policies.policies.clear()
        self.delivery.organizations.members.clear()
        self.lag.reset()
        self.reset_logs()

    def put(self, data):
        """PutSubscriptionFilter with the checks of AWS, and the test message to the stream."""
        group = self.logs._log_groups.get(data.get("logGroupName"))
        if group is not None:
            _check_class(group)
            try:
                compile_pattern(data.get("filterPattern"))
            except PatternError as error:
                raise Refused("InvalidParameterException", f"Invalid filter pattern: {error}") from error
            others = set(group["subscriptionFilters"]) - {data.get("filterName")}
            if len(others) >= FILTERS_PER_GROUP:
                raise Refused("LimitExceededException", "Resource limit exceeded.")
            self.delivery.check(data.get("destinationArn"), data.get("roleArn"), data["logGroupName"])
        return self.put_filter(data)

    def describe(self, data):
        """DescribeSubscriptionFilters, which AWS refuses outside of the Standard class."""
        group = self.logs._log_groups.get(data.get("logGroupName"))
        if group is not None:
            _check_class(group)
        return self.describe_filters(data)

    def arrived(self, group_name, stream_name, events):
        """The fan-out hook of PutLogEvents: ministack's own destinations, then Kinesis."""
        self.fan_out(group_name, stream_name, events)
        group = self.logs._log_groups.get(group_name)
        if not group or not events:
            return
        self.measured.logged(group_name, events, self.policies.extracts_metrics(group_name))
        events = log_events.just_appended(events)
        for subscription in [*_of_filters(group_name, group), *self._of_policies(group_name, group)]:
            self.delivery.deliver(subscription, stream_name, events)

    def _of_policies(self, group_name, group):
        if group.get("logGroupClass", "STANDARD") != "STANDARD":
            return
        for policy in self.policies.of_type(SUBSCRIPTION):
            document = json.loads(policy["policyDocument"])
            if selects(policy["selectionCriteria"], group_name):
                yield Subscription(
                    group_name,
                    policy["policyName"],
                    document.get("FilterPattern", ""),
                    document.get("DestinationArn", ""),
                    document.get("RoleArn", ""),
                    document.get("Distribution", "ByLogStream"),
                    "ACCOUNT_LEVEL_POLICY",
                )


def _of_filters(group_name, group):
    for one in list(group["subscriptionFilters"].values()):
        yield Subscription(
            group_name, one["filterName"], one["filterPattern"], one["destinationArn"], one["roleArn"], one["distribution"]
        )


def _check_class(group):
    if group.get("logGroupClass", "STANDARD") != "STANDARD":
        raise Refused("ValidationException", "This operation is only supported on the Standard log class.")
