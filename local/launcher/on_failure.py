"""What AWS sends to the on-failure destination of a mapping: the whole invocation to a bucket in S3."""

import json
import logging
import time
import uuid

log = logging.getLogger("cwl2le")


class OnFailure:
    """The destination of one mapping; other kinds than buckets in S3 get nothing."""

    def __init__(self, s3, roles):
        self.s3, self.roles = s3, roles

    def send(self, mapping, function, shard_id, records, condition, tries, region):
        """Keeps records, in the form of an invocation, that are given up for a condition after so many tries.

        Whether the destination has them now; None where there is none.
        """
        arn = ((mapping.get("DestinationConfig") or {}).get("OnFailure") or {}).get("Destination") or ""
        if not records or ":s3:::" not in arn:
            return None
        bucket = arn.rsplit(":", 1)[-1]
        now = time.time()
        key = "aws/lambda/{}/{}/{}-{}".format(
            mapping["UUID"], shard_id, time.strftime("%Y-%m-%dT%H.%M.%S", time.gmtime(now)), uuid.uuid4()
        )
        role = function["config"].get("Role", "")
        if not self.roles.allows(role, "s3:PutObject", f"{arn}/{key}", region):
            log.warning("mapping %s: its role may not put objects into %s", mapping["UUID"], bucket)
            return False
        document = {
            "requestContext": {
                "requestId": str(uuid.uuid4()),
                "functionArn": function["config"].get("FunctionArn", ""),
                "condition": condition,
                "approximateInvokeCount": tries,
            },
            "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": None},
            "version": "1.0",
            "timestamp": _iso(now),
            "KinesisBatchInfo": {
                "shardId": shard_id,
                "startSequenceNumber": records[0]["kinesis"]["sequenceNumber"],
                "endSequenceNumber": records[-1]["kinesis"]["sequenceNumber"],
                "approximateArrivalOfFirstRecord": _iso(records[0]["kinesis"]["approximateArrivalTimestamp"]),
                "approximateArrivalOfLastRecord": _iso(records[-1]["kinesis"]["approximateArrivalTimestamp"]),
                "batchSize": len(records),
                "streamArn": mapping["EventSourceArn"],
            },
            # A text, and in S3 only.
            "payload": json.dumps({"Records": records}),
        }
        status = self.s3._put_object(bucket, key, json.dumps(document).encode(), {})[0]
        if status != 200:
            log.warning("mapping %s: %s does not take what was given up: %s", mapping["UUID"], bucket, status)
        return status == 200


def _iso(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{int(seconds * 1000) % 1000:03}Z"
