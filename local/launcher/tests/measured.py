"""The metrics of the chain on a running local AWS; ``account`` says how to run it."""

import json
import time
import unittest

from account import REGION, until
from chain_account import ChainTest

OF_EVENTS = {"MetricsConfig": {"Metrics": ["EventCount"]}}


class Measured(ChainTest):
    def value(self, namespace, name, statistic="Sum", **dimensions):
        """The statistic over the last hour, or None where there is no value."""
        now = time.time()
        query = {
            "Id": "m",
            "MetricStat": {
                "Metric": {
                    "Namespace": namespace, "MetricName": name,
                    "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
                },
                "Period": 7200, "Stat": statistic,
            },
        }
        found = self.watch.get_metric_data(MetricDataQueries=[query], StartTime=now - 3600, EndTime=now + 3600)
        values = found["MetricDataResults"][0]["Values"]
        # Two where the period changes at this moment.
        return (max(values) if statistic == "Maximum" else sum(values)) if values else None

    def of_filter(self, name, group, filter_name="filter"):
        return self.value("AWS/Logs", name, LogGroupName=group, DestinationType="KinesisStream", FilterName=filter_name)

    def of_function(self, name, statistic="Sum"):
        return self.value("AWS/Lambda", name, statistic, FunctionName="function")

    def of_mapping(self, name, statistic="Sum"):
        return self.value("AWS/Lambda", name, statistic, EventSourceMappingUUID=self.mapping)

    # -- CloudWatch Logs and Kinesis -----------------------------------------

    def test_what_is_logged_and_what_a_filter_forwards(self):
        group = self.make_group("/app/service")
        self.subscribe(group, pattern="yes", name="for@audit-é")
        self.put(group, "yes", "no", "yes again")
        self.assertEqual(self.value("AWS/Logs", "IncomingLogEvents", LogGroupName=group), 3)
        self.assertEqual(self.value("AWS/Logs", "IncomingBytes", LogGroupName=group), 3 * 26 + len("yesnoyes again"))
        self.put(self.make_group("/app/other"), "no")
        self.assertEqual(self.value("AWS/Logs", "IncomingLogEvents"), 4, "the whole account")
        self.assertEqual(self.of_filter("ForwardedLogEvents", group, "for@audit-?"), 2)
        self.assertGreater(self.of_filter("ForwardedBytes", group, "for@audit-?"), 100)
        self.assertIsNone(self.of_filter("DeliveryErrors", group, "for@audit-?"))
        self.assertEqual(self.value("AWS/Kinesis", "IncomingRecords", StreamName="stream"), 2, "one is the test message")
        self.put_records(5)
        self.assertEqual(self.value("AWS/Kinesis", "IncomingRecords", StreamName="stream"), 7)

    def test_an_account_policy_has_dimensions_of_its_own(self):
        document = json.dumps({"DestinationArn": self.stream, "RoleArn": self.role, "FilterPattern": ""})
        kind = "SUBSCRIPTION_FILTER_POLICY"
        self.logs.put_account_policy(policyName="all", policyDocument=document, policyType=kind)
        group = self.make_group("/app/service")
        self.put(group, "one", "two")
        dimensions = {"PolicyLevel": "AccountPolicy", "DestinationType": "KinesisStream", "FilterName": "all"}
        self.assertEqual(self.value("AWS/Logs", "ForwardedLogEvents", **dimensions), 2)
        self.assertIsNone(self.value("AWS/Logs", "ForwardedBytes", **dimensions))
        self.assertIsNone(self.of_filter("ForwardedLogEvents", group, "all"))

    def test_what_the_role_or_the_stream_does_not_take_is_lost(self):
        group = self.make_group("/app/service")
        self.subscribe(group)
        self.iam.delete_role_policy(RoleName="to-kinesis", PolicyName="policy")
        self.put(group, "one", "two")
        self.assertEqual(self.of_filter("DeliveryErrors", group), 2)
        self.assertEqual(len(self.records()), 1, "only the test message")
        self.kinesis.delete_stream(StreamName="stream")
        self.put(group, "three")
        self.assertEqual(self.of_filter("DeliveryErrors", group), 3)
        self.assertIsNone(self.of_filter("ForwardedLogEvents", group))

    def test_a_throttled_stream_makes_events_wait(self):
        group = self.make_group("/app/service")
        self.subscribe(group)
        self.control("throttle", region=REGION, stream="stream", throttled=True)
        self.put(group, "one", "two")
        self.assertEqual(len(self.records()), 1, "only the test message")
        self.assertEqual(self.of_filter("DeliveryThrottling", group), 2)
        put = self.kinesis.put_records(StreamName="stream", Records=[{"Data": b"x", "PartitionKey": "k"}] * 3)
        self.assertEqual(put["FailedRecordCount"], 3)
        code, _ = self.refusal(self.kinesis.put_record, StreamName="stream", Data=b"x", PartitionKey="k")
        self.assertEqual(code, "ProvisionedThroughputExceededException")
        self.assertEqual(self.value("AWS/Kinesis", "WriteProvisionedThroughputExceeded", StreamName="stream"), 5)
        self.control("throttle", region=REGION, stream="stream", throttled=False)
        self.assertEqual([event["message"] for event in self.payloads()[1]["logEvents"]], ["one", "two"])
        self.assertEqual(self.of_filter("ForwardedLogEvents", group), 2)
        self.assertIsNone(self.of_filter("DeliveryErrors", group))

    # -- the embedded metric format ------------------------------------------

    def embedded(self, **fields):
        metrics = [{"Name": "Events", "Unit": "Count"}, {"Name": "Latency", "Unit": "Milliseconds"}, {"Name": "Absent"}]
        directive = {"Namespace": "app", "Dimensions": [["Function"], ["Function", "Missing"]], "Metrics": metrics}
        about = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [directive]}
        return json.dumps({"_aws": about, "Function": "f", "Events": 3, "Latency": [10, 30], **fields})

    def test_lines_in_the_embedded_format_become_metrics(self):
        group = self.make_group("/app/service")
        self.put(group, self.embedded(), '{"Events": 50}', self.embedded(Events=4), self.embedded()[:-1])
        self.assertEqual(self.value("app", "Events", Function="f"), 7)
        self.assertEqual(self.value("app", "Latency", "Maximum", Function="f"), 30)
        self.assertEqual(self.value("app", "Latency", "SampleCount", Function="f"), 4)
        listed = self.watch.list_metrics(Namespace="app")["Metrics"]
        self.assertEqual(sorted(metric["MetricName"] for metric in listed), ["Events", "Latency"])
        self.assertEqual(self.value("AWS/Logs", "EMFParsingErrors"), 1)

    def test_a_metric_extraction_policy_turns_them_off(self):
        kind, extract = "METRIC_EXTRACTION_POLICY", {"policyName": "none", "policyDocument": "{}"}
        self.logs.put_account_policy(policyType=kind, selectionCriteria='LogGroupNamePrefix IN ["/off/"]', **extract)
        self.logs.put_account_policy(policyType="RETENTION_POLICY", policyName="kept", policyDocument='{"days": 30}')
        self.put(self.make_group("/off/one"), self.embedded())
        self.assertIsNone(self.value("app", "Events", Function="f"))
        self.put(self.make_group("/on/one"), self.embedded())
        self.assertEqual(self.value("app", "Events", Function="f"), 3)
        named = lambda kind: [one["policyName"] for one in self.logs.describe_account_policies(policyType=kind)["accountPolicies"]]
        self.assertEqual([named(kind), named("RETENTION_POLICY"), named("SUBSCRIPTION_FILTER_POLICY")], [["none"], ["kept"], []])
        self.logs.delete_account_policy(policyType=kind, policyName="none")
        self.assertEqual((named(kind), named("RETENTION_POLICY")), ([], ["kept"]))

    # -- Lambda --------------------------------------------------------------

    def test_a_function_and_its_mapping(self):
        self.make_function([None, [1], None, "fail", None], **OF_EVENTS)
        found = self.functions.get_event_source_mapping(UUID=self.mapping)
        self.assertEqual(found["MetricsConfig"], OF_EVENTS["MetricsConfig"])
        until("the first batch is done", lambda: self.of_mapping("InvokedEventCount") == 4)
        self.put_records(2)
        until("the second one as well", lambda: self.of_mapping("InvokedEventCount") == 7)
        self.put_records(1)
        until("and the third", lambda: self.of_mapping("InvokedEventCount") == 9)
        self.assertEqual(self.of_function("Invocations"), 5)
        self.assertEqual(self.of_function("Errors"), 1, "a partial failure is none")
        self.assertEqual(self.of_function("Throttles"), 0)
        self.assertGreater(self.of_function("Duration"), 0)
        self.assertEqual(self.of_function("IteratorAge", "SampleCount"), 5)
        self.assertEqual(self.of_mapping("PolledEventCount"), 7)
        self.assertEqual(self.of_mapping("FailedInvokeEventCount"), 2)
        self.assertIsNone(self.of_mapping("DroppedEventCount"))

    def test_an_empty_poll_counts_and_a_disabled_mapping_does_not(self):
        self.make_function([], **OF_EVENTS)
        self.expect([0, 1, 2, 3])
        polls = lambda: self.of_mapping("PolledEventCount", "SampleCount")
        until("it has polled the empty stream", lambda: polls() > 2)
        self.assertEqual(self.of_mapping("PolledEventCount"), 4)
        self.assertIsNotNone(self.value("AWS/Kinesis", "GetRecords.IteratorAgeMilliseconds", "Maximum", StreamName="stream"))
        self.functions.update_event_source_mapping(UUID=self.mapping, Enabled=False)
        until("it has stopped", lambda: not self.polls_within_two_seconds(polls))

    def polls_within_two_seconds(self, polls):
        before, deadline = polls(), time.monotonic() + 2
        while time.monotonic() < deadline:
            if polls() > before:
                return True
            time.sleep(0.1)
        return False

    def test_metrics_of_a_mapping_are_made_only_where_they_are_asked_for(self):
        self.make_function([])
        until("it has run", lambda: self.of_function("Invocations"))
        self.assertIsNone(self.of_mapping("PolledEventCount"))
        self.functions.update_event_source_mapping(UUID=self.mapping, **OF_EVENTS)
        until("they are made", lambda: self.of_mapping("PolledEventCount") is not None)

    def test_a_throttled_function_is_not_invoked(self):
        self.make_function([], Enabled=False)
        self.functions.put_function_concurrency(FunctionName="function", ReservedConcurrentExecutions=0)
        self.functions.update_event_source_mapping(UUID=self.mapping, Enabled=True)
        until("it is throttled", lambda: self.of_function("Throttles"))
        self.assertIsNone(self.of_function("Invocations"))

    def test_what_is_given_up_is_dropped_or_kept(self):
        bucket = f"bucket-{self.account}"
        self.s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        destination = {"OnFailure": {"Destination": f"arn:aws:s3:::{bucket}"}}
        options = {"MaximumRetryAttempts": 0, "DestinationConfig": destination, **OF_EVENTS}
        self.make_function(["fail"] * 2, actions=["kinesis:*", "s3:PutObject"], **options)
        until("it is kept", lambda: self.of_mapping("OnFailureDestinationDeliveredEventCount") == 4)
        self.assertIsNone(self.of_mapping("DroppedEventCount"))
        self.s3.delete_object(Bucket=bucket, Key=self.s3.list_objects_v2(Bucket=bucket)["Contents"][0]["Key"])
        self.s3.delete_bucket(Bucket=bucket)
        self.put_records(2)
        until("it is dropped", lambda: self.of_mapping("DroppedEventCount") == 2)
        self.assertEqual(self.of_function("DestinationDeliveryFailures"), 1)
        self.assertEqual(self.of_mapping("OnFailureDestinationDeliveredEventCount"), 4)


if __name__ == "__main__":
    unittest.main()
