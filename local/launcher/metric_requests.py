"""The requests that write and read metrics, as CloudWatch answers them, over its JSON protocol.

Not imitated, and refused: metric math, Metrics Insights, percentiles, periods below a minute, and the other protocols.
"""

import base64
import json
import re
import time

from metrics import MINUTE
from refusals import Refused

QUERIES, DATAPOINTS, LISTED, STATISTICS_POINTS = 500, 100_800, 500, 1_440
# How old and how far in the future a point may be when it is put, in seconds.
_PAST, _FUTURE = 14 * 86_400, 2 * 3_600
_RECENT = 3 * 3_600
# From count, sum, least and greatest.
STATISTICS = {
    "SampleCount": lambda count, total, least, greatest: count,
    "Sum": lambda count, total, least, greatest: total,
    "Average": lambda count, total, least, greatest: total / count,
    "Minimum": lambda count, total, least, greatest: least,
    "Maximum": lambda count, total, least, greatest: greatest,
}
_QUERY_ID = re.compile("[a-z][a-zA-Z0-9_]*")


class MetricRequests:
    """PutMetricData, GetMetricData, GetMetricStatistics and ListMetrics; ministack answers the rest."""

    def __init__(self, cloudwatch, metrics):
        self.cloudwatch, self.metrics = cloudwatch, metrics
        self.handle, self.reset_cloudwatch = cloudwatch.handle_request, cloudwatch.reset

    def install(self):
        """Takes the place of ministack's functions, which are then called from here."""
        self.cloudwatch.handle_request = self.request
        self.cloudwatch.reset = self.reset
        self.cloudwatch.record_metric = self.recorded

    def reset(self):
        """Forgets the metrics with everything else."""
        self.metrics.clear()
        self.reset_cloudwatch()

    def recorded(self, namespace, metric_name, value, unit="None", dimensions=None):
        """What other services of ministack record."""
        self.metrics.put(namespace, metric_name, value, unit, **(dimensions or {}))

    async def request(self, method, path, headers, body, query_params):
        """Answers the requests for metrics."""
        own = {
            "PutMetricData": self.put,
            "GetMetricData": self.get,
            "GetMetricStatistics": self.statistics,
            "ListMetrics": self.list,
        }
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        if operation in own:
            try:
                return self.cloudwatch._json_ok(own[operation](json.loads(body or b"{}")))
            except Refused as refused:
                return self.cloudwatch._error(refused.code, str(refused), 400, use_json=True)
        form = (body or b"").decode(errors="replace")
        if any(f"/operation/{name}" in path or f"Action={name}&" in f"{form}&" for name in own):
            return self.cloudwatch._error("InvalidAction", "The local AWS answers this over the JSON protocol only.", 400)
        return await self.handle(method, path, headers, body, query_params)

    # -- writing -------------------------------------------------------------

    def put(self, data):
        """PutMetricData."""
        if data["Namespace"].startswith("AWS/"):
            raise Refused("InvalidParameterValue", "The value AWS/ for parameter Namespace is invalid.")
        now = time.time()
        for datum in data.get("MetricData", []):
            when = datum.get("Timestamp", now)
            if not now - _PAST <= when <= now + _FUTURE:
                raise Refused(
                    "InvalidParameterValue",
                    "The parameter Timestamp must specify a time within the past two weeks and two hours in the future.",
                )
            for values in _values(datum):
                self.metrics.record(
                    data["Namespace"], datum["MetricName"], _dimensions(datum), when, *values, datum.get("Unit", "None")
                )
        return {}

    # -- reading -------------------------------------------------------------

    def get(self, data):
        """GetMetricData: the values of each query, over as many pages as it takes."""
        queries = data["MetricDataQueries"]
        if len(queries) > QUERIES:
            raise Refused(
                "ValidationError", f"The collection MetricDataQueries must not have a size greater than {QUERIES}."
            )
        if len({query["Id"] for query in queries}) < len(queries):
            raise Refused("ValidationError", "The values for parameter id in MetricDataQueries must be unique.")
        start, end = _span(data)
        room = min(data.get("MaxDatapoints", DATAPOINTS), DATAPOINTS)
        ascending = data.get("ScanBy", "TimestampDescending") == "TimestampAscending"
        number, offset = _place(data.get("NextToken"), queries)
        results = []
        for at, query in enumerate(queries[number:], number):
            points = self._points(query, start, end)
            before = offset if at == number else 0
            points = (points if ascending else points[::-1])[before:]
            shown = points[:room]
            room -= len(shown)
            complete = len(shown) == len(points)
            if query.get("ReturnData", True):
                results.append({
                    "Id": query["Id"],
                    "Label": query.get("Label") or query["MetricStat"]["Metric"]["MetricName"],
                    "Timestamps": [when for when, _ in shown],
                    "Values": [value for _, value in shown],
                    "StatusCode": "Complete" if complete else "PartialData",
                })
            if not complete:
                return {"MetricDataResults": results, "NextToken": _token(at, before + len(shown)), "Messages": []}
        return {"MetricDataResults": results, "Messages": []}

    def _points(self, query, start, end):
        if not _QUERY_ID.fullmatch(query["Id"]):
            raise Refused("ValidationError", f"The value {query['Id']} for parameter Id is invalid.")
        if "MetricStat" not in query:
            raise Refused("ValidationError", "The local AWS knows no expressions; ask for a MetricStat.")
        wanted = query["MetricStat"]
        metric, period = wanted["Metric"], _period(wanted["Period"])
        statistic = _statistic(wanted["Stat"])
        _, windows = self.metrics.windows(
            metric["Namespace"], metric["MetricName"], _dimensions(metric), period, start, end
        )
        return [(when, float(statistic(*values))) for when, *values in windows]

    def statistics(self, data):
        """GetMetricStatistics."""
        start, end = _span(data)
        period = _period(data["Period"])
        if (end - start) / period > STATISTICS_POINTS:
            raise Refused(
                "InvalidParameterCombination",
                f"You have requested up to {int((end - start) / period)} datapoints, which exceeds the limit of "
                f"{STATISTICS_POINTS}. You may reduce the datapoints requested by increasing Period, or decreasing the "
                "time range.",
            )
        wanted = {name: _statistic(name) for name in data.get("Statistics", []) + data.get("ExtendedStatistics", [])}
        if not wanted:
            raise Refused("MissingParameter", "At least one of Statistics and ExtendedStatistics must be given.")
        unit, windows = self.metrics.windows(
            data["Namespace"], data["MetricName"], _dimensions(data), period, start, end
        )
        return {
            "Label": data["MetricName"],
            "Datapoints": [
                {"Timestamp": when, "Unit": unit, **{name: float(of(*values)) for name, of in wanted.items()}}
                for when, *values in windows
            ],
        }

    def list(self, data):
        """ListMetrics: the metrics whose dimensions hold the ones asked for, by pages."""
        since = time.time() - (_RECENT if data.get("RecentlyActive") else _PAST)
        found = [
            {
                "Namespace": namespace,
                "MetricName": name,
                "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions],
            }
            for (namespace, name, dimensions), latest in self.metrics.known()
            if latest >= since
            and data.get("Namespace") in (None, namespace)
            and data.get("MetricName") in (None, name)
            and all(_holds(dict(dimensions), wanted) for wanted in data.get("Dimensions", []))
        ]
        _, offset = _place(data.get("NextToken"), [None])
        more = {"NextToken": _token(0, offset + LISTED)} if len(found) > offset + LISTED else {}
        return {"Metrics": found[offset : offset + LISTED], **more}


def _holds(dimensions, wanted):
    value = dimensions.get(wanted["Name"])
    return value is not None and wanted.get("Value") in (None, value)


def _dimensions(data):
    return {one["Name"]: one["Value"] for one in data.get("Dimensions", [])}


def _values(datum):
    """Count, sum, least and greatest of each value of a datum."""
    if "StatisticValues" in datum:
        given = datum["StatisticValues"]
        return [(given["SampleCount"], given["Sum"], given["Minimum"], given["Maximum"])]
    if "Values" in datum:
        counts = datum.get("Counts") or [1] * len(datum["Values"])
        if len(counts) != len(datum["Values"]):
            raise Refused("InvalidParameterValue", "Values and Counts must be of the same length.")
        return [(count, value * count, value, value) for value, count in zip(datum["Values"], counts)]
    if "Value" not in datum:
        raise Refused("MissingParameter", "At least one of Value, Values and StatisticValues must be given.")
    return [(1, datum["Value"], datum["Value"], datum["Value"])]


def _span(data):
    """The time that is asked for, its start rounded down to the minute as on AWS."""
    start, end = data["StartTime"], data["EndTime"]
    if start >= end:
        raise Refused("ValidationError", "The parameter StartTime must be less than the parameter EndTime.")
    return start // MINUTE * MINUTE, end


def _period(period):
    if period % MINUTE:
        raise Refused("ValidationError", "The local AWS knows periods of whole minutes only.")
    return period


def _statistic(name):
    if name not in STATISTICS:
        raise Refused("ValidationError", f"The local AWS does not know the statistic {name}.")
    return STATISTICS[name]


def _token(number, offset):
    return base64.urlsafe_b64encode(json.dumps([number, offset]).encode()).decode()


def _place(token, queries):
    """The query to go on with, and how many of its points have been shown."""
    if token is None:
        return 0, 0
    try:
        number, offset = json.loads(base64.urlsafe_b64decode(token))
        if 0 <= number < len(queries) and offset >= 0:
            return number, offset
    except (ValueError, TypeError):
        pass
    raise Refused("InvalidNextToken", "The value for parameter NextToken is invalid.")
