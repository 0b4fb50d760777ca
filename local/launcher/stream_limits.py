"""How often and how far the capacity of a stream may change, with UpdateStreamMode and DescribeLimits, which ministack lacks.

The limits are the ones of the API reference: ten changes of the number of shards and two of the mode in 24 hours, and
each change to at most double and at least half of the open shards.
"""

import json
import time

DAY = 24 * 60 * 60
SCALINGS_A_DAY, SWITCHES_A_DAY = 10, 2
SHARDS, ON_DEMAND_STREAMS = 500, 50


class StreamLimits:
    """The operations that change the capacity of a stream."""

    def __init__(self, kinesis, responses):
        self.kinesis, self.responses = kinesis, responses
        self.handle, self.update_shards = kinesis.handle_request, kinesis._update_shard_count

    def install(self):
        """Takes the place of ministack's functions, which are then called from here."""
        self.kinesis.handle_request = self.request
        self.kinesis._update_shard_count = self.scale

    async def request(self, method, path, headers, body, query_params):
        """Adds UpdateStreamMode and DescribeLimits."""
        if headers.get("x-amz-target", "").endswith(".DescribeLimits"):
            return self.responses.json_response(self.limits())
        if headers.get("x-amz-target", "").endswith(".UpdateStreamMode"):
            return self.switch(json.loads(body))
        return await self.handle(method, path, headers, body, query_params)

    def limits(self):
        """DescribeLimits, which counts the shards of provisioned streams only."""
        modes = [stream["StreamModeDetails"]["StreamMode"] for stream in self.kinesis._streams.values()]
        streams = zip(modes, self.kinesis._streams.values())
        shards = sum(len(stream["shards"]) for mode, stream in streams if mode == "PROVISIONED")
        return {
            "ShardLimit": SHARDS, "OpenShardCount": shards,
            "OnDemandStreamCount": modes.count("ON_DEMAND"), "OnDemandStreamCountLimit": ON_DEMAND_STREAMS,
        }

    def scale(self, data):
        """UpdateShardCount within its limits."""
        stream = self._stream(data)
        if stream is None:
            return self.update_shards(data)
        name, now, wanted = stream["StreamName"], len(stream["shards"]), data["TargetShardCount"]
        if stream["StreamModeDetails"]["StreamMode"] == "ON_DEMAND":
            return self._refused("ValidationException", f"Stream {name} is in on-demand mode: its shards cannot be updated.")
        counts = f"Current open shard count: {now} Target shard count: {wanted}"
        if wanted > 2 * now:
            message = "UpdateShardCount cannot scale up over double your current open shard count."
            return self._refused("LimitExceededException", f"{message} {counts}")
        if 2 * wanted < now:
            message = "UpdateShardCount cannot scale down below half your current open shard count."
            return self._refused("LimitExceededException", f"{message} {counts}")
        return self._once_more(stream, "scalings", SCALINGS_A_DAY, lambda: self.update_shards(data))

    def switch(self, data):
        """UpdateStreamMode within its limit; the number of shards stays as it is."""
        stream = self._stream(data)
        if stream is None:
            return self._refused("ResourceNotFoundException", f"Stream {data['StreamARN']} not found.")

        def switched():
            stream["StreamModeDetails"] = dict(data["StreamModeDetails"])
            return self.responses.json_response({})

        return self._once_more(stream, "switches", SWITCHES_A_DAY, switched)

    def _once_more(self, stream, kind, limit, change):
        recent = [at for at in stream.get(kind, []) if at > time.time() - DAY]
        if len(recent) >= limit:
            message = f"{stream['StreamName']}: no more than {limit} {kind} in 24 hours are allowed."
            return self._refused("LimitExceededException", message)
        stream[kind] = [*recent, time.time()]
        return change()

    def _stream(self, data):
        if data.get("StreamARN"):
            return self.kinesis._resolve_stream_by_arn(data["StreamARN"])
        return self.kinesis._streams.get(data.get("StreamName"))

    def _refused(self, code, message):
        return self.responses.error_response_json(code, message, 400)
