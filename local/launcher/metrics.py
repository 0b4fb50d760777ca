"""The metrics of every account and region: one sum for each metric and minute, as CloudWatch keeps them.

Recording is a few dictionary lookups, because thousands of deliveries a minute pass here. Memory is bounded: a metric takes
one entry a minute, whatever is recorded, and the oldest minutes go when it has too many.

``POST /_cwl2le/accounts/ID/metrics`` with ``{"region": ..., "metrics": [...]}`` records anything at any time, for tests:
metrics of AWS's own namespaces, which PutMetricData refuses, and minutes of last week. Each metric has ``namespace``,
``name``, ``value``, and if wanted ``dimensions`` (an object), ``unit`` and ``time`` (seconds since 1970).

``POST /_cwl2le/accounts/ID/minutes`` with ``{"minutes": ...}`` lets minutes pass for the metrics of an account: whatever was
recorded so far happened that much earlier. So an alarm that looks at an hour can be tried in seconds.
"""

import copy
import json
import re
import threading
import time

MINUTE = 60
# Four weeks, which is longer than anything runs here; only the control path gets near it.
MINUTES_KEPT = 4 * 7 * 24 * 60
_PATH = re.compile(r"/_cwl2le/accounts/(\d{12})/(metrics|minutes)")


class Series:
    """One metric: for each minute the number of values, their sum, and the least and the greatest of them."""

    __slots__ = ("latest", "minutes", "unit")

    def __init__(self, unit):
        self.unit, self.minutes, self.latest = unit, {}, 0.0

    def add(self, when, count, total, least, greatest):
        """Adds values of one minute."""
        minute = int(when // MINUTE) * MINUTE
        there = self.minutes.get(minute)
        if there is None:
            self.minutes[minute] = [count, total, least, greatest]
            if len(self.minutes) > MINUTES_KEPT:
                del self.minutes[min(self.minutes)]
        else:
            there[0] += count
            there[1] += total
            there[2] = min(there[2], least)
            there[3] = max(there[3], greatest)
        self.latest = max(self.latest, when)

    def grow_older(self, minutes):
        """What was recorded happened this many minutes earlier."""
        self.minutes = {minute - minutes * MINUTE: values for minute, values in self.minutes.items()}
        self.latest -= minutes * MINUTE


class Metrics:
    """The metrics of all accounts. A metric is known by its namespace, its name and its dimensions, sorted."""

    def __init__(self, responses):
        self.responses = responses
        self.lock = threading.Lock()
        # By account and region, then by metric.
        self.scopes = {}

    def put(self, namespace, name, value, unit="Count", /, **dimensions):
        """Records one value, now, in the current account and region."""
        self.record(namespace, name, dimensions, time.time(), 1, value, value, value, unit)

    def record(self, namespace, name, dimensions, when, count, total, least, greatest, unit="None"):
        """Records ``count`` values of one minute at once."""
        key = (namespace, name, tuple(sorted(dimensions.items())))
        scope = (self.responses.get_account_id(), self.responses.get_region())
        with self.lock:
            metrics = self.scopes.get(scope)
            if metrics is None:
                metrics = self.scopes[scope] = {}
            series = metrics.get(key)
            if series is None:
                series = metrics[key] = Series(unit)
            series.add(when, count, total, least, greatest)

    def known(self):
        """Every metric of the current account and region with the time of its latest value, sorted."""
        with self.lock:
            return sorted((key, series.latest) for key, series in self._here().items())

    def windows(self, namespace, name, dimensions, period, start, end):
        """The unit of a metric, and its values by window: start of the window, then count, sum, least, greatest.

        Windows begin at multiples of the period, which is a multiple of a minute; ones without a value are left out.
        """
        key, found = (namespace, name, tuple(sorted(dimensions.items()))), {}
        with self.lock:
            series = self._here().get(key)
            if series is None:
                return "None", []
            for minute, (count, total, least, greatest) in series.minutes.items():
                if start <= minute < end:
                    at = minute // period * period
                    there = found.get(at, (0, 0.0, least, greatest))
                    found[at] = (
                        there[0] + count, there[1] + total, min(there[2], least), max(there[3], greatest)
                    )
            return series.unit, sorted((at, *values) for at, values in found.items())

    def _here(self):
        return self.scopes.get((self.responses.get_account_id(), self.responses.get_region()), {})

    # -- whole accounts, for ``accounts`` -----------------------------------

    def of_account(self, account):
        """A copy of what the account has, for ``put_back``."""
        with self.lock:
            return {scope: copy.deepcopy(metrics) for scope, metrics in self.scopes.items() if scope[0] == account}

    def put_back(self, account, kept):
        """Replaces what the account has."""
        with self.lock:
            for scope in [scope for scope in self.scopes if scope[0] == account]:
                del self.scopes[scope]
            self.scopes.update(copy.deepcopy(kept))

    def grow_older(self, account, minutes):
        """Lets minutes pass for what the account has."""
        with self.lock:
            for (owner, _), metrics in self.scopes.items():
                if owner == account:
                    for series in metrics.values():
                        series.grow_older(minutes)

    def clear(self):
        """Forgets everything."""
        with self.lock:
            self.scopes.clear()

    # -- for tests -----------------------------------------------------------

    def answer(self, method, path, body):
        """The answer to a request that records metrics or lets time pass, or None where it is not for here."""
        match = _PATH.fullmatch(path)
        if match is None or method != "POST":
            return None
        wanted = json.loads(body)
        if match.group(2) == "minutes":
            self.grow_older(match.group(1), wanted["minutes"])
            return {}
        with self.responses.request_scope(match.group(1), wanted["region"]):
            for metric in wanted["metrics"]:
                value, when = metric["value"], metric.get("time", time.time())
                self.record(
                    metric["namespace"], metric["name"], metric.get("dimensions", {}), when, 1, value, value, value,
                    metric.get("unit", "None"),
                )
        return {}
