"""Records as they come into a stream, however they come: counted for the metrics of Kinesis, or refused while throttled."""

from throttling import CODE

_TOO_FAST = "Rate exceeded for shard in stream."


class Records:
    """What callers and other services put into streams."""

    def __init__(self, kinesis, responses, throttling, measured):
        self.kinesis, self.responses = kinesis, responses
        self.throttling, self.measured = throttling, measured
        self.put_one, self.put_many = kinesis._put_record, kinesis._put_records
        self.put_internally = kinesis.put_record_internal

    def install(self):
        """Takes the place of ministack's functions, which are then called from here."""
        self.kinesis._put_record = self.one
        self.kinesis._put_records = self.many
        self.kinesis.put_record_internal = self.internal

    def one(self, data):
        """PutRecord."""
        if self.throttling.refuses(self._name(data), 1):
            return self.responses.error_response_json(CODE, _TOO_FAST, 400)
        return self._counted(self.put_one, data, [data])

    def many(self, data):
        """PutRecords, which refuses each record by itself."""
        records = data.get("Records", [])
        if self.throttling.refuses(self._name(data), len(records)):
            failed = [{"ErrorCode": CODE, "ErrorMessage": _TOO_FAST} for _ in records]
            return self.responses.json_response({"FailedRecordCount": len(records), "Records": failed})
        return self._counted(self.put_many, data, records)

    def internal(self, stream_arn, partition_key, data):
        """Puts one record for another service, which asks ``throttling`` before; whether the stream took it."""
        done = self.put_internally(stream_arn, partition_key, data)
        if done:
            self.measured.stored(stream_arn.rsplit("/", 1)[-1], [len(data) + len(partition_key)])
        return done

    def _counted(self, put, data, records):
        answer = put(data)
        if answer[0] == 200 and records:
            self.measured.stored(self._name(data), [_size(record) for record in records])
        return answer

    def _name(self, data):
        return self.kinesis._resolve_stream(data)[0]


def _size(record):
    # The data is Base64: four characters for three bytes.
    data = record.get("Data") or ""
    return len(data) * 3 // 4 - data[-2:].count("=") + len(record.get("PartitionKey", ""))
