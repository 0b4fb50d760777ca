"""Alarms on one metric each, evaluated as CloudWatch does: by dimensions, M of N periods, and missing data.

AWS evaluates every alarm once a minute. Here an alarm is evaluated whenever somebody looks at it, over the newest periods: the
minute in progress counts as soon as it has a value. Not imitated: the further periods that AWS looks at when data is missing,
metric math, anomaly detection, percentiles.
"""

import time

from metric_requests import STATISTICS
from metrics import MINUTE

_BREACHES = {
    "GreaterThanOrEqualToThreshold": lambda value, threshold: value >= threshold,
    "GreaterThanThreshold": lambda value, threshold: value > threshold,
    "LessThanThreshold": lambda value, threshold: value < threshold,
    "LessThanOrEqualToThreshold": lambda value, threshold: value <= threshold,
}
# Operations that show the state of alarms.
_LOOKING = {"DescribeAlarms", "DescribeAlarmsForMetric", "DescribeAlarmHistory"}


class Alarms:
    """Takes the place of ministack's evaluation, which knows neither dimensions nor missing data."""

    def __init__(self, cloudwatch, metrics):
        self.cloudwatch, self.metrics = cloudwatch, metrics
        self.handle, self.set_state = cloudwatch.handle_request, cloudwatch._set_alarm_state

    def install(self):
        """Takes the place of ministack's functions, which are then called from here."""
        self.cloudwatch._evaluate_alarm = self.evaluate
        self.cloudwatch._set_alarm_state = self.set_by_hand
        self.cloudwatch.handle_request = self.request

    async def request(self, method, path, headers, body, query_params):
        """Evaluates the alarms of the account before they are shown."""
        if headers.get("x-amz-target", "").rpartition(".")[2] in _LOOKING:
            self.cloudwatch._evaluate_all_alarms()
        return await self.handle(method, path, headers, body, query_params)

    def set_by_hand(self, params, data, is_cbor, is_json=False):
        """SetAlarmState, which lasts until the alarm is evaluated again: here for one period."""
        answer = self.set_state(params, data, is_cbor, is_json)
        alarm = self.cloudwatch._alarms.get(data.get("AlarmName"))
        if answer[0] == 200 and alarm:
            alarm["_SetUntil"] = time.time() + alarm["Period"]
        return answer

    def evaluate(self, alarm):
        """Gives one alarm the state that its metric calls for."""
        if alarm.get("_SetUntil", 0) > time.time() or alarm.get("Statistic") not in STATISTICS or not alarm["MetricName"]:
            return
        needed = alarm.get("DatapointsToAlarm") or alarm["EvaluationPeriods"]
        states = self._periods(alarm)
        breaching, missing = states.count(True), states.count(None)
        treatment = alarm.get("TreatMissingData") or "missing"
        if treatment == "breaching":
            breaching += missing
        if missing == len(states) and treatment in ("missing", "ignore"):
            state = alarm["StateValue"] if treatment == "ignore" else "INSUFFICIENT_DATA"
        else:
            state = "ALARM" if breaching >= needed else "OK"
        reason = (
            f"Threshold Crossed: {breaching} of the last {len(states)} periods were breaching ({alarm['Statistic']} "
            f"{alarm['ComparisonOperator']} {alarm['Threshold']}), {missing} had no data."
        )
        self._change(alarm, state, reason)

    def _periods(self, alarm):
        """Whether each of the newest periods breaches the threshold; None where it has no data."""
        period, count = alarm["Period"], alarm["EvaluationPeriods"]
        dimensions = {one["Name"]: one["Value"] for one in alarm.get("Dimensions") or []}
        breaches, statistic = _BREACHES[alarm["ComparisonOperator"]], STATISTICS[alarm["Statistic"]]
        # The end of the minute in progress if that has a value, else its beginning.
        end = int(time.time() // MINUTE) * MINUTE
        of = (alarm["Namespace"], alarm["MetricName"], dimensions)
        if self.metrics.windows(*of, MINUTE, end, end + MINUTE)[1]:
            end += MINUTE
        states = []
        for start in range(end - count * period, end, period):
            # One window, whatever the clock says: periods of an alarm end now.
            _, minutes = self.metrics.windows(*of, MINUTE, start, start + period)
            states.append(breaches(statistic(*_together(minutes)), alarm["Threshold"]) if minutes else None)
        return states

    def _change(self, alarm, state, reason):
        old = alarm["StateValue"]
        if old == state:
            return
        alarm.update(StateValue=state, StateReason=reason, StateUpdatedTimestamp=int(time.time()))
        self.cloudwatch._record_history(alarm["AlarmName"], old, state, reason)
        self.cloudwatch._dispatch_alarm_actions(alarm, old, state, reason)
        self.cloudwatch._evaluate_parent_alarms(alarm)


def _together(minutes):
    """Count, sum, least and greatest of several minutes."""
    _, counts, totals, least, greatest = zip(*minutes)
    return sum(counts), sum(totals), min(least), max(greatest)
