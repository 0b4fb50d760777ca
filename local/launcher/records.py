"""Records as they come into a stream, however they come, for the metrics of Kinesis."""


class Records:
    """Counts what is put into streams by callers and by other services."""

    def __init__(self, kinesis, measured):
        self.kinesis, self.measured = kinesis, measured
        self.put_one, self.put_many = kinesis._put_record, kinesis._put_records
        self.put_internally = kinesis.put_record_internal

    def install(self):
        """Takes the place of ministack's functions, which are then called from here."""
        self.kinesis._put_record = lambda data: self._counted(self.put_one, data, [data])
        self.kinesis._put_records = lambda data: self._counted(self.put_many, data, data.get("Records", []))
        self.kinesis.put_record_internal = self.put

    def put(self, stream_arn, partition_key, data):
        """Puts one record for another service; whether the stream took it."""
        done = self.put_internally(stream_arn, partition_key, data)
        if done:
            self.measured.stored(stream_arn.rsplit("/", 1)[-1], [len(data) + len(partition_key)])
        return done

    def _counted(self, put, data, records):
        answer = put(data)
        if answer[0] == 200 and records:
            name = self.kinesis._resolve_stream(data)[0]
            self.measured.stored(name, [_size(record) for record in records])
        return answer


def _size(record):
    # The data is Base64: four characters for three bytes.
    data = record.get("Data") or ""
    return len(data) * 3 // 4 - data[-2:].count("=") + len(record.get("PartitionKey", ""))
