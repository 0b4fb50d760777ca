"""Log lines in the embedded metric format, of which CloudWatch makes metrics."""

import json
import time

_DIMENSIONS, _VALUES = 30, 100


def record(metrics, line):
    """Records the metrics of a line that is in the embedded metric format; any other line is left alone.

    A set of dimensions of which the line lacks one makes no metric, and neither does a value that is not a number.
    """
    # Most lines are something else: this must cost next to nothing.
    if not line.startswith("{") or '"CloudWatchMetrics"' not in line:
        return
    try:
        document = json.loads(line)
        about = document["_aws"]
        when = about.get("Timestamp", time.time() * 1000) / 1000
        for directive in about["CloudWatchMetrics"]:
            _of_directive(metrics, document, directive, when)
    except (ValueError, KeyError, TypeError, AttributeError):
        metrics.put("AWS/Logs", "EMFParsingErrors", 1)


def _of_directive(metrics, document, directive, when):
    for keys in directive.get("Dimensions", [[]]):
        if len(keys) > _DIMENSIONS or not all(isinstance(document.get(key), str) for key in keys):
            metrics.put("AWS/Logs", "EMFValidationErrors", 1)
            continue
        dimensions = {key: document[key] for key in keys}
        for metric in directive["Metrics"]:
            values = document.get(metric["Name"], [])
            values = values if isinstance(values, list) else [values]
            numbers = [value for value in values[:_VALUES] if _is_number(value)]
            if numbers:
                metrics.record(
                    directive["Namespace"], metric["Name"], dimensions, when, len(numbers), sum(numbers), min(numbers),
                    max(numbers), metric.get("Unit", "None"),
                )


def _is_number(value):
    return isinstance(value, int | float) and not isinstance(value, bool)
