"""Kinesis -> Lambda: functions and event source mappings, with the checks that AWS makes."""

import threading
import time

import condition_keys
import emulation
from on_failure import OnFailure
from reader import ShardReader
from roles import Roles


class Mappings:
    """Event source mappings of Kinesis streams: a reader for each shard of each enabled one."""

    def __init__(self, functions, kinesis, logs, s3, iam, evaluator, kms, responses, lag, measured):
        self.functions, self.kinesis, self.logs, self.s3 = functions, kinesis, logs, s3
        self.measured = measured
        self.iam, self.evaluator, self.kms, self.responses, self.lag = iam, evaluator, kms, responses, lag
        self.lock = threading.Lock()
        self.checkpoints, self.readers = {}, {}
        self.create_function = functions._create_function
        self.create_mapping = functions._create_esm
        self.update_mapping = functions._update_esm
        self.write_log = functions._emit_lambda_logs
        self.execute = functions._execute_function

    def install(self):
        """Takes the place of ministack's functions, which are then called from here."""
        self.functions._poll_kinesis = self.poll
        self.functions._create_function = self.new_function
        self.functions._create_esm = self.new_mapping
        self.functions._update_esm = self.changed_mapping
        self.functions._emit_lambda_logs = self.emit_log
        self.functions._execute_function = self.run_function
        # Everything that runs passes `run_function`, which counts it.
        self.functions._emit_lambda_metrics = lambda *_, **__: None

    def poll(self):
        """Called by ministack's poll loop whenever a record was put: wakes the readers, starts new ones."""
        for account, region, mapping in self.functions._iter_all_esms():
            with self.responses.request_scope(account, region):
                found = self.find(mapping["UUID"])
                for shard_id in list(found[2]["shards"]) if found else []:
                    key = (mapping["UUID"], shard_id)
                    reader = self.readers.get(key)
                    if reader is None or not reader.thread.is_alive():
                        self.readers[key] = ShardReader(self, account, region, *key)
                    self.readers[key].wake.set()
        # Nothing was processed in this thread: let the loop wait for the next record.
        return False

    def find(self, mapping_id):
        """The enabled mapping with its function and stream, in the current account and region."""
        mapping = self.functions._esms.get(mapping_id)
        if not mapping or not mapping.get("Enabled", True) or ":kinesis:" not in mapping.get("EventSourceArn", ""):
            return None
        function, _ = self.functions._get_func_record_for_qualifier(mapping["FunctionName"], mapping.get("Qualifier"))
        stream = self.kinesis._resolve_stream_by_arn(mapping["EventSourceArn"])
        if function is None or stream is None or stream["StreamStatus"] != "ACTIVE":
            return None
        if not self._decrypts(mapping, function, stream):
            return None
        return mapping, function, stream

    def _decrypts(self, mapping, function, stream):
        """Whether the function's role may use the key of the stream; a key that AWS manages needs no permission."""
        region = self.responses.get_region()
        key = condition_keys.customer_key(stream.get("KeyId"), region, self.responses.get_account_id())
        if key is None:
            return True
        keys = condition_keys.of_stream_key(region, mapping["EventSourceArn"])
        allowed = self._roles().allows(function["config"].get("Role", ""), "kms:Decrypt", key, region, keys)
        if not allowed:
            mapping["LastProcessingResult"] = "PROBLEM: KMS access denied"
        return allowed

    def on_failure(self):
        """What sends to the destinations of given-up records, in the current account."""
        return OnFailure(self.s3, self._roles())

    def run_function(self, function, event):
        """A function for another processor than this machine's, without an emulator, takes an empty batch and no more."""
        config = function.get("config") or function
        if config.get("Version", "$LATEST") != "$LATEST":
            # Versions share the concurrency that is reserved for their function.
            whole = self.functions._functions.get(config.get("FunctionName")) or {}
            function = {**function, "concurrency": whole.get("concurrency")}
        is_empty = event == {"Records": []}
        if is_empty and not emulation.can_run(config.get("Architectures") or ["x86_64"]):
            return {"body": {"batchItemFailures": []}}
        started = time.monotonic()
        result = self.execute(function, event)
        if is_empty and "exited before returning" in str(result.get("body")):
            # ministack may end a process that answers while its function is updated. AWS lets it finish.
            result = self.execute(function, event)
        duration = (time.monotonic() - started) * 1000
        name, error = config.get("FunctionName"), bool(result.get("error"))
        self.measured.invoked(name, duration, error, bool(result.get("throttle")))
        return result

    def new_function(self, data):
        """CreateFunction, which AWS refuses while the role does not let Lambda assume it."""
        if not self._roles().trusts(data.get("Role", ""), "lambda", self.responses.get_region(), "*"):
            return self._refused("The role defined for the function cannot be assumed by Lambda.")
        return self.create_function(data)

    def new_mapping(self, data):
        """CreateEventSourceMapping, which AWS refuses for a second one, a stream that cannot be read, or a time to come."""
        source = data.get("EventSourceArn", "")
        name, qualifier = self.functions._resolve_name_and_qualifier(data.get("FunctionName", ""))
        function = self.functions._functions.get(name)
        if ":kinesis:" in source and function:
            if self.kinesis._resolve_stream_by_arn(source) is None:
                return self._refused(f"Stream not found: {source}")
            for other in self.functions._esms.values():
                if _maps(other, source, name, qualifier):
                    return self._there_is(other, source, name)
            role, region = function["config"].get("Role", ""), self.responses.get_region()
            for action in ("GetRecords", "GetShardIterator", "DescribeStream", "ListShards"):
                if not self._roles().allows(role, f"kinesis:{action}", source, region):
                    return self._refused(
                        f"Cannot access stream {source}. Please ensure the role can perform the GetRecords, "
                        "GetShardIterator, DescribeStream, ListShards, and ListStreams Actions on your stream in IAM."
                    )
        since = data.get("StartingPositionTimestamp")
        if data.get("StartingPosition") == "AT_TIMESTAMP" and (since is None or since > time.time()):
            return self._refused("StartingPositionTimestamp is needed with AT_TIMESTAMP, and cannot be in the future.")
        # The default of AWS for streams; ministack's is the one for queues.
        answer = self._waking(self.create_mapping, {**({"BatchSize": 100} if ":kinesis:" in source else {}), **data})
        if answer[0] != 202:
            return answer
        for mapping in self.functions._esms.values():
            if _maps(mapping, source, name, qualifier):
                if since is not None:
                    mapping["StartingPositionTimestamp"] = since
                if data.get("MetricsConfig"):
                    mapping["MetricsConfig"] = data["MetricsConfig"]
                return self.responses.json_response(self.functions._esm_response(mapping), 202)
        return answer

    def changed_mapping(self, mapping_id, data):
        """UpdateEventSourceMapping, which AWS refuses where another one maps the same: one that was enabled reads on at once."""
        mapping = self.functions._esms.get(mapping_id)
        if mapping and data.get("FunctionName"):
            source, target = mapping["EventSourceArn"], self.functions._resolve_name_and_qualifier(data["FunctionName"])
            for other in self.functions._esms.values():
                if other is not mapping and _maps(other, source, *target):
                    return self._there_is(other, source, target[0])
        if mapping and data.get("MetricsConfig"):
            mapping["MetricsConfig"] = data["MetricsConfig"]
        return self._waking(self.update_mapping, mapping_id, data)

    def _waking(self, function, *arguments):
        # The poll loop may be asleep for seconds when there was no mapping before.
        answer = function(*arguments)
        self.functions.esm_wake.set()
        return answer

    def emit_log(self, function, request_id, text, error, duration_ms, **options):
        """The function's log; its group is not made unless the role may, so none comes back after a teardown."""
        config = function.get("config") or function
        group = (config.get("LoggingConfig") or {}).get("LogGroup") or f"/aws/lambda/{config.get('FunctionName')}"
        region = self.responses.get_region()
        resource = f"arn:aws:logs:{region}:{self.responses.get_account_id()}:log-group:{group}"
        may_create = self._roles().allows(config.get("Role", ""), "logs:CreateLogGroup", resource, region)
        if group in self.logs._log_groups or may_create:
            self.write_log(function, request_id, text, error, duration_ms, **options)

    def _roles(self):
        return Roles(self.iam, self.evaluator, self.kms, self.responses.get_account_id(), self.lag)

    def _there_is(self, mapping, source, name):
        return self.responses.error_response_json(
            "ResourceConflictException",
            f"The event source arn (\" {source} \") and function (\" {name} \") provided mapping already "
            f"exists. Please update or delete the existing mapping with UUID {mapping['UUID']}",
            409,
        )

    def _refused(self, message):
        return self.responses.error_response_json("InvalidParameterValueException", message, 400)


def _maps(mapping, source, name, qualifier):
    return (mapping["EventSourceArn"], mapping["FunctionName"], mapping.get("Qualifier")) == (source, name, qualifier)
