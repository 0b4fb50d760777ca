"""Who changed an event source mapping, as CloudTrail tells it. Other calls are not recorded."""

import uuid

_UPDATE = "UpdateEventSourceMapping20150331"


def install(trail, functions, responses):
    """Records each change of a mapping that Lambda accepts."""
    update = functions._update_esm

    def recorded(mapping_id, data):
        answer = update(mapping_id, data)
        if answer[0] < 300:
            key = functions._request_access_key.get() or responses.get_account_id()
            trail.record_event(
                "lambda", _UPDATE, key, key, [], responses.get_region(), str(uuid.uuid4()), "", {"uUID": mapping_id, **data}, "PUT"
            )
        return answer

    functions._update_esm = recorded
