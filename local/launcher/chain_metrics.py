"""What CloudWatch Logs, Kinesis and Lambda measure of the chain, under the names and dimensions that AWS gives.

Each method is called where the thing happens: ``subscriptions``, ``reader`` and ``invocations`` know nothing of metrics but
these calls.
"""

import time

import embedded_metrics

# CloudWatch Logs counts this many bytes for an event beside its message.
_EVENT_BYTES = 26


class ChainMetrics:
    """Records into the metrics of the current account and region."""

    def __init__(self, metrics):
        self.metrics = metrics

    # -- CloudWatch Logs -----------------------------------------------------

    def logged(self, group, events, extracts):
        """Events came into a log group; ``extracts`` is whether metrics are made of lines in the embedded format."""
        size = sum(len(event.get("message", "").encode()) + _EVENT_BYTES for event in events)
        put = self.metrics.put
        for dimensions in ({}, {"LogGroupName": group}):
            put("AWS/Logs", "IncomingBytes", size, "Bytes", **dimensions)
            self._count("AWS/Logs", "IncomingLogEvents", len(events), **dimensions)
        if extracts:
            for event in events:
                embedded_metrics.record(self.metrics, event.get("message", ""))

    def forwarded(self, subscription, events, size):
        """A subscription filter or an account policy handed over this many events in this many compressed bytes."""
        self._count("AWS/Logs", "ForwardedLogEvents", events, **subscription.dimensions)
        if not subscription.level:
            # AWS has no such metric for an account policy.
            self.metrics.put("AWS/Logs", "ForwardedBytes", size, "Bytes", **subscription.dimensions)

    def delivery_failed(self, subscription, events):
        """Events are lost: the stream is gone, or the role may not put records into it."""
        self._count("AWS/Logs", "DeliveryErrors", events, **subscription.dimensions)

    def delivery_throttled(self, subscription, events):
        """The stream took no more; CloudWatch Logs tries again for 24 hours."""
        self._count("AWS/Logs", "DeliveryThrottling", events, **subscription.dimensions)

    # -- Kinesis -------------------------------------------------------------

    def stored(self, stream, sizes):
        """Records of these sizes in bytes came into a stream."""
        self._count("AWS/Kinesis", "IncomingRecords", len(sizes), StreamName=stream)
        self.metrics.put("AWS/Kinesis", "IncomingBytes", sum(sizes), "Bytes", StreamName=stream)

    def write_refused(self, stream, records):
        """Records came too fast for the stream."""
        self._count("AWS/Kinesis", "WriteProvisionedThroughputExceeded", records, StreamName=stream)

    # -- Lambda --------------------------------------------------------------

    def polled(self, mapping, records):
        """A mapping read its stream: records, or none."""
        stream = mapping["EventSourceArn"].rsplit("/", 1)[-1]
        age = _age(records) if records else 0
        self.metrics.put("AWS/Kinesis", "GetRecords.IteratorAgeMilliseconds", age, "Milliseconds", StreamName=stream)
        self.of_mapping(mapping, "PolledEventCount", len(records))

    def invoked(self, function, duration, error=False, throttled=False):
        """A function was invoked, for a duration in milliseconds, or was not because it was throttled."""
        put, dimensions = self.metrics.put, {"FunctionName": function}
        put("AWS/Lambda", "Throttles", int(throttled), **dimensions)
        if not throttled:
            put("AWS/Lambda", "Invocations", 1, **dimensions)
            put("AWS/Lambda", "Errors", int(error), **dimensions)
            put("AWS/Lambda", "Duration", duration, "Milliseconds", **dimensions)

    def batch_done(self, mapping, records, failed):
        """A function was given a batch, of which ``failed`` records will be given again."""
        name = mapping["FunctionName"]
        self.metrics.put("AWS/Lambda", "IteratorAge", _age(records), "Milliseconds", FunctionName=name)
        self.of_mapping(mapping, "InvokedEventCount", len(records))
        if failed:
            self.of_mapping(mapping, "FailedInvokeEventCount", failed)

    def given_up(self, mapping, records, kept):
        """Records are not tried again. ``kept`` is whether the on-failure destination has them, or None without one."""
        if kept:
            self.of_mapping(mapping, "OnFailureDestinationDeliveredEventCount", records)
            return
        self.of_mapping(mapping, "DroppedEventCount", records)
        if kept is False:
            self.metrics.put("AWS/Lambda", "DestinationDeliveryFailures", 1, FunctionName=mapping["FunctionName"])

    def of_mapping(self, mapping, name, count):
        """A metric of a mapping, which AWS makes only where the mapping asks for them."""
        if "EventCount" in ((mapping.get("MetricsConfig") or {}).get("Metrics") or []):
            self.metrics.put("AWS/Lambda", name, count, EventSourceMappingUUID=mapping["UUID"])

    def _count(self, namespace, name, count, **dimensions):
        self.metrics.put(namespace, name, count, "Count", **dimensions)


def _age(records):
    """The age of the last record, in milliseconds."""
    return max(0.0, (time.time() - records[-1]["ApproximateArrivalTimestamp"]) * 1000)
