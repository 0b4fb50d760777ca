"""Kinesis -> Lambda, one shard: batches in order, retried from the checkpoint that the function returns."""

import base64
import bisect
import logging
import threading
import time

log = logging.getLogger("cwl2le")

# AWS backs off as well, for longer; nobody wants to wait here.
BACKOFF_FIRST, BACKOFF_LAST = 0.1, 2.0
# Readers look more often than AWS's pollers, which ask an empty stream once a second.
EMPTY_POLL = 1.0
# An invocation's payload is limited to 6 MB.
PAYLOAD_LIMIT = 6 * 1024 * 1024


def first_failed(response, sequence_numbers):
    """The index of the first record to deliver again, or None when the batch is done.

    ``response`` is the function's answer to a batch of records with these sequence numbers, when
    partial batch responses are on. The lowest number that it names is the checkpoint. Any other
    shape of answer is a success; a list that names something else is a failure of the whole batch.
    """
    failures = response.get("batchItemFailures") if isinstance(response, dict) else None
    if not isinstance(failures, list) or not failures:
        return None
    named = [failure.get("itemIdentifier") if isinstance(failure, dict) else None for failure in failures]
    if not all(isinstance(name, str) and name in sequence_numbers for name in named):
        return 0
    return min(sequence_numbers.index(name) for name in named)


class ShardReader:
    """Reads one shard for one mapping, and invokes its function batch by batch, in order."""

    def __init__(self, mappings, account, region, mapping_id, shard_id):
        self.mappings = mappings
        self.account, self.region = account, region
        self.mapping_id, self.shard_id = mapping_id, shard_id
        self.wake, self.polled = threading.Event(), 0.0
        self.thread = threading.Thread(target=self._run, daemon=True, name=f"shard-reader-{shard_id}")
        self.thread.start()

    def _run(self):
        with self.mappings.responses.request_scope(self.account, self.region):
            backoff = BACKOFF_FIRST
            while self._source():
                try:
                    batch = self._collect()
                    if batch:
                        self._process(batch)
                    backoff = BACKOFF_FIRST
                except Exception:
                    log.exception("mapping %s: %s cannot be read", self.mapping_id, self.shard_id)
                    time.sleep(backoff)
                    backoff = min(backoff * 2, BACKOFF_LAST)

    def _source(self):
        """The mapping, its function and its shard; nothing as soon as one of them is gone."""
        found = self.mappings.find(self.mapping_id)
        if found is None:
            return None
        mapping, function, stream = found
        shard = stream["shards"].get(self.shard_id)
        return (mapping, function, shard) if shard else None

    def _collect(self):
        """The next batch: what is there, once it is full or the batching window is over."""
        deadline = None
        while source := self._source():
            mapping, _, shard = source
            self.wake.clear()
            records = shard["records"]
            start = bisect.bisect_right(records, self._checkpoint(mapping, shard), key=_sequence_number)
            limit = mapping.get("BatchSize", 100)
            batch = _fitting(records[start : start + limit])
            window = mapping.get("MaximumBatchingWindowInSeconds", 0)
            if not batch:
                # Nothing came, or what came is gone: an account was put back to what it was.
                deadline = None
                if time.monotonic() >= self.polled + EMPTY_POLL:
                    self._polled(mapping, batch)
            elif deadline is None:
                deadline = time.monotonic() + window
            full = len(batch) == limit or len(batch) < len(records[start : start + limit])
            if batch and (full or time.monotonic() >= deadline):
                self._polled(mapping, batch)
                return batch
            self.wake.wait(0.5 if deadline is None else max(0.0, min(0.5, deadline - time.monotonic())))
        return None

    def _polled(self, mapping, batch):
        self.polled = time.monotonic()
        self.mappings.measured.polled(mapping, batch)

    def _process(self, batch):
        """Delivers one batch until it is done, given up, or the mapping is gone."""
        # Parts of the batch, in order, each with the number of tries it has had.
        parts, backoff = [(batch, 0)], BACKOFF_FIRST
        while parts and (source := self._source()):
            mapping, function, _ = source
            part, tries = parts.pop(0)
            part = self._young_enough(mapping, function, part, tries)
            if not part:
                self._advance(batch[-1] if not parts else None)
                continue
            failed = self._invoke(mapping, function, part)
            done = part if failed is None else part[:failed]
            if done:
                self._advance(done[-1])
                backoff = BACKOFF_FIRST
            if failed is None:
                continue
            attempts = mapping.get("MaximumRetryAttempts", -1)
            rest, tries = part[failed:], 1 if failed else tries + 1
            if failed == 0 and len(part) > 1 and mapping.get("BisectBatchOnFunctionError"):
                middle = len(part) // 2
                parts[:0] = [(part[:middle], 0), (part[middle:], 0)]
            elif attempts is not None and 0 <= attempts < tries:
                log.warning("mapping %s: gave up on %d records after %d tries", self.mapping_id, len(rest), tries)
                self._give_up(mapping, function, rest, "RetryAttemptsExhausted", tries)
            else:
                parts.insert(0, (rest, tries))
            time.sleep(backoff)
            backoff = min(backoff * 2, BACKOFF_LAST)

    def _young_enough(self, mapping, function, batch, tries):
        age = mapping.get("MaximumRecordAgeInSeconds", -1)
        if age is None or age < 0:
            return batch
        oldest = time.time() - age
        young = [record for record in batch if record["ApproximateArrivalTimestamp"] >= oldest]
        if len(young) < len(batch):
            log.warning("mapping %s: %d records are older than %d s", self.mapping_id, len(batch) - len(young), age)
            self._give_up(mapping, function, batch[: len(batch) - len(young)], "MaxRecordAgeExceeded", tries)
        return young

    def _give_up(self, mapping, function, batch, condition, tries):
        records = [self._record(mapping, function, record) for record in batch]
        kept = self.mappings.on_failure().send(mapping, function, self.shard_id, records, condition, tries, self.region)
        self.mappings.measured.given_up(mapping, len(batch), kept)
        self._advance(batch[-1])

    def _invoke(self, mapping, function, batch):
        """Invokes the function; the index of the first record to deliver again, or None."""
        service = self.mappings.functions
        records = [self._record(mapping, function, record) for record in batch]
        records = service._apply_filter_criteria(records, mapping)
        if not records:
            return None
        # The function knows by which name it was invoked: that of the alias, where the mapping has one.
        config = {**function["config"], "FunctionArn": mapping["FunctionArn"]}
        result = service._execute_function({**function, "config": config}, {"Records": records})
        failed = self._failed(mapping, batch, result)
        if not result.get("throttle"):
            self.mappings.measured.batch_done(mapping, batch, 0 if failed is None else len(batch) - failed)
        return failed

    def _failed(self, mapping, batch, result):
        """The index of the first record to deliver again, or None, by what came of an invocation."""
        if result.get("error"):
            mapping["LastProcessingResult"] = "PROBLEM: Function call failed"
            log.warning("mapping %s: the function failed: %s", self.mapping_id, str(result.get("body"))[:500])
            return 0
        mapping["LastProcessingResult"] = "OK"
        if "ReportBatchItemFailures" not in (mapping.get("FunctionResponseTypes") or []):
            return None
        return first_failed(result.get("body"), [_sequence_number(record) for record in batch])

    def _record(self, mapping, function, record):
        data = record["Data"]
        return {
            "kinesis": {
                "kinesisSchemaVersion": "1.0",
                "partitionKey": record["PartitionKey"],
                "sequenceNumber": record["SequenceNumber"],
                "data": base64.b64encode(data).decode() if isinstance(data, bytes) else data,
                "approximateArrivalTimestamp": record["ApproximateArrivalTimestamp"],
            },
            "eventSource": "aws:kinesis",
            "eventVersion": "1.0",
            "eventID": f"{self.shard_id}:{record['SequenceNumber']}",
            "eventName": "aws:kinesis:record",
            "invokeIdentityArn": function["config"].get("Role", ""),
            "awsRegion": self.region,
            "eventSourceARN": mapping["EventSourceArn"],
        }

    def _checkpoint(self, mapping, shard):
        """The sequence number of the last record that is done."""
        with self.mappings.lock:
            key = (self.mapping_id, self.shard_id)
            if key not in self.mappings.checkpoints:
                records = shard["records"]
                self.mappings.checkpoints[key] = self._start(mapping, records)
            return self.mappings.checkpoints[key]

    def _start(self, mapping, records):
        position, since = mapping.get("StartingPosition"), mapping.get("StartingPositionTimestamp")
        if position == "AT_TIMESTAMP" and since is not None:
            records = [record for record in records if record["ApproximateArrivalTimestamp"] < since]
        elif position != "LATEST":
            return ""
        return _sequence_number(records[-1]) if records else ""

    def _advance(self, record):
        if record is not None:
            with self.mappings.lock:
                self.mappings.checkpoints[(self.mapping_id, self.shard_id)] = _sequence_number(record)


def _sequence_number(record):
    # ministack pads them to one length, so that text order is their order.
    return record["SequenceNumber"]


def _fitting(records):
    """As many of the records as fit into one invocation, at least one."""
    size, count = 0, 0
    for record in records:
        size += len(record["Data"]) + 500
        if count and size > PAYLOAD_LIMIT:
            break
        count += 1
    return records[:count]
