"""How metrics are written and read on a running local AWS; ``account`` says how to run it."""

import time
import unittest

from account import REGION, AccountTest

# The middle of a minute a while ago, at the beginning of an hour.
THEN = int(time.time() // 3600) * 3600 - 7200 + 30


class Queries(AccountTest):
    def put(self, *values, name="m", namespace="app", at=THEN, step=60, **dimensions):
        """Records values of any namespace, a step apart."""
        metrics = [
            {"namespace": namespace, "name": name, "value": value, "time": at + number * step, "dimensions": dimensions}
            for number, value in enumerate(values)
        ]
        self.control("metrics", region=REGION, metrics=metrics)

    @staticmethod
    def query(statistic="Sum", identifier="m", name="m", namespace="app", period=60, **dimensions):
        dimensions = [{"Name": key, "Value": value} for key, value in dimensions.items()]
        metric = {"Namespace": namespace, "MetricName": name, "Dimensions": dimensions}
        return {"Id": identifier, "MetricStat": {"Metric": metric, "Period": period, "Stat": statistic}}

    def get(self, *queries, start=THEN - 30, end=THEN + 3600, **options):
        return self.watch.get_metric_data(MetricDataQueries=list(queries), StartTime=start, EndTime=end, **options)

    def values(self, *queries, **options):
        return [one["Values"] for one in self.get(*queries, **options)["MetricDataResults"]]

    def test_each_set_of_dimensions_is_a_metric_of_its_own(self):
        self.put(1)
        self.put(2, a="x")
        self.put(4, a="x", b="y")
        queries = [self.query(identifier="a"), self.query(identifier="b", a="x"), self.query(identifier="c", b="y", a="x")]
        self.assertEqual(self.values(*queries, self.query(identifier="d", a="z")), [[1], [2], [4], []])
        stated = self.watch.get_metric_statistics(
            Namespace="app", MetricName="m", StartTime=THEN - 30, EndTime=THEN + 60, Period=60, Statistics=["Sum", "Maximum"]
        )["Datapoints"]
        self.assertEqual([(point["Sum"], point["Maximum"]) for point in stated], [(1, 1)])

    def test_values_are_gathered_by_periods_and_statistics(self):
        self.put(5, 1, 6, step=20)
        self.put(10, at=THEN + 300)
        statistics = ("Sum", "Average", "Minimum", "Maximum", "SampleCount")
        queries = [self.query(statistic, f"q{number}", period=300) for number, statistic in enumerate(statistics)]
        found = self.get(*queries, ScanBy="TimestampAscending")["MetricDataResults"]
        self.assertEqual([one["Values"] for one in found], [[12, 10], [4, 10], [1, 10], [6, 10], [3, 1]])
        self.assertEqual([int(when.timestamp()) for when in found[0]["Timestamps"]], [THEN - 30, THEN + 270])
        self.assertEqual({(one["Label"], one["StatusCode"]) for one in found}, {("m", "Complete")})
        # The newest first unless asked otherwise, and the end is not part of what is asked for.
        self.assertEqual(self.values(self.query()), [[10, 6, 6]])
        self.assertEqual(self.values(self.query(), start=THEN, end=THEN + 270), [[6, 6]])

    def test_what_does_not_fit_on_a_page_comes_on_the_next(self):
        self.put(1, 2, 3, 4, 5)
        self.put(6, 7, name="n")
        queries = [self.query(), self.query(identifier="n", name="n")]
        options, pages = {"MaxDatapoints": 3, "ScanBy": "TimestampAscending"}, []
        while True:
            page = self.get(*queries, **options)
            pages.append([(one["Id"], one["Values"], one["StatusCode"]) for one in page["MetricDataResults"]])
            if "NextToken" not in page:
                break
            options["NextToken"] = page["NextToken"]
        self.assertEqual(pages, [
            [("m", [1, 2, 3], "PartialData")],
            [("m", [4, 5], "Complete"), ("n", [6], "PartialData")],
            [("n", [7], "Complete")],
        ])
        self.assertEqual(self.refusal(self.get, *queries, NextToken="other")[0], "InvalidNextToken")

    def test_what_aws_refuses_is_refused(self):
        many = [self.query(identifier=f"q{number}") for number in range(501)]
        self.assertEqual(len(self.get(*many[:500])["MetricDataResults"]), 500)
        for queries, options in [
            (many, {}), ([self.query(), self.query()], {}), ([self.query(identifier="Upper")], {}),
            ([self.query()], {"end": THEN - 30}), ([self.query("p99")], {}), ([self.query(period=30)], {}),
            ([{"Id": "e", "Expression": "SEARCH('{app}', 'Sum')"}], {}), ([self.query(period="60")], {}),
        ]:
            with self.subTest(queries=queries[-1], **options):
                self.assertIn(self.refusal(self.get, *queries, **options)[0], ("ValidationError", "SerializationException"))
        put = lambda namespace="app", **datum: self.watch.put_metric_data(
            Namespace=namespace, MetricData=[{"MetricName": "m", "Value": 1.0, **datum}]
        )
        self.assertEqual(self.refusal(put, "AWS/Lambda")[0], "InvalidParameterValue")
        self.assertEqual(self.refusal(put, Timestamp=time.time() - 15 * 86_400)[0], "InvalidParameterValue")
        self.assertEqual(self.refusal(put, Unit="Apples")[0], "ValidationError")
        put()
        self.assertEqual(self.values(self.query(period=7200), start=time.time() - 600, end=time.time() + 60), [[1]])

    def test_metrics_are_listed_by_pages(self):
        old = time.time() - 4 * 3600
        groups = [(f"g{number:03}", "f" if number else "other", time.time()) for number in range(501)] + [("old", "f", old)]
        self.control("metrics", region=REGION, metrics=[
            {"namespace": "AWS/Logs", "name": "m", "value": 1, "time": at, "dimensions": {"LogGroupName": name, "FilterName": of}}
            for name, of, at in groups
        ])
        listed = lambda **options: self.watch.list_metrics(Namespace="AWS/Logs", **options)
        named = lambda page: [{d["Name"]: d["Value"] for d in one["Dimensions"]}["LogGroupName"] for one in page["Metrics"]]
        first = listed(MetricName="m")
        second = listed(MetricName="m", NextToken=first["NextToken"])
        self.assertEqual((len(first["Metrics"]), len(second["Metrics"])), (500, 2))
        self.assertNotIn("NextToken", second)
        self.assertEqual(len(set(named(first) + named(second))), 502)
        recent = listed(RecentlyActive="PT3H", Dimensions=[{"Name": "FilterName", "Value": "f"}, {"Name": "LogGroupName"}])
        self.assertEqual(len(recent["Metrics"]), 500)
        self.assertNotIn("old", named(recent))
        self.assertEqual(listed(Dimensions=[{"Name": "PolicyLevel"}])["Metrics"], [])

    def test_accounts_and_regions_have_metrics_of_their_own_which_are_kept_and_put_back(self):
        self.put(1)
        self.control("keep/1")
        self.put(2)
        self.assertEqual(self.values(self.query()), [[3]])
        self.control("restore/1")
        self.assertEqual(self.values(self.query()), [[1]])
        watch = self.watch
        self.control("metrics", region="eu-west-1", metrics=[{"namespace": "app", "name": "m", "value": 5, "time": THEN}])
        self.assertEqual(self.values(self.query()), [[1]])
        self.setUp()
        self.assertEqual(self.values(self.query()), [[]])
        self.watch = watch
        self.assertEqual(self.values(self.query()), [[1]])


if __name__ == "__main__":
    unittest.main()
