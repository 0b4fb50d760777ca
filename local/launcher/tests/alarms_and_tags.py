"""Alarms and the tagging API on a running local AWS; ``account`` says how to run it."""

import time
import unittest

from account import REGION, AccountTest

OTHERS = {"FunctionName": "other"}


class Alarms(AccountTest):
    def alarm(self, name="alarm", **options):
        self.watch.put_metric_alarm(**{
            "AlarmName": name, "Namespace": "AWS/Lambda", "MetricName": "Errors", "Statistic": "Sum", "Period": 60,
            "Dimensions": [{"Name": "FunctionName", "Value": "f"}], "EvaluationPeriods": 3, "Threshold": 0.0,
            "ComparisonOperator": "GreaterThanThreshold", **options,
        })

    def put(self, *values, dimensions=None):
        """Values of minutes, the oldest first. The last is of the minute to come: the clock may strike during a test."""
        last = int(time.time() // 60) * 60 + 90
        metrics = [
            {"namespace": "AWS/Lambda", "name": "Errors", "value": value, "time": last - 60 * (len(values) - 1 - number),
             "dimensions": dimensions or {"FunctionName": "f"}}
            for number, value in enumerate(values)
        ]
        self.control("metrics", region=REGION, metrics=metrics)

    def state(self, name="alarm"):
        return self.watch.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]["StateValue"]

    def test_an_alarm_is_about_its_own_dimensions(self):
        self.alarm()
        self.assertEqual(self.state(), "INSUFFICIENT_DATA")
        self.put(1, 1, 1, 1, 1, dimensions=OTHERS)
        self.assertEqual(self.state(), "INSUFFICIENT_DATA")
        self.put(1, 1, 1, 1)
        self.assertEqual(self.state(), "ALARM")
        history = self.watch.describe_alarm_history(AlarmName="alarm", HistoryItemType="StateUpdate")["AlarmHistoryItems"]
        self.assertIn("to ALARM", history[0]["HistorySummary"] + history[-1]["HistorySummary"])

    def test_m_of_n_periods_must_breach(self):
        # Two of any five that follow on each other, then three.
        self.put(0, 1, 0, 0, 1, 0, 1)
        self.alarm("two", EvaluationPeriods=5, DatapointsToAlarm=2)
        self.alarm("three", EvaluationPeriods=5, DatapointsToAlarm=3)
        self.alarm("all", EvaluationPeriods=5)
        states = lambda: [self.state(name) for name in ("two", "three", "all")]
        self.assertEqual(states(), ["ALARM", "OK", "OK"])
        self.put(1, 0, 0, 0)
        self.assertEqual(states(), ["ALARM", "ALARM", "OK"])

    def test_missing_data_is_treated_as_asked(self):
        for treatment, expected in [
            ("missing", "INSUFFICIENT_DATA"), ("breaching", "ALARM"), ("notBreaching", "OK"), ("ignore", "INSUFFICIENT_DATA"),
        ]:
            self.alarm(treatment, TreatMissingData=treatment)
            self.assertEqual(self.state(treatment), expected, treatment)
        self.alarm("polled", Statistic="SampleCount", ComparisonOperator="LessThanThreshold", Threshold=1.0, TreatMissingData="breaching")
        self.assertEqual(self.state("polled"), "ALARM")
        self.put(0, 0, 0, 0)
        self.assertEqual(self.state("polled"), "OK", "an empty poll is a value")

    def test_minutes_can_pass_for_the_metrics(self):
        self.alarm(Period=300, EvaluationPeriods=2)
        for _ in range(2):
            self.assertNotEqual(self.state(), "ALARM")
            self.put(1)
            self.control("minutes", minutes=5)
        self.assertEqual(self.state(), "ALARM")
        self.put(0)
        self.control("minutes", minutes=5)
        self.assertEqual(self.state(), "OK")

    def test_a_state_set_by_hand_lasts_until_the_next_period(self):
        self.put(0, 0, 0, 0)
        self.alarm()
        self.assertEqual(self.state(), "OK")
        self.watch.set_alarm_state(AlarmName="alarm", StateValue="ALARM", StateReason="a test")
        self.assertEqual(self.state(), "ALARM")

    def test_alarms_are_kept_and_put_back(self):
        self.control("keep/1")
        self.alarm()
        self.control("restore/1")
        self.assertEqual(self.watch.describe_alarms()["MetricAlarms"], [])


class Tags(AccountTest):
    def found(self, *types, **tags):
        """Pages of resources, each by what follows the account in its ARN."""
        filters = [{"Key": key, "Values": [value] if value else []} for key, value in tags.items()]
        options, pages = {"ResourceTypeFilters": list(types), "TagFilters": filters, "ResourcesPerPage": 2}, []
        while True:
            page = self.tags.get_resources(**options)
            pages.append([one["ResourceARN"].split(":", 5)[5] for one in page["ResourceTagMappingList"]])
            if not page["PaginationToken"]:
                return pages
            options["PaginationToken"] = page["PaginationToken"]

    def test_resources_are_found_by_their_tags_on_pages(self):
        role = self.make_role("execution", "lambda.amazonaws.com", "kinesis:*", "*")
        self.kinesis.add_tags_to_stream(StreamName="stream", Tags={"stack": "one"})
        self.kinesis.create_stream(StreamName="untagged", ShardCount=1)
        self.functions.create_function(
            FunctionName="f", Runtime="provided.al2023", Handler="bootstrap", Role=role, Tags={"stack": "one"},
            Code={"ZipFile": b"PK\x05\x06" + bytes(18)},
        )
        mapping = self.functions.create_event_source_mapping(
            FunctionName="f", EventSourceArn=self.stream, StartingPosition="LATEST", Enabled=False, Tags={"stack": "two"}
        )["UUID"]
        self.logs.create_log_group(logGroupName="/aws/lambda/f", tags={"stack": "one"})
        self.assertEqual(self.found(), [["stream/stream", f"event-source-mapping:{mapping}"], ["function:f", "log-group:/aws/lambda/f"]])
        self.assertEqual(self.found(stack="one"), [["stream/stream", "function:f"], ["log-group:/aws/lambda/f"]])
        self.assertEqual(self.found("kinesis:stream", stack=None), [["stream/stream"]])
        self.assertEqual(self.found("lambda", stack="one"), [["function:f"]])
        self.assertEqual(self.found(stack="none"), [[]])
        tags = self.tags.get_resources(ResourceTypeFilters=["kinesis"])["ResourceTagMappingList"][0]["Tags"]
        self.assertIn({"Key": "stack", "Value": "one"}, tags)
        self.assertEqual(self.refusal(self.tags.get_resources, PaginationToken="other")[0], "PaginationTokenExpiredException")
        self.assertEqual(self.refusal(self.tags.get_resources, ResourcesPerPage=101)[0], "InvalidParameterException")


if __name__ == "__main__":
    unittest.main()
